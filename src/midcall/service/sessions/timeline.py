"""A session's events told as people read them: one entry a call, from its start to its outcome."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from midcall.domain.events import Event, EventName
from midcall.domain.phases import Phase
from midcall.domain.run_status import InvocationStatus
from midcall.domain.session import Session, SessionStatus
from midcall.domain.variables import function_of, set_by
from midcall.service.access.access import Caller, check_agent
from midcall.storage.database import Storage
from midcall.storage.listings import InvocationLine


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """The session changed its status."""

    #: The event's number.
    key: int
    at: int
    status: SessionStatus
    reason: str | None


@dataclass(frozen=True, slots=True)
class VariableEntry:
    """A variable was set, by the caller or the LLM."""

    #: The event's number.
    key: int
    at: int
    name: str
    value: Any
    source: str


@dataclass(frozen=True, slots=True)
class CallEntry:
    """A function that was called, as far as it has come. `key` is the invocation's id."""

    key: str
    at: int
    function: str
    phase: str
    #: None: the events tell of no outcome yet.
    status: InvocationStatus | None = None
    version: int | None = None
    #: From the first event to the outcome.
    took_ms: int | None = None
    #: What was said at once, and what with the outcome.
    said_first: str | None = None
    said: str | None = None
    #: What the code reported while it ran.
    progress: tuple[str, ...] = ()
    #: Variables that it set, masked as on record.
    variables: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None
    warnings: tuple[str, ...] = ()


TimelineEntry = StatusEntry | VariableEntry | CallEntry


class Timeline:
    """The entries so far; `tell` reads on. They keep their place and may change while their call runs."""

    def __init__(self) -> None:
        self.entries: dict[str | int, TimelineEntry] = {}
        #: The number of the last event that was told.
        self.last = 0
        self._set: dict[str, dict[str, Any]] = {}

    def tell(self, events: Iterable[Event]) -> list[TimelineEntry]:
        """Read on; returns the entries that are new or that changed, in order."""
        touched: dict[str | int, TimelineEntry] = {}
        for event in events:
            self.last = event.id
            entry = self._told(event)
            if entry is not None:
                self.entries[entry.key] = touched[entry.key] = entry
        return list(touched.values())

    def open_calls(self) -> list[str]:
        """Return the ids of the invocations without an outcome so far."""
        return [entry.key for entry in self.entries.values() if isinstance(entry, CallEntry) and entry.status is None]

    def _told(self, event: Event) -> TimelineEntry | None:
        data, key = event.data, event.id
        if event.name is EventName.SESSION:
            return StatusEntry(key, event.at, SessionStatus(data["status"]), data.get("reason"))
        if event.name is EventName.VARIABLE:
            return self._variable(event, key)
        call = self._call(event)
        if event.name is EventName.STARTED:
            return replace(call, said_first=data.get("message"))
        if event.name is EventName.PROGRESS:
            return replace(call, progress=(*call.progress, str(data.get("text", ""))))
        return self._completed(call, event)

    def _variable(self, event: Event, key: int) -> TimelineEntry | None:
        name, value, source = event.data["name"], event.data["value"], event.data["source"]
        if function_of(source) is not None:
            # Its call's outcome is told next, and says that it was this call that set it.
            self._set.setdefault(source, {})[name] = value
            return None
        return VariableEntry(key, event.at, name, value, source)

    def _call(self, event: Event) -> CallEntry:
        key = event.data["invocation_id"]
        known = self.entries.get(key)
        if isinstance(known, CallEntry):
            return known
        return CallEntry(key, event.at, event.data["function"], event.data.get("phase", ""))

    def _completed(self, call: CallEntry, event: Event) -> CallEntry:
        data = event.data
        set_now = self._set.pop(set_by(call.function), {})
        return replace(
            call,
            phase=data.get("phase", call.phase),
            status=InvocationStatus(data["status"]),
            version=data.get("version"),
            took_ms=event.at - call.at,
            said=data.get("message"),
            variables={name: set_now[name] for name in data.get("changed", ()) if name in set_now},
            error=data.get("error"),
            warnings=tuple(data.get("warnings", ())),
        )


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """The answer of `Timelines.read_on`."""

    #: As it is now.
    session: Session
    events: tuple[Event, ...]
    #: Whether more are stored already, and whether more can come.
    more: bool
    over: bool
    #: Those that were asked about.
    calls: Mapping[str, InvocationLine]


@dataclass(frozen=True, slots=True)
class Timelines:
    """Use cases of what happened in a session."""

    storage: Storage

    def read_on(
        self, caller: Caller, session_id: str, *, last: int, limit: int, calls: Collection[str] = ()
    ) -> TimelinePage:
        """Read a session, at most `limit` of its events after number `last`, and some calls as they are."""
        with self.storage.read() as tx:
            session = tx.sessions.get(caller.workspace_id, session_id)
            check_agent(caller, session.agent)
            over = (
                session.status is not SessionStatus.ACTIVE
                and session.post_started
                and tx.invocations.count_open_of_session(session.id) == 0
            )
            events = tx.events.after(session.id, last, limit=limit + 1)
            asked = tx.invocations.lines_of(calls) if calls else {}
        return TimelinePage(session, tuple(events[:limit]), len(events) > limit, over, asked)

    def body(self, caller: Caller, session_id: str) -> dict[str, Any]:
        """Read a session's body as functions after the session get it."""
        with self.storage.read() as tx:
            session = tx.sessions.get(caller.workspace_id, session_id)
            check_agent(caller, session.agent)
            kept = tx.sessions.body(session.id)
        return session.body(kept, phase=Phase.POST_SESSION, params={}, deadline_ms=0)
