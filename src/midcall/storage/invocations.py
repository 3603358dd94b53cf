"""Invocations: every change a compare-and-swap on status and attempt."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median_low
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from midcall.domain.activity import EndedRun
from midcall.domain.errors import NotFound
from midcall.domain.function_config import Kind
from midcall.domain.ids import LeaseOwner
from midcall.domain.invocation import Invocation, Outcome, Purpose
from midcall.domain.phases import Phase
from midcall.domain.run import RunReport
from midcall.domain.run_status import InvocationStatus
from midcall.domain.session import SessionStatus
from midcall.domain.shares import WaitingWorkspace
from midcall.storage.large_values import drop, put
from midcall.storage.listings import InvocationFilter, InvocationLine, ListedInvocation, PageRequest, RunsAtAGlance
from midcall.storage.rows import bare_invocation, ceilings_of, invocation_columns, invocations_of, outcome_columns
from midcall.storage.schema import functions, invocations, recordings, rehearsals, sessions, workspaces

_QUEUED, _RUNNING = InvocationStatus.QUEUED.value, InvocationStatus.RUNNING.value
_OPEN = invocations.c.status.in_([_QUEUED, _RUNNING])
_GIVEN_UP = [status.value for status in InvocationStatus if status.given_up]
#: Told by name, so that an index finds them without a look at a backlog of others.
_WAITED_FOR = invocations.c.purpose.in_([Purpose.LIVE.value, Purpose.TEST.value])
_NOT_WAITED_FOR = invocations.c.purpose == Purpose.BACKGROUND.value
_NOBODY: Mapping[str, Any] = {"owner": None, "lease_until": None}

# Statements of the way of a call are built once: building one anew costs about as much as running it. Columns to be set
# are named when a statement is executed; what its conditions compare is named `p_…`.
_ADD = insert(invocations)
_FIND = select(invocations).where(invocations.c.id == bindparam("p_id"))
_STATUS = select(invocations.c.status).where(invocations.c.id == bindparam("p_id"))
_COUNT_OPEN = (
    select(func.count())
    .select_from(invocations)
    .where(
        _OPEN,
        _WAITED_FOR,
        invocations.c.workspace_id == bindparam("p_workspace"),
        invocations.c.kind == bindparam("p_kind"),
    )
)
_COUNT_QUEUED = (
    select(func.count())
    .select_from(invocations)
    .where(invocations.c.status == _QUEUED, _WAITED_FOR, invocations.c.kind == bindparam("p_kind"))
)
_COUNT_BACKGROUND = select(func.count()).select_from(
    select(invocations.c.id)
    .where(_OPEN, _NOT_WAITED_FOR, invocations.c.workspace_id == bindparam("p_workspace"))
    .limit(bindparam("p_most"))
    .subquery()
)
_COUNT_OF_SESSION = (
    select(func.count()).select_from(invocations).where(invocations.c.session_key == bindparam("p_session"), _OPEN)
)
_COUNT_ALL_OPEN = select(
    _COUNT_OF_SESSION.scalar_subquery(),
    _COUNT_OPEN.scalar_subquery(),
    _COUNT_QUEUED.scalar_subquery(),
    _COUNT_QUEUED.where(invocations.c.workspace_id == bindparam("p_workspace")).scalar_subquery(),
)
_QUEUED_ONE = update(invocations).where(invocations.c.id == bindparam("p_id"), invocations.c.status == _QUEUED)
_CLAIM = _QUEUED_ONE.where(or_(invocations.c.due_at.is_(None), invocations.c.due_at <= bindparam("p_now"))).values(
    attempt=invocations.c.attempt + 1
)


def _heads() -> Select[Any]:
    """Build what finds the oldest due invocation of each workspace, as many steps in an index as there are of these."""
    lane = (
        invocations.c.status == _QUEUED,
        invocations.c.purpose == bindparam("p_purpose"),
        invocations.c.kind == bindparam("p_kind"),
    )
    own = invocations.c.workspace_id
    found = select(func.min(own).label("id")).where(*lane).cte("found", recursive=True)
    following = select(func.min(own)).where(*lane, own > found.c.id).correlate(found).scalar_subquery()
    found = found.union_all(select(following).where(found.c.id.is_not(None)))
    due = or_(invocations.c.due_at.is_(None), invocations.c.due_at <= bindparam("p_now"))
    oldest = select(invocations.c.id).where(*lane, own == found.c.id, due).order_by(invocations.c.id).limit(1)
    return select(
        workspaces.c.id, workspaces.c.ceilings, oldest.correlate(found).scalar_subquery().label("oldest")
    ).join(found, found.c.id == workspaces.c.id)


_HEADS = _heads()
_HELD_BY_GROUP = (
    select(invocations.c.workspace_id, func.count().label("held"))
    .where(invocations.c.status == _RUNNING, invocations.c.owner.startswith(bindparam("p_group"), autoescape=False))
    .group_by(invocations.c.workspace_id)
)
_LANE = select(invocations.c.purpose, invocations.c.kind).where(invocations.c.id == bindparam("p_id"))
#: Any number that nothing else takes as an advisory lock in the same PostgreSQL database.
_TURNS_LOCK = 0x6D63_7475_726E
_LINE = [invocations.c[name] for name in InvocationLine.__slots__]
_LISTED = [*_LINE, *(invocations.c[name] for name in ListedInvocation.__slots__ if name != "line")]
_EARLIER = invocations.alias("earlier")
#: The ids of a function's latest invocations begin here; so many are read of each, however many there are.
_RECENT_FROM = (
    select(_EARLIER.c.id)
    .where(_EARLIER.c.workspace_id == functions.c.workspace_id, _EARLIER.c.function == functions.c.name)
    .order_by(_EARLIER.c.id.desc())
    .limit(1)
    .offset(bindparam("p_before"))
    .correlate(functions)
    .scalar_subquery()
)
_RECENT = (
    select(
        invocations.c.function_id,
        invocations.c.status,
        invocations.c.created_at,
        invocations.c.started_at,
        invocations.c.ended_at,
    )
    .select_from(functions)
    .join(
        invocations,
        and_(
            invocations.c.workspace_id == functions.c.workspace_id,
            invocations.c.function == functions.c.name,
            invocations.c.function_id == functions.c.id,
            invocations.c.id >= func.coalesce(_RECENT_FROM, ""),
        ),
    )
    .where(functions.c.id.in_(bindparam("p_functions", expanding=True)))
    .order_by(invocations.c.id)
)
_ENDED = (
    select(
        invocations.c.status,
        invocations.c.purpose,
        invocations.c.created_at,
        invocations.c.started_at,
        invocations.c.ended_at,
    )
    .where(invocations.c.workspace_id == bindparam("p_workspace"), invocations.c.ended_at >= bindparam("p_since"))
    .order_by(invocations.c.ended_at.desc())
    .limit(bindparam("p_limit"))
)
_QUEUED_ROWS, _RUNNING_ROWS = (
    select(invocations).where(invocations.c.status == status).order_by(invocations.c.id).limit(bindparam("p_limit"))
    for status in (_QUEUED, _RUNNING)
)
_OVERDUE = _QUEUED_ROWS.where(invocations.c.deadline_at < bindparam("p_before"))
_LOST = _RUNNING_ROWS.where(invocations.c.lease_until < bindparam("p_before"))
_STALE = (
    select(invocations)
    .where(
        invocations.c.status == _QUEUED,
        or_(
            invocations.c.enqueued_at < bindparam("p_before"),
            and_(invocations.c.due_at == invocations.c.enqueued_at, invocations.c.due_at <= bindparam("p_now")),
        ),
        or_(invocations.c.due_at.is_(None), invocations.c.due_at <= bindparam("p_now")),
    )
    # Those that somebody waits for come first: a backlog of others must not keep them from being woken.
    .order_by(_WAITED_FOR.desc(), invocations.c.id)
    .limit(bindparam("p_limit"))
)
#: The fence of a worker: the row is still running, and still for this attempt.
_HELD = update(invocations).where(
    invocations.c.id == bindparam("p_id"),
    invocations.c.attempt == bindparam("p_attempt"),
    invocations.c.status == _RUNNING,
)
_GIVE_BACK = _HELD.values(attempt=invocations.c.attempt - 1)
#: The fence of the sweep: this attempt, and its lease is over.
_LAPSED = _HELD.where(invocations.c.lease_until < bindparam("p_now"))


@dataclass(frozen=True, slots=True)
class OpenCounts:
    """Invocations that are not final: of a session, of a workspace's calls of a kind that somebody waits for.

    `queued` counts the calls of that kind, of all workspaces, that wait for a worker; `queued_own` the workspace's own.
    """

    session: int
    workspace: int
    queued: int
    queued_own: int


@dataclass(frozen=True, slots=True)
class InvocationStore:
    """Invocations, what is large of them apart from their rows.

    Every change is a compare-and-swap, so that any number of processes may try it.
    """

    connection: Connection

    def add(self, invocation: Invocation) -> None:
        """Store a new invocation."""
        new = invocation_columns(invocation)
        self.connection.execute(_ADD, new.columns)
        put(self.connection, new.apart)

    def find(self, invocation_id: str) -> Invocation | None:
        """Read one, of whatever workspace: for workers alone."""
        return self._one(self.connection.execute(_FIND, {"p_id": invocation_id}).all())

    def get(self, workspace_id: str, invocation_id: str) -> Invocation:
        """Read one of a workspace; raises NotFound."""
        invocation = self.find(invocation_id)
        if invocation is None or invocation.workspace_id != workspace_id:
            raise NotFound("there is no such invocation in this workspace")
        return invocation

    def status(self, invocation_id: str) -> InvocationStatus | None:
        """Read the status alone: the cheapest look there is."""
        status = self.connection.execute(_STATUS, {"p_id": invocation_id}).scalar_one_or_none()
        return None if status is None else InvocationStatus(status)

    def attempt_running(self, invocation_id: str) -> int | None:
        """Read the number of the attempt that runs; None: none does."""
        query = select(invocations.c.attempt).where(invocations.c.id == invocation_id, invocations.c.status == _RUNNING)
        attempt: int | None = self.connection.execute(query).scalar_one_or_none()
        return attempt

    def page(self, workspace_id: str, where: InvocationFilter, page: PageRequest) -> Sequence[ListedInvocation]:
        """List a workspace's invocations, newest first, with a preview of what is large."""
        rows = self.connection.execute(_listed(select(*_LISTED), workspace_id, where, page))
        return [_listed_of(row) for row in rows]

    def lines(self, workspace_id: str, where: InvocationFilter, page: PageRequest) -> Sequence[InvocationLine]:
        """List the same in brief."""
        return [_line_of(row) for row in self.connection.execute(_listed(select(*_LINE), workspace_id, where, page))]

    def lines_of(self, invocation_ids: Collection[str]) -> Mapping[str, InvocationLine]:
        """Read some invocations in brief, by id; those that are not there are left out."""
        query = select(*_LINE).where(invocations.c.id.in_(list(invocation_ids)))
        return {row.id: _line_of(row) for row in self.connection.execute(query)}

    def count_by_session(self, session_keys: Collection[str]) -> Mapping[str, int]:
        """Count the invocations of some sessions; those without any are left out."""
        key = invocations.c.session_key
        query = select(key, func.count()).where(key.in_(list(session_keys))).group_by(key)
        return {row[0]: row[1] for row in self.connection.execute(query)}

    def at_a_glance(self, function_ids: Collection[str], *, recent: int) -> Mapping[str, RunsAtAGlance]:
        """Sum up the `recent` latest invocations of each of some functions; those without any are left out."""
        found: dict[str, list[Row[Any]]] = {}
        wanted = {"p_functions": list(function_ids), "p_before": recent - 1}
        rows: Iterable[Row[Any]] = self.connection.execute(_RECENT, wanted)
        for row in rows:
            found.setdefault(row.function_id, []).append(row)
        return {function_id: _glance(some) for function_id, some in found.items()}

    def ended_since(self, workspace_id: str, since: int, *, limit: int) -> Sequence[EndedRun]:
        """List the runs of a workspace that ended at `since` or later, latest first; reads an index alone."""
        wanted = {"p_workspace": workspace_id, "p_since": since, "p_limit": limit}
        return [
            EndedRun(InvocationStatus(row.status), Purpose(row.purpose), row.created_at, row.started_at, row.ended_at)
            for row in self.connection.execute(_ENDED, wanted)
        ]

    def of_session(self, session_key: str, *, limit: int) -> Sequence[ListedInvocation]:
        """Return the latest invocations of a session, oldest first, with a preview of what is large."""
        latest = select(*_LISTED).where(invocations.c.session_key == session_key).order_by(invocations.c.id.desc())
        return [_listed_of(row) for row in self.connection.execute(latest.limit(limit))][::-1]

    def count_final(self, session_key: str) -> int:
        """Count a session's invocations that are final."""
        return self._count(invocations.c.session_key == session_key, ~_OPEN)

    def has_position(self, session_key: str, phase: Phase, *, at_least: int) -> bool:
        """Tell whether an invocation of a phase stands at a position, or after it."""
        here = (invocations.c.session_key == session_key, invocations.c.phase == phase.value)
        query = select(invocations.c.id).where(*here, invocations.c.position >= at_least).limit(1)
        return self.connection.execute(query).first() is not None

    def by_idempotency_key(self, session_key: str, key: str) -> Invocation | None:
        """Read the call of a session that came with a key."""
        query = select(invocations).where(
            invocations.c.session_key == session_key, invocations.c.idempotency_key == key
        )
        return self._one(self.connection.execute(query).all())

    def succeeded(self, session_key: str, functions: Collection[str], *, limit: int) -> Sequence[Invocation]:
        """Return a session's latest succeeded invocations of some functions, in the order they ended."""
        query = select(invocations).where(
            invocations.c.session_key == session_key,
            invocations.c.status == InvocationStatus.SUCCEEDED.value,
            invocations.c.function.in_(list(functions)),
        )
        latest = query.order_by(invocations.c.ended_at.desc(), invocations.c.id.desc()).limit(limit)
        return invocations_of(self.connection, self.connection.execute(latest).all()[::-1])

    def count_open_of_session(self, session_key: str) -> int:
        """Count a session's invocations that are not final."""
        return self._count(invocations.c.session_key == session_key, _OPEN)

    def count_open_background(self, workspace_id: str, *, most: int) -> int:
        """Count the workspace's queued and running invocations that nobody waits for, up to `most`."""
        return self.connection.execute(_COUNT_BACKGROUND, {"p_workspace": workspace_id, "p_most": most}).scalar_one()

    def heads(self, like: str, *, group: str, now: int) -> tuple[Sequence[WaitingWorkspace], int]:
        """Return the oldest due invocation of each workspace, of the purpose and kind that one has; none if it is gone.

        `held` counts what the workers of a group run for each workspace, of whatever purpose; the second value what
        they run in all. Until the transaction ends, no other process is told the same.
        """
        if self.connection.dialect.name == "postgresql":
            self.connection.execute(select(func.pg_advisory_xact_lock(_TURNS_LOCK)))
        lane = self.connection.execute(_LANE, {"p_id": like}).one_or_none()
        if lane is None:
            return (), 0
        counted = self.connection.execute(_HELD_BY_GROUP, {"p_group": LeaseOwner.beginning(group)})
        held = {row.workspace_id: row.held for row in counted}
        wanted = {"p_purpose": lane.purpose, "p_kind": lane.kind, "p_now": now}
        heads = [
            WaitingWorkspace(row.id, row.oldest, held.get(row.id, 0), ceilings_of(row.ceilings).weight)
            for row in self.connection.execute(_HEADS, wanted)
            if row.oldest is not None
        ]
        return heads, sum(held.values())

    def count_all_open(self, workspace_id: str, kind: Kind, session_key: str | None) -> OpenCounts:
        """Count what is queued and running, for the admission of one more, in one statement."""
        wanted = {"p_workspace": workspace_id, "p_kind": kind.value, "p_session": session_key}
        return OpenCounts(*self.connection.execute(_COUNT_ALL_OPEN, wanted).one())

    def outlived(
        self, workspace_id: str, *, before: int | None, refused_before: int | None, limit: int
    ) -> Sequence[str]:
        """Return ids of invocations that ended before a moment: of those without a session, and of refused ones.

        None: they are kept. A refused call of a session that is active is left out.
        """
        found: list[str] = []
        here = select(invocations.c.id).where(invocations.c.workspace_id == workspace_id)
        over = select(sessions.c.id).where(sessions.c.status != SessionStatus.ACTIVE.value)
        alone = invocations.c.session_key.is_(None)
        # The text of the status is the index's own.
        refused: ColumnElement[bool] = literal_column("invocations.status = 'refused'")
        wanted = [
            (before, (alone,)),
            # A repeat of a call in a session that goes on is answered with its refusal.
            (refused_before, (refused, or_(alone, invocations.c.session_key.in_(over)))),
        ]
        for moment, conditions in wanted:
            if moment is not None:
                query = here.where(invocations.c.ended_at < moment, *conditions).order_by(invocations.c.ended_at)
                found += self.connection.execute(query.limit(limit)).scalars()
        return found

    def delete_all(self, invocation_ids: Sequence[str]) -> None:
        """Delete invocations with what hangs on them."""
        for table in (rehearsals, recordings):
            self.connection.execute(delete(table).where(table.c.invocation_id.in_(invocation_ids)))
        drop(self.connection, invocation_ids)
        self.connection.execute(delete(invocations).where(invocations.c.id.in_(invocation_ids)))

    def revive(self, invocation_id: str, *, now: int, deadline_at: int, attempts: int) -> bool:
        """Queue an invocation again that had failed for good, with so many more attempts; False if it had not."""
        given_up = (invocations.c.id == invocation_id, invocations.c.status.in_(_GIVEN_UP), _NOT_WAITED_FOR)
        again = update(invocations).where(*given_up).values(max_attempts=invocations.c.attempt + attempts)
        fresh = {"enqueued_at": now, "due_at": None, "deadline_at": deadline_at, "ended_at": None}
        return self._swap(again, {}, status=_QUEUED, **fresh)

    def claim(self, invocation_id: str, *, owner: str, now: int, lease_until: int) -> bool:
        """Take a queued invocation: running, one attempt more. False if it is not queued any more."""
        free = {"p_id": invocation_id, "p_now": now}
        return self._swap(_CLAIM, free, status=_RUNNING, owner=owner, lease_until=lease_until, started_at=now)

    def renew(self, invocation_id: str, *, attempt: int, lease_until: int) -> bool:
        """Lengthen the lease; False if the invocation is not this attempt's any more."""
        return self._swap(_HELD, {"p_id": invocation_id, "p_attempt": attempt}, lease_until=lease_until)

    def record(
        self,
        invocation_id: str,
        *,
        session: str | None = None,
        attempt: int,
        outcome: Outcome,
        report: RunReport | None,
        ended_at: int,
    ) -> bool:
        """Record the outcome of a running attempt; False (and nothing changed) if it is not this attempt's any more.

        `session` is our own id of its session, here and below: large variables are stored once for all its calls.
        """
        held = {"p_id": invocation_id, "p_attempt": attempt}
        columns = {**_ended(outcome, ended_at), **_NOBODY}
        return self._came(_HELD, held, _Came(invocation_id, session, outcome, report, columns, reported=True))

    def close_lost(
        self, invocation_id: str, *, session: str | None = None, attempt: int, outcome: Outcome, ended_at: int
    ) -> bool:
        """Record the outcome of a running attempt whose lease is over; False if it came back or somebody was faster."""
        lapsed = {"p_id": invocation_id, "p_attempt": attempt, "p_now": ended_at}
        ended = _Came(invocation_id, session, outcome, None, {**_ended(outcome, ended_at), **_NOBODY})
        return self._came(_LAPSED, lapsed, ended)

    def close_queued(self, invocation_id: str, *, session: str | None = None, outcome: Outcome, ended_at: int) -> bool:
        """Record the outcome of an invocation that no worker took; False if one did."""
        ended = _Came(invocation_id, session, outcome, None, _ended(outcome, ended_at))
        return self._came(_QUEUED_ONE, {"p_id": invocation_id}, ended)

    def requeue(self, invocation_id: str, *, attempt: int, enqueued_at: int) -> bool:
        """Put a running attempt whose lease is over back to queued; False if somebody was faster."""
        lapsed = {"p_id": invocation_id, "p_attempt": attempt, "p_now": enqueued_at}
        return self._swap(_LAPSED, lapsed, status=_QUEUED, enqueued_at=enqueued_at, **_NOBODY)

    def postpone(
        self, invocation_id: str, *, session: str | None = None, attempt: int, due_at: int, outcome: Outcome
    ) -> bool:
        """Put a running attempt that failed back to queued until `due_at`, with what came of it so far.

        False if it is not this attempt's now.
        """
        held = {"p_id": invocation_id, "p_attempt": attempt}
        return self._came(_HELD, held, _Came(invocation_id, session, outcome, None, _later(due_at)))

    def give_back(
        self, invocation_id: str, *, session: str | None = None, attempt: int, due_at: int, outcome: Outcome
    ) -> bool:
        """Put a running attempt that was not made back to queued until `due_at`, as if it had never been claimed.

        `outcome` says why. False if it is not this attempt's now.
        """
        # The number may come again, as it was its holder that gave it back: who else once held the row has a lower one.
        held = {"p_id": invocation_id, "p_attempt": attempt}
        later = {"started_at": None, **_later(due_at)}
        return self._came(_GIVE_BACK, held, _Came(invocation_id, session, outcome, None, later))

    def touch_queued(self, invocation_id: str, *, seen: int, enqueued_at: int) -> bool:
        """Note another wake of a queued invocation last woken at `seen`; False if somebody was faster."""
        still = _QUEUED_ONE.where(invocations.c.enqueued_at == seen)
        return self._swap(still, {"p_id": invocation_id}, enqueued_at=enqueued_at)

    def stale_queued(self, *, enqueued_before: int, now: int, limit: int) -> Sequence[Invocation]:
        """Return queued invocations whose last wake is long ago, or that are due and were not woken yet.

        Here and below without what may be large: without params, session, report and outcome.
        """
        return self._some(_STALE, p_before=enqueued_before, p_now=now, p_limit=limit)

    def overdue_queued(self, *, deadline_before: int, limit: int) -> Sequence[Invocation]:
        """Return queued invocations whose deadline has passed."""
        return self._some(_OVERDUE, p_before=deadline_before, p_limit=limit)

    def lost_running(self, *, lease_before: int, limit: int) -> Sequence[Invocation]:
        """Return running invocations whose lease is over."""
        return self._some(_LOST, p_before=lease_before, p_limit=limit)

    def _swap(self, fenced: Update, fence: Mapping[str, Any], **values: Any) -> bool:
        """Set columns of the one row that a statement's conditions fit; False if there is none."""
        return self.connection.execute(fenced, {**fence, **values}).rowcount == 1

    def _count(self, *conditions: ColumnElement[bool]) -> int:
        return self.connection.execute(select(func.count()).select_from(invocations).where(*conditions)).scalar_one()

    def _some(self, query: Select[Any], **wanted: int) -> Sequence[Invocation]:
        return [bare_invocation(row) for row in self.connection.execute(query, wanted)]

    def _one(self, rows: Sequence[Row[Any]]) -> Invocation | None:
        return next(iter(invocations_of(self.connection, rows)), None)

    def _came(self, fenced: Update, fence: Mapping[str, Any], came: "_Came") -> bool:
        """Write what an invocation came to, if the row is as its fence says; then what of it stands apart."""
        found, variables = outcome_columns(came.invocation_id, came.outcome, came.report, came.session)
        columns = {name: value for name, value in found.columns.items() if name != "report" or came.reported}
        if not self._swap(fenced, fence, **came.columns, **columns):
            return False
        put(self.connection, found.apart)
        put(self.connection, variables, once=True)
        return True


