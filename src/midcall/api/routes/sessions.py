"""`/v1/sessions`: start, call functions, end; and the stream of what happens."""

import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query
from fastapi.sse import format_sse_event
from starlette.responses import Response, StreamingResponse

from midcall.api import views
from midcall.api.models import CallFunction, ChangeSession, EndSession, StartSession
from midcall.api.shapes import Listing, OutcomeShape, SessionBrief, SessionShape, StartedShape
from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.events import Event, EventName
from midcall.domain.ids import new_id
from midcall.domain.invocation import Purpose
from midcall.domain.jsonvalue import Json
from midcall.domain.session import SessionStatus
from midcall.domain.times import iso
from midcall.service.access.access import Caller
from midcall.service.runs.wait import InThread, is_answerable
from midcall.service.sessions.session_call import SessionCall
from midcall.storage.listings import SessionFilter
from midcall.vendors.tools.export import Format
from midcall.web.common import NO_NUL, PROBLEMS, FunctionNameParam, InThreads, Paged, TraceId
from midcall.web.json_response import AsciiJsonResponse
from midcall.web.routes import JsonRoute
from midcall.web.services import OwnRunner, OwnRunnerOrReader, Services, Use, Writer
from midcall.web.streams import ALWAYS, COMMENT, MEDIA_TYPE, AsStream, stream

router = APIRouter(prefix="/v1", tags=["sessions"], responses=PROBLEMS, route_class=JsonRoute)

SessionId = Annotated[str, Path(max_length=200, pattern=NO_NUL, description="the runtime's id of the session")]
_MAX_ROW = 2**63 - 1
_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {}}},
    204: {"description": "The session is over, and all its events were received"},
}


@router.post("/sessions", response_model=StartedShape, responses={201: {"model": StartedShape}})
async def start_session(
    wanted: StartSession,
    use: Use,
    caller: OwnRunner,
    in_thread: InThreads,
    tools: Annotated[Format | None, Query(description="show its functions as tools in this format")] = None,
) -> AsciiJsonResponse:
    """Start a session; answers when its pre-session functions have run. 200 if the session existed.

    With `tools` the answer has the functions that can be called in it as tools, of the versions that the session holds.
    """
    key = new_id("ses")

    def start() -> Any:
        return use.sessions.start(
            caller,
            key=key,
            agent=wanted.agent,
            session_id=wanted.session_id,
            environment=wanted.environment,
            fields=wanted.fields(),
            variables=wanted.dynamic_variables,
        )

    session, created = await use.following.start(start, key, in_thread)
    read = use.sessions.view if created else use.sessions.view_of_change
    answer = views.session_view(await in_thread(read, caller, session.session_id))
    if tools is not None:
        shown = await in_thread(lambda: use.tools.of_session(caller, session, wanted=tools))
        answer |= views.session_tools(shown)
    return AsciiJsonResponse(answer, 201 if created else 200)


@router.get("/sessions", response_model=Listing[SessionBrief])
def list_sessions(
    use: Use,
    caller: OwnRunnerOrReader,
    page: Paged,
    agent: Annotated[str | None, Query(max_length=200, pattern=NO_NUL)] = None,
    status: SessionStatus | None = None,
) -> AsciiJsonResponse:
    """List sessions, newest first, without what is large: `preview` names it.

    With `run` alone, those that the key's principal started; with a key that is limited to agents, theirs.
    """
    found = use.sessions.page(caller, SessionFilter(agent=agent, status=status), page)
    cursor = found[-1].line.id if len(found) == page.limit else None
    return AsciiJsonResponse({"items": [views.session_listed(each) for each in found], "next_cursor": cursor})


@router.get("/sessions/{session_id}", response_model=SessionShape)
def get_session(session_id: SessionId, use: Use, caller: OwnRunnerOrReader) -> AsciiJsonResponse:
    """Read a session with its variables and invocations; with `run` alone, one that the key's principal started."""
    return AsciiJsonResponse(views.session_view(use.sessions.view(caller, session_id)))


@router.patch("/sessions/{session_id}", response_model=SessionShape)
def change_session(session_id: SessionId, change: ChangeSession, use: Use, caller: OwnRunner) -> AsciiJsonResponse:
    """Append to the transcript; merge into contact and variables, whose source is then the caller."""
    view = use.sessions.change(
        caller,
        session_id,
        transcript=change.transcript,
        contact=change.contact,
        variables=change.dynamic_variables,
    )
    return AsciiJsonResponse(views.session_view(view))


@router.delete("/sessions/{session_id}", status_code=204)
def delete_session(session_id: SessionId, use: Use, caller: Writer) -> None:
    """Delete a session with its events and invocations."""
    use.sessions.delete(caller, session_id)


