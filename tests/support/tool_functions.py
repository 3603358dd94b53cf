"""Functions with something of everything that a function's document can say to an LLM, written as an author would."""

from typing import Any

from tests.support.world import function

FIELDS = [
    {
        "name": "city",
        "type": "string",
        "description": "City and state.",
        "required": True,
        "example": "San Francisco, CA",
    },
    {"name": "days", "type": "integer", "default": 3},
    {"name": "limit", "type": "float"},
    {"name": "radius", "type": "number"},
    {"name": "hourly", "type": "boolean"},
    {"name": "from_day", "type": "date"},
    {"name": "mail", "type": "email"},
    {"name": "phone", "type": "phone", "description": "Where to call back."},
    {"name": "tags", "type": "string[]"},
    {"name": "levels", "type": "number[]"},
    {"name": "unit", "type": "custom", "jsonSchema": {"enum": ["celsius", "fahrenheit"]}},
]

_ADDRESS = {
    "type": "object",
    "properties": {"street": {"type": "string"}, "zip": {"type": "string", "pattern": "^[0-9]{5}$"}},
    "required": ["street"],
    "additionalProperties": False,
}

NESTED = {
    "type": "object",
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "description": "An order as the caller gives it.",
    "properties": {
        "address": {"$ref": "#/$defs/address", "description": "Where it goes."},
        "lines": {
            "type": "array",
            "minItems": 1,
            "maxItems": 20,
            "items": {"allOf": [{"$ref": "#/$defs/line"}, {"properties": {"note": {"type": ["string", "null"]}}}]},
        },
        "priority": {"type": "integer", "enum": [1, 2, 3]},
        "speed": {"oneOf": [{"const": "fast", "title": "Fast"}, {"const": "slow", "description": "Next week."}]},
        "when": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        "gift": {"type": "boolean", "default": False},
        "weight": {"type": "number", "exclusiveMinimum": 0, "maximum": 30.5, "multipleOf": 0.5},
        "code": {"type": "string", "minLength": 3, "maxLength": 8, "examples": ["ABC"]},
    },
    "required": ["lines", "address"],
    "additionalProperties": False,
    "$defs": {
        "address": _ADDRESS,
        "line": {
            "type": "object",
            "properties": {"sku": {"type": "string"}, "count": {"type": "integer", "minimum": 1}},
        },
        "unused": {"type": "string"},
    },
}

EITHER = {
    "type": "object",
    "properties": {"email": {"type": "string", "format": "email"}, "number": {"type": "string"}},
    "anyOf": [{"required": ["email"]}, {"required": ["number"]}],
}

CONDITIONS = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "enum": ["card", "iban"]},
        "iban": {"type": "string", "not": {"pattern": "^DE"}},
        "either": {"type": ["string", "integer"], "description": "A name, or its number."},
    },
    "if": {"properties": {"kind": {"const": "iban"}}, "required": ["kind"]},
    "then": {"required": ["iban"]},
    "dependentRequired": {"iban": ["kind"]},
    "minProperties": 1,
}

LOOSE = {
    "type": "object",
    "properties": {
        "anything": {},
        "map": {"type": "object", "additionalProperties": {"type": "string"}},
        "list": {"type": "array"},
        "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}]},
    },
}

VARIANTS = {
    "type": "object",
    "properties": {
        "target": {
            "anyOf": [
                {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
                {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
                {"type": "null"},
            ],
            "description": "By id or by name.",
        }
    },
}

HIDING = {
    "type": "object",
    "properties": {
        "order_id": {"type": "integer"},
        "tenant": {"const": "acme", "x-midcall": {"constant": "acme"}},
        "tier": {"type": "string", "x-midcall": {"from_variable": "account_tier"}},
        "customer_id": {"type": "string", "x-midcall": {"trusted_only": True}},
        "pin": {"type": "string", "x-midcall": {"sensitive": True}},
    },
    "required": ["order_id", "tenant", "customer_id"],
    "if": {"properties": {"tenant": {"const": "acme"}}},
    "then": {"required": ["tier"]},
}

ODD = {"type": "object", "properties": {"first name": {"type": "string"}, "größe": {"type": "integer"}}}

OUTPUT = {
    "type": "object",
    "properties": {"status": {"$ref": "#/$defs/status"}},
    "$defs": {"status": {"type": "string"}},
}

MESSAGES = {"started": ["One moment, please.", "Let me look."], "error": {"404": "Not there.", "default": "Sorry."}}

FUNCTIONS: dict[str, dict[str, Any]] = {
    "get_weather": {"parameters": FIELDS, "timeout": 10, "speak_during_execution": True},
    "place_order": {"parameters": NESTED, "messages": MESSAGES, "timeout": 600},
    "find_customer": {"parameters": EITHER, "response_variables": {"id": "$.data[0].id", "all": "$.data[*].id"}},
    "pay": {"parameters": CONDITIONS, "messages": {"started": ["Paying."], "error": "No luck."}},
    "remember": {"parameters": LOOSE},
    "call_back": {"parameters": VARIANTS, "speak_after_execution": False},
    "track_order": {"parameters": HIDING, "output_schema": OUTPUT, "strict_output": True, "timeout": 1},
    "measure": {"parameters": ODD, "output_schema": OUTPUT},
    "write_report": {"parameters": [], "background": True, "messages": {"returned": "It will be there soon."}},
}


def functions() -> list[dict[str, Any]]:
    """Return their documents."""
    return [function(name, **{"description": f"Does what {name} says.", **more}) for name, more in FUNCTIONS.items()]
