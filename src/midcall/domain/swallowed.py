"""Names of parameters that never arrive: frameworks for agents keep them for themselves.

Each was tried with the framework's own tool made of an exported schema (LangChain 1.8, LangGraph 1.2, LlamaIndex 0.14,
pydantic-ai 2.68, ElevenLabs' SDK 2.78). `context`, `state`, `store`, `input` and the like arrive.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from midcall.domain.expanded import Unexpandable
from midcall.domain.visible import visible

#: Each name with what becomes of it, and another name as an example.
SWALLOWED: Mapping[str, tuple[str, str]] = {
    "self": ("LangChain, LangGraph and LlamaIndex fail every call that has it", "person"),
    "config": ("LangChain and LangGraph drop it, or put their own in its place", "settings"),
    "run_manager": ("LangChain and LangGraph drop it", "manager"),
    "callbacks": ("LangChain and LangGraph put their own in its place where a tool asks for them", "callback_numbers"),
    "runtime": ("LangChain and LangGraph put their own in its place where a tool asks for it", "duration"),
    "ctx": ("pydantic-ai fails every call that has it where a tool asks for its context", "topic"),
    "tool_call_id": (
        "ElevenLabs' client tools take it for their call's own id, and LangGraph drops it where a tool asks for that",
        "call_reference",
    ),
}

#: Keywords whose schemas are about the same object.
_SAME = ("allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas")


def swallowed(parameters: Mapping[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """Return the names of parameters that some framework swallows: (name, what becomes of it, another name).

    What midcall fills itself passes no framework.
    """
    try:
        seen = visible(parameters)
    except Unexpandable:
        seen = dict(parameters)
    return tuple((name, *SWALLOWED[name]) for name in dict.fromkeys(_names(seen)) if name in SWALLOWED)


def _names(schema: Any) -> Iterator[str]:
    if not isinstance(schema, Mapping):
        return
    yield from schema.get("properties", {})
    for keyword in _SAME:
        below = schema.get(keyword, ())
        if keyword in ("if", "then", "else"):
            yield from _names(below)
            continue
        for branch in below.values() if isinstance(below, Mapping) else below:
            yield from _names(branch)
