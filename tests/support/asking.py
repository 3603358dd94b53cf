"""Asking the Code Assistant in a test, without an api around it."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.support.world import World

from midcall.domain.function_config import Kind
from midcall.review.allowlist import packaged
from midcall.service.assistant.assist import Assist, QuestionLimit
from midcall.service.assistant.events import AssistantAnswer, AssistantEvent, Completed, Question
from midcall.service.functions.form import FunctionForm
from midcall.service.ports import CodeWriter

DRAFT = FunctionForm.model_validate(
    {
        "name": "greet",
        "description": "Greets the caller by name.",
        "kind": Kind.CODE,
        "parameters": {"type": "object", "properties": {"name": {"type": "string"}}},
        "code": {"source": "def handler(session):\n    return 1\n"},
    }
)


async def in_thread(function: Callable[..., Any], *args: Any) -> Any:
    """Run as the api does, in a thread."""
    return await asyncio.to_thread(function, *args)


def assistant(
    world: World, writer: CodeWriter | None, *, deadline_s: float = 20.0, seats: QuestionLimit | None = None
) -> Assist:
    """Wire the use case over a world."""
    return Assist(
        storage=world.storage,
        reviews=world.reviews,
        credentials=world.credentials,
        allowed=packaged(),
        clock=world.clock,
        writer=writer,
        deadline_s=deadline_s,
        seats=seats or QuestionLimit(),
    )


def asked(assist: Assist, world: World, question: Question | None = None) -> list[AssistantEvent]:
    """Ask, and return all events."""

    async def run() -> list[AssistantEvent]:
        wanted = question or Question("Greet by name", DRAFT)
        return [event async for event in assist.ask(world.caller, wanted, in_thread)]

    return asyncio.run(run())


def answer_of(events: list[AssistantEvent]) -> AssistantAnswer:
    """Return the answer at the end."""
    assert isinstance(events[-1], Completed)
    return events[-1].answer
