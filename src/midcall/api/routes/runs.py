"""Calls that run code, and the record of them."""

import re
from collections.abc import Callable
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Header, Path, Query, Request

from midcall.api import views
from midcall.api.answers import Answer
from midcall.api.models import Invoke, Test
from midcall.api.routes.common import NO_NUL, PROBLEMS, Name, Paged
from midcall.api.services import Reader, Runner, Services, Use, Writer
from midcall.api.shapes import InvocationShape, Listing, OutcomeShape, ReportShape
from midcall.domain.ids import new_id
from midcall.domain.invocation import Invocation, InvocationStatus, Purpose
from midcall.domain.phases import Phase
from midcall.service.access import Caller
from midcall.service.invoke import Call
from midcall.service.ports import InvocationFilter

router = APIRouter(prefix="/v1", tags=["runs"], responses=PROBLEMS)

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")

InvocationId = Annotated[str, Path(max_length=64, pattern=NO_NUL)]
TraceParent = Annotated[str | None, Header(description="W3C trace context; its trace id goes on record")]


@router.post("/functions/{name}/test", response_model=ReportShape)
async def try_function(
    name: Name, wanted: Test, request: Request, use: Use, caller: Writer, traceparent: TraceParent = None
) -> Answer:
    """Run an approved version in the real sandbox and show all of it."""
    call = Call(
        id=new_id("inv"),
        function=name,
        purpose=Purpose.TEST,
        params=wanted.params,
        session=wanted.session.body(),
        phase=wanted.session.phase or Phase.DURING_SESSION,
        version=wanted.version,
        trace_id=_trace_id(traceparent),
    )
    return Answer(views.report_view(await _run(request, use, caller, call)))


@router.post("/functions/{name}/invoke", response_model=OutcomeShape)
async def invoke_function(
    name: Name, wanted: Invoke, request: Request, use: Use, caller: Runner, traceparent: TraceParent = None
) -> Answer:
    """Run the published version and wait for its outcome; a function that fails is a 200 with something to say."""
    call = Call(
        id=new_id("inv"),
        function=name,
        purpose=Purpose.LIVE,
        params=wanted.params,
        session=wanted.session.body(),
        environment=wanted.environment,
        trace_id=_trace_id(traceparent),
    )
    return Answer(views.outcome_view(await _run(request, use, caller, call)))


@router.get("/invocations", response_model=Listing[InvocationShape])
def list_invocations(
    use: Use,
    caller: Reader,
    page: Paged,
    function: Annotated[str | None, Query(max_length=63, pattern=NO_NUL)] = None,
    phase: Phase | None = None,
    status: InvocationStatus | None = None,
) -> Answer:
    """List invocations, newest first."""
    where = InvocationFilter(function=function, phase=phase, status=status)
    items = [views.invocation_view(invocation) for invocation in use.invocations.page(caller, where, page)]
    return Answer(views.listing(items, page.limit, "id"))


@router.get("/invocations/{invocation_id}", response_model=InvocationShape)
def get_invocation(invocation_id: InvocationId, use: Use, caller: Reader) -> Answer:
    """Read one invocation."""
    return Answer(views.invocation_view(use.invocations.find(caller, invocation_id)))


async def _run(request: Request, use: Services, caller: Caller, call: Call) -> Invocation:
    async def in_thread(function: Callable[..., Any], *args: Any) -> Any:
        return await anyio.to_thread.run_sync(function, *args, limiter=request.app.state.service_threads)

    return await use.waiting.run(lambda: use.invocations.admit(caller, call), call.id, in_thread)


def _trace_id(traceparent: str | None) -> str | None:
    match = _TRACEPARENT.fullmatch(traceparent or "")
    return match[1] if match else None
