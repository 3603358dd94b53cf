"""JSON Schema: is a schema one we can serve, and does a value fit it.

`jsonschema-rs` is used for its linear-time regular expressions: a schema comes from a tenant, the value from an LLM,
and neither may stall the process. References are local and not recursive, and their expansion is bounded, so that
the work of one check is at most schema nodes times value nodes.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import jsonschema_rs

from midcall.domain.errors import Fault
from midcall.domain.jsonvalue import canonical

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_SCHEMA_BYTES = 64 * 1024
#: Nodes of a schema with every local reference written out.
MAX_SCHEMA_NODES = 5_000
#: Faults of one value that are told; more help nobody.
MAX_FAULTS = 20

#: What `x-midcall` on a property may hold.
PROPERTY_OPTIONS = frozenset({"constant"})

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")


class _Unservable(ValueError):
    """A schema that is valid but not one midcall takes."""


def schema_faults(schema: Any, loc: str) -> tuple[Fault, ...]:
    """Say why a JSON Schema of an object cannot be taken; `loc` is where it stands in the input."""
    if not isinstance(schema, Mapping):
        return (Fault(loc, "give a JSON Schema object or a list of fields"),)
    if schema.get("type") != "object":
        return (Fault(f"{loc}.type", 'add "type": "object" at the top level of the schema'),)
    if len(canonical(schema)) > MAX_SCHEMA_BYTES:
        return (Fault(loc, f"larger than {MAX_SCHEMA_BYTES // 1024} KiB; describe fewer or simpler parameters"),)
    try:
        _count(schema, schema, MAX_SCHEMA_NODES, ())
        _validator(schema)
    except _Unservable as error:
        return (Fault(loc, str(error)),)
    except jsonschema_rs.ValidationError as error:
        return (Fault(_join(loc, error.instance_path), f"not valid JSON Schema 2020-12: {error.message[:300]}"),)
    return tuple(_option_faults(schema, loc))


def value_faults(schema: Mapping[str, Any], value: Any, loc: str) -> tuple[Fault, ...]:
    """Say where a value does not fit a schema that `schema_faults` found none in; at most MAX_FAULTS."""
    faults = []
    for error in _validator(schema).iter_errors(value):
        faults.append(Fault(_join(loc, error.instance_path), error.message[:300]))
        if len(faults) == MAX_FAULTS:
            break
    return tuple(faults)


def _validator(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        dict(schema),
        validate_formats=True,
        pattern_options=jsonschema_rs.RegexOptions(size_limit=1 << 20, dfa_size_limit=1 << 20),
        retriever=_retrieve_nothing,
    )


def _retrieve_nothing(uri: str) -> NoReturn:
    raise ValueError(f"{uri} is not inside the schema")


def _count(node: Any, root: Mapping[str, Any], left: int, path: tuple[str, ...]) -> int:
    """Count down the nodes below `node`, references followed; returns what is left of the budget."""
    left -= 1
    if left < 0:
        raise _Unservable(f"larger than {MAX_SCHEMA_NODES} parts once its references are written out; simplify it")
    if isinstance(node, Mapping):
        for name, child in node.items():
            if name in _REFERENCES and isinstance(child, str):
                left = _count(_target(root, child, path), root, left, (*path, child))
            elif name in {"$id", "$schema", "$anchor", "$dynamicAnchor"}:
                _check_identity(name, child)
            elif name != "$defs":
                left = _count(child, root, left, path)
    elif isinstance(node, list):
        for child in node:
            left = _count(child, root, left, path)
    return left


def _check_identity(name: str, value: Any) -> None:
    if name == "$schema" and value == DIALECT:
        return
    raise _Unservable(f"leave {name} out: a function's schema is JSON Schema 2020-12 and stands alone")


def _target(root: Mapping[str, Any], reference: str, path: tuple[str, ...]) -> Any:
    if not reference.startswith("#/"):
        raise _Unservable(f'the reference "{reference[:80]}" leaves the schema; use "#/$defs/..." and put it there')
    if reference in path:
        raise _Unservable(f'the reference "{reference[:80]}" comes back to itself; recursive schemas are not taken')
    node: Any = root
    for part in reference[2:].split("/"):
        step = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, Mapping) or step not in node:
            raise _Unservable(f'the reference "{reference[:80]}" leads nowhere; define it under "$defs"')
        node = node[step]
    return node


def _option_faults(schema: Mapping[str, Any], loc: str) -> Iterator[Fault]:
    properties = schema.get("properties", {})
    for name, declared in properties.items():
        options = declared.get("x-midcall", {}) if isinstance(declared, Mapping) else {}
        where = f"{loc}.properties.{name}.x-midcall"
        if not isinstance(options, Mapping):
            yield Fault(where, 'give an object such as {"constant": 5}')
            continue
        for option in sorted(set(options) - PROPERTY_OPTIONS):
            yield Fault(f"{where}.{option}", f"not an option of this release; it has: {', '.join(PROPERTY_OPTIONS)}")


def _join(loc: str, path: list[str | int]) -> str:
    return ".".join([loc, *(str(part) for part in path)])
