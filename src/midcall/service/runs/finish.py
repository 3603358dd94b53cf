"""Record what an invocation came to, and what follows from it, in one transaction.

Whoever ends an invocation (the worker that ran it, the sweep that found it lost) comes through here: the outcome is
recorded if the attempt is still the one that ended, the session's variables are merged into the session as it now is,
events are written, and the next function of the phase is queued. Either all of it is committed or nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from midcall.domain.errors import NotFound, SandboxLost
from midcall.domain.events import EventName
from midcall.domain.invocation import Invocation, Outcome, Purpose
from midcall.domain.phases import Phase
from midcall.domain.redaction import NOTHING, Redaction
from midcall.domain.run import RunError, RunReport
from midcall.domain.run_status import InvocationStatus
from midcall.domain.session import Session
from midcall.domain.variables import TooManyVariables, merge, set_by, values
from midcall.service.claimed_run import redaction_of
from midcall.service.ports import Queue
from midcall.service.runs.content import DEFAULT_ERROR_MESSAGE
from midcall.service.runs.mask import on_record, told_of, told_variables
from midcall.service.runs.outcome import outcome_document
from midcall.service.runs.phases import Phases
from midcall.service.runs.session_events import note
from midcall.storage.database import Storage, Transaction

#: A background run of which nobody knows what became (its worker or its pool was lost) is made again, even where a
#: failing one is not tried again; but code that takes its worker down with it does so this often at most.
LOST_ATTEMPTS = 3

#: Says in the database that the invocation has come to an end; False if somebody was faster.
Close = Callable[[Transaction, Outcome], bool]


@dataclass(frozen=True, slots=True)
class Finish:
    """The use case that records how an invocation ended, and whatever follows from it."""

    storage: Storage
    queue: Queue
    phases: Phases
    clock: Callable[[], int]

    def attempt(self, invocation: Invocation, outcome: Outcome, report: RunReport | None) -> bool:
        """End the attempt that a worker made; False if it was not its own any more, and nothing changed."""

        def close(tx: Transaction, final: Outcome) -> bool:
            held = tx.invocations.record(
                invocation.id,
                session=invocation.session_key,
                attempt=invocation.attempt,
                outcome=final,
                report=report,
                ended_at=self.clock(),
            )
            recording = report.recording if report else None
            # Only a run before this one can have left another.
            if held and (recording is not None or invocation.attempt > 1):
                tx.rehearsals.keep(invocation.id, recording)
            return held

        due_at = self._try_again_at(invocation, outcome)
        shown = None if due_at is not None else self._shown(invocation, outcome)
        with self.storage.write() as tx:
            session = _session(tx, invocation)
            if due_at is not None:
                kept = tx.invocations.postpone(
                    invocation.id,
                    session=invocation.session_key,
                    attempt=invocation.attempt,
                    due_at=due_at,
                    outcome=outcome,
                )
                woken = self.phases.go_on(tx, session, invocation) if kept and session else ()
            else:
                kept, woken = self._end(tx, session, invocation, outcome, close, shown)
        return self._tell(invocation, kept, woken)

    def not_run(self, invocation: Invocation, outcome: Outcome) -> bool:
        """End an attempt for which there was no sandbox; False as above.

        Where nobody waits it is given back, as if it had never been claimed, and due again a little later, for as long
        as its deadline leaves time: it uses up no attempt, and nobody is told. `outcome` is why it waits, and what it
        comes to where it cannot wait any more.
        """
        due_at = self.clock() + self.phases.wait_ms(self.clock() - invocation.created_at)
        if invocation.purpose is not Purpose.BACKGROUND or due_at >= invocation.deadline_at:
            return self.attempt(invocation, outcome, None)
        with self.storage.write() as tx:
            return tx.invocations.give_back(
                invocation.id,
                session=invocation.session_key,
                attempt=invocation.attempt,
                due_at=due_at,
                outcome=outcome,
            )

    def lost(self, invocation: Invocation, outcome: Outcome) -> bool:
        """End a running invocation whose lease is over; False if it came back, or its session was deleted."""

        def close(tx: Transaction, final: Outcome) -> bool:
            return tx.invocations.close_lost(
                invocation.id,
                session=invocation.session_key,
                attempt=invocation.attempt,
                outcome=final,
                ended_at=self.clock(),
            )

        kept, woken = self._given_up(invocation, outcome, close)
        return self._tell(invocation, kept, woken)

    def unstarted(self, invocation: Invocation, outcome: Outcome) -> bool:
        """End a queued invocation that no worker took; False if one just did, or its session was deleted.

        Nobody is woken for it: whoever waits closed it, or looks every second, and the queue may be what is away.
        """

        def close(tx: Transaction, final: Outcome) -> bool:
            return tx.invocations.close_queued(
                invocation.id, session=invocation.session_key, outcome=final, ended_at=self.clock()
            )

        kept, woken = self._given_up(invocation, outcome, close)
        self.phases.wake(woken)
        return kept

    def _given_up(self, invocation: Invocation, outcome: Outcome, close: Close) -> tuple[bool, Sequence[Invocation]]:
        """End an invocation that no worker will end; one that went with its session must not hold up a sweep."""
        try:
            shown = self._shown(invocation, outcome)
            with self.storage.write() as tx:
                return self._end(tx, _session(tx, invocation), invocation, outcome, close, shown)
        except NotFound:
            return False, ()

    def _end(
        self,
        tx: Transaction,
        session: Session | None,
        invocation: Invocation,
        outcome: Outcome,
        close: Close,
        shown: "_Shown | None",
    ) -> tuple[bool, Sequence[Invocation]]:
        if session is None or shown is None:
            return close(tx, outcome), ()
        outcome = _dead(invocation, outcome)
        before = session
        session, outcome = self._merged(session, invocation, outcome)
        if not close(tx, outcome):
            return False, ()
        if session is not before:
            tx.sessions.replace(session)
        self._note(tx, session, invocation, outcome, shown)
        return True, self.phases.follow(tx, session, invocation, outcome)

    def _shown(self, invocation: Invocation, outcome: Outcome) -> "_Shown | None":
        """Mask what a session's events tell of an outcome: it may be large, and nobody else is to wait for it."""
        if invocation.session_key is None:
            return None
        with self.storage.read() as tx:
            redaction = _redaction(tx, invocation)
        own = replace(outcome, variables=outcome.set_variables)
        told = on_record(outcome_document(invocation, own), redaction)
        return _Shown(outcome, redaction, told)

    def _merged(self, session: Session, invocation: Invocation, outcome: Outcome) -> tuple[Session, Outcome]:
        """Merge what was set into the session as it is now: calls side by side both keep their variables."""
        set_now = outcome.set_variables
        now = self.clock()
        try:
            variables = merge(session.variables, set_now, source=set_by(invocation.function), at=now)
        except TooManyVariables as error:
            # What it decided stands: a guard that says "terminate" is heard whatever else it set.
            failure = RunError("too_many_variables", str(error))
            outcome = replace(outcome, status=InvocationStatus.FAILED, result=None, changed=(), error=failure)
            message = outcome.message or DEFAULT_ERROR_MESSAGE
            return session, replace(outcome, variables=values(session.variables), message=message)
        changed = replace(session, variables=variables, updated_at=now) if set_now else session
        return changed, replace(outcome, variables=values(variables))

    def _note(
        self, tx: Transaction, session: Session, invocation: Invocation, outcome: Outcome, shown: "_Shown"
    ) -> None:
        now = self.clock()
        told = shown.of(invocation, outcome)
        source = set_by(invocation.function)
        set_now = [
            {"name": name, "value": told["dynamicVariables"][name], "source": source} for name in outcome.changed
        ]
        tx.events.add_all(session.id, EventName.VARIABLE, now, set_now)
        note(tx, session, EventName.COMPLETED, now, told | {"phase": invocation.phase.value})

    def _try_again_at(self, invocation: Invocation, outcome: Outcome) -> int | None:
        lost = outcome.error is not None and outcome.error.type == SandboxLost.code
        attempts = attempts_if_lost(invocation) if lost else invocation.max_attempts
        if invocation.purpose is not Purpose.BACKGROUND or not outcome.status.tried_again:
            return None
        due_at = self.clock() + self.phases.delay_ms(_nth(invocation, self.phases.attempts))
        return due_at if invocation.attempt < attempts and due_at < invocation.deadline_at else None

    def _tell(self, invocation: Invocation, kept: bool, woken: Sequence[Invocation]) -> bool:  # noqa: FBT001
        """Wake who waits, now that it is committed."""
        self.phases.wake(woken)
        if kept:
            self.queue.announce(invocation.id)
            if invocation.session_key:
                self.queue.announce(invocation.session_key)
        return kept


