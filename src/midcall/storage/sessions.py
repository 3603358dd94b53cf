"""Sessions and their events."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from midcall.domain.agent import OnFailure, Pin
from midcall.domain.errors import Conflict, NotFound
from midcall.domain.events import Event, EventName
from midcall.domain.parts import BodyPart, body_of
from midcall.domain.phases import Phase
from midcall.domain.session import Session, SessionStatus
from midcall.domain.variables import Variable
from midcall.storage.large_values import LargeValueKey, SplitValues, drop, marked, put, split, split_variables, whole
from midcall.storage.listings import ListedSession, PageRequest, SessionFilter, SessionLine
from midcall.storage.schema import (
    APART,
    callbacks,
    events,
    invocations,
    read_json,
    recordings,
    rehearsals,
    session_parts,
    sessions,
)

_ACTIVE, _ENDED = SessionStatus.ACTIVE.value, SessionStatus.ENDED.value
_LINE = [sessions.c[name] for name in SessionLine.__slots__]
_LISTED = [*_LINE, sessions.c.updated_at, sessions.c.preview, sessions.c.variables]
_LARGE = ("variables", "pins")
#: What changes of a session besides its variables.
_CHANGING = ("updated_at", "body_parts", "body_bytes", "pre_done", "reason", "ended_at", "post_due_at", "post_started")
# Built once, as in midcall.storage.invocations.
_FIND = select(sessions).where(
    sessions.c.workspace_id == bindparam("p_workspace"), sessions.c.session_id == bindparam("p_session")
)
_BY_KEY = select(sessions).where(sessions.c.id == bindparam("p_key"))
_REPLACE = update(sessions).where(sessions.c.id == bindparam("p_key"))
_BODY = (
    select(session_parts.c.field, session_parts.c.adds, session_parts.c.value)
    .where(session_parts.c.session == bindparam("p_session"))
    .order_by(session_parts.c.number)
)
_MARKS = select(sessions.c.id, sessions.c.updated_at).order_by(sessions.c.updated_at).limit(bindparam("p_limit"))
_FORGOTTEN = _MARKS.where(
    sessions.c.status == _ACTIVE,
    or_(
        sessions.c.updated_at + sessions.c.idle_ms < bindparam("p_now"),
        sessions.c.created_at + sessions.c.max_age_ms < bindparam("p_now"),
    ),
)
_ENDED_BEFORE = _MARKS.where(
    sessions.c.workspace_id == bindparam("p_workspace"), sessions.c.ended_at < bindparam("p_before")
)
_PRE_OVERDUE = _MARKS.where(
    sessions.c.status == _ACTIVE, sessions.c.pre_done.is_(False), sessions.c.pre_deadline_at < bindparam("p_before")
)
_POST_DUE = _MARKS.where(
    sessions.c.status == _ENDED, sessions.c.post_started.is_(False), sessions.c.post_due_at <= bindparam("p_now")
)


class SessionMark(NamedTuple):
    """A session that a sweep has found: our own id, and when it was changed last."""

    id: str
    updated_at: int


@dataclass(frozen=True, slots=True)
class SessionStore:
    """Sessions, what is large of them apart from their rows, and their bodies, which are kept in parts.

    Whoever changes one has read it with `lock`.
    """

    connection: Connection
    #: Variables as they stand in rows that this transaction has read or written.
    read: dict[str, Mapping[str, Variable]] = field(default_factory=dict)

    def add(self, session: Session, parts: Sequence[BodyPart]) -> Session:
        """Store a new session with its body; raises Conflict if its runtime's id is taken.

        Returns it as it then is.
        """
        session = replace(session, body_parts=len(parts), body_bytes=sum(part.size for part in parts))
        variables, pins = _split_variables(session), split(session.id, {"pins": [asdict(pin) for pin in session.pins]})
        columns = {name: getattr(session, name) for name in Session.__slots__} | {"status": session.status.value}
        columns |= {**variables.columns, **pins.columns}
        try:
            self.connection.execute(insert(sessions).values(columns))
        except IntegrityError as error:
            raise Conflict("a session of that id exists already") from error
        self._put(variables)
        put(self.connection, pins.apart)
        self._add_parts(session.id, 0, parts)
        self.read[session.id] = session.variables
        return session

    def body(self, session_key: str) -> dict[str, Any]:
        """Read a session's body."""
        return body_of(
            (row.field, row.adds, read_json(row.value))
            for row in self.connection.execute(_BODY, {"p_session": session_key})
        )

    def grow(self, session: Session, parts: Sequence[BodyPart]) -> Session:
        """Store parts of the body behind those that are there; returns the session, which is to be written."""
        self._add_parts(session.id, session.body_parts, parts)
        size = session.body_bytes + sum(part.size for part in parts)
        return replace(session, body_parts=session.body_parts + len(parts), body_bytes=size)

    def overwrite(self, session: Session, parts: Sequence[BodyPart]) -> Session:
        """Store parts of the body in the place of those of the same fields; returns the session as above."""
        fields = [part.field for part in parts if part.field]
        here = (session_parts.c.session == session.id, session_parts.c.field.in_(fields))
        if fields:
            size = self.connection.execute(select(func.sum(session_parts.c.size)).where(*here)).scalar_one()
            self.connection.execute(delete(session_parts).where(*here))
            session = replace(session, body_bytes=session.body_bytes - int(size or 0))
        return self.grow(session, parts)

    def find(self, workspace_id: str, session_id: str, *, lock: bool = False) -> Session | None:
        """Read one by its runtime's id. `lock` holds the row until the transaction ends."""
        return self._one(_FIND, {"p_workspace": workspace_id, "p_session": session_id}, lock=lock)

    def get(self, workspace_id: str, session_id: str, *, lock: bool = False) -> Session:
        """Read one by its runtime's id; raises NotFound."""
        session = self.find(workspace_id, session_id, lock=lock)
        if session is None:
            raise NotFound("there is no such session in this workspace")
        return session

    def by_key(self, key: str, *, lock: bool = False) -> Session | None:
        """Read one by our own id."""
        return self._one(_BY_KEY, {"p_key": key}, lock=lock)

    def replace(self, session: Session) -> None:
        """Write a session that was read with `lock`."""
        columns = {name: getattr(session, name) for name in _CHANGING} | {"status": session.status.value}
        if self.read.get(session.id) == session.variables:
            self.connection.execute(_REPLACE, {"p_key": session.id, **columns})
            return
        variables = _split_variables(session)
        self.connection.execute(_REPLACE, {"p_key": session.id, **columns, **variables.columns})
        self._put(variables)
        self.read[session.id] = session.variables

    def page(self, workspace_id: str, where: SessionFilter, page: PageRequest) -> Sequence[ListedSession]:
        """List a workspace's sessions, newest first, without what is large."""
        rows = self.connection.execute(_listed(select(*_LISTED), workspace_id, where, page))
        return [
            ListedSession(_line_of(row), row.updated_at, row.preview, _listed_variables(row.variables)) for row in rows
        ]

    def lines(self, workspace_id: str, where: SessionFilter, page: PageRequest) -> Sequence[SessionLine]:
        """List the same in brief."""
        rows = self.connection.execute(_listed(select(*_LINE), workspace_id, where, page))
        return [_line_of(row) for row in rows]

    def forgotten(self, *, now: int, limit: int) -> Sequence[SessionMark]:
        """Return active sessions that are idle, or old, beyond what was set when they started."""
        return self._some(_FORGOTTEN, p_now=now, p_limit=limit)

    def ended_before(self, workspace_id: str, moment: int, *, limit: int) -> Sequence[SessionMark]:
        """Return a workspace's sessions that ended before a moment."""
        return self._some(_ENDED_BEFORE, p_workspace=workspace_id, p_before=moment, p_limit=limit)

    def pre_overdue(self, *, deadline_before: int, limit: int) -> Sequence[SessionMark]:
        """Return sessions whose pre-session phase should be over."""
        return self._some(_PRE_OVERDUE, p_before=deadline_before, p_limit=limit)

    def post_due(self, *, now: int, limit: int) -> Sequence[SessionMark]:
        """Return ended sessions whose post-session phase is to start."""
        return self._some(_POST_DUE, p_now=now, p_limit=limit)

    def delete(self, session_key: str) -> None:
        """Delete a session with its events, and its invocations with what hangs on them."""
        runs = select(invocations.c.id).where(invocations.c.session_key == session_key)
        for table in (rehearsals, recordings):
            self.connection.execute(delete(table).where(table.c.invocation_id.in_(runs)))
        drop(self.connection, runs)
        drop(self.connection, [session_key])
        for table in (callbacks, events, session_parts):
            self.connection.execute(delete(table).where(table.c.session == session_key))
        self.connection.execute(delete(invocations).where(invocations.c.session_key == session_key))
        self.connection.execute(delete(sessions).where(sessions.c.id == session_key))

    def _one(self, query: Select[Any], wanted: Mapping[str, Any], *, lock: bool) -> Session | None:
        row = self.connection.execute(query.with_for_update(key_share=True) if lock else query, wanted).one_or_none()
        if row is None:
            return None
        # Statements of their own, begun under the lock: in PostgreSQL one that had to wait for it sees what was before.
        columns = {name: getattr(row, name) for name in _LARGE}
        marks = marked(row.id, columns, _LARGE)
        found = whole(self.connection, marks)
        if len(found) < len(marks):
            # Without a lock: deleted since the row was read.
            return None
        columns |= {place.name: value for place, value in found.items()}
        named = {LargeValueKey(row.id, each["apart"]) for each in columns["variables"].values() if "apart" in each}
        apart = whole(self.connection, named)
        if len(apart) < len(named):
            return None
        session = _session_of(row, columns, apart)
        self.read[session.id] = session.variables
        return session

    def _add_parts(self, session_key: str, first: int, parts: Sequence[BodyPart]) -> None:
        rows = [
            {
                "session": session_key,
                "number": number,
                "field": part.field,
                "adds": part.adds,
                "size": part.size,
                "value": part.text,
            }
            for number, part in enumerate(parts, first)
        ]
        if rows:
            self.connection.execute(insert(session_parts), rows)

    def _put(self, variables: "_Variables") -> None:
        put(self.connection, variables.column.apart)
        put(self.connection, variables.each, once=True)

    def _some(self, query: Select[Any], **wanted: object) -> Sequence[SessionMark]:
        return [SessionMark(row.id, row.updated_at) for row in self.connection.execute(query, wanted)]


