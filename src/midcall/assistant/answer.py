"""The form in which a model answers, and how it is read, whole or while it still comes."""

import re
from collections.abc import Mapping
from typing import Any

import pydantic_core
from pydantic import BaseModel, Field, JsonValue, ValidationError
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart
from pydantic_ai.tools import ToolDefinition

from midcall.domain.assistant import ModelAnswer
from midcall.domain.errors import AnswerUnreadable
from midcall.domain.function import MAX_SOURCE_BYTES

MAX_EXPLANATION = 8_000

_CHANGES = ("actions", "egress", "parameters")
_OBJECT: Mapping[str, Any] = {"type": "object"}

#: What is asked for. The explanation comes first, so that somebody can read it while the code is still written.
TOOL = ToolDefinition(
    name="propose",
    description="Hand in the function, for review and for a person to decide about.",
    parameters_json_schema={
        "type": "object",
        "properties": {
            "explanation": {"type": "string", "description": "What the code does, in plain words; no code in it."},
            "source": {"type": "string", "description": "The whole Python source."},
            "actions": {
                "type": "array",
                "description": "Only if it must change: the whole new list of code.actions.",
                "items": {
                    "anyOf": [
                        {"type": "string"},
                        {
                            "type": "object",
                            "properties": {
                                "name": {"type": "string"},
                                "credentials": {"type": "array", "items": {"type": "string"}},
                            },
                            "required": ["name"],
                        },
                    ]
                },
            },
            "egress": {
                "type": "array",
                "description": "Only if it must change: the whole new list of hosts that http actions may reach.",
                "items": {"type": "string"},
            },
            "parameters": {
                **_OBJECT,
                "description": "Only if it must change: the whole new JSON Schema of the parameters.",
            },
            "test": {
                **_OBJECT,
                "description": "A test case, if one is of use.",
                "properties": {
                    "session": {**_OBJECT, "description": "fields of the session body"},
                    "params": {**_OBJECT, "description": "parameters of the call"},
                    "mocks": {
                        "type": "array",
                        "description": "answers for actions: {action, when, returns}",
                        "items": _OBJECT,
                    },
                    "expect": {**_OBJECT, "description": "part of the result that must be there"},
                },
            },
        },
        "required": ["explanation", "source"],
    },
    kind="output",
    strict=False,
)

_NO_ANSWER = f"Call the tool {TOOL.name} with explanation and source; nothing else is read."
_FENCE = re.compile(r"```(?P<kind>[a-z]{0,10})[ \t]*\n(?P<text>.*?)\n?```", re.DOTALL)


class _Form(BaseModel):
    """An answer; what it says of the document is checked with the document."""

    explanation: str = Field(max_length=MAX_EXPLANATION)
    source: str = Field(max_length=MAX_SOURCE_BYTES)
    actions: list[JsonValue] | None = None
    egress: list[JsonValue] | None = None
    parameters: dict[str, JsonValue] | None = None
    test: dict[str, JsonValue] | None = None


def read(response: ModelResponse) -> ModelAnswer:
    """Read a whole answer; raises AnswerUnreadable that tells the model what is wrong.

    Models that call no tool are taken at their word if they wrote the same JSON, or one block of Python.
    """
    calls = calls_of(response)
    found = next((call for call in calls if call.tool_name == TOOL.name), None)
    if found is not None:
        return _read(found.args)
    if calls:
        raise AnswerUnreadable(_NO_ANSWER)
    return _read_text("".join(part.content for part in response.parts if isinstance(part, TextPart)))


def calls_of(response: ModelResponse) -> list[ToolCallPart]:
    """Return the calls in an answer: each wants a reply."""
    return [part for part in response.parts if isinstance(part, ToolCallPart)]


def explanation_so_far(arguments: str) -> tuple[str, bool]:
    """Read the explanation out of the beginning of a call's arguments; returns it, and whether more may come."""
    try:
        found = pydantic_core.from_json(arguments, allow_partial="trailing-strings")
    except ValueError:
        return "", True
    if not isinstance(found, dict):
        return "", True
    text = found.get("explanation")
    # Keys come in order: with another one behind it, it is whole.
    whole = isinstance(text, str) and list(found)[-1] != "explanation"
    return (text[:MAX_EXPLANATION], not whole) if isinstance(text, str) else ("", True)


def _read(arguments: str | Mapping[str, Any] | None) -> ModelAnswer:
    try:
        if isinstance(arguments, str):
            arguments = pydantic_core.from_json(arguments, allow_inf_nan=False)
        form = _Form.model_validate(arguments, strict=True)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)[:10]
        texts = (f"{'.'.join(str(part) for part in fault['loc'])[:100]}: {fault['msg']}" for fault in faults)
        raise AnswerUnreadable(f"{_NO_ANSWER} What came does not fit: {'; '.join(texts)}") from None
    except ValueError:
        raise AnswerUnreadable(f"{_NO_ANSWER} What came is no JSON.") from None
    given = form.model_dump(mode="json", exclude_none=True)
    changes = {name: given[name] for name in _CHANGES if name in given}
    return ModelAnswer(form.source, form.explanation, changes, given.get("test"))


def _read_text(text: str) -> ModelAnswer:
    blocks = [(found["kind"], found["text"]) for found in _FENCE.finditer(text)]
    for written in (text.strip(), *(block for _, block in blocks)):
        if written.startswith("{") and written.endswith("}"):
            return _read(written)
    sources = [block for kind, block in blocks if kind in {"python", "py", ""}]
    if len(sources) != 1:
        raise AnswerUnreadable(_NO_ANSWER)
    return _read({"explanation": _FENCE.sub("", text).strip()[:MAX_EXPLANATION], "source": sources[0] + "\n"})
