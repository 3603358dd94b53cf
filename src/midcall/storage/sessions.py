"""Sessions and their events."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from midcall.domain.agent import OnFailure, Pin
from midcall.domain.errors import Conflict, NotFound
from midcall.domain.events import Event, EventName
from midcall.domain.phases import Phase
from midcall.domain.session import Session, SessionStatus
from midcall.domain.variables import Variable
from midcall.service.stores import Page, SessionFilter, SessionLine
from midcall.storage.schema import callbacks, events, invocations, recordings, rehearsals, sessions

_ACTIVE, _ENDED = SessionStatus.ACTIVE.value, SessionStatus.ENDED.value
_LINE = [sessions.c[name] for name in SessionLine.__slots__]


@dataclass(frozen=True, slots=True)
class SqlSessions:
    """Sessions."""

    connection: Connection

    def add(self, session: Session) -> None:
        """Store a new session; raises Conflict if its runtime's id is taken."""
        try:
            self.connection.execute(insert(sessions).values(_columns(session)))
        except IntegrityError as error:
            raise Conflict("a session of that id exists already") from error

    def find(self, workspace_id: str, session_id: str, *, lock: bool = False) -> Session | None:
        """Read one by its runtime's id. `lock` holds the row until the transaction ends."""
        here = (sessions.c.workspace_id == workspace_id, sessions.c.session_id == session_id)
        query = select(sessions).where(*here)
        row = self.connection.execute(query.with_for_update(key_share=True) if lock else query).one_or_none()
        return None if row is None else _session_of(row)

    def get(self, workspace_id: str, session_id: str, *, lock: bool = False) -> Session:
        """Read one by its runtime's id; raises NotFound."""
        session = self.find(workspace_id, session_id, lock=lock)
        if session is None:
            raise NotFound("there is no such session in this workspace")
        return session

    def by_key(self, key: str, *, lock: bool = False) -> Session | None:
        """Read one by our own id."""
        query = select(sessions).where(sessions.c.id == key)
        row = self.connection.execute(query.with_for_update(key_share=True) if lock else query).one_or_none()
        return None if row is None else _session_of(row)

    def replace(self, session: Session) -> None:
        """Write a session; its row was read under a lock."""
        self.connection.execute(update(sessions).where(sessions.c.id == session.id).values(_columns(session)))

    def page(self, workspace_id: str, where: SessionFilter, page: Page) -> Sequence[Session]:
        """List a workspace's sessions, newest first."""
        rows = self.connection.execute(_listed(select(sessions), workspace_id, where, page))
        return [_session_of(row) for row in rows]

    def lines(self, workspace_id: str, where: SessionFilter, page: Page) -> Sequence[SessionLine]:
        """List the same in brief."""
        rows = self.connection.execute(_listed(select(*_LINE), workspace_id, where, page))
        return [_line_of(row) for row in rows]

    def forgotten(self, *, now: int, limit: int) -> Sequence[Session]:
        """Return active sessions that are idle, or old, beyond what was set when they started."""
        idle = sessions.c.updated_at + sessions.c.idle_ms < now
        old = sessions.c.created_at + sessions.c.max_age_ms < now
        return self._some(limit, sessions.c.status == _ACTIVE, or_(idle, old))

    def ended_before(self, workspace_id: str, moment: int, *, limit: int) -> Sequence[Session]:
        """Return a workspace's sessions that ended before a moment."""
        return self._some(limit, sessions.c.workspace_id == workspace_id, sessions.c.ended_at < moment)

    def pre_overdue(self, *, deadline_before: int, limit: int) -> Sequence[Session]:
        """Return sessions whose pre-session phase should be over."""
        late = sessions.c.pre_deadline_at < deadline_before
        return self._some(limit, sessions.c.status == _ACTIVE, sessions.c.pre_done.is_(False), late)

    def post_due(self, *, now: int, limit: int) -> Sequence[Session]:
        """Return ended sessions whose post-session phase is to start."""
        due = sessions.c.post_due_at <= now
        return self._some(limit, sessions.c.status == _ENDED, sessions.c.post_started.is_(False), due)

    def delete(self, session: Session) -> None:
        """Delete a session with its events, and its invocations with what hangs on them."""
        runs = select(invocations.c.id).where(invocations.c.session_key == session.id)
        for table in (rehearsals, recordings):
            self.connection.execute(delete(table).where(table.c.invocation_id.in_(runs)))
        self.connection.execute(delete(callbacks).where(callbacks.c.session == session.id))
        self.connection.execute(delete(events).where(events.c.session == session.id))
        self.connection.execute(delete(invocations).where(invocations.c.session_key == session.id))
        self.connection.execute(delete(sessions).where(sessions.c.id == session.id))

    def _some(self, limit: int, *conditions: Any) -> Sequence[Session]:
        query = select(sessions).where(*conditions).order_by(sessions.c.updated_at).limit(limit)
        return [_session_of(row) for row in self.connection.execute(query)]


@dataclass(frozen=True, slots=True)
class SqlEvents:
    """Events. Written under the session's lock alone: so that their numbers appear in order to whoever reads on."""

    connection: Connection

    def add(self, session_key: str, name: EventName, at: int, data: Mapping[str, Any]) -> None:
        """Store an event."""
        self.connection.execute(insert(events).values(session=session_key, name=name.value, at=at, data=dict(data)))

    def after(self, session_key: str, last: int, *, limit: int) -> Sequence[Event]:
        """Return a session's events after number `last`, oldest first."""
        query = select(events).where(events.c.session == session_key, events.c.id > last)
        rows = self.connection.execute(query.order_by(events.c.id).limit(limit))
        return [Event(row.id, row.session, EventName(row.name), row.at, row.data) for row in rows]

    def last(self, session_key: str) -> int:
        """Return the number of a session's latest event, or 0."""
        query = select(func.max(events.c.id)).where(events.c.session == session_key)
        return self.connection.execute(query).scalar_one() or 0


def _listed(query: Select[Any], workspace_id: str, where: SessionFilter, page: Page) -> Select[Any]:
    query = query.where(sessions.c.workspace_id == workspace_id)
    for name in ("agent", "status"):
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


def _columns(session: Session) -> dict[str, Any]:
    columns = {name: getattr(session, name) for name in Session.__slots__}
    return columns | {
        "status": session.status.value,
        "fields": dict(session.fields),
        "variables": {name: asdict(variable) for name, variable in session.variables.items()},
        "pins": [asdict(pin) for pin in session.pins],
    }


def _session_of(row: Row[Any]) -> Session:
    columns = {name: getattr(row, name) for name in Session.__slots__}
    return Session(
        **columns
        | {
            "status": SessionStatus(row.status),
            "variables": {name: Variable(**value) for name, value in row.variables.items()},
            "pins": tuple(
                Pin(**pin | {"phase": Phase(pin["phase"]), "on_failure": OnFailure(pin["on_failure"])})
                for pin in row.pins
            ),
        }
    )
