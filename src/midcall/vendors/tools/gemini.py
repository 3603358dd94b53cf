"""Gemini's function declarations: one tool that holds all functions, parameters in a subset of OpenAPI's schemas."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from midcall.domain.jsonvalue import Json
from midcall.vendors.shape import Shape, shape_of
from midcall.vendors.tool import Address, ExportedTool, Tool, Unfit
from midcall.vendors.words import described, described_tool, notes_below, unspoken

#: Keywords that the API takes for each type.
_LIMITS: Mapping[str, frozenset[str]] = {
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "number": frozenset({"minimum", "maximum", "format"}),
    "integer": frozenset({"minimum", "maximum", "format"}),
    "array": frozenset({"minItems", "maxItems"}),
    "object": frozenset({"minProperties", "maxProperties"}),
}
_FORMATS: Mapping[str, frozenset[str]] = {
    "string": frozenset({"date-time"}),
    "number": frozenset({"float", "double"}),
    "integer": frozenset({"int32", "int64"}),
}
_WHOLE = frozenset({"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"})
#: What a whole number of the API holds.
_MOST = 2**63 - 1
_PROPERTY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def function_declaration(tool: Tool, _address: Address) -> ExportedTool:
    """Write one function; raises Unfit for what Gemini's schemas cannot say."""
    shape = shape_of(tool.parameters, "parameters")
    description, lost = described_tool(tool, "Gemini", unsaid=_unspoken(shape), quiet=shape.limits)
    document: Json = {"name": tool.name, "description": description}
    if shape.properties:
        # At the top the function's own description says what the schema's would.
        document["parameters"] = {"type": "OBJECT", **_object(shape), **_limits(shape)}
    return ExportedTool(document, (*lost, *notes_below(shape, _unspoken, "Gemini")))


def one_tool(declarations: Sequence[Json]) -> list[Json]:
    """Put all functions into one tool: of several tools the API takes search tools alone."""
    return [{"functionDeclarations": list(declarations)}] if declarations else []


def _schema(shape: Shape) -> Json:
    if shape.variants:
        return _variants(shape)
    if shape.type is None:
        raise Unfit(shape.loc, 'Gemini needs a type; say which (such as "type": "string")')
    description = described(shape.description or shape.title, _unspoken(shape))
    schema: Json = {"type": shape.type.upper()}
    if description:
        schema["description"] = description
    if shape.nullable:
        schema["nullable"] = True
    if _spells_enum(shape):
        schema |= {"format": "enum", "enum": list(shape.enum)}
    if shape.type == "array":
        if shape.items is None:
            raise Unfit(f"{shape.loc}.items", "Gemini needs to know what the entries are; add items")
        schema["items"] = _schema(shape.items)
    if shape.type == "object":
        if not shape.properties:
            raise Unfit(f"{shape.loc}.properties", "Gemini takes no object without properties; declare them")
        schema |= _object(shape)
    return schema | _limits(shape)


def _variants(shape: Shape) -> Json:
    """Write a choice. Beside `anyOf` the API takes nothing, so that the description goes with each variant."""
    words = described(shape.description or shape.title, _unspoken(shape))
    variants = []
    for variant in shape.variants:
        schema = _schema(variant)
        description = " ".join(text for text in (words, schema.get("description")) if text)
        variants.append(schema | ({"description": description} if description else {}))
    if shape.nullable:
        variants[0]["nullable"] = True
    return {"anyOf": variants}


def _object(shape: Shape) -> Json:
    for name in shape.properties:
        if not _PROPERTY.fullmatch(name):
            cure = "Gemini takes names of 1-64 letters, digits and _, not a digit first; rename it"
            raise Unfit(f"{shape.loc}.properties.{name}", cure)
    properties = {name: _schema(child) for name, child in shape.properties.items()}
    required = [name for name in properties if name in shape.required]
    return {"properties": properties, **({"required": required} if required else {})}


def _limits(shape: Shape) -> Json:
    known = {name: value for name, value in shape.limits.items() if name in _known(shape)}
    return {name: int(value) if name in _WHOLE else value for name, value in known.items()}


def _known(shape: Shape) -> frozenset[str]:
    kind = shape.type or ""
    known = _LIMITS.get(kind, frozenset())
    if shape.limits.get("format") not in _FORMATS.get(kind, ()) or _spells_enum(shape):
        known -= {"format"}
    return known - {name for name in known & shape.limits.keys() if not _holds(name, shape.limits[name])}


def _holds(name: str, value: Any) -> bool:
    """Tell whether the API's numbers can hold a limit."""
    if name in _WHOLE:
        return bool(0 <= value <= _MOST)
    return not isinstance(value, int) or math.isfinite(_as_double(value))


def _as_double(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _spells_enum(shape: Shape) -> bool:
    """Tell whether the API can list the values: it lists texts alone, and no empty one."""
    return shape.type == "string" and bool(shape.enum) and "" not in shape.enum


def _unspoken(shape: Shape) -> dict[str, Any]:
    listed = _spells_enum(shape) or not shape.enum
    return {**({} if listed else {"enum": list(shape.enum)}), **unspoken(shape, _known(shape))}
