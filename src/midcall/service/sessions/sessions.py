"""Use cases of sessions: start, read, change, end, delete."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from midcall.domain.agent import Agent
from midcall.domain.errors import Conflict, Fault, InvalidInput, NotFound, SessionOver, TooLarge
from midcall.domain.events import Event, EventName
from midcall.domain.ids import new_id
from midcall.domain.invocation import Invocation
from midcall.domain.parts import EACH_BYTES, additions, parts_of
from midcall.domain.preview import preview
from midcall.domain.session import Session, SessionStatus
from midcall.domain.session_body import KNOWN, OWN_FIELDS, kept_shape
from midcall.domain.times import iso
from midcall.domain.variables import CALLER, CURRENT_TIME, SYSTEM, TooManyVariables, Variable, merge, values
from midcall.service.access.access import Caller, check_agent, check_maker, readable, reads
from midcall.service.agents.agents import pins_for
from midcall.service.ports import Queue
from midcall.service.runs.phases import Phases
from midcall.service.runs.session_events import note
from midcall.storage.database import Storage, Transaction
from midcall.storage.listings import ListedInvocation, ListedSession, PageRequest, SessionFilter
from midcall.storage.sessions import SessionMark

#: A session body stays below this, however many calls made it: a sandbox takes 24 MiB, source and variables included.
MAX_FIELDS_BYTES = 20 * 1024 * 1024
#: Invocations that a session is shown with; `GET /v1/invocations?session=` lists all. The same for who changes one.
MAX_SHOWN, MAX_SHOWN_OF_CHANGE = 500, 50
#: Bytes of a body that is sent back with every change; of a larger one a change of 20 bytes would be sent megabytes.
MOST_ANSWERED = 64 * 1024
#: Fields of the body that lists show, where they are small.
LISTED = (
    "direction",
    "medium",
    "userDetails",
    "communicationChannelName",
    "communicationChannelId",
    "threadId",
)


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session with its invocations, and whether this call made it."""

    session: Session
    #: What is kept of its body; None: too much to answer a small change with.
    body: Mapping[str, Any] | None
    #: The latest ones.
    invocations: Sequence[ListedInvocation]
    created: bool = False
    #: Without what each variable came from, since they are large.
    brief: bool = False


