"""OpenAI's function tools: as Chat Completions takes them, with any schema and in strict mode; as its other APIs do."""

from collections.abc import Iterator
from typing import Any

from midcall.domain.jsonvalue import Json
from midcall.domain.subschemas import rewritten
from midcall.vendors.merging import merged
from midcall.vendors.shape import Shape, shape_of
from midcall.vendors.tool import Address, ExportedTool, Tool, ToolNote, Unfit
from midcall.vendors.words import described, described_tool, unspoken, without

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


def function_tool(tool: Tool, _address: Address) -> ExportedTool:
    """Write a tool of Chat Completions whose arguments the LLM may get wrong."""
    return _chat(_loose(tool))


def strict_tool(tool: Tool, _address: Address) -> ExportedTool:
    """Write one whose arguments keep its schema; raises Unfit where strict mode cannot say what the schema says."""
    return _chat(_strict_function(tool))


def responses_tool(tool: Tool, _address: Address) -> ExportedTool:
    """Write a tool of the Responses API: strict where its schema can be, and else not.

    The API asks for `strict`, and takes a tool that does not say it for a strict one.
    """
    try:
        written = _strict_function(tool)
    except Unfit as error:
        written = _loose(tool)
        why = f"the tool is not strict, since strict mode has no place for this: {error.msg}"
        return _flat({**written.document, "strict": False}, (*written.notes, ToolNote(error.loc, why)))
    return _flat(written.document, written.notes)


def realtime_tool(tool: Tool, _address: Address) -> ExportedTool:
    """Write a tool of the Realtime API, which knows no strict mode."""
    written = _loose(tool)
    return _flat(written.document, written.notes)


def _loose(tool: Tool) -> ExportedTool:
    description, notes = described_tool(tool, "OpenAI", unsaid=_NOT_AT_ROOT)
    parameters = rewritten(without(merged(tool.parameters), _NOT_AT_ROOT), _with_items)
    return ExportedTool({"name": tool.name, "description": description, "parameters": parameters}, notes)


def _strict_function(tool: Tool) -> ExportedTool:
    description, notes = described_tool(tool, "strict mode")
    parameters = without(_strict(shape_of(tool.parameters, "parameters")))
    _check_size(parameters)
    return ExportedTool(
        {"name": tool.name, "description": description, "parameters": parameters, "strict": True}, notes
    )


def _chat(written: ExportedTool) -> ExportedTool:
    return ExportedTool({"type": "function", "function": written.document}, written.notes)


def _flat(function: Json, notes: tuple[ToolNote, ...]) -> ExportedTool:
    return ExportedTool({"type": "function", **function}, notes)


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
