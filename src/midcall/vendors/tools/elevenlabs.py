"""ElevenLabs' webhook (server) tools: the arguments are the body, and each of them says where its value comes from.

Of `description`, `dynamic_variable`, `constant_value`, `is_system_provided` a single value has exactly one; here it is
the description, since midcall fills in the rest itself.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from midcall.domain.jsonvalue import Json
from midcall.vendors.paths import steps_of, with_dots
from midcall.vendors.shape import Shape, shape_of
from midcall.vendors.tool import Address, ExportedTool, Tool, ToolNote, Unfit, late
from midcall.vendors.words import described, described_tool, notes_below, notes_of_nulls, unspoken, without

#: Seconds that ElevenLabs waits for an answer.
MIN_TIMEOUT_S, MAX_TIMEOUT_S = 5, 300

#: The body is the arguments alone, so headers say which conversation they belong to, which telephone call that is, and
#: at which turn it stands: a repeat comes at the same one. Values are ElevenLabs' own variables, which no caller sets.
HEADERS = {
    "X-Conversation-Id": "system__conversation_id",
    "X-Call-Sid": "system__call_sid",
    "Idempotency-Key": "system__agent_turns",
}

_SINGLE = frozenset({"string", "number", "integer", "boolean"})


def webhook_tool(tool: Tool, address: Address) -> ExportedTool:
    """Write a tool; raises Unfit for what ElevenLabs' schemas cannot say."""
    shape = shape_of(tool.parameters, "parameters")
    description, untold = described_tool(tool, "ElevenLabs", unsaid=_unspoken(shape), quiet=shape.limits)
    api_schema: Json = {
        "url": address.of_function(tool.name),
        "method": "POST",
        "request_headers": {header: {"variable_name": variable} for header, variable in HEADERS.items()},
    }
    if shape.properties:
        api_schema["request_body_schema"] = without(_object(shape))
    document: Json = {
        "type": "webhook",
        "name": tool.name,
        "description": description,
        "response_timeout_secs": min(max(tool.client_timeout_ms // 1000, MIN_TIMEOUT_S), MAX_TIMEOUT_S),
        "pre_tool_speech": "force" if tool.speech.during else "off",
        "api_schema": api_schema,
    }
    steps = {name: steps_of(path) for name, path in tool.response_variables.items()}
    assignments = [
        {"source": "response", "dynamic_variable": name, "value_path": with_dots(found)}
        for name, found in steps.items()
        if found is not None
    ]
    if assignments:
        document["assignments"] = assignments
    below = (*notes_below(shape, _unspoken, "ElevenLabs"), *notes_of_nulls(shape, "ElevenLabs"))
    return ExportedTool(document, (*_lost(tool, steps), *untold, *below))


def _lost(tool: Tool, steps: Mapping[str, tuple[str, ...] | None]) -> Iterator[ToolNote]:
    yield from late(tool, MAX_TIMEOUT_S * 1000, "ElevenLabs")
    if tool.speech.started:
        yield ToolNote(
            "messages.started", "ElevenLabs has no place for the words; its agent finds its own before the call"
        )
    if not tool.speech.after:
        yield ToolNote(
            "speak_after_execution", "ElevenLabs has no such switch; the agent speaks once the result is there"
        )
    for name, found in steps.items():
        if found is None:
            cure = "ElevenLabs takes a path to one value, such as data.0.id; midcall sets the variable all the same"
            yield ToolNote(f"response_variables.{name}", cure)


def _schema(shape: Shape, name: str) -> Json:
    if shape.variants:
        return _choice(shape, name)
    if shape.type in _SINGLE:
        schema: Json = {"type": shape.type, "description": _description(shape, name)}
        return schema | ({"enum": list(shape.enum)} if shape.enum and shape.type == "string" else {})
    if shape.type == "array":
        if shape.items is None:
            raise Unfit(f"{shape.loc}.items", "ElevenLabs needs to know what the entries are; add items")
        return {"type": "array", "description": _description(shape, name), "items": _schema(shape.items, name)}
    if shape.type == "object":
        if not shape.properties:
            raise Unfit(f"{shape.loc}.properties", "ElevenLabs takes no object without properties; declare them")
        return _object(shape) | {"description": _description(shape, name)}
    raise Unfit(shape.loc, 'ElevenLabs needs a type; say which (such as "type": "string")')


def _choice(shape: Shape, name: str) -> Json:
    """Write a choice between single values: a list of types."""
    if any(variant.type not in _SINGLE for variant in shape.variants):
        raise Unfit(shape.loc, "ElevenLabs takes no choice of objects or lists; declare a parameter for each")
    words = " or ".join(_variant(variant) for variant in shape.variants)
    kinds = list(dict.fromkeys(variant.type for variant in shape.variants))
    return {"type": kinds, "description": f"{_description(shape, name)}: {words}"}


def _variant(shape: Shape) -> str:
    spoken = {"enum": list(shape.enum)} if shape.enum else {}
    return described(shape.description or shape.title or shape.type, {**spoken, **_unspoken(shape)})


def _description(shape: Shape, name: str) -> str:
    """Describe a value, by its name where its author did not: without a description nobody would give it a value."""
    text = described(shape.description or shape.title, _unspoken(shape))
    return text if text.strip() else name.replace("_", " ").strip() or "value"


def _object(shape: Shape) -> Json:
    schema: Json = {
        "type": "object",
        "properties": {name: _schema(child, name) for name, child in shape.properties.items()},
    }
    required = [name for name in schema["properties"] if name in shape.required]
    if required:
        schema["required"] = required
    constraints = _constraints(shape)
    if constraints:
        schema["required_constraints"] = constraints
    description = described(shape.description, _unspoken(shape))
    return schema | ({"description": description} if description else {})


def _constraints(shape: Shape) -> Json:
    """Write which properties must be there together, where a choice of schemas says nothing else."""
    branches = shape.relations.get("anyOf", ())
    if not branches or not all(_only_requires(branch, shape) for branch in branches):
        return {}
    return {"any_of": [{"required": list(branch["required"])} for branch in branches]}


def _only_requires(branch: Any, shape: Shape) -> bool:
    if not isinstance(branch, Mapping) or branch.keys() != {"required"}:
        return False
    return set(branch["required"]) <= shape.properties.keys()


def _unspoken(shape: Shape) -> dict[str, Any]:
    spoken = {"enum": list(shape.enum)} if shape.enum and shape.type != "string" else {}
    written = {"anyOf"} if shape.type == "object" and _constraints(shape) else set()
    return {**spoken, **unspoken(shape, written)}