@dataclass(frozen=True, slots=True)
class EventStore:
    """Events of sessions, written under the session's lock alone: they appear in order to whoever reads on."""

    connection: Connection

    def add(self, session_key: str, name: EventName, at: int, data: Mapping[str, Any]) -> None:
        """Store an event at the end of its session's stream."""
        self.add_all(session_key, name, at, [data])

    def add_all(self, session_key: str, name: EventName, at: int, data: Sequence[Mapping[str, Any]]) -> None:
        """Store several events of one name, in order."""
        rows = [{"session": session_key, "name": name.value, "at": at, "data": dict(each)} for each in data]
        if rows:
            self.connection.execute(insert(events), rows)

    def after(self, session_key: str, last: int, *, limit: int) -> Sequence[Event]:
        """Return a session's events after number `last`, oldest first."""
        query = select(events).where(events.c.session == session_key, events.c.id > last)
        rows = self.connection.execute(query.order_by(events.c.id).limit(limit))
        return [Event(row.id, row.session, EventName(row.name), row.at, row.data) for row in rows]

    def outlived(self, workspace_id: str, *, before: int, limit: int) -> Sequence[str]:
        """Return our own ids of sessions that ended before a moment and still have their events."""
        query = select(sessions.c.id).where(
            sessions.c.workspace_id == workspace_id, sessions.c.events_gone.is_(False), sessions.c.ended_at < before
        )
        return list(self.connection.execute(query.order_by(sessions.c.ended_at).limit(limit)).scalars())

    def delete_some(self, session_key: str, *, limit: int) -> int:
        """Delete the oldest events of a session; returns how many. With fewer than `limit`, none is left."""
        oldest = select(events.c.id).where(events.c.session == session_key).order_by(events.c.id).limit(limit)
        deleted = self.connection.execute(delete(events).where(events.c.id.in_(oldest))).rowcount
        if deleted < limit:
            self.connection.execute(update(sessions).where(sessions.c.id == session_key).values(events_gone=True))
        return deleted

    def last(self, session_key: str) -> int:
        """Return the number of a session's latest event, or 0."""
        query = select(func.max(events.c.id)).where(events.c.session == session_key)
        return self.connection.execute(query).scalar_one() or 0


