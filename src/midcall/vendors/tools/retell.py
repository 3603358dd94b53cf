"""Retell's (and UponAI's) custom tools, one URL each; the LLM gets the parameters' JSON Schema as it is."""

from collections.abc import Iterator, Mapping

from midcall.domain.jsonvalue import Json
from midcall.vendors.merging import merged
from midcall.vendors.paths import steps_of, with_brackets
from midcall.vendors.tool import Address, ExportedTool, Tool, ToolNote, late
from midcall.vendors.words import at_root, described_tool

MIN_TIMEOUT_MS, MAX_TIMEOUT_MS = 1_000, 600_000

_AT_ROOT = ("type", "properties", "required")


def custom_tool(tool: Tool, address: Address) -> ExportedTool:
    """Write a function as Retell's custom tool."""
    root = merged(tool.parameters)
    description, lost = described_tool(tool, "Retell", unsaid=at_root(root))
    parameters = {word: root[word] for word in _AT_ROOT if word in root}
    document: Json = {
        "type": "custom",
        "name": tool.name,
        "description": description,
        "url": address.of_function(tool.name),
        "method": "POST",
        "parameters": parameters,
        # The call around the arguments is how midcall knows which session they belong to.
        "args_at_root": False,
        "timeout_ms": min(max(tool.client_timeout_ms, MIN_TIMEOUT_MS), MAX_TIMEOUT_MS),
        "speak_during_execution": tool.speech.during,
        "speak_after_execution": tool.speech.after,
        **_execution_message(tool),
    }
    steps = {name: steps_of(path) for name, path in tool.response_variables.items()}
    paths = {name: with_brackets(found) for name, found in steps.items() if found is not None}
    if paths:
        document["response_variables"] = paths
    return ExportedTool(document, (*late(tool, MAX_TIMEOUT_MS, "Retell"), *lost, *_lost(steps)))


def _execution_message(tool: Tool) -> Json:
    texts = tool.speech.started
    if not texts:
        return {}
    if len(texts) == 1:
        return {"execution_message_type": "static_text", "execution_message_description": texts[0]}
    choice = " | ".join(f'"{text}"' for text in texts)
    prompt = f"Say one of these, word for word, another one each time: {choice}"
    return {"execution_message_type": "prompt", "execution_message_description": prompt}


def _lost(steps: Mapping[str, tuple[str, ...] | None]) -> Iterator[ToolNote]:
    for name, found in steps.items():
        if found is None:
            cure = "Retell takes a path to one value, such as data.orders[0].id; midcall sets the variable all the same"
            yield ToolNote(f"response_variables.{name}", cure)