@dataclass(frozen=True, slots=True)
class _Came:
    """What an invocation came to, and the other columns that are written with it."""

    invocation_id: str
    #: Our own id of its session, if it has one.
    session: str | None
    outcome: Outcome
    report: RunReport | None
    columns: Mapping[str, Any]
    #: Whether the report takes the place of what is there: of an earlier attempt, if this one left none.
    reported: bool = False


def _listed(query: Select[Any], workspace_id: str, where: InvocationFilter, page: PageRequest) -> Select[Any]:
    if where.session is None:
        query = query.where(invocations.c.workspace_id == workspace_id)
    else:
        # A session is a workspace's own; told of that as well, SQLite goes through all of the workspace's invocations.
        one = select(sessions.c.id).where(
            sessions.c.workspace_id == workspace_id, sessions.c.session_id == where.session
        )
        query = query.where(invocations.c.session_key == one.scalar_subquery())
    if where.agents is not None:
        theirs = select(sessions.c.id).where(
            sessions.c.id == invocations.c.session_key, sessions.c.agent.in_(where.agents)
        )
        query = query.where(theirs.exists())
    for name in ("function", "phase", "status", "principal"):
        wanted = getattr(where, name)
        if wanted is not None:
            query = query.where(invocations.c[name] == wanted)
    if page.cursor is not None:
        query = query.where(invocations.c.id < page.cursor)
    return query.order_by(invocations.c.id.desc()).limit(page.limit)


