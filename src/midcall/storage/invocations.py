"""Invocations: every change a compare-and-swap on status and attempt."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, insert, or_, select, update

from midcall.domain.errors import NotFound
from midcall.domain.invocation import Invocation, InvocationStatus, Outcome, Purpose
from midcall.domain.run import RunReport
from midcall.service.stores import InvocationFilter, Page
from midcall.storage.rows import invocation_columns, invocation_of, outcome_columns, report_columns
from midcall.storage.schema import invocations, sessions

_QUEUED, _RUNNING = InvocationStatus.QUEUED.value, InvocationStatus.RUNNING.value
_OPEN = invocations.c.status.in_([_QUEUED, _RUNNING])
_FOR_GOOD = [InvocationStatus.DEAD.value, InvocationStatus.FAILED.value, InvocationStatus.TIMED_OUT.value]
_WAITED_FOR = invocations.c.purpose != Purpose.BACKGROUND.value
_NOBODY: Mapping[str, Any] = {"owner": None, "lease_until": None}


@dataclass(frozen=True, slots=True)
class SqlInvocations:
    """Invocations."""

    connection: Connection

    def add(self, invocation: Invocation) -> None:
        """Store a new invocation."""
        self.connection.execute(insert(invocations).values(invocation_columns(invocation)))

    def find(self, invocation_id: str) -> Invocation | None:
        """Read one, of whatever workspace."""
        row = self.connection.execute(select(invocations).where(invocations.c.id == invocation_id)).one_or_none()
        return None if row is None else invocation_of(row)

    def get(self, workspace_id: str, invocation_id: str) -> Invocation:
        """Read one of a workspace; raises NotFound."""
        invocation = self.find(invocation_id)
        if invocation is None or invocation.workspace_id != workspace_id:
            raise NotFound("there is no such invocation in this workspace")
        return invocation

    def status(self, invocation_id: str) -> InvocationStatus | None:
        """Read the status alone."""
        query = select(invocations.c.status).where(invocations.c.id == invocation_id)
        status = self.connection.execute(query).scalar_one_or_none()
        return None if status is None else InvocationStatus(status)

    def page(self, workspace_id: str, where: InvocationFilter, page: Page) -> Sequence[Invocation]:
        """List a workspace's invocations, newest first."""
        query = select(invocations).where(invocations.c.workspace_id == workspace_id)
        if where.session is not None:
            of_it = select(sessions.c.id).where(
                sessions.c.workspace_id == workspace_id, sessions.c.session_id == where.session
            )
            query = query.where(invocations.c.session_key.in_(of_it))
        for name in ("function", "phase", "status"):
            wanted = getattr(where, name)
            if wanted is not None:
                query = query.where(invocations.c[name] == wanted)
        if page.cursor is not None:
            query = query.where(invocations.c.id < page.cursor)
        return [
            invocation_of(row)
            for row in self.connection.execute(query.order_by(invocations.c.id.desc()).limit(page.limit))
        ]

    def of_session(self, session_key: str) -> Sequence[Invocation]:
        """Return a session's invocations, oldest first."""
        query = select(invocations).where(invocations.c.session_key == session_key).order_by(invocations.c.id)
        return [invocation_of(row) for row in self.connection.execute(query)]

    def by_idempotency_key(self, session_key: str, key: str) -> Invocation | None:
        """Read the call of a session that came with a key."""
        query = select(invocations).where(
            invocations.c.session_key == session_key, invocations.c.idempotency_key == key
        )
        row = self.connection.execute(query).one_or_none()
        return None if row is None else invocation_of(row)

    def succeeded(self, session_key: str, functions: Collection[str]) -> Sequence[Invocation]:
        """Return a session's succeeded invocations of some functions, in the order they ended."""
        query = select(invocations).where(
            invocations.c.session_key == session_key,
            invocations.c.status == InvocationStatus.SUCCEEDED.value,
            invocations.c.function.in_(list(functions)),
        )
        ordered = query.order_by(invocations.c.ended_at, invocations.c.id)
        return [invocation_of(row) for row in self.connection.execute(ordered)]

    def count_open_of_session(self, session_key: str) -> int:
        """Count a session's invocations that are not final."""
        return self._count(invocations.c.session_key == session_key, _OPEN)

    def count_open(self, workspace_id: str) -> int:
        """Count the workspace's queued and running invocations that somebody waits for."""
        return self._count(_OPEN, _WAITED_FOR, invocations.c.workspace_id == workspace_id)

    def count_queued(self) -> int:
        """Count all queued invocations that somebody waits for."""
        return self._count(invocations.c.status == _QUEUED, _WAITED_FOR)

    def revive(self, invocation_id: str, *, now: int, deadline_at: int, attempts: int) -> bool:
        """Queue an invocation again that had failed for good, with so many more attempts."""
        return self._swap(
            [invocations.c.id == invocation_id, invocations.c.status.in_(_FOR_GOOD), ~_WAITED_FOR],
            status=_QUEUED,
            max_attempts=invocations.c.attempt + attempts,
            enqueued_at=now,
            due_at=None,
            deadline_at=deadline_at,
            ended_at=None,
        )

    def claim(self, invocation_id: str, *, owner: str, now: int, lease_until: int) -> bool:
        """Take a queued invocation: running, one attempt more."""
        due = or_(invocations.c.due_at.is_(None), invocations.c.due_at <= now)
        return self._swap(
            [invocations.c.id == invocation_id, invocations.c.status == _QUEUED, due],
            status=_RUNNING,
            owner=owner,
            attempt=invocations.c.attempt + 1,
            lease_until=lease_until,
            started_at=now,
        )

    def renew(self, invocation_id: str, *, attempt: int, lease_until: int) -> bool:
        """Lengthen the lease."""
        return self._swap(_held(invocation_id, attempt), lease_until=lease_until)

    def record(
        self, invocation_id: str, *, attempt: int, outcome: Outcome, report: RunReport | None, ended_at: int
    ) -> bool:
        """Record the outcome of a running attempt."""
        return self._swap(
            _held(invocation_id, attempt),
            status=outcome.status.value,
            outcome=outcome_columns(outcome),
            report=report_columns(report),
            ended_at=ended_at,
            **_NOBODY,
        )

    def close_lost(self, invocation_id: str, *, attempt: int, outcome: Outcome, ended_at: int) -> bool:
        """Record the outcome of a running attempt whose lease is over."""
        return self._swap(
            _lapsed(invocation_id, attempt, ended_at),
            status=outcome.status.value,
            outcome=outcome_columns(outcome),
            ended_at=ended_at,
            **_NOBODY,
        )

    def close_queued(self, invocation_id: str, *, outcome: Outcome, ended_at: int) -> bool:
        """Record the outcome of an invocation that no worker took."""
        return self._swap(
            [invocations.c.id == invocation_id, invocations.c.status == _QUEUED],
            status=outcome.status.value,
            outcome=outcome_columns(outcome),
            ended_at=ended_at,
        )

    def requeue(self, invocation_id: str, *, attempt: int, enqueued_at: int) -> bool:
        """Put a running attempt whose lease is over back to queued."""
        lapsed = _lapsed(invocation_id, attempt, enqueued_at)
        return self._swap(lapsed, status=_QUEUED, enqueued_at=enqueued_at, **_NOBODY)

    def postpone(self, invocation_id: str, *, attempt: int, due_at: int, outcome: Outcome) -> bool:
        """Put a running attempt that failed back to queued until `due_at`, with what came of it so far."""
        return self._swap(
            _held(invocation_id, attempt),
            status=_QUEUED,
            due_at=due_at,
            enqueued_at=due_at,
            outcome=outcome_columns(outcome),
            **_NOBODY,
        )

    def touch_queued(self, invocation_id: str, *, seen: int, enqueued_at: int) -> bool:
        """Note another wake of a queued invocation last woken at `seen`."""
        waiting = [
            invocations.c.id == invocation_id,
            invocations.c.status == _QUEUED,
            invocations.c.enqueued_at == seen,
        ]
        return self._swap(waiting, enqueued_at=enqueued_at)

    def stale_queued(self, *, enqueued_before: int, now: int, limit: int) -> Sequence[Invocation]:
        """Return queued invocations whose last wake is long ago, or that are due and were not woken yet."""
        due = invocations.c.due_at
        asleep = or_(invocations.c.enqueued_at < enqueued_before, and_(due == invocations.c.enqueued_at, due <= now))
        # Those that somebody waits for come first: a backlog of others must not keep them from being woken.
        found = select(invocations).where(invocations.c.status == _QUEUED, asleep, or_(due.is_(None), due <= now))
        ordered = found.order_by(_WAITED_FOR.desc(), invocations.c.id).limit(limit)
        return [invocation_of(row) for row in self.connection.execute(ordered)]

    def overdue_queued(self, *, deadline_before: int, limit: int) -> Sequence[Invocation]:
        """Return queued invocations whose deadline has passed."""
        return self._some(limit, invocations.c.status == _QUEUED, invocations.c.deadline_at < deadline_before)

    def lost_running(self, *, lease_before: int, limit: int) -> Sequence[Invocation]:
        """Return running invocations whose lease is over."""
        return self._some(limit, invocations.c.status == _RUNNING, invocations.c.lease_until < lease_before)

    def _swap(self, conditions: Sequence[ColumnElement[bool]], **values: Any) -> bool:
        return self.connection.execute(update(invocations).where(*conditions).values(**values)).rowcount == 1

    def _count(self, *conditions: ColumnElement[bool]) -> int:
        return self.connection.execute(select(func.count()).select_from(invocations).where(*conditions)).scalar_one()

    def _some(self, limit: int, *conditions: ColumnElement[bool]) -> Sequence[Invocation]:
        query = select(invocations).where(*conditions).order_by(invocations.c.id).limit(limit)
        return [invocation_of(row) for row in self.connection.execute(query)]


def _held(invocation_id: str, attempt: int) -> list[ColumnElement[bool]]:
    """Return the fence: the row is still running, and still for this attempt."""
    return [
        invocations.c.id == invocation_id,
        invocations.c.attempt == attempt,
        invocations.c.status == _RUNNING,
    ]


def _lapsed(invocation_id: str, attempt: int, now: int) -> list[ColumnElement[bool]]:
    """Return the sweep's fence: this attempt, and its lease is over."""
    return [*_held(invocation_id, attempt), invocations.c.lease_until < now]
