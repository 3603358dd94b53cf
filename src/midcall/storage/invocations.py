"""Invocations: every change a compare-and-swap on status and attempt."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from midcall.domain.errors import NotFound
from midcall.domain.invocation import Invocation, InvocationStatus, Outcome
from midcall.domain.run import RunReport
from midcall.service.ports import InvocationFilter, Page
from midcall.storage.rows import invocation_columns, invocation_of, outcome_columns, report_columns
from midcall.storage.schema import invocations

_QUEUED, _RUNNING = InvocationStatus.QUEUED.value, InvocationStatus.RUNNING.value
_NOBODY = {"owner": None, "lease_until": None}


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

    def count_open(self, workspace_id: str) -> int:
        """Count the workspace's queued and running invocations."""
        return self._count(invocations.c.status.in_([_QUEUED, _RUNNING]), invocations.c.workspace_id == workspace_id)

    def count_queued(self) -> int:
        """Count all queued invocations."""
        return self._count(invocations.c.status == _QUEUED)

    def claim(self, invocation_id: str, *, owner: str, now: int, lease_until: int) -> bool:
        """Take a queued invocation: running, one attempt more."""
        return self._swap(
            [invocations.c.id == invocation_id, invocations.c.status == _QUEUED],
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

    def touch_queued(self, invocation_id: str, *, seen: int, enqueued_at: int) -> bool:
        """Note another wake of a queued invocation last woken at `seen`."""
        waiting = [
            invocations.c.id == invocation_id,
            invocations.c.status == _QUEUED,
            invocations.c.enqueued_at == seen,
        ]
        return self._swap(waiting, enqueued_at=enqueued_at)

    def stale_queued(self, *, enqueued_before: int, limit: int) -> Sequence[Invocation]:
        """Return queued invocations whose last wake is long ago."""
        return self._some(limit, invocations.c.status == _QUEUED, invocations.c.enqueued_at < enqueued_before)

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
