"""What several routes share."""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import anyio.to_thread
from fastapi import Depends, Header, Path, Query, Request

from midcall.service.runs.wait import InThread
from midcall.storage.listings import PageRequest
from midcall.web.problems import MEDIA_TYPE, Problem
from midcall.web.shared_threads import SharedThreads

#: What every route may answer besides its own.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "content": {MEDIA_TYPE: {}}}
    for status in (400, 401, 403, 404, 408, 409, 413, 422, 429, 500, 503, 504)
}

#: PostgreSQL's text takes no NUL, so nothing can have one in its name.
NO_NUL = r"^[^\x00]*$"

FunctionNameParam = Annotated[str, Path(max_length=200, pattern=NO_NUL, description="the function's name")]
InvocationIdParam = Annotated[str, Path(max_length=64, pattern=NO_NUL)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="the version's number")]


async def page(
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=200, pattern=r"^[A-Za-z0-9_][A-Za-z0-9 ._:@+=~-]*$")] = None,
) -> PageRequest:
    """Read which part of a list is wanted."""
    return PageRequest(limit=limit, cursor=cursor)


Paged = Annotated[PageRequest, Depends(page)]


async def threads(request: Request) -> InThread:
    """Make what runs blocking service code in a thread of its own kind, apart from those that wait on networks."""
    found: SharedThreads = request.app.state.service_threads
    return found.run


InThreads = Annotated[InThread, Depends(threads)]


async def few_threads(request: Request) -> Callable[[Callable[[], Any]], Awaitable[Any]]:
    """Make what runs code that waits for strangers' servers while an author waits for it: a few at a time."""

    async def in_thread(function: Callable[[], Any]) -> Any:
        return await anyio.to_thread.run_sync(function, limiter=request.app.state.test_threads)

    return in_thread


Tests = Annotated[Callable[[Callable[[], Any]], Awaitable[Any]], Depends(few_threads)]

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


async def trace_id(
    traceparent: Annotated[str | None, Header(description="W3C trace context; its trace id goes on record")] = None,
) -> str | None:
    """Read the trace that a call belongs to."""
    match = _TRACEPARENT.fullmatch(traceparent or "")
    return match[1] if match else None


TraceId = Annotated[str | None, Depends(trace_id)]
