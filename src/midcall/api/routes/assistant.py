"""`/v1/assistant`: code from a description, reviewed, not saved."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from fastapi.sse import format_sse_event
from starlette.responses import Response

from midcall.api.models import AskAssistant
from midcall.api.shapes import AssistantShape
from midcall.service.assistant.events import (
    AssistantEvent,
    Completed,
    ExplanationWritten,
    Reviewed,
    SourceWritten,
    Thinking,
)
from midcall.web.common import PROBLEMS, InThreads
from midcall.web.json_response import AsciiJsonResponse
from midcall.web.routes import JsonRoute
from midcall.web.services import Use, Writer
from midcall.web.streams import COMMENT, MEDIA_TYPE, AsStream, stream

router = APIRouter(prefix="/v1", tags=["assistant"], responses=PROBLEMS, route_class=JsonRoute)

#: Seconds without an event, after which a comment keeps the connection from being taken for dead.
_KEEPALIVE_S = 15.0
_NAMES: dict[type[AssistantEvent], str] = {
    Thinking: "thinking",
    ExplanationWritten: "text",
    SourceWritten: "source",
    Reviewed: "review",
    Completed: "completed",
}


@router.post(
    "/assistant/code",
    response_model=AssistantShape,
    responses={200: {"model": AssistantShape, "content": {MEDIA_TYPE: {}}}},
)
async def write_code(
    wanted: AskAssistant,
    use: Use,
    caller: Writer,
    in_thread: InThreads,
    as_stream: AsStream,
) -> Response:
    """Have the Code Assistant write: its code is reviewed, and nothing is saved. However that ends is a 200.

    With `Accept: text/event-stream` its events follow: `thinking` at the beginning of each round, `text` with pieces of
    the explanation, `source`, `review`, and at last `completed` with the answer.
    """
    events = use.assist.ask(caller, wanted.question(), in_thread)
    if as_stream:
        first = await anext(events)  # what is wrong with the question is told before
        return stream(_written(first, events))
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Completed):
                return AsciiJsonResponse(_data(event))
    raise RuntimeError("the assistant ended without an end")  # it promises one


async def _written(first: AssistantEvent, events: AsyncGenerator[AssistantEvent, None]) -> AsyncIterator[bytes]:
    """Write events as they come, and comments meanwhile; who goes away stops the model."""
    yield _line(first)
    coming = asyncio.ensure_future(_next(events))
    try:
        while True:
            done, _ = await asyncio.wait([coming], timeout=_KEEPALIVE_S)
            if not done:
                yield COMMENT
                continue
            event = coming.result()
            if event is None:
                return
            yield _line(event)
            coming = asyncio.ensure_future(_next(events))
    finally:
        # Ends the iterator with it; whoever is cancelled here could wait for neither.
        coming.cancel()


async def _next(events: AsyncIterator[AssistantEvent]) -> AssistantEvent | None:
    return await anext(events, None)


def _line(event: AssistantEvent) -> bytes:
    data = json.dumps(_data(event), ensure_ascii=True, separators=(",", ":"))
    return format_sse_event(event=_NAMES[type(event)], data_str=data)


def _data(event: AssistantEvent) -> dict[str, Any]:
    return asdict(event.answer if isinstance(event, Completed) else event)