@dataclass(frozen=True, slots=True)
class _Shown:
    """An outcome as it is told, masked, with the variables alone that it set."""

    outcome: Outcome
    redaction: Redaction
    told: Mapping[str, Any]

    def of(self, invocation: Invocation, final: Outcome) -> dict[str, Any]:
        """Tell what was recorded in the end: with the session's other variables, unless they are many."""
        if (final.result, final.error, final.changed) != (
            self.outcome.result,
            self.outcome.error,
            self.outcome.changed,
        ):
            return told_of(invocation, final, self.redaction)
        own = self.told["dynamicVariables"]
        others = {name: value for name, value in told_variables(final).items() if name not in own}
        variables = {**self.redaction.value(others), **own}
        return {**self.told, "status": final.status.value, "message": final.message, "dynamicVariables": variables}


def attempts_if_lost(invocation: Invocation) -> int:
    """Return how often an invocation may be begun, its lost attempts included."""
    background = invocation.purpose is Purpose.BACKGROUND
    return max(invocation.max_attempts, LOST_ATTEMPTS) if background else invocation.max_attempts


def _nth(invocation: Invocation, attempts: int) -> int:
    """Say which attempt of its series this was, from 1: a replay begins another series."""
    begun = invocation.max_attempts - attempts
    return invocation.attempt - begun if 0 < begun < invocation.attempt else invocation.attempt


def _session(tx: Transaction, invocation: Invocation) -> Session | None:
    if invocation.session_key is None:
        return None
    session = tx.sessions.by_key(invocation.session_key, lock=True)
    if session is None:
        raise NotFound("the session was deleted while its function ran")
    return session


def _redaction(tx: Transaction, invocation: Invocation) -> Redaction:
    if not invocation.params:
        return NOTHING
    version = tx.functions.version(invocation.function_id, invocation.version)
    return redaction_of(version.config.parameters, invocation.params)


def _dead(invocation: Invocation, outcome: Outcome) -> Outcome:
    """Park a post-session function that failed for the last time: it can be replayed from there."""
    if invocation.phase is Phase.POST_SESSION and outcome.status.tried_again:
        return replace(outcome, status=InvocationStatus.DEAD)
    return outcome
