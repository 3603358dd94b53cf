"""Admit a call: check it, commit its row, wake a worker. Nothing runs here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from midcall.domain.errors import (
    Conflict,
    Fault,
    Forbidden,
    InvalidInput,
    NotApproved,
    NotPublished,
    QueueFull,
    QueueUnavailable,
)
from midcall.domain.function import Function, Version, VersionStatus
from midcall.domain.function_config import FunctionConfig, Kind
from midcall.domain.invocation import Invocation, Outcome, Purpose
from midcall.domain.mock import Rehearsal
from midcall.domain.parameters import masked
from midcall.domain.phases import Phase
from midcall.domain.places import places_of
from midcall.domain.preview import preview
from midcall.domain.shares import may_take
from midcall.service.access.access import Caller, check_agent, check_maker, readable
from midcall.service.ports import Queue
from midcall.service.runs.outcome import refused, refused_by_gate
from midcall.service.runs.phases import BACKGROUND_PATIENCE_MS
from midcall.service.schemas.refusals import faults_as_text
from midcall.service.schemas.schemas import fitting_params
from midcall.storage.database import Storage, Transaction
from midcall.storage.functions import Called
from midcall.storage.listings import InvocationFilter, ListedInvocation, PageRequest

#: Calls of one session that may be queued or running at once.
MAX_OPEN_CALLS = 50


@dataclass(frozen=True, slots=True)
class InvocationRequest:
    """One call as it came in. `version` None means: the published one (live), the latest approved one (test)."""

    id: str
    function: str
    purpose: Purpose
    params: Mapping[str, Any]
    session: Mapping[str, Any]
    phase: Phase = Phase.DURING_SESSION
    environment: str = "production"
    version: int | None = None
    trace_id: str | None = None
    #: Of tests alone.
    rehearsal: Rehearsal | None = None
    #: Not to run past this moment, however long the version's own timeout is.
    deadline_at: int | None = None


@dataclass(frozen=True, slots=True)
class Invocations:
    """Use cases of invocations."""

    storage: Storage
    queue: Queue
    clock: Callable[[], int]
    #: Calls that may wait in all, over all workspaces; more get QueueFull.
    max_queued: int
    #: Attempts of a replayed run.
    background_attempts: int

    def admit(self, caller: Caller, call: InvocationRequest) -> Invocation:
        """Commit an invocation, then wake a worker for it.

        Where the parameters do not fit, the invocation returned is final (`refused`) already. Raises NotFound,
        NotPublished, NotApproved, QueueFull, and InvalidInput where a webhook is to be rehearsed. If Redis is away the
        row waits for the sweep: accepted is accepted.
        """
        refuse_limited(caller)
        with self.storage.read() as tx:
            called = _called(tx, caller.workspace_id, call)
        if call.rehearsal is not None:
            _check_rehearsal(call.rehearsal, called.version)
        invocation = self._prepared(caller, call, called)
        with self.storage.write() as tx:
            if invocation.outcome is None:
                check_room(tx, caller, invocation, max_queued=self.max_queued)
            invocation = add(tx, invocation, now=self.clock())
            if call.rehearsal is not None:
                tx.rehearsals.plan(invocation.id, call.rehearsal)
        if not invocation.final:
            wake(self.queue, invocation)
        return invocation

    def find(self, caller: Caller, invocation_id: str) -> Invocation:
        """Read one invocation; with a key that is limited to agents one of their sessions."""
        with self.storage.read() as tx:
            found = tx.invocations.get(caller.workspace_id, invocation_id)
            session = None if found.session_key is None else tx.sessions.by_key(found.session_key)
            if session is None:
                refuse_limited(caller)
            else:
                check_agent(caller, session.agent)
            check_maker(caller, found.principal)
            return _shown(tx, found)

    def page(self, caller: Caller, where: InvocationFilter, page: PageRequest) -> list[ListedInvocation]:
        """List invocations that the caller may read, newest first, with a preview of what is large."""
        with self.storage.read() as tx:
            return list(tx.invocations.page(caller.workspace_id, readable(caller, where), page))

    def replay(self, caller: Caller, invocation_id: str) -> Invocation:
        """Queue a background run again that failed for good; raises Conflict for any other."""
        refuse_limited(caller)
        now = self.clock()
        with self.storage.write() as tx:
            invocation = tx.invocations.get(caller.workspace_id, invocation_id)
            patience = now + BACKGROUND_PATIENCE_MS
            revived = tx.invocations.revive(
                invocation.id, now=now, deadline_at=patience, attempts=self.background_attempts
            )
            if not revived:
                raise Conflict("only a background or post-session run that has failed for good can be replayed")
            tx.audit.add(
                workspace_id=caller.workspace_id,
                at=now,
                principal=caller.principal,
                key_id=caller.key.id,
                act="invocation.replay",
                subject=invocation.id,
                function_id=invocation.function_id,
                detail={"version": invocation.version, "sha256": invocation.sha256},
            )
            invocation = tx.invocations.get(caller.workspace_id, invocation_id)
            shown = _shown(tx, invocation)
        wake(self.queue, invocation)
        return shown

    def _prepared(self, caller: Caller, call: InvocationRequest, called: Called) -> Invocation:
        config, locale = called.version.config, called.settings.locale
        params, faults = fitting_params(config.parameters, call.params, _variables_of(call), locale)
        asked, session = asked_preview(config, params, call.session), call.session
        outcome: Outcome | None = None
        if faults:
            outcome = refused(faults_as_text(faults))
        elif config.requires and call.purpose is Purpose.LIVE:
            # Without a session nothing has vouched for anybody: every gate is closed.
            outcome = refused_by_gate(config.requires[0])
        if outcome is not None:
            params = dict(kept_of_refused(asked, params))
            session = {name: session[name] for name in ("sessionId",) if isinstance(session.get(name), str)}
        now = self.clock()
        deadline_at = now + config.timeout * 1000
        queued = Invocation.queued(
            call.id,
            called.function.name,
            called.version,
            call.purpose,
            call.phase,
            workspace_id=caller.workspace_id,
            environment=call.environment,
            principal=caller.principal,
            now=now,
            deadline_at=deadline_at if call.deadline_at is None else min(deadline_at, call.deadline_at),
        )
        return replace(queued, params=params, asked=asked, session=session, trace_id=call.trace_id, outcome=outcome)


def wake(queue: Queue, invocation: Invocation) -> None:
    """Wake a worker for a committed invocation."""
    try:
        queue.enqueue(invocation)
    except QueueUnavailable:
        # The row is committed: the sweep wakes a worker for it as soon as Redis is back.
        return


def add(tx: Transaction, invocation: Invocation, *, now: int) -> Invocation:
    """Store a queued invocation; a refusal that it has already is recorded like any outcome, in the same transaction.

    Returns it as it then is.
    """
    tx.invocations.add(invocation)
    outcome = invocation.outcome
    if outcome is None:
        return invocation
    tx.invocations.close_queued(invocation.id, session=invocation.session_key, outcome=outcome, ended_at=now)
    return replace(invocation, status=outcome.status, ended_at=now)


def refuse_limited(caller: Caller) -> None:
    """Raise Forbidden for a key that may use its agents' sessions alone."""
    if caller.key.agents:
        raise Forbidden("this key is limited to named agents; it may use their sessions alone")


