"""JSON Schema: is a schema one we can serve, and does a value fit it.

`jsonschema-rs` is used for its linear-time regular expressions: a schema comes from a tenant, the value from an LLM,
and neither may stall the process. References are local and not recursive, and their expansion is bounded, so that
the work of one check is at most schema nodes times value nodes, and of texts, what `schema_work` finds beforehand: once
it has begun, nothing can stop it.
"""

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn

import jsonschema_rs

from midcall.domain.conversion import ANYWHERE, Locale
from midcall.domain.errors import Fault
from midcall.domain.jsonvalue import canonical
from midcall.domain.made_once import made_once
from midcall.domain.parameters import prepare
from midcall.domain.places import OPTIONS, mentioned, places_of
from midcall.domain.schema_intake import taken_in
from midcall.domain.schema_words import word_faults
from midcall.domain.subschemas import DEFINITIONS, MANY, NAMED, ONE, subschemas
from midcall.service.schemas.refusals import Refusals
from midcall.service.schemas.work import MAX_STATES, is_affordable, pattern_states, states_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_SCHEMA_BYTES = 64 * 1024
#: Nodes of a schema with every local reference written out.
MAX_SCHEMA_NODES = 5_000
#: Values inside one that is checked. Times MAX_SCHEMA_NODES it is a second's work; without it, a list of 140,000
#: entries took four.
MAX_VALUES = 10_000
#: Faults of one value that are told; more help nobody.
MAX_FAULTS = 20
#: In a larger value the first fault alone is told: the validator makes all of them at once, each with a copy of what
#: was allowed (one megabyte held against a long enum ran out of memory).
MAX_VALUES_WITH_ALL_FAULTS = 100
#: Branches of a schema times values: with more, what does not fit is not told in detail.
MAX_BRANCHED = 100_000

#: States of patterns with which a schema's validator is kept: it takes 55 bytes for each, 256 of them 280 MB at most.
MOST_STATES_KEPT = 20_000

#: References that lead from one to the next.
MAX_REFERENCES = 32
#: Levels of a schema with every local reference written out. Whatever walks it does so by recursion, and Python stops
#: that at 1,000 calls.
MAX_SCHEMA_DEPTH = 100

