"""OpenAI's function tools, as Chat Completions takes them: with any schema, and in strict mode.

The Responses API takes the same without the inner object: `{"type": "function", **tool["function"]}`.
"""

from collections.abc import Iterator
from typing import Any

from midcall.domain.subschemas import rewritten
from midcall.vendors.shape import Shape, shape_of
from midcall.vendors.tool import Address, Json, Tool, Unfit, Written
from midcall.vendors.words import described, unspoken, without_at_root

#: What the API refuses at the top level of a function's parameters.
_NOT_AT_ROOT = ("allOf", "anyOf", "oneOf", "not", "enum", "const")

# Strict mode, as OpenAI's guide to structured outputs has it.
STRICT_LIMITS = frozenset(
    {
        *("pattern", "format", "multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        *("minItems", "maxItems"),
    }
)
STRICT_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"},
)
MAX_PROPERTIES = 5_000
MAX_NESTING = 10
MAX_ENUM_VALUES = 1_000
#: Characters of all property names and enum values.
MAX_NAMES_CHARS = 120_000
#: Characters of the values of one enum that has more than 250.
LONG_ENUM, MAX_LONG_ENUM_CHARS = 250, 15_000

_PLAIN = "strict mode has no place for it; write the parameter without it, or export as openai"


def function_tool(tool: Tool, _address: Address) -> Written:
    """Write a tool whose arguments the LLM may get wrong."""
    parameters, notes = without_at_root(tool.parameters, _NOT_AT_ROOT, "OpenAI")
    return Written(_function(tool, rewritten(parameters, _with_items)), notes)


def strict_tool(tool: Tool, _address: Address) -> Written:
    """Write a tool whose arguments keep its schema; raises Unfit where strict mode cannot say what the schema says."""
    shape = shape_of(tool.parameters, "parameters")
    parameters = _strict(shape)
    _check_size(parameters)
    return Written(_function(tool, parameters, strict=True))


def _function(tool: Tool, parameters: Json, **more: Any) -> Json:
    function = {"name": tool.name, "description": tool.description, "parameters": parameters, **more}
    return {"type": "function", "function": function}


def _with_items(schema: Json) -> Json:
    """Say of each list that its entries may be anything where nothing says what they are: the API asks for `items`."""
    kinds = schema.get("type")
    lists = "array" in (kinds if isinstance(kinds, list) else [kinds])
    return {"items": {}, **schema} if lists and "prefixItems" not in schema else schema


# Strict -----------------------------------------------------------------------------------------------------------


def _strict(shape: Shape, *, optional: bool = False) -> Json:
    if shape.relations:
        raise Unfit(f"{shape.loc}.{next(iter(shape.relations))}", _PLAIN)
    nullable = shape.nullable or optional
    description = described(shape.description, unspoken(shape, _known(shape)))
    about = {"title": shape.title, "description": description or None}
    if shape.variants:
        variants = [_strict(variant) for variant in shape.variants]
        body: Json = {"anyOf": [*variants, {"type": "null"}] if nullable else variants}
    else:
        body = _of_type(shape, nullable=nullable)
    return {**body, **{name: value for name, value in about.items() if value is not None}}


def _of_type(shape: Shape, *, nullable: bool) -> Json:
    if shape.type is None:
        raise Unfit(shape.loc, 'strict mode needs a type; say which (such as "type": "string")')
    body: Json = {"type": [shape.type, "null"] if nullable and shape.type != "null" else shape.type}
    if shape.enum:
        body["enum"] = [*shape.enum, None] if nullable else list(shape.enum)
    body |= {name: value for name, value in shape.limits.items() if name in _known(shape)}
    if shape.type == "object":
        body |= _object(shape)
    if shape.type == "array":
        if shape.items is None:
            raise Unfit(f"{shape.loc}.items", "strict mode needs to know what the entries are; add items")
        body["items"] = _strict(shape.items)
    return body


def _object(shape: Shape) -> Json:
    if shape.open and shape.loc != "parameters":
        raise Unfit(f"{shape.loc}.properties", "strict mode has no object of any content; declare its properties")
    properties = {name: _strict(child, optional=name not in shape.required) for name, child in shape.properties.items()}
    return {"properties": properties, "required": list(properties), "additionalProperties": False}


def _known(shape: Shape) -> frozenset[str]:
    fits = shape.type == "string" and shape.limits.get("format") in STRICT_FORMATS
    return STRICT_LIMITS if fits else STRICT_LIMITS - {"format"}


def _check_size(parameters: Json) -> None:
    found = list(_walk(parameters, 1))
    if max(depth for depth, _ in found) > MAX_NESTING:
        raise Unfit("parameters", f"strict mode takes {MAX_NESTING} levels of nesting at most; flatten it")
    names = [name for _, schema in found for name in schema.get("properties", {})]
    enums = [schema["enum"] for _, schema in found if "enum" in schema]
    if len(names) > MAX_PROPERTIES:
        raise Unfit("parameters", f"strict mode takes {MAX_PROPERTIES:,} properties at most")
    if sum(map(len, enums)) > MAX_ENUM_VALUES:
        raise Unfit("parameters", f"strict mode takes {MAX_ENUM_VALUES:,} enum values at most, in all of a function")
    if sum(map(len, names)) + sum(map(_chars, enums)) > MAX_NAMES_CHARS:
        raise Unfit("parameters", f"strict mode takes {MAX_NAMES_CHARS:,} characters of names and enum values at most")
    if any(len(values) > LONG_ENUM and _chars(values) > MAX_LONG_ENUM_CHARS for values in enums):
        raise Unfit("parameters", f"an enum of more than {LONG_ENUM} values takes {MAX_LONG_ENUM_CHARS:,} characters")


def _walk(schema: Json, depth: int) -> Iterator[tuple[int, Json]]:
    """Walk the schemas, each with its level of objects and lists."""
    yield depth, schema
    for child in schema.get("anyOf", ()):
        yield from _walk(child, depth)
    for child in (*schema.get("properties", {}).values(), *((schema["items"],) if "items" in schema else ())):
        yield from _walk(child, depth + ("properties" in child or "items" in child))


def _chars(values: list[Any]) -> int:
    return sum(len(value) for value in values if isinstance(value, str))
