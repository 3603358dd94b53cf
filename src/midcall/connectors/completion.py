"""What an editor or an assistant offers while code is written: every operation with its signature and options."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from pydantic import AliasChoices

from midcall.connectors import operations
from midcall.connectors.kit import Connector, Operation, Options
from midcall.domain.action import snake

_PYTHON = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "object": "dict",
    "array": "list",
    "null": "None",
}
_BOUNDS = (("minimum", "≥ "), ("maximum", "≤ "), ("minItems", "entries ≥ "), ("maxItems", "entries ≤ "))


@dataclass(frozen=True, slots=True)
class Option:
    """One option as people read it. `default` is JSON; None: the option is required."""

    name: str
    type: str
    default: str | None
    description: str
    #: Its own options, where it is an object of a known form.
    inner: tuple["Option", ...] = ()


def completion() -> list[dict[str, Any]]:
    """Return what there is to know of each operation; `options` is their JSON Schema."""
    return [
        {
            "name": name,
            "signature": signature(name, operation),
            "summary": operation.summary,
            "options": schema_of(operation.options),
            "credentials": sorted(operation.credentials or connector.credentials),
            "needs_credential": connector.needs_credential,
            "returns": operation.returns,
            "example": operation.example,
        }
        for name, (connector, operation) in operations().items()
    ]


@cache
def schema_of(options: type[Options]) -> dict[str, Any]:
    """Return the JSON Schema of an operation's options, by their Python names."""
    return options.model_json_schema(by_alias=False)


def signature(name: str, operation: Operation) -> str:
    """Write a call as Python would declare it: what goes by position, what by name."""
    given = {option.name: option for option in options_of(operation)}
    by_position = [_parameter(given.pop(word)) for word in operation.positional if word in given]
    by_name = sorted(given.values(), key=lambda option: option.default is not None)
    words = [*by_position, "*", *map(_parameter, by_name), "credential: str = None"]
    return f"actions.{name}({', '.join(words)})"


def _parameter(option: Option) -> str:
    default = {"null": "None", "true": "True", "false": "False"}.get(option.default or "", option.default)
    kind = " | ".join(dict.fromkeys(_python(word) for word in option.type.split(" or ")))
    return f"{option.name}: {kind}" + ("" if default is None else f" = {default}")


def _python(word: str) -> str:
    if word.startswith('"'):
        return "str"
    return _PYTHON.get(word.partition(" ")[0], "Any")


def options_of(operation: Operation) -> tuple[Option, ...]:
    """Return an operation's options in the order of its model."""
    schema = schema_of(operation.options)
    return tuple(_also(operation, option) for option in _options(schema, schema.get("$defs", {})))


def _also(operation: Operation, option: Option) -> Option:
    """Add to an option's description the other names that its model takes."""
    field = operation.options.model_fields[option.name]
    choices = field.validation_alias.choices if isinstance(field.validation_alias, AliasChoices) else []
    names = [f"`{each}`" for each in choices if isinstance(each, str) and snake(each) != option.name]
    text = "; ".join(part for part in (option.description, f"also {', '.join(names)}" if names else "") if part)
    return replace(option, description=text)


def _options(schema: Mapping[str, Any], definitions: Mapping[str, Any], depth: int = 0) -> Iterator[Option]:
    required = schema.get("required", ())
    for name, given in schema.get("properties", {}).items():
        inner = _resolved(given, definitions)
        yield Option(
            name=name,
            type=_type(given, definitions),
            default=None if name in required else "{}" if "properties" in inner else _default(given),
            description=str(given.get("description") or "") if "properties" not in inner else "",
            inner=tuple(_options(inner, definitions, depth + 1)) if depth == 0 else (),
        )


def _default(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema.get("default"), ensure_ascii=False)


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference, also where null would do instead."""
    if "$ref" in schema:
        found: Mapping[str, Any] = definitions.get(str(schema["$ref"]).rpartition("/")[2], {})
        return found
    for part in schema.get("anyOf", ()):
        if "$ref" in part:
            return _resolved(part, definitions)
    return schema


def _type(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        parts = [_type(part, definitions) for part in schema["anyOf"]]
        return " or ".join(dict.fromkeys(part for part in parts if part != "null" or len(parts) == 1))
    schema = _resolved(schema, definitions)
    if "enum" in schema or "const" in schema:
        return " or ".join(json.dumps(each) for each in schema.get("enum", [schema.get("const")]))
    kind = schema.get("type")
    if isinstance(kind, list):
        return " or ".join(kind)
    bounds = ", ".join(f"{word}{schema[name]}" for name, word in _BOUNDS if name in schema)
    return (str(kind) if kind else "any JSON") + (f" ({bounds})" if bounds else "")


def credentials_of(connector: Connector, operation: Operation) -> str:
    """Write which types of credentials an operation takes, where those are not all of its connector."""
    own = operation.credentials
    return "" if own is None or own == frozenset(connector.credentials) else " or ".join(sorted(own))
