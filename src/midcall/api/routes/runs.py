"""Calls that run code, and the record of them."""

from typing import Annotated

from fastapi import APIRouter, Query

from midcall.api import views
from midcall.api.models import Invoke, Test
from midcall.api.shapes import InvocationListed, InvocationShape, Listing, OutcomeShape, ReplayShape, ReportShape
from midcall.domain.ids import new_id
from midcall.domain.invocation import Purpose
from midcall.domain.phases import Phase
from midcall.domain.run_status import InvocationStatus
from midcall.service.runs.submit import InvocationRequest
from midcall.storage.listings import InvocationFilter
from midcall.web.common import NO_NUL, PROBLEMS, FunctionNameParam, InThreads, InvocationIdParam, Paged, TraceId
from midcall.web.json_response import AsciiJsonResponse
from midcall.web.routes import JsonRoute
from midcall.web.services import OwnRunnerOrReader, Runner, Use, Writer

router = APIRouter(prefix="/v1", tags=["runs"], responses=PROBLEMS, route_class=JsonRoute)


@router.post("/functions/{name}/test", response_model=ReportShape)
async def try_function(
    name: FunctionNameParam, wanted: Test, use: Use, caller: Writer, in_thread: InThreads, trace: TraceId
) -> AsciiJsonResponse:
    """Run an approved version in the real sandbox and show all of it."""
    call = wanted.call(new_id("inv"), name, trace_id=trace)
    tried = await use.waiting.run(lambda: use.invocations.admit(caller, call), call.id, in_thread)
    if not wanted.record:
        return AsciiJsonResponse(views.report_view(tried))
    recording = await in_thread(use.replays.recording, tried)
    return AsciiJsonResponse(views.report_view(tried, recording.mocks if recording else ()))


@router.post("/functions/{name}/invoke", response_model=OutcomeShape)
async def invoke_function(
    name: FunctionNameParam, wanted: Invoke, use: Use, caller: Runner, in_thread: InThreads, trace: TraceId
) -> AsciiJsonResponse:
    """Run the published version and wait for its outcome; a function that fails is a 200 with something to say."""
    call = InvocationRequest(
        id=new_id("inv"),
        function=name,
        purpose=Purpose.LIVE,
        params=wanted.params,
        session=wanted.session.body(),
        environment=wanted.environment,
        trace_id=trace,
    )
    return AsciiJsonResponse(
        views.outcome_view(await use.waiting.run(lambda: use.invocations.admit(caller, call), call.id, in_thread))
    )


@router.get("/invocations", response_model=Listing[InvocationListed])
def list_invocations(
    use: Use,
    caller: OwnRunnerOrReader,
    page: Paged,
    function: Annotated[str | None, Query(max_length=63, pattern=NO_NUL)] = None,
    session: Annotated[str | None, Query(max_length=200, pattern=NO_NUL)] = None,
    phase: Phase | None = None,
    status: InvocationStatus | None = None,
) -> AsciiJsonResponse:
    """List invocations, newest first. What is large is null: its beginning stands in `preview`.

    With `run` alone, those that the key's principal asked for; with a key that is limited to agents, those of their
    sessions.
    """
    where = InvocationFilter(session=session, function=function, phase=phase, status=status)
    items = [views.invocation_listed(found) for found in use.invocations.page(caller, where, page)]
    return AsciiJsonResponse(views.listing(items, page.limit, "id"))


@router.get("/invocations/{invocation_id}", response_model=InvocationShape)
def get_invocation(invocation_id: InvocationIdParam, use: Use, caller: OwnRunnerOrReader) -> AsciiJsonResponse:
    """Read one invocation; with `run` alone, one that the key's principal asked for."""
    return AsciiJsonResponse(views.invocation_view(use.invocations.find(caller, invocation_id)))


@router.post(
    "/invocations/{invocation_id}/replay",
    status_code=202,
    response_model=InvocationShape,
    responses={200: {"model": ReplayShape, "description": "Replayed dry"}},
)
async def replay_invocation(
    invocation_id: InvocationIdParam,
    use: Use,
    caller: Writer,
    in_thread: InThreads,
    dry: Annotated[bool, Query(description="run any invocation of code again on its recorded answers")] = False,  # noqa: FBT002 (a query parameter)
) -> AsciiJsonResponse:
    """Run a post-session or background function once more that had failed for good; or, dry, any code that ran."""
    if not dry:
        return AsciiJsonResponse(
            views.invocation_view(await in_thread(use.invocations.replay, caller, invocation_id)), 202
        )
    replay_id = new_id("inv")
    replayed = await use.waiting.run(lambda: use.replays.dry(caller, invocation_id, replay_id), replay_id, in_thread)
    return AsciiJsonResponse(views.replay_view(replayed, invocation_id))