def _check_rehearsal(rehearsal: Rehearsal, version: Version) -> None:
    """Raise InvalidInput for a function that calls no actions: what it sends would go out all the same."""
    if version.config.kind is not Kind.CODE:
        name = next(name for name in ("mocks", "record", "dry") if getattr(rehearsal, name))
        raise InvalidInput(faults=[Fault(name, "is for functions of kind code; a webhook calls no actions")])


def _shown(tx: Transaction, invocation: Invocation) -> Invocation:
    """Mask the sensitive parameters of an invocation that is shown."""
    config = tx.functions.version(invocation.function_id, invocation.version).config
    return replace(invocation, params=masked(places_of(config.parameters), invocation.params))


def asked_preview(
    config: FunctionConfig, params: Mapping[str, Any], session: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """Return what lists show of what was asked: of parameters no more than a beginning, the sensitive ones masked.

    `session` is the body that a call without a stored session brought along; its id is shown.
    """
    shown = preview({"params": masked(places_of(config.parameters), params)})
    sent = (session or {}).get("sessionId")
    return {**shown, "session": sent} if isinstance(sent, str) else shown


def _variables_of(call: InvocationRequest) -> Mapping[str, Any]:
    variables = call.session.get("dynamicVariables")
    return variables if isinstance(variables, Mapping) else {}


def kept_of_refused(asked: Mapping[str, Any], params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is kept of the parameters of a call that was refused: those that a list shows, if it shows them all.

    Refusing costs next to nothing; storing a megabyte each time would not.
    """
    return {} if asked["cut"] else params


def check_room(
    tx: Transaction, caller: Caller, invocation: Invocation, *, max_queued: int, session: str | None = None
) -> None:
    """Raise QueueFull where the workspace has all in flight that it may, or its share of the places in the queue.

    Also where a session, named by our own id, has too many calls open.
    """
    # Locked, so that calls arriving together are counted one after the other, on PostgreSQL too.
    workspace, kind = tx.workspaces.get(caller.workspace_id, lock=True), invocation.kind
    open_now = tx.invocations.count_all_open(workspace.id, kind, session)
    if open_now.session >= MAX_OPEN_CALLS:
        # Background calls are answered at once: nothing else would slow an agent down that makes them without end.
        raise QueueFull(f"{MAX_OPEN_CALLS} calls of this session are open already; wait for one to complete")
    if invocation.purpose is Purpose.BACKGROUND:
        most = workspace.ceilings.max_background
        if tx.invocations.count_open_background(workspace.id, most=most) >= most:
            raise QueueFull(f"{most} background calls of this workspace are open already; wait for some to complete")
        return
    limit = workspace.max_in_flight(kind)
    if open_now.workspace >= limit:
        raise QueueFull(f"{limit} calls of this workspace are in flight already; try again shortly")
    own, free = open_now.queued_own, max_queued - open_now.queued
    if free <= 0:
        raise QueueFull
    if not may_take(held=own, free=free, weight=workspace.ceilings.weight) and tx.workspaces.several():
        raise QueueFull(f"{own} calls of this workspace wait already, and others need room too; try again shortly")


def check_status(version: Version) -> None:
    """Raise NotApproved for a version that is not."""
    if version.status is not VersionStatus.APPROVED:
        raise NotApproved(f"version {version.number} is {version.status}; submit it for review first")


def _called(tx: Transaction, workspace_id: str, call: InvocationRequest) -> Called:
    """Read what a call names; raises NotFound, NotPublished or NotApproved."""
    found = None
    if call.version is None and call.purpose is not Purpose.TEST:
        found = tx.functions.called_by_name(workspace_id, call.function, call.environment)
    if found is None:
        function = tx.functions.get(workspace_id, call.function)
        found = tx.functions.called(function.id, _number(tx, function, call))
    check_status(found.version)
    return found


def _number(tx: Transaction, function: Function, call: InvocationRequest) -> int:
    number = call.version
    if number is None and call.purpose is Purpose.TEST:
        number = tx.functions.latest_approved(function.id)
        if number is None:
            raise NotApproved(f"no version of {function.name} is approved; submit one for review first")
    elif number is None:
        number = function.published.get(call.environment)
        if number is None:
            raise NotPublished(
                f"no version of {function.name} is published in {call.environment}; publish an approved one first"
            )
    return number
