"""Vapi's function tools: parameters in a subset of JSON Schema, one server for all, messages around the call."""

from collections.abc import Iterator
from typing import Any

from midcall.domain.jsonvalue import Json
from midcall.vendors.shape import Shape, shape_of
from midcall.vendors.tool import Address, ExportedTool, Tool, ToolNote, Unfit, late
from midcall.vendors.words import described, described_tool, notes_below, notes_of_nulls, unspoken

_FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})
#: Seconds that Vapi waits for an answer at most.
MAX_TIMEOUT_S = 300


def function_tool(tool: Tool, address: Address) -> ExportedTool:
    """Write a tool; raises Unfit for what Vapi's schemas cannot say."""
    shape = shape_of(tool.parameters, "parameters")
    description, lost = described_tool(tool, "Vapi", unsaid=_unspoken(shape), quiet=shape.limits)
    function = {
        "name": tool.name,
        "description": description,
        "parameters": {"type": "object", **_object(shape)},
    }
    document: Json = {
        "type": "function",
        "function": function,
        "server": {"url": address.of_adapter, "timeoutSeconds": min(tool.client_timeout_ms // 1000, MAX_TIMEOUT_S)},
        "messages": list(_messages(tool)),
    }
    below = (*notes_below(shape, _unspoken, "Vapi"), *notes_of_nulls(shape, "Vapi"))
    return ExportedTool(document, (*_lost(tool), *lost, *below))


def _messages(tool: Tool) -> Iterator[Json]:
    """Write what is said; of several messages of one type Vapi picks one."""
    speech = tool.speech
    for text in speech.started:
        yield {"type": "request-start", "content": text}
    if not speech.started and not speech.during:
        # Without one Vapi says a filler of its own.
        yield {"type": "request-start", "content": ""}
    if speech.failed is not None:
        yield {"type": "request-failed", "content": speech.failed}
    if tool.background and speech.returned is not None:
        yield {"type": "request-complete", "content": speech.returned}


def _lost(tool: Tool) -> Iterator[ToolNote]:
    yield from late(tool, MAX_TIMEOUT_S * 1000, "Vapi")
    if tool.response_variables:
        yield ToolNote("response_variables", "midcall sets the variables; Vapi itself does not learn of them")
    if not tool.speech.after:
        yield ToolNote(
            "speak_after_execution", "Vapi has no such switch; the assistant speaks once the result is there"
        )


def _schema(shape: Shape) -> Json:
    if shape.variants:
        raise Unfit(shape.loc, "Vapi takes one type for each value; say which, or declare a parameter for each")
    if shape.type is None or shape.type == "null":
        raise Unfit(shape.loc, 'Vapi needs a type; say which (such as "type": "string")')
    description = described(shape.description, _unspoken(shape))
    schema: Json = {"type": shape.type}
    about = {"title": shape.title, "description": description or None}
    schema |= {name: value for name, value in about.items() if value is not None}
    schema |= {name: value for name, value in shape.limits.items() if name in _known(shape)}
    if shape.enum and shape.type == "string":
        schema["enum"] = list(shape.enum)
    if shape.type == "array":
        if shape.items is None:
            raise Unfit(f"{shape.loc}.items", "Vapi needs to know what the entries are; add items")
        schema["items"] = _schema(shape.items)
    if shape.type == "object":
        if not shape.properties:
            raise Unfit(f"{shape.loc}.properties", "Vapi takes no object without properties; declare them")
        schema |= _object(shape)
    return schema


def _object(shape: Shape) -> Json:
    properties = {name: _schema(child) for name, child in shape.properties.items()}
    required = [name for name in properties if name in shape.required]
    return {"properties": properties, **({"required": required} if required else {})}


def _known(shape: Shape) -> frozenset[str]:
    if shape.type != "string":
        return frozenset()
    return frozenset({"pattern", "format"} if shape.limits.get("format") in _FORMATS else {"pattern"})


def _unspoken(shape: Shape) -> dict[str, Any]:
    spoken = {"enum": list(shape.enum)} if shape.enum and shape.type != "string" else {}
    return {**spoken, **unspoken(shape, _known(shape))}
