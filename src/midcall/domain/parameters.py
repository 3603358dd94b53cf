"""Parameters: two ways to declare them, one JSON Schema; typed conversion of what an LLM sends."""

from collections.abc import Iterable, Mapping
from typing import Any

from midcall.domain.errors import Fault
from midcall.domain.nulls import without_nulls

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

#: Stands for a value that is not shown.
MASK = "********"

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


def prepare(
    schema: Mapping[str, Any], sent: Mapping[str, Any], variables: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Make the parameters of a call from what was sent; what does not convert to its declared type stays as sent.

    A null says that nothing was sent, where the parameter takes no null. Constants and values `from_variable` come from
    the server alone, whatever was sent under their names; so do `trusted_only` ones, which take the dynamic variable of
    their own name. Then defaults fill what is missing.
    """
    properties = schema.get("properties", {})
    prepared = {}
    for name, value in without_nulls(schema, sent).items():
        declared = properties.get(name, {})
        if not is_hidden(declared):
            prepared[name] = convert(declared, value)
    for name, declared in properties.items():
        _fill(prepared, name, declared, variables or {})
    return prepared


def is_hidden(declared: Any) -> bool:
    """Tell whether a parameter is filled by the server and never by the LLM."""
    options = _options(declared)
    return "constant" in options or "from_variable" in options or options.get("trusted_only") is True


def sensitive_names(schema: Mapping[str, Any]) -> frozenset[str]:
    """Return the parameters whose values are masked wherever they are shown."""
    properties = schema.get("properties", {})
    return frozenset(name for name, declared in properties.items() if _options(declared).get("sensitive") is True)


def sensitive_values(schema: Mapping[str, Any], params: Mapping[str, Any]) -> list[Any]:
    """Return the values of sensitive parameters."""
    return [params[name] for name in sorted(sensitive_names(schema)) if name in params]


def masked(schema: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters with the sensitive ones masked."""
    secret = sensitive_names(schema)
    return {name: MASK if name in secret else value for name, value in params.items()}


def _fill(prepared: dict[str, Any], name: str, declared: Any, variables: Mapping[str, Any]) -> None:
    options = _options(declared)
    source = options.get("from_variable") or (name if options.get("trusted_only") is True else None)
    if "constant" in options:
        prepared[name] = options["constant"]
    elif isinstance(source, str) and source in variables:
        prepared[name] = convert(declared, variables[source])
    elif name not in prepared and isinstance(declared, Mapping) and "default" in declared:
        prepared[name] = declared["default"]


def _options(declared: Any) -> Mapping[str, Any]:
    options = declared.get("x-midcall", {}) if isinstance(declared, Mapping) else {}
    return options if isinstance(options, Mapping) else {}


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
