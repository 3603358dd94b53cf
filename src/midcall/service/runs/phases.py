"""What comes next in a session: which function is queued once another one has ended.

Pre-session functions run one after the other, since each sees the variables of those before it. Post-session functions
are started in order, and a failing one does not hold up the next.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from midcall.domain.agent import OnFailure, Pin
from midcall.domain.errors import QueueUnavailable
from midcall.domain.events import EventName, started_data
from midcall.domain.ids import new_id
from midcall.domain.invocation import Invocation, Outcome, Purpose
from midcall.domain.phases import Phase
from midcall.domain.session import Session, SessionStatus
from midcall.domain.speech import SILENT
from midcall.service.ports import Queue
from midcall.service.runs.session_events import note
from midcall.storage.database import Transaction

#: Post-session functions and background calls that wait for a worker this long are given up.
BACKGROUND_PATIENCE_MS = 7 * 24 * 3600 * 1000
#: What could not be run for want of a sandbox waits as long again as it has waited so far, between these: a pool that
#: was killed is back in two seconds, and hundreds of runs that wait for an Engine should not keep the database busy.
FIRST_WAIT_MS, LONGEST_WAIT_MS = 1_000, 15_000
#: A retry's delay is drawn from this part of the planned one to all of it, so that failures do not march in step.
JITTER = 0.5


@dataclass(frozen=True, slots=True)
class Phases:
    """Queues what comes next."""

    queue: Queue
    clock: Callable[[], int]
    #: Delays between the attempts of a background run; its attempts are one more.
    delays_ms: tuple[int, ...]

    @property
    def attempts(self) -> int:
        """Attempts of a post-session function, and of a replay."""
        return 1 + len(self.delays_ms)

    def delay_ms(self, attempt: int) -> int:
        """Draw the delay after attempt number `attempt`, from 1."""
        return _drawn(self.delays_ms[min(attempt, len(self.delays_ms)) - 1])

    def wait_ms(self, waited_ms: int) -> int:
        """Draw the delay of what could not be run yet, `waited_ms` after it came."""
        return _drawn(min(max(waited_ms, FIRST_WAIT_MS), LONGEST_WAIT_MS))

    def begin_pre(self, tx: Transaction, session: Session) -> tuple[Session, Sequence[Invocation]]:
        """Queue the first pre-session function of a new session, or say that the phase is over."""
        return self._pre_next(tx, session, 0)

    def begin_post(self, tx: Transaction, session: Session) -> tuple[Session, Sequence[Invocation]]:
        """Queue the first post-session function of an ended session, once."""
        if session.post_started:
            return session, ()
        session = replace(session, post_started=True)
        tx.sessions.replace(session)
        return session, self._post_next(tx, session, 0)

    def follow(self, tx: Transaction, session: Session, ended: Invocation, outcome: Outcome) -> Sequence[Invocation]:
        """Queue what follows a function that came to its outcome."""
        if ended.phase is Phase.PRE_SESSION and ended.position is not None and not session.pre_done:
            return self._after_pre(tx, session, ended.position, outcome)
        return self.go_on(tx, session, ended)

    def go_on(self, tx: Transaction, session: Session, ended: Invocation) -> Sequence[Invocation]:
        """Queue the next post-session function after the first attempt of one, however that went."""
        if ended.phase is not Phase.POST_SESSION or ended.position is None:
            return ()
        follower = ended.position + 1
        if tx.invocations.has_position(session.id, Phase.POST_SESSION, at_least=follower):
            return ()
        return self._post_next(tx, session, follower)

    def close_pre(self, tx: Transaction, session: Session, *, position: int) -> Session:
        """End a pre-session phase that has run out of time: a guard that did not run lets nobody through."""
        missed = session.pins_of(Phase.PRE_SESSION)[position:]
        guard = next((pin for pin in missed if pin.on_failure is OnFailure.TERMINATE), None)
        if guard is not None:
            return self.terminate(tx, session, f"{guard.function} could not run in time")
        session = replace(session, pre_done=True)
        tx.sessions.replace(session)
        return session

    def terminate(self, tx: Transaction, session: Session, reason: str) -> Session:
        """End a session before its agent starts."""
        now = self.clock()
        session = replace(
            session,
            status=SessionStatus.TERMINATED,
            reason=reason,
            pre_done=True,
            updated_at=now,
            ended_at=now,
            post_started=True,
        )
        tx.sessions.replace(session)
        note(tx, session, EventName.SESSION, now, {"status": session.status.value, "reason": reason})
        return session

    def wake(self, invocations: Iterable[Invocation]) -> None:
        """Wake workers for committed invocations; what Redis does not hear of, the sweep wakes."""
        for invocation in invocations:
            try:
                self.queue.enqueue(invocation)
            except QueueUnavailable:
                return

    def _after_pre(self, tx: Transaction, session: Session, position: int, outcome: Outcome) -> Sequence[Invocation]:
        pin = session.pins_of(Phase.PRE_SESSION)[position]
        if outcome.terminate:
            self.terminate(tx, session, outcome.reason or f"{pin.function} terminated the session")
            return ()
        if not outcome.status.ok and pin.on_failure is OnFailure.TERMINATE:
            self.terminate(tx, session, f"{pin.function} failed, and the session depends on it")
            return ()
        return self._pre_next(tx, session, position + 1)[1]

    def _pre_next(self, tx: Transaction, session: Session, position: int) -> tuple[Session, Sequence[Invocation]]:
        pins = session.pins_of(Phase.PRE_SESSION)
        now = self.clock()
        if position >= len(pins) or now >= session.pre_deadline_at:
            return self.close_pre(tx, session, position=position), ()
        invocation = _planned(tx, session, pins[position], position, Purpose.LIVE, now)
        deadline_at = min(invocation.deadline_at, session.pre_deadline_at)
        return session, self._queue(tx, session, replace(invocation, deadline_at=deadline_at))

    def _post_next(self, tx: Transaction, session: Session, position: int) -> Sequence[Invocation]:
        pins = session.pins_of(Phase.POST_SESSION)
        if position >= len(pins):
            return ()
        invocation = _planned(tx, session, pins[position], position, Purpose.BACKGROUND, self.clock())
        return self._queue(tx, session, replace(invocation, max_attempts=self.attempts))

    def _queue(self, tx: Transaction, session: Session, invocation: Invocation) -> Sequence[Invocation]:
        tx.invocations.add(invocation)
        started = started_data(invocation, SILENT)
        tx.events.add(session.id, EventName.STARTED, invocation.created_at, started)
        return (invocation,)


def _drawn(planned_ms: int) -> int:
    return round(planned_ms * random.uniform(JITTER, 1.0))  # noqa: S311 (nothing secret about it)


def _planned(tx: Transaction, session: Session, pin: Pin, position: int, purpose: Purpose, now: int) -> Invocation:
    """Make the invocation of what stands at a position of its phase; a background run waits as long as it may."""
    version = tx.functions.version(pin.function_id, pin.version)
    timeout_ms = (pin.timeout or version.config.timeout) * 1000
    planned = Invocation.queued(
        new_id("inv"),
        pin.function,
        version,
        purpose,
        pin.phase,
        workspace_id=session.workspace_id,
        environment=session.environment,
        principal=session.principal,
        now=now,
        deadline_at=now + (BACKGROUND_PATIENCE_MS if purpose is Purpose.BACKGROUND else timeout_ms),
    )
    return replace(planned.in_session(session, position), sha256=pin.sha256)
