"""Admit a call that the agent makes during its session: attachment, gates, parameters, the same call twice."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from midcall.domain.agent import Pin
from midcall.domain.errors import Fault, IdempotencyMismatch, NotFound, SessionOver
from midcall.domain.events import Event, EventName, started_data
from midcall.domain.function import Version
from midcall.domain.function_config import FunctionConfig
from midcall.domain.gates import PastRun, closed_gate
from midcall.domain.invocation import Invocation, Outcome, Purpose
from midcall.domain.jsonvalue import digest
from midcall.domain.phases import Phase
from midcall.domain.redaction import Redaction
from midcall.domain.run_status import ACCEPTED, InvocationStatus
from midcall.domain.session import Session, SessionStatus
from midcall.domain.speech import spoken
from midcall.domain.variables import Variable, values
from midcall.service.access.access import Caller, check_agent
from midcall.service.claimed_run import effective, redaction_of
from midcall.service.ports import Queue
from midcall.service.runs.mask import told_of
from midcall.service.runs.outcome import outcome_document, refused, refused_by_gate
from midcall.service.runs.phases import BACKGROUND_PATIENCE_MS, Phases
from midcall.service.runs.session_events import note
from midcall.service.runs.submit import add, asked_preview, check_room, kept_of_refused
from midcall.service.schemas.refusals import faults_as_text
from midcall.service.schemas.schemas import fitting_params
from midcall.storage.database import Storage, Transaction

#: Runs that gates look at, the latest: each may have a megabyte, and others wait meanwhile.
MAX_GATE_RUNS = 50


@dataclass(frozen=True, slots=True)
class SessionCall:
    """One call as it came in; `overrides` are fields of the session body that it brought along (transcript, call)."""

    id: str
    session_id: str
    function: str
    params: Mapping[str, Any]
    overrides: Mapping[str, Any]
    idempotency_key: str | None = None
    trace_id: str | None = None

    @property
    def digest(self) -> str:
        """Digest of what is asked, to tell a repeat from another call."""
        return digest({"function": self.function, "params": dict(self.params)})


@dataclass(frozen=True, slots=True)
class SessionCalls:
    """Use cases of calls during a session."""

    storage: Storage
    queue: Queue
    phases: Phases
    clock: Callable[[], int]
    max_queued: int

    def admit(self, caller: Caller, call: SessionCall) -> Invocation:
        """Commit an invocation and wake a worker for it; a repeat gives the invocation that exists.

        Final already where a gate is closed or a parameter does not fit (`refused`). Raises NotFound, SessionOver,
        IdempotencyMismatch, QueueFull.
        """
        checked = self._checked(caller, call)
        with self.storage.write() as tx:
            session = tx.sessions.get(caller.workspace_id, call.session_id, lock=True)
            check_agent(caller, session.agent)
            known = _known(tx, session, call)
            if known is not None:
                return known
            if checked is None or checked.session != session.id or checked.variables != session.variables:
                # Something has changed a variable since, which parameters may be filled from.
                checked = _check(tx, session, call)
            now = self.clock()
            invocation = self._prepared(tx, caller, call, session, checked, now)
            if invocation.outcome is None:
                check_room(tx, caller, invocation, max_queued=self.max_queued, session=session.id)
            session = replace(session, updated_at=now)
            tx.sessions.replace(session)
            invocation = self._store(tx, session, invocation, checked)
        if not invocation.final:
            self.phases.wake([invocation])
        self.queue.announce(session.id)
        return invocation

    def accepted(self, invocation: Invocation) -> dict[str, Any]:
        """Write the answer to a call that runs in the background: accepted, and what to say meanwhile."""
        with self.storage.read() as tx:
            version = tx.functions.version(invocation.function_id, invocation.version)
            session = tx.sessions.by_key(invocation.session_key or "")
        message = effective(version.config, session, invocation).messages.returned
        variables = values(session.variables) if session else {}
        outcome = Outcome(InvocationStatus.QUEUED, message=message, variables=variables)
        return outcome_document(invocation, outcome) | {"status": ACCEPTED}

    def answer(self, event: Event) -> Event:
        """Return a `completed` event as its caller is answered: exact, where what is on record is masked."""
        with self.storage.read() as tx:
            invocation = tx.invocations.find(event.data["invocation_id"])
        if invocation is None or invocation.outcome is None:
            return event
        return replace(event, data={**event.data, **outcome_document(invocation, invocation.outcome)})

    def _checked(self, caller: Caller, call: SessionCall) -> "_Checked | None":
        """Check a call before its session is locked: others wait for that lock, in SQLite all who write."""
        with self.storage.read() as tx:
            session = tx.sessions.get(caller.workspace_id, call.session_id)
            check_agent(caller, session.agent)
            try:
                return _check(tx, session, call)
            except NotFound:
                # Whether the session is over, or the call a repeat, is said first.
                return None

    def _prepared(
        self, tx: Transaction, caller: Caller, call: SessionCall, session: Session, checked: "_Checked", now: int
    ) -> Invocation:
        version, config = checked.version, checked.version.config
        outcome = _refusal(tx, session, config, checked)
        timeout = checked.pin.timeout or config.timeout
        params, overrides = checked.params, call.overrides
        if outcome is not None:
            params, overrides = kept_of_refused(checked.asked, params), {}
        queued = Invocation.queued(
            call.id,
            call.function,
            version,
            Purpose.BACKGROUND if config.background else Purpose.LIVE,
            Phase.DURING_SESSION,
            workspace_id=session.workspace_id,
            environment=session.environment,
            principal=caller.principal,
            now=now,
            deadline_at=now + (BACKGROUND_PATIENCE_MS if config.background else timeout * 1000),
        )
        return replace(
            queued.in_session(session, checked.position),
            params=params,
            asked=checked.asked,
            session=dict(overrides),
            trace_id=call.trace_id,
            idempotency_key=call.idempotency_key,
            request_digest=checked.digest,
            outcome=outcome,
        )

    def _store(self, tx: Transaction, session: Session, invocation: Invocation, checked: "_Checked") -> Invocation:
        invocation = add(tx, invocation, now=invocation.created_at)
        if invocation.outcome is not None:
            told = told_of(invocation, invocation.outcome, checked.redaction)
            data = told | {"phase": invocation.phase.value}
            note(tx, session, EventName.COMPLETED, invocation.created_at, data)
        else:
            started = started_data(invocation, spoken(checked.version.config, checked.pin.messages))
            tx.events.add(session.id, EventName.STARTED, invocation.created_at, started)
        return invocation


@dataclass(frozen=True, slots=True)
class _Checked:
    """A call whose function was found and whose parameters were checked against a session's variables."""

    session: str
    variables: Mapping[str, Variable]
    position: int
    pin: Pin
    version: Version
    params: Mapping[str, Any]
    faults: Sequence[Fault]
    asked: Mapping[str, Any]
    redaction: Redaction
    digest: str