_REFERENCE = re.compile(r"#/(\$defs|definitions)/([A-Za-z0-9_.-]+)")
_FORBIDDEN = ("$id", "$schema", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef")


class _Unservable(ValueError):
    """A schema that is valid but not one midcall takes; `path` leads to what is wrong with it, if to one place."""

    def __init__(self, text: str, path: tuple[str | int, ...] = ()) -> None:
        super().__init__(text)
        self.path = path


def schema_faults(schema: Any, loc: str) -> tuple[Fault, ...]:
    """Say why a JSON Schema of an object cannot be taken; `loc` is where it stands in the input."""
    if not isinstance(schema, Mapping):
        return (Fault(loc, "give a JSON Schema object or a list of fields"),)
    if schema.get("type") != "object":
        return (Fault(f"{loc}.type", 'add "type": "object" at the top level of the schema'),)
    return _faults(schema, loc) or places_of(schema, loc).faults or _default_faults(schema, loc)


def _default_faults(schema: Mapping[str, Any], loc: str) -> tuple[Fault, ...]:
    """Say which parameters' defaults do not fit: each call without one of these would be refused for it."""
    properties = schema.get("properties", {})
    declared = {name: each for name, each in properties.items() if isinstance(each, Mapping) and "default" in each}
    if not declared:
        return ()
    # Held against it all at once: one by one, each would be read with all that it may refer to.
    alone = {"properties": declared, **{name: schema[name] for name in DEFINITIONS if name in schema}}
    faults = value_faults(alone, {name: each["default"] for name, each in declared.items()}, f"{loc}.properties")
    text = "the default does not fit: {}; write one that does, or leave it out"
    return tuple(Fault(f"{_own(fault.loc, loc, declared)}.default", text.format(fault.msg)) for fault in faults)


def _own(place: str, loc: str, declared: Mapping[str, Any]) -> str:
    """Return the place of the parameter that a fault lies in."""
    parts = place.removeprefix(f"{loc}.properties.").split(".")
    own = next((".".join(parts[:end]) for end in range(len(parts), 0, -1) if ".".join(parts[:end]) in declared), "")
    return f"{loc}.properties.{own}" if own else f"{loc}.properties"


def result_schema_faults(schema: Any, loc: str) -> tuple[Fault, ...]:
    """Say why a JSON Schema of results cannot be taken: nothing in a result is filled, hidden or masked by it."""
    faults = schema_faults(schema, loc)
    if not faults and mentioned(schema):
        text = f"{OPTIONS} is for parameters; leave it out (sensitive parameters are masked in results as well)"
        return (Fault(loc, text),)
    return faults


def any_schema_faults(schema: Mapping[str, Any], loc: str) -> tuple[Fault, ...]:
    """Say why a JSON Schema of any kind of value cannot be taken."""
    return _faults(schema, loc)


def _faults(schema: Mapping[str, Any], loc: str) -> tuple[Fault, ...]:
    if len(canonical(schema)) > MAX_SCHEMA_BYTES:
        return (Fault(loc, f"larger than {MAX_SCHEMA_BYTES // 1024} KiB; describe fewer or simpler parameters"),)
    try:
        _check_text(schema)
        _check_keywords(schema)
        if found := _word_faults(schema, loc):
            return found
        _count(schema, schema, MAX_SCHEMA_NODES, (), 1)
        _check_patterns(schema)
        _validator(schema)
    except _Unservable as error:
        return (Fault(_join(loc, list(error.path)), str(error)),)
    except jsonschema_rs.ValidationError as error:
        return (Fault(_join(loc, error.instance_path), f"not valid JSON Schema 2020-12: {error.message[:300]}"),)
    return ()


def _word_faults(schema: Mapping[str, Any], loc: str) -> tuple[Fault, ...]:
    """Say what is to be written instead of words and forms that JSON Schema does not have."""
    found = (Fault(_join(loc, list(path)), text) for path, text in word_faults(schema))
    return tuple(itertools.islice(found, MAX_FAULTS))


def taken_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema as it is kept: what `schema_faults` would refuse is made to stand alone where it can be."""
    if len(canonical(schema)) > MAX_SCHEMA_BYTES:
        return dict(schema)
    return taken_in(schema, lambda made: not _faults(made, ""))


def fitting_params(
    schema: Mapping[str, Any], sent: Mapping[str, Any], variables: Mapping[str, Any], locale: Locale = ANYWHERE
) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """Make the parameters of a call from what was sent, and say where they do not fit; with faults, none is used."""
    if too_many := _too_many(sent, "params"):
        return dict(sent), too_many
    params, faults = prepare(schema, sent, variables, locale)
    if faults:
        return params, tuple(Fault(f"params{fault.loc}", fault.msg) for fault in faults)
    return params, value_faults(schema, params, "params", verb="give")


def value_faults(schema: Mapping[str, Any], value: Any, loc: str, *, verb: str = "must be") -> tuple[Fault, ...]:
    """Say where a value does not fit a schema that `schema_faults` found none in; at most MAX_FAULTS.

    `verb` is what whoever reads it is to do.
    """
    if too_many := _too_many(value, loc):
        return too_many
    if not is_affordable(schema, value):
        return (Fault(loc, "too long to be held against all that its schema asks; send less, or simplify the schema"),)
    validator, refusals = _validator(schema), Refusals(schema, verb)
    try:
        return _first_faults(validator, refusals, value, loc)
    except ValueError:
        # Half a surrogate pair is no text to the validator; for the check it counts as any other letter.
        readable = json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
        return _first_faults(validator, refusals, readable, loc)


def _too_many(value: Any, loc: str) -> tuple[Fault, ...]:
    """Refuse what has too many values for a schema, before anything else is done with it."""
    return (Fault(loc, f"more than {MAX_VALUES:,} values in all; send fewer"),) if _size(value) > MAX_VALUES else ()


def _first_faults(
    validator: jsonschema_rs.Draft202012Validator, refusals: Refusals, value: Any, loc: str
) -> tuple[Fault, ...]:
    errors: Iterable[jsonschema_rs.ValidationError] = ()
    if _branches(refusals.schema, refusals.schema) * _size(value) > MAX_BRANCHED:
        # Why each part fits no branch is found for all branches at once, 15 microseconds each; that it does is not.
        return () if validator.is_valid(value) else (Fault(loc, "does not fit; send less of it at once"),)
    if _size(value) <= MAX_VALUES_WITH_ALL_FAULTS:
        errors = itertools.islice(validator.iter_errors(value), MAX_FAULTS)
    else:
        try:
            validator.validate(value)
        except jsonschema_rs.ValidationError as error:
            errors = (error,)
    found = (fault for error in errors for fault in refusals.faults(error, value, loc))
    # Branches and their parts may find the same.
    return tuple(itertools.islice(dict.fromkeys(found), MAX_FAULTS))


def _branches(schema: Any, root: Mapping[str, Any], path: tuple[str, ...] = ()) -> int:
    """Count the branches of a schema that was taken, references followed."""
    if not isinstance(schema, Mapping):
        return 0
    count = sum(len(schema[word]) for word in ("anyOf", "oneOf") if isinstance(schema.get(word), list))
    reference = schema.get("$ref")
    if isinstance(reference, str):
        count += _branches(_target(root, reference, path), root, (*path, reference))
    below = (child for keyword, child in subschemas(schema) if keyword not in DEFINITIONS)
    return count + sum(_branches(child, root, path) for child in below)


def _validator(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return _made(schema) if states_of(schema) > MOST_STATES_KEPT else _kept(schema)


def _made(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        dict(schema),
        validate_formats=True,
        pattern_options=jsonschema_rs.RegexOptions(size_limit=1 << 20, dfa_size_limit=1 << 20),
        retriever=_retrieve_nothing,
    )


_kept = made_once(_made)


def _check_patterns(schema: Mapping[str, Any]) -> None:
    if states_of(schema) <= MAX_STATES:
        return
    for path in _large_patterns(schema):
        raise _Unservable("too large a pattern; repeat {n} less often, and nothing that is repeated itself", path)
    raise _Unservable("its patterns are too large together; use fewer, shorter ones, and small repetitions {n}")


def _large_patterns(node: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Find patterns that are too large by themselves, at any place where one may stand."""
    if isinstance(node, list):
        for index, child in enumerate(node):
            yield from _large_patterns(child, (*path, index))
    elif isinstance(node, Mapping):
        for name, child in node.items():
            if name == "pattern" and isinstance(child, str) and pattern_states(child) > MAX_STATES:
                yield (*path, name)
            yield from _large_patterns(child, (*path, name))


def _check_text(schema: Mapping[str, Any]) -> None:
    try:
        json.dumps(schema, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise _Unservable("contains half of a surrogate pair; remove it") from error


def _retrieve_nothing(uri: str) -> NoReturn:
    raise ValueError(f"{uri} is not inside the schema")


def _check_keywords(schema: Any) -> None:
    """Refuse, in every subschema, keywords that would change what a reference means."""
    if not isinstance(schema, Mapping):
        return
    for name in _FORBIDDEN:
        if name in schema and not (name == "$schema" and schema[name] == DIALECT):
            raise _Unservable(f"leave {name} out: a function's schema is JSON Schema 2020-12 and stands alone")
    for _, subschema in subschemas(schema):
        _check_keywords(subschema)


def _count(schema: Any, root: Mapping[str, Any], left: int, path: tuple[str, ...], depth: int) -> int:
    """Count down the schemas and values below `schema`, references followed; returns what is left of the budget."""
    if depth > MAX_SCHEMA_DEPTH:
        raise _Unservable(f"nested more than {MAX_SCHEMA_DEPTH} levels deep once its references are written out")
    if not isinstance(schema, Mapping):
        return _spend(left, 1)
    left = _spend(left, 1 + sum(_size(value) for name, value in schema.items() if name not in ONE | MANY | NAMED))
    for keyword, subschema in subschemas(schema):
        if keyword not in DEFINITIONS:
            left = _count(subschema, root, left, path, depth + 1)
    reference = schema.get("$ref")
    if isinstance(reference, str):
        left = _count(_target(root, reference, path), root, left, (*path, reference), depth + 1)
    return left


def _spend(left: int, cost: int) -> int:
    if cost > left:
        raise _Unservable(f"larger than {MAX_SCHEMA_NODES} parts once its references are written out; simplify it")
    return left - cost


def _size(value: Any) -> int:
    if isinstance(value, Mapping):
        return 1 + sum(_size(child) for child in value.values())
    if isinstance(value, list):
        return 1 + sum(_size(child) for child in value)
    return 1


def _target(root: Mapping[str, Any], reference: str, path: tuple[str, ...]) -> Any:
    """Find what a reference means; only whole definitions at the top can be meant, so there is no other reading."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise _Unservable(f'the reference "{reference[:80]}" is not of the form "#/$defs/name"; put it there')
    if reference in path:
        text = "comes back to itself, and is too large to be written out; write it as deep as it is used"
        raise _Unservable(f'the reference "{reference[:80]}" {text}, with "$defs" for each level')
    if len(path) == MAX_REFERENCES:
        raise _Unservable(f"more than {MAX_REFERENCES} references lead from one to the next; simplify it")
    definitions = root.get(match[1])
    if not isinstance(definitions, Mapping) or match[2] not in definitions:
        raise _Unservable(f'the reference "{reference[:80]}" leads nowhere; define it under "{match[1]}"')
    return definitions[match[2]]


def _join(loc: str, path: list[str | int]) -> str:
    return ".".join([loc, *(str(part) for part in path)])