def _listed(query: Select[Any], workspace_id: str, where: SessionFilter, page: PageRequest) -> Select[Any]:
    query = query.where(sessions.c.workspace_id == workspace_id)
    for name in ("agent", "status", "principal"):
        wanted = getattr(where, name)
        if wanted is not None:
            query = query.where(sessions.c[name] == wanted)
    if where.agents is not None:
        query = query.where(sessions.c.agent.in_(where.agents))
    if where.search:
        query = query.where(sessions.c.session_id.icontains(where.search, autoescape=True))
    if page.cursor is not None:
        query = query.where(sessions.c.id < page.cursor)
    return query.order_by(sessions.c.id.desc()).limit(page.limit)


def _line_of(row: Row[Any]) -> SessionLine:
    columns = {name: getattr(row, name) for name in SessionLine.__slots__}
    return SessionLine(**columns | {"status": SessionStatus(row.status)})


@dataclass(frozen=True, slots=True)
class _Variables:
    """The column of a session's variables, and those of them that stand apart."""

    column: SplitValues
    each: Sequence[Mapping[str, str]]

    @property
    def columns(self) -> Mapping[str, Any]:
        return self.column.columns


def _split_variables(session: Session) -> _Variables:
    given = {name: variable.value for name, variable in session.variables.items()}
    small, named, apart = split_variables(session.id, given)
    document = {name: {"value": small[name]} if name in small else {"apart": named[name]} for name in session.variables}
    for name, variable in session.variables.items():
        document[name] |= {"source": variable.source, "at": variable.at}
    return _Variables(split(session.id, {"variables": document}), apart.apart)


def _session_of(row: Row[Any], large: Mapping[str, Any], apart: Mapping[LargeValueKey, Any]) -> Session:
    columns = {name: getattr(row, name) for name in Session.__slots__}
    return Session(
        **columns
        | {
            "status": SessionStatus(row.status),
            "variables": {
                name: Variable(
                    apart[LargeValueKey(row.id, each["apart"])] if "apart" in each else each["value"],
                    each["source"],
                    each["at"],
                )
                for name, each in large["variables"].items()
            },
            "pins": tuple(
                Pin(**pin | {"phase": Phase(pin["phase"]), "on_failure": OnFailure(pin["on_failure"])})
                for pin in large["pins"]
            ),
        }
    )


def _listed_variables(found: Any) -> Mapping[str, Variable] | None:
    if found is APART or any("apart" in each for each in found.values()):
        return None
    return {name: Variable(**each) for name, each in found.items()}