def _check(tx: Transaction, session: Session, call: SessionCall) -> _Checked:
    position, pin = _attached(session, call.function)
    version = tx.functions.version(pin.function_id, pin.version)
    config = version.config
    locale = tx.workspaces.get(session.workspace_id).settings.locale
    params, faults = fitting_params(config.parameters, call.params, values(session.variables), locale)
    asked = asked_preview(config, params)
    redaction = redaction_of(config.parameters, params)
    return _Checked(
        session.id, session.variables, position, pin, version, params, faults, asked, redaction, call.digest
    )


def _known(tx: Transaction, session: Session, call: SessionCall) -> Invocation | None:
    """Find the call that came with the same key before; a session that is over refuses all others."""
    if call.idempotency_key is not None:
        known = tx.invocations.by_idempotency_key(session.id, call.idempotency_key)
        if known is not None and known.request_digest != call.digest:
            raise IdempotencyMismatch
        if known is not None:
            return known
    if session.status is not SessionStatus.ACTIVE:
        raise SessionOver(f"this session is {session.status}; no function can be called in it")
    if not session.pre_done:
        raise SessionOver("this session is still starting; wait for the answer to POST /v1/sessions")
    return None


def _attached(session: Session, function: str) -> tuple[int, Pin]:
    for position, pin in enumerate(session.pins_of(Phase.DURING_SESSION)):
        if pin.function == function:
            return position, pin
    raise NotFound(f"no function named {function!r:.80} is attached to this session's agent during the session")


def _refusal(tx: Transaction, session: Session, config: FunctionConfig, checked: _Checked) -> Outcome | None:
    """Say why the call is refused without touching the function, or None."""
    now = values(session.variables)
    if checked.faults:
        return replace(refused(faults_as_text(checked.faults)), variables=now)
    if not config.requires:
        return None
    runs = [
        PastRun(run.function, run.params, run.outcome.set_variables)
        for run in tx.invocations.succeeded(
            session.id, {gate.function for gate in config.requires}, limit=MAX_GATE_RUNS
        )
        if run.outcome is not None
    ]
    gate = closed_gate(config.requires, checked.params, runs, session.variables)
    if gate is None:
        return None
    return replace(refused_by_gate(gate), variables=now)
