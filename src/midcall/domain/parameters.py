"""Parameters: two ways to declare them, one JSON Schema; typed conversion of what an LLM sends."""

from collections.abc import Iterable, Mapping
from typing import Any

from midcall.domain.errors import Fault

#: JSON Schema of each field type. Phone numbers are E.164: plus, country code, at most 15 digits.
FIELD_TYPES: Mapping[str, Mapping[str, Any]] = {
    "string": {"type": "string"},
    "integer": {"type": "integer"},
    "float": {"type": "number"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "email": {"type": "string", "format": "email"},
    "phone": {"type": "string", "pattern": r"^\+[1-9][0-9]{1,14}$"},
    "string[]": {"type": "array", "items": {"type": "string"}},
    "number[]": {"type": "array", "items": {"type": "number"}},
}

_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

#: The longest text that is tried as a number: int() takes time quadratic in the digits.
_LONGEST_NUMBER = 64


def schema_of_fields(fields: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Turn a list of fields `{name, type, description, required, example, default, jsonSchema}` into JSON Schema."""
    properties: dict[str, Any] = {}
    required = []
    for field in fields:
        properties[field["name"]] = _property(field)
        if field.get("required"):
            required.append(field["name"])
    return {"type": "object", "properties": properties, "required": required}


def _property(field: Mapping[str, Any]) -> dict[str, Any]:
    kind = field["type"]
    schema = dict(field["jsonSchema"] if kind == "custom" else FIELD_TYPES[kind])
    if field.get("description"):
        schema["description"] = field["description"]
    if field.get("example") is not None:
        schema["examples"] = [field["example"]]
    if field.get("default") is not None:
        schema["default"] = field["default"]
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


def prepare(schema: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """Convert what was sent to the declared types, add defaults, set constants; what does not convert stays as sent."""
    properties = schema.get("properties", {})
    prepared = {name: convert(properties.get(name, {}), value) for name, value in sent.items()}
    for name, declared in properties.items():
        if not isinstance(declared, Mapping):
            continue
        constants = declared.get("x-midcall", {})
        if "constant" in constants:
            prepared[name] = constants["constant"]
        elif name not in prepared and "default" in declared:
            prepared[name] = declared["default"]
    return prepared


def convert(declared: Any, value: Any) -> Any:
    """Convert text to the declared type where that is plain (`"5"` for an integer is 5)."""
    kind = declared.get("type") if isinstance(declared, Mapping) else None
    if isinstance(value, float) and kind == "integer" and value.is_integer():
        return int(value)
    if not isinstance(value, str) or len(value) > _LONGEST_NUMBER:
        return value
    text = value.strip()
    if kind == "boolean":
        return _BOOLEANS.get(text.lower(), value)
    if kind == "integer":
        return _number(text, value, whole=True)
    if kind == "number":
        return _number(text, value, whole=False)
    return value


def _number(text: str, value: str, *, whole: bool) -> Any:
    # int() and float() also take "1_000", "٣" and "nan"; a caller's words never mean those.
    if not text.isascii() or "_" in text or not any(letter.isdigit() for letter in text):
        return value
    try:
        number = float(text)
        return int(text) if whole and text.lstrip("+-").isdigit() else _exact(number, value, whole=whole)
    except (ValueError, OverflowError):
        return value


def _exact(number: float, value: str, *, whole: bool) -> Any:
    if number in (float("inf"), float("-inf")):
        return value
    if not whole:
        return number
    return int(number) if number.is_integer() else value