@router.post("/sessions/{session_id}/end", status_code=202, response_model=SessionShape)
def end_session(
    session_id: SessionId, use: Use, caller: OwnRunner, late: EndSession | None = None
) -> AsciiJsonResponse:
    """End a session; post-session functions start once `analysis` is there, or a set time after the first end."""
    return AsciiJsonResponse(
        views.session_view(use.sessions.end(caller, session_id, (late or EndSession()).late())), 202
    )


@router.post(
    "/sessions/{session_id}/functions/{name}",
    response_model=OutcomeShape,
    responses={200: {"model": OutcomeShape, "content": {MEDIA_TYPE: {}}}},
)
async def call_function(
    session_id: SessionId,
    name: FunctionNameParam,
    wanted: CallFunction,
    use: Use,
    caller: OwnRunner,
    in_thread: InThreads,
    trace: TraceId,
    as_stream: AsStream,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> Response:
    """Call a function that is attached to the session's agent. With `Accept: text/event-stream` its events follow."""
    call = SessionCall(
        id=new_id("inv"),
        session_id=session_id,
        function=name,
        params=wanted.params,
        overrides=wanted.overrides(),
        idempotency_key=idempotency_key,
        trace_id=trace,
    )
    if as_stream:
        return await _streamed(use, caller, call, in_thread)
    return AsciiJsonResponse(await _outcome(use, caller, call, in_thread))


@router.get("/sessions/{session_id}/events", response_class=Response, responses=_EVENTS, dependencies=[ALWAYS])
async def follow_session(
    session_id: SessionId,
    use: Use,
    caller: OwnRunnerOrReader,
    in_thread: InThreads,
    last_event_id: Annotated[str | None, Header()] = None,
) -> Response:
    """Follow a session's events; `Last-Event-ID` resumes after that one. 204 if nothing comes after it any more."""
    last = _event_number(last_event_id)
    session = await in_thread(use.sessions.followed, caller, session_id)
    left, over = await in_thread(use.sessions.events_after, session.id, last, 1)
    if over and not left:
        # An `EventSource` connects again whenever a stream ends, until it gets this answer.
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return stream(_events(use, session.id, last, in_thread))


async def _outcome(use: Services, caller: Caller, call: SessionCall, in_thread: InThread) -> Json:
    invocation = await use.waiting.run(
        lambda: use.session_calls.admit(caller, call), call.id, in_thread, until=is_answerable
    )
    if invocation.final:
        return views.outcome_view(invocation)
    accepted: Json = await in_thread(use.session_calls.accepted, invocation)
    return views.with_timings(accepted, invocation)


async def _streamed(use: Services, caller: Caller, call: SessionCall, in_thread: InThread) -> StreamingResponse:
    """Stream one call: what to say at once, its progress, its outcome. What is wrong with it is told before that."""
    session, last = await in_thread(use.sessions.where_it_stands, caller, call.session_id)
    invocation = await in_thread(use.session_calls.admit, caller, call)
    # A repeat of a call began before now.
    last = last if invocation.id == call.id else 0

    async def events() -> AsyncIterator[bytes]:
        if not invocation.final and invocation.purpose is Purpose.BACKGROUND:
            # Where there is something to say at once it is said here as well; the rest is the session's to follow.
            async for event in use.following.events(session.id, last, in_thread):
                if event is not None and event.data.get("invocation_id") == invocation.id:
                    if event.data.get("message"):
                        yield _written(event)
                    break
            accepted = views.with_timings(await in_thread(use.session_calls.accepted, invocation), invocation)
            yield format_sse_event(event=EventName.COMPLETED, data_str=_ascii(accepted))
            return
        async for event in use.following.events(session.id, last, in_thread):
            if event is None:
                yield COMMENT
            elif event.data.get("invocation_id") != invocation.id:
                continue
            elif event.name is EventName.COMPLETED:
                yield _written(await in_thread(use.session_calls.answer, event))
                return
            else:
                yield _written(event)

    return stream(events())


async def _events(use: Services, session_key: str, last: int, in_thread: InThread) -> AsyncIterator[bytes]:
    async for event in use.following.events(session_key, last, in_thread):
        yield COMMENT if event is None else _written(event)


def _written(event: Event) -> bytes:
    return format_sse_event(
        event=event.name.value, id=str(event.id), data_str=_ascii({**event.data, "at": iso(event.at)})
    )


def _ascii(data: Any) -> str:
    return json.dumps(data, ensure_ascii=True, separators=(",", ":"))


def _event_number(text: str | None) -> int:
    if text is None or not text.strip():
        return 0
    if not text.strip().isdecimal() or len(text) > 19 or int(text) > _MAX_ROW:  # noqa: PLR2004 (its digits)
        raise InvalidInput(faults=[Fault("Last-Event-ID", "give the id of the last event that was received")])
    return int(text)