@dataclass(frozen=True, slots=True)
class Sessions:
    """Use cases of sessions."""

    storage: Storage
    queue: Queue
    phases: Phases
    clock: Callable[[], int]

    def start(
        self,
        caller: Caller,
        *,
        key: str,
        agent: str,
        session_id: str | None,
        environment: str,
        fields: Mapping[str, Any],
        variables: Mapping[str, Any],
    ) -> tuple[Session, bool]:
        """Start a session and queue its first pre-session function; the same id again gives the one that exists.

        `key` becomes our own id of a new session. Also tells whether the session is new.
        """
        check_agent(caller, agent)
        wanted = session_id or new_id("session")
        kept = {name: value for name, value in fields.items() if name not in OWN_FIELDS}
        # Written as JSON before the database is asked to let nobody else write.
        details = _known_of(kept.pop("agentDetails", None))
        parts, listed = parts_of(kept), {name: KNOWN[name].shaped(kept[name]) for name in LISTED if name in kept}
        try:
            with self.storage.write() as tx:
                known = tx.sessions.find(caller.workspace_id, wanted)
                if known is not None:
                    check_agent(caller, known.agent)
                    return known, False
                attached = tx.agents.get(caller.workspace_id, agent)
                mine = {"agentDetails": {**_details_of(attached), **details}}
                session = self._new(tx, caller, key, attached, wanted, environment, variables)
                session = replace(session, preview=preview(mine | listed))
                session = tx.sessions.add(session, (*parts_of(mine), *parts))
                note(tx, session, EventName.SESSION, session.created_at, {"status": "active", "reason": None})
                session, woken = self.phases.begin_pre(tx, session)
        except Conflict:
            # Somebody else started it between our look and our insert.
            with self.storage.read() as tx:
                known = tx.sessions.get(caller.workspace_id, wanted)
            check_agent(caller, known.agent)
            return known, False
        self.phases.wake(woken)
        return session, True

    def view(self, caller: Caller, session_id: str, *, created: bool = False) -> SessionView:
        """Read a session with its body and its latest invocations."""
        with self.storage.read() as tx:
            session = tx.sessions.get(caller.workspace_id, session_id)
            check_agent(caller, session.agent)
            check_maker(caller, session.principal)
            runs = tx.invocations.of_session(session.id, limit=MAX_SHOWN)
            return SessionView(session, kept_shape(tx.sessions.body(session.id)), runs, created)

    def view_of_change(self, caller: Caller, session_id: str) -> SessionView:
        """Read a session for whoever changed it: what is large, and was so before, is left out.

        Who may change a session that another began, and read nothing, is told how it stands and no more.
        """
        with self.storage.read() as tx:
            session = tx.sessions.get(caller.workspace_id, session_id)
            check_agent(caller, session.agent)
            if not reads(caller, session.principal):
                return SessionView(replace(session, variables={}), None, ())
            runs = tx.invocations.of_session(session.id, limit=MAX_SHOWN_OF_CHANGE)
            body = kept_shape(tx.sessions.body(session.id)) if session.body_bytes <= MOST_ANSWERED else None
        large = len(json.dumps(values(session.variables))) > MOST_ANSWERED
        return SessionView(session, body, runs, brief=large)

    def first_of(self, caller: Caller, session_ids: Sequence[str]) -> Session | None:
        """Read the first session that has one of some ids, of the agents that the caller may see."""
        with self.storage.read() as tx:
            found = (tx.sessions.find(caller.workspace_id, session_id) for session_id in session_ids)
            agents = caller.key.agents
            return next((one for one in found if one is not None and (not agents or one.agent in agents)), None)

    def page(self, caller: Caller, where: SessionFilter, page: PageRequest) -> list[ListedSession]:
        """List sessions, newest first: those that the caller may read."""
        with self.storage.read() as tx:
            return list(tx.sessions.page(caller.workspace_id, readable(caller, where), page))

    def change(
        self,
        caller: Caller,
        session_id: str,
        *,
        transcript: Sequence[Any],
        contact: Mapping[str, Any],
        variables: Mapping[str, Any],
    ) -> SessionView:
        """Append to the transcript, merge into contact and variables (their source is then the caller)."""
        now = self.clock()
        parts = additions(transcript, contact)
        with self.storage.write() as tx:
            session = self._active(tx, caller, session_id)
            session = _checked(tx.sessions.grow(session, parts))
            session = replace(session, variables=_merged(session.variables, variables, now), updated_at=now)
            tx.sessions.replace(session)
            changed = [{"name": name, "value": value, "source": CALLER} for name, value in variables.items()]
            tx.events.add_all(session.id, EventName.VARIABLE, now, changed)
        self.queue.announce(session.id)
        return self.view_of_change(caller, session_id)

    def end(self, caller: Caller, session_id: str, late: Mapping[str, Any]) -> SessionView:
        """End a session, or add to one that has ended while its post-session phase has not started.

        What this accepted is on disk when it returns: the runtime will not say it again.
        """
        parts = parts_of(late)
        with self.storage.write(durable=True) as tx:
            session = tx.sessions.get(caller.workspace_id, session_id, lock=True)
            check_agent(caller, session.agent)
            if session.status is not SessionStatus.TERMINATED and not session.post_started:
                session = _checked(tx.sessions.overwrite(session, parts))
                session = self._ended(tx, session, analysed="analysis" in late, reason=None)
            woken = self._begin_post(tx, session)
        self.phases.wake(woken)
        self.queue.announce(session.id)
        return self.view_of_change(caller, session_id)

    def end_forgotten(self, session: SessionMark, reason: str) -> bool:
        """End a session that its runtime forgot; False if somebody was faster."""
        with self.storage.write() as tx:
            found = tx.sessions.by_key(session.id, lock=True)
            if found is None or found.status is not SessionStatus.ACTIVE or found.updated_at != session.updated_at:
                return False
            found = self._ended(tx, found, analysed=False, reason=reason)
            woken = self._begin_post(tx, found)
        self.phases.wake(woken)
        self.queue.announce(session.id)
        return True

    def begin_post_due(self, session: SessionMark) -> bool:
        """Start the post-session phase of a session whose waiting time is over; False if somebody was faster."""
        with self.storage.write() as tx:
            found = tx.sessions.by_key(session.id, lock=True)
            if found is None or found.post_started:
                return False
            woken = self._begin_post(tx, found)
        self.phases.wake(woken)
        self.queue.announce(session.id)
        return True

    def delete(self, caller: Caller, session_id: str) -> None:
        """Delete a session with all that hangs on it; runs under way are discarded when they end."""
        with self.storage.write() as tx:
            session = tx.sessions.get(caller.workspace_id, session_id, lock=True)
            check_agent(caller, session.agent)
            tx.sessions.delete(session.id)
            tx.audit.add(
                workspace_id=caller.workspace_id,
                at=self.clock(),
                principal=caller.principal,
                key_id=caller.key.id,
                act="session.delete",
                subject=session.id,
                detail={},
            )
        self.queue.announce(session.id)

    def by_key(self, session_key: str) -> Session:
        """Read a session by our own id; raises NotFound if it was deleted meanwhile."""
        with self.storage.read() as tx:
            session = tx.sessions.by_key(session_key)
        if session is None:
            raise NotFound("the session was deleted meanwhile")
        return session

    def followed(self, caller: Caller, session_id: str) -> Session:
        """Find a session whose events are to be read."""
        session, _ = self.where_it_stands(caller, session_id)
        check_maker(caller, session.principal)
        return session

    def where_it_stands(self, caller: Caller, session_id: str) -> tuple[Session, int]:
        """Read a session, and the number of its latest event."""
        with self.storage.read() as tx:
            session = tx.sessions.get(caller.workspace_id, session_id)
            check_agent(caller, session.agent)
            return session, tx.events.last(session.id)

    def events_after(self, session_key: str, last: int, limit: int) -> tuple[Sequence[Event], bool]:
        """Read on in a session's events; also tells whether more can come."""
        with self.storage.read() as tx:
            # In this order: a session that is over by now has written all its events before.
            session = tx.sessions.by_key(session_key)
            over = session is None or (
                session.status is not SessionStatus.ACTIVE
                and session.post_started
                and tx.invocations.count_open_of_session(session_key) == 0
            )
            return tx.events.after(session_key, last, limit=limit), over

    def close_pre(self, session_key: str) -> None:
        """End a pre-session phase whose deadline has passed, if it has not ended by itself."""
        with self.storage.write() as tx:
            session = tx.sessions.by_key(session_key, lock=True)
            if session is None or session.pre_done:
                return
            self.phases.close_pre(tx, session, position=tx.invocations.count_final(session.id))
        self.queue.announce(session_key)

    def _new(
        self,
        tx: Transaction,
        caller: Caller,
        key: str,
        agent: Agent,
        session_id: str,
        environment: str,
        variables: Mapping[str, Any],
    ) -> Session:
        settings = tx.workspaces.get(caller.workspace_id).settings
        now = self.clock()
        return Session(
            id=key,
            workspace_id=caller.workspace_id,
            session_id=session_id,
            agent=agent.name,
            environment=environment,
            principal=caller.principal,
            status=SessionStatus.ACTIVE,
            variables=_merged({CURRENT_TIME: Variable(iso(now), SYSTEM, now)}, variables, now),
            pins=pins_for(tx, agent, environment),
            created_at=now,
            updated_at=now,
            pre_deadline_at=now + settings.pre_session_timeout_ms,
            idle_ms=settings.session_idle_s * 1000,
            max_age_ms=settings.session_max_age_s * 1000,
        )

    def _active(self, tx: Transaction, caller: Caller, session_id: str) -> Session:
        session = tx.sessions.get(caller.workspace_id, session_id, lock=True)
        check_agent(caller, session.agent)
        if session.status is not SessionStatus.ACTIVE:
            raise SessionOver(f"this session is {session.status}")
        return session

    def _ended(self, tx: Transaction, session: Session, *, analysed: bool, reason: str | None) -> Session:
        """Write the end of a session, or what a later `end` adds to it."""
        now = self.clock()
        wait_ms = tx.workspaces.get(session.workspace_id).settings.post_session_wait_s * 1000
        first = session.status is SessionStatus.ACTIVE
        session = replace(
            session,
            status=SessionStatus.ENDED,
            updated_at=now,
            pre_done=True,
            reason=session.reason or reason,
            ended_at=session.ended_at or now,
            # With the analysis there, nothing is left to wait for; a forgotten session gets none.
            post_due_at=now if analysed or reason else session.post_due_at or now + wait_ms,
        )
        tx.sessions.replace(session)
        if first:
            note(tx, session, EventName.SESSION, now, {"status": "ended", "reason": reason})
        return session

    def _begin_post(self, tx: Transaction, session: Session) -> Sequence[Invocation]:
        due = session.post_due_at is not None and session.post_due_at <= self.clock()
        if session.status is not SessionStatus.ENDED or session.post_started or not due:
            return ()
        return self.phases.begin_post(tx, session)[1]


def _merged(variables: Mapping[str, Variable], changed: Mapping[str, Any], now: int) -> dict[str, Variable]:
    try:
        return merge(variables, changed, source=CALLER, at=now)
    except TooManyVariables as error:
        raise InvalidInput(faults=[Fault("dynamicVariables", str(error))]) from error


def _checked(session: Session) -> Session:
    if session.body_bytes > MAX_FIELDS_BYTES:
        raise TooLarge(
            f"a session's body may have {MAX_FIELDS_BYTES} bytes at most, with all that was added to it; each change "
            f"counts {EACH_BYTES} bytes more"
        )
    return session


def _details_of(agent: Agent) -> dict[str, Any]:
    return {"id": agent.id, "name": agent.name, "version": agent.version, "number": agent.number}


def _known_of(details: Any) -> dict[str, Any]:
    """Return what of a caller's details is known: what is empty does not hide what we know ourselves."""
    given = details if isinstance(details, dict) else {}
    return {name: value for name, value in given.items() if value not in (None, "")}
