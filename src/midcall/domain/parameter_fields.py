"""A JSON Schema of parameters seen as a list of fields, and changed as one: what fields cannot say stays as it is."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from midcall.domain.conversion import convert
from midcall.domain.jsonvalue import NotJson, parse
from midcall.domain.parameters import FIELD_TYPES

CUSTOM = "custom"
#: "float" means the same as "number".
KINDS = (*(kind for kind in FIELD_TYPES if kind != "float"), CUSTOM)

#: What a field says besides its type.
_SAID = frozenset({"description", "examples", "default"})
_TOP = frozenset({"type", "properties", "required"})
_LISTS = {"string[]": "string", "number[]": "number"}
_CURES = {
    "integer": "write a whole number, such as 5",
    "number": "write a number, such as 2.5",
    "boolean": "write true or false",
}


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """One parameter as a field. `origin` is its name in the schema that it was read from; None: it is a new one."""

    name: str
    kind: str = "string"
    description: str = ""
    required: bool = False
    #: None: there is none.
    example: Any = None
    default: Any = None
    origin: str | None = None
    #: Keywords that stand in the schema and have no place in a field.
    beyond: tuple[str, ...] = ()


def rows_of(schema: Mapping[str, Any]) -> tuple[ParameterRow, ...]:
    """Read the parameters of a schema; tolerates any shape."""
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, Mapping):
        return ()
    wanted = required if isinstance(required, list) else []
    return tuple(_row(name, declared, required=name in wanted) for name, declared in properties.items())


def beyond_rows(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keywords beside the parameters that no field can say, such as `additionalProperties`."""
    return tuple(keyword for keyword in schema if keyword not in _TOP)


def with_rows(schema: Mapping[str, Any], rows: Iterable[ParameterRow]) -> dict[str, Any]:
    """Return a schema whose parameters are these, in this order; all else stays as it is."""
    rows = tuple(rows)
    before = schema.get("properties")
    known: Mapping[str, Any] = before if isinstance(before, Mapping) else {}
    given = schema.get("required")
    had = given if isinstance(given, list) else []
    names = {row.origin: row.name for row in rows if row.origin is not None}
    wanted = {row.name for row in rows if row.required}
    # In the order that it had: a change of one field changes no other place.
    required = [names.get(name, name) for name in had if names.get(name, name) in wanted or name not in known]
    there = set(required)
    required += [row.name for row in rows if row.required and row.name not in there]
    changed = {**schema, "type": schema.get("type", "object")}
    changed["properties"] = {row.name: _property(row, known.get(row.origin or "")) for row in rows}
    if required or "required" in schema:
        changed["required"] = required
    return changed


def _row(name: str, declared: Any, *, required: bool) -> ParameterRow:
    if not isinstance(declared, Mapping):
        return ParameterRow(name, CUSTOM, required=required, origin=name, beyond=(str(declared).lower(),))
    kind = _kind(declared)
    said, description = _said(declared), declared.get("description")
    owned = frozenset(FIELD_TYPES.get(kind, ()))
    examples = declared.get("examples")
    return ParameterRow(
        name=name,
        kind=kind,
        description=description if isinstance(description, str) else "",
        required=required,
        example=examples[0] if isinstance(examples, list) and examples else None,
        default=declared.get("default"),
        origin=name,
        beyond=tuple(keyword for keyword in declared if keyword not in owned | said),
    )


def _said(declared: Mapping[str, Any]) -> frozenset[str]:
    """Return those keywords that a field says whole."""
    examples = declared.get("examples")
    whole = set(_SAID)
    if not isinstance(examples, list) or len(examples) != 1 or examples[0] is None:
        whole.discard("examples")
    if declared.get("default", "") is None:
        whole.discard("default")
    if not isinstance(declared.get("description", ""), str):
        whole.discard("description")
    return frozenset(whole & set(declared))


def _kind(declared: Mapping[str, Any]) -> str:
    """Return the type whose own keywords stand there; of several the one that says most."""
    fitting = [
        kind
        for kind in KINDS
        if kind != CUSTOM and all(declared.get(word) == value for word, value in FIELD_TYPES[kind].items())
    ]
    return max(fitting, key=lambda kind: len(FIELD_TYPES[kind]), default=CUSTOM)


def _property(row: ParameterRow, before: Any) -> Any:
    if before is not None and _says(row) == _says(_row(row.name, before, required=row.required)):
        return before
    declared: dict[str, Any] = dict(before) if isinstance(before, Mapping) else {}
    if row.kind != CUSTOM and row.kind != _kind(declared):
        for word in {"type", "format", "pattern", "items"} & set(declared):
            del declared[word]
        declared = {**FIELD_TYPES[row.kind], **declared}
    said = _said(declared)
    for word, value in (
        ("description", row.description or None),
        ("examples", None if row.example is None else [row.example]),
        ("default", row.default),
    ):
        if value is not None:
            declared[word] = value if word != "examples" else [*value, *_others(declared)]
        elif word in said:
            del declared[word]
    return declared


def _says(row: ParameterRow) -> str:
    """Write what a row says of its parameter, so that 1 and true differ."""
    return json.dumps([row.kind, row.description, row.example, row.default])


def _others(declared: Mapping[str, Any]) -> list[Any]:
    examples = declared.get("examples")
    return list(examples[1:]) if isinstance(examples, list) else []


def written(value: Any) -> str:
    """Write an example or default into a line of text; nothing for none."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def read_as(text: str, kind: str) -> Any:
    """Read a line of text as a value of a parameter's type; None for an empty one. Raises ValueError with the cure."""
    if not text.strip():
        return None
    if kind in _LISTS and not text.lstrip().startswith("["):
        entries = [each.strip() for each in text.split(",") if each.strip()]
        return [_one(each, _LISTS[kind]) for each in entries]
    if kind == CUSTOM or kind in _LISTS:
        try:
            return parse(text.encode())
        except (NotJson, UnicodeEncodeError) as error:
            raise ValueError(f"write it as JSON; texts in quotes ({error})") from error
    return _one(text, kind)


def _one(text: str, kind: str) -> Any:
    declared = FIELD_TYPES[kind]
    value = convert(declared, text)
    if declared["type"] != "string" and isinstance(value, str):
        raise ValueError(_CURES[kind])
    return value
