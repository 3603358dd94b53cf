"""Parameters: two ways to declare them, one JSON Schema; the parameters of a call, made from what an LLM sends."""

from collections.abc import Iterable, Mapping
from typing import Any

from midcall.domain.conversion import ANYWHERE, Locale
from midcall.domain.deep_conversion import converted
from midcall.domain.errors import Fault
from midcall.domain.filling import filled, with_secrets
from midcall.domain.nulls import without_nulls
from midcall.domain.phone import PHONE_PATTERN
from midcall.domain.places import NOTHING, OPTIONS, Places, places_of
from midcall.domain.schema_intake import rebased

#: JSON Schema of each field type. Phone numbers are E.164: plus, country code, at most 15 digits.
FIELD_TYPES: Mapping[str, Mapping[str, Any]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "float": {"type": "number"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "email": {"type": "string", "format": "email"},
    "phone": {"type": "string", "pattern": PHONE_PATTERN},
    "string[]": {"type": "array", "items": {"type": "string"}},
    "number[]": {"type": "array", "items": {"type": "number"}},
}

#: Stands for a value that is not shown.
MASK = "********"


def schema_of_fields(fields: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Turn a list of fields into JSON Schema.

    Each is `{name, type, description, required, example, default, jsonSchema, strict}`.
    """
    properties: dict[str, Any] = {}
    required = []
    for field in fields:
        properties[field["name"]] = _property(field)
        if field.get("required"):
            required.append(field["name"])
    return {"type": "object", "properties": properties, "required": required}


def _property(field: Mapping[str, Any]) -> dict[str, Any]:
    kind = field["type"]
    schema = rebased(field["jsonSchema"], field["name"]) if kind == "custom" else dict(FIELD_TYPES[kind])
    if field.get("description"):
        schema["description"] = field["description"]
    if field.get("example") is not None:
        schema["examples"] = [field["example"]]
    if field.get("default") is not None:
        schema["default"] = field["default"]
    if field.get("strict"):
        schema[OPTIONS] = {**schema.get(OPTIONS, {}), "strict": True}
    return schema


def field_faults(fields: Iterable[Mapping[str, Any]]) -> tuple[Fault, ...]:
    """Say what is wrong with a list of fields beyond its shape."""
    faults = []
    seen = set()
    for index, field in enumerate(fields):
        name, kind = field["name"], field["type"]
        if name in seen:
            faults.append(Fault(f"parameters.{index}.name", f"{name} is declared twice; give each field its own name"))
        seen.add(name)
        if kind == "custom" and not isinstance(field.get("jsonSchema"), Mapping):
            faults.append(Fault(f"parameters.{index}.jsonSchema", 'type "custom" needs a JSON Schema object here'))
        elif kind != "custom" and kind not in FIELD_TYPES:
            known = ", ".join([*FIELD_TYPES, "custom"])
            faults.append(Fault(f"parameters.{index}.type", f"{kind!r} is no field type; use one of: {known}"))
    return tuple(faults)


def prepare(
    schema: Mapping[str, Any],
    sent: Mapping[str, Any],
    variables: Mapping[str, Any] | None = None,
    locale: Locale = ANYWHERE,
) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """Make the parameters of a call from what was sent, and say why they cannot be filled, at places within them.

    What does not convert to its declared type stays as sent, for a check to judge. A null says that nothing was sent,
    where the parameter takes no null. Defaults fill what is missing at the top. Then constants and values
    `from_variable` come from the server alone, at any depth, whatever was sent at their places; so do `trusted_only`
    ones, which take the dynamic variable of their own name.
    """
    properties = schema.get("properties", {})
    prepared = dict(without_nulls(schema, converted(schema, sent, locale)))
    for name, declared in properties.items():
        if name not in prepared and isinstance(declared, Mapping) and "default" in declared:
            prepared[name] = declared["default"]
    return filled(places_of(schema), prepared, variables or {})


def hidden_names(schema: Mapping[str, Any]) -> frozenset[str]:
    """Return the parameters that the server fills as a whole, and the LLM never sends."""
    return frozenset(name for name, place in places_of(schema).root.properties.items() if place.hidden)


def sensitive_names(schema: Mapping[str, Any]) -> frozenset[str]:
    """Return the parameters that are sensitive, or hold something that is.

    Of a schema that is too large to be looked into, and of those that say so of all others, it is every declared one.
    """
    root, declared = places_of(schema).root, schema.get("properties", {})
    return frozenset(name for name in {*root.properties, *declared} if (root.named(name) or NOTHING).secret)


def sensitive_values(schema: Mapping[str, Any], params: Mapping[str, Any]) -> list[Any]:
    """Return the values of what is sensitive, at any depth."""
    found: list[Any] = []
    with_secrets(places_of(schema).root, params, found.append)
    return found


def masked(places: Places, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters with what is sensitive masked, at any depth."""
    return {
        name: MASK if places.root.sensitive else with_secrets(places.root.named(name), value, lambda _value: MASK)
        for name, value in params.items()
    }