def _line_of(row: Row[Any]) -> InvocationLine:
    columns = {name: getattr(row, name) for name in InvocationLine.__slots__}
    kinds = {"purpose": Purpose, "phase": Phase, "kind": Kind, "status": InvocationStatus}
    return InvocationLine(**columns | {name: kind(columns[name]) for name, kind in kinds.items()})


def _listed_of(row: Row[Any]) -> ListedInvocation:
    rest = {name: getattr(row, name) for name in ListedInvocation.__slots__ if name != "line"}
    return ListedInvocation(line=_line_of(row), **rest)


def _glance(rows: Sequence[Row[Any]]) -> RunsAtAGlance:
    took = [
        row.ended_at - row.started_at
        for row in rows
        if InvocationStatus(row.status).ok and None not in (row.started_at, row.ended_at)
    ]
    return RunsAtAGlance(
        last_status=InvocationStatus(rows[-1].status),
        last_at=rows[-1].created_at,
        p50_ms=median_low(took) if took else None,
        counted=len(took),
    )


def _later(due_at: int) -> dict[str, Any]:
    return {"status": _QUEUED, "due_at": due_at, "enqueued_at": due_at, **_NOBODY}


def _ended(outcome: Outcome, ended_at: int) -> dict[str, Any]:
    return {"status": outcome.status.value, "ended_at": ended_at}
