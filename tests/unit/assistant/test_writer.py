"""Writing with pydantic-ai's own test models: what they are asked, and how their answers are read."""

import json
import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models import Model
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, FunctionModel
from pydantic_ai.models.test import TestModel
from tests.support.asking import answer_of, asked, assistant
from tests.support.world import World

from midcall.assistant.answer import MAX_EXPLANATION, explanation_so_far, read
from midcall.assistant.writer import ModelWriter
from midcall.domain.assistant import ChatMessage, Role, Status
from midcall.domain.errors import AnswerUnreadable
from midcall.service.assistant.events import Completed, ExplanationWritten, Question, Reviewed, SourceWritten, Thinking

GOOD = "def handler(session):\n    return 2\n"
FAULTY = "def handler(session):\n    return 'fault'\n"


def writer(model: Model) -> ModelWriter:
    """Write with a model that is there already."""

    @asynccontextmanager
    async def connect() -> AsyncIterator[Model]:
        yield model

    return ModelWriter("test", connect, 1_000)


class Script:
    """A model that answers with these arguments, one after the other, and keeps what it was told."""

    def __init__(self, *arguments: dict[str, Any]) -> None:
        self.arguments = arguments
        self.told: list[Sequence[ModelMessage]] = []
        self.tools: list[str] = []

    async def stream(self, messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[dict[int, DeltaToolCall]]:
        """Answer once."""
        self.told.append(list(messages))
        self.tools = [tool.name for tool in info.output_tools]
        text = json.dumps(self.arguments[min(len(self.told), len(self.arguments)) - 1])
        yield {0: DeltaToolCall(name="propose", tool_call_id=f"call-{len(self.told)}")}
        for at in range(0, len(text), 5):
            yield {0: DeltaToolCall(json_args=text[at : at + 5])}

    @property
    def model(self) -> Model:
        """The model."""
        return FunctionModel(stream_function=self.stream)


def test_events_come_round_by_round(world: World) -> None:
    """Each round has its beginning, its explanation, its code and its review; then the end."""
    script = Script({"explanation": "One.", "source": FAULTY}, {"explanation": "Two.", "source": GOOD})
    events = asked(assistant(world, writer(script.model)), world)
    seen = [
        (type(event), getattr(event, "round", None)) for event in events if not isinstance(event, ExplanationWritten)
    ]
    rounds = [(kind, number) for number in (1, 2) for kind in (Thinking, SourceWritten, Reviewed)]
    assert seen == [*rounds, (Completed, None)]
    assert (
        "".join(event.text for event in events if isinstance(event, ExplanationWritten) and event.round == 2) == "Two."
    )
    answer = answer_of(events)
    assert (answer.status, answer.rounds, answer.source) == (Status.PASSED, 2, GOOD)
    assert script.tools == ["propose"]
    reply = script.told[1][-1].parts[0]
    assert isinstance(reply, ToolReturnPart)
    assert reply.tool_call_id == "call-1"
    assert "There is a fault." in str(reply.content)


def test_conversation_is_told_in_its_order(world: World) -> None:
    """What was said before comes first, each turn under its own role; the new wish is the last."""
    script = Script({"explanation": "x", "source": GOOD})
    turns = (ChatMessage(Role.USER, "first"), ChatMessage(Role.ASSISTANT, "second"))
    asked(assistant(world, writer(script.model)), world, Question("third", None, turns))
    told = script.told[0]
    assert [type(message).__name__ for message in told] == ["ModelRequest", "ModelResponse", "ModelRequest"]
    assert [part.part_kind for part in told[0].parts] == ["system-prompt", "user-prompt"]
    assert isinstance(told[1].parts[0], TextPart)
    assert told[1].parts[0].content == "second"
    assert str(getattr(told[2].parts[0], "content", "")).endswith("What is wanted:\nthird")


def test_pydantic_ais_test_model_makes_an_answer_of_our_schema(world: World) -> None:
    """What it makes up of the tool's schema is read as an answer; its source is no function, so it does not pass."""
    world.reviewer.word = ""
    with warnings.catch_warnings():
        answer = answer_of(asked(assistant(world, writer(TestModel())), world))
    assert (answer.status, answer.rounds) == (Status.NOT_PASSED, 3)
    assert answer.source is not None


def test_no_transaction_is_open_while_the_model_writes(world: World) -> None:
    """Another writer gets through meanwhile."""

    async def stream(_messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[dict[int, DeltaToolCall]]:
        with world.storage.write(durable=True) as tx:
            tx.workspaces.get(world.caller.workspace_id)
        yield {0: DeltaToolCall(name="propose", json_args=json.dumps({"explanation": "x", "source": GOOD}))}

    answer = answer_of(asked(assistant(world, writer(FunctionModel(stream_function=stream))), world))
    assert answer.status is Status.PASSED


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ("", ("", True)),
        ('{"expl', ("", True)),
        ('{"explanation": "It s', ("It s", True)),
        ('{"explanation": "It says", ', ("It says", True)),
        ('{"explanation": "It says", "source": "de', ("It says", False)),
        ('["explanation"', ("", True)),
        ('{"explanation": 5', ("", True)),
        ("rubbish", ("", True)),
    ],
)
def test_explanation_is_read_out_of_half_an_answer(arguments: str, found: tuple[str, bool]) -> None:
    """As far as it goes, and no further than its end."""
    assert explanation_so_far(arguments) == found


@pytest.mark.parametrize(
    "arguments",
    [
        None,
        "[]",
        "5",
        '{"source": "x"}',
        '{"explanation": "x"}',
        '{"explanation": "x", "source": NaN}',
        {"explanation": "x" * (MAX_EXPLANATION + 1), "source": "x"},
        {"explanation": "x", "source": "x", "egress": "example.com"},
        {"explanation": "x", "source": "x" * (64 * 1024 + 1)},
    ],
)
def test_answer_of_another_form_is_refused(arguments: Any) -> None:
    """The text names the tool, so that a model can do better."""
    with pytest.raises(AnswerUnreadable, match="propose"):
        read(ModelResponse(parts=[ToolCallPart("propose", arguments)]))


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"explanation": "Two.", "source": GOOD}),
        f"```json\n{json.dumps({'explanation': 'Two.', 'source': GOOD})}\n```",
        f"Two.\n```python\n{GOOD}```",
    ],
)
def test_answer_in_text_is_read(text: str) -> None:
    """From models that call no tools."""
    written = read(ModelResponse(parts=[TextPart(text)]))
    assert (written.source, written.explanation) == (GOOD, "Two.")


def test_two_blocks_of_code_are_no_answer() -> None:
    """Nobody can tell which of them is meant."""
    with pytest.raises(AnswerUnreadable):
        read(ModelResponse(parts=[TextPart("```python\na\n```\n```python\nb\n```")]))
