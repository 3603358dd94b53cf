"""Carry an invocation out: claim, load and check, run, record. The worker's one job, and the api's for webhooks."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from traceback import extract_tb

import structlog

from midcall.domain.action import ActionRecord
from midcall.domain.budget import Budget
from midcall.domain.errors import (
    MidcallError,
    NotFound,
    SandboxBusy,
    SandboxLost,
    SandboxUnavailable,
    Unwritable,
)
from midcall.domain.function_config import Kind, MessagesConfig
from midcall.domain.invocation import Invocation, Outcome
from midcall.domain.retry import delay_ms
from midcall.domain.run import RunError, RunReport
from midcall.domain.run_status import InvocationStatus, RunStatus
from midcall.domain.turnstile import Turnstile
from midcall.service.claimed_run import ClaimedRun, ClaimedRuns
from midcall.service.runs.attempts import Attempts, Run
from midcall.service.runs.finish import Finish
from midcall.service.runs.leases import LEASE_MS, Leases
from midcall.service.runs.mask import explained, report_on_record
from midcall.service.runs.outcome import failed, outcome_of
from midcall.service.runs.response_variables import MAX_SECONDS, MAX_STEPS
from midcall.service.runs.turns import Turn, Turns
from midcall.storage.database import Storage

log = structlog.get_logger()

#: Why code was not run at all.
NOTHING_RAN = (SandboxBusy, SandboxUnavailable)


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """The outcome of an attempt, and its report where it has one."""

    outcome: Outcome
    report: RunReport | None = None
    #: False where there was no sandbox for it.
    ran: bool = True


#: Seconds in which a run is judged that came back as its deadline passed.
_LEAST_SECONDS = 0.25
#: What a value can raise, however it was let in; what a database or Redis raises is none of these.
_OF_VALUES = (Unwritable, ValueError, TypeError, ArithmeticError, LookupError, RecursionError, MemoryError)

_NOT_JUDGED = "the run came to an end, but midcall failed over what it came to; it was not run again"
_NOT_KEPT = "the run came to an end, but what it came to cannot be kept; it was not run again"


@dataclass(frozen=True, slots=True)
class _Claimed:
    """What was claimed for a wake, and whether several workspaces shared the workers then.

    What the first call of a second workspace had to wait for while this one ran, the sweep finds.
    """

    invocation: Invocation
    shared: bool


@dataclass(frozen=True, slots=True)
class Executor:
    """The use case that carries invocations out, with the adapters that it needs."""

    storage: Storage
    #: What runs each kind of function.
    kinds: Mapping[Kind, Attempts]
    claimed_runs: ClaimedRuns
    finish: Finish
    leases: Leases
    clock: Callable[[], int]
    sleep: Callable[[float], None]
    #: Names this process in the lease; begins with its group and "@" where workers take turns.
    owner: str
    #: None where each wake is for the invocation it names.
    turns: Turns | None = None
    #: What a thread does for a run once it is claimed, it takes its turn for; while the function runs, which is
    #: elsewhere, it is outside. Claimed it is at once: what is queued counts against its workspace.
    turnstile: Turnstile = field(default_factory=lambda: Turnstile(1))

    def execute(self, invocation_id: str) -> bool:
        """Carry out what a wake is for: the invocation it names, or whichever is next where workspaces share workers.

        A second wake finds it taken and does nothing. Returns whether to ask again for the same wake: where workers are
        shared, what was not run when it was woken for, as its workspace had its share, may be now.
        """
        claimed = self._claim(invocation_id)
        if claimed is None:
            return False
        self._execute_claimed(claimed.invocation)
        return claimed.shared

    def _execute_claimed(self, invocation: Invocation) -> None:
        with ExitStack() as inside:
            with self.leases.hold(invocation):
                inside.enter_context(self.turnstile)
                ended = self._carry_out(invocation)
            try:
                recorded = self._recorded(invocation, ended)
            except NotFound:
                recorded = False
        if not recorded:
            log.warning("outcome_discarded", invocation=invocation.id, attempt=invocation.attempt)

    def _recorded(self, invocation: Invocation, ended: AttemptResult) -> bool:
        """Record an outcome, or that it cannot be kept: a row left open would be run again."""
        if not ended.ran:
            return self.finish.not_run(invocation, ended.outcome)
        try:
            return self.finish.attempt(invocation, ended.outcome, ended.report)
        except _OF_VALUES as error:
            _log("outcome_not_kept", invocation, error)
        plain = failed("not_kept", _NOT_KEPT, MessagesConfig(), invocation.variables)
        return self.finish.attempt(invocation, replace(plain, message=ended.outcome.message or plain.message), None)

    def _claim(self, woken: str) -> _Claimed | None:
        """Claim what is to be run for a wake, if anything is."""
        workers = self.turns.workers() if self.turns else 0
        with self.storage.write() as tx:
            now = self.clock()
            turn = Turn(woken) if self.turns is None else self.turns.next(tx, woken, workers=workers, now=now)
            until = now + LEASE_MS
            if turn is None or not tx.invocations.claim(turn.id, owner=self.owner, now=now, lease_until=until):
                return None
            found = tx.invocations.find(turn.id)
            return _Claimed(found, turn.shared) if found else None

    def _carry_out(self, invocation: Invocation) -> AttemptResult:
        try:
            claimed = self.claimed_runs.load(invocation)
        except MidcallError as error:
            log.error("version_refused", invocation=invocation.id, reason=error.message)  # noqa: TRY400 (no traceback)
            return AttemptResult(failed(error.code, error.message, MessagesConfig(), invocation.variables))
        ended = self._run(claimed)
        return replace(ended, outcome=replace(ended.outcome, flags=claimed.flags))

    def _run(self, claimed: ClaimedRun) -> AttemptResult:
        try:
            report = self._run_with_retries(claimed)
        except NOTHING_RAN as error:
            status = InvocationStatus.TIMED_OUT if isinstance(error, SandboxBusy) else InvocationStatus.FAILED
            text = f"{error.message}{_of_earlier_attempts(claimed.invocation)}"
            return AttemptResult(
                failed(error.code, text, claimed.config.messages, claimed.variables, status), ran=False
            )
        except SandboxLost as error:
            return AttemptResult(failed(error.code, error.message, claimed.config.messages, claimed.variables))
        except Exception as error:  # the run's edge: what it did outside is done, and an open row would be run again
            return AttemptResult(_given_up(claimed, error))
        try:
            return self._judged(claimed, report)
        except Exception as error:  # the same edge; what the actions did stays on record
            bare = RunReport(RunStatus.ERROR, error=RunError("internal_error", _NOT_JUDGED), actions=report.actions)
            kept = replace(bare, waited_ms=report.waited_ms, sandbox_ms=report.sandbox_ms)
            kept = replace(kept, isolation=report.isolation, isolation_note=report.isolation_note)
            return AttemptResult(_given_up(claimed, error), kept)

    def _judged(self, claimed: ClaimedRun, report: RunReport) -> AttemptResult:
        """Judge a run and mask what is kept of it, within what is left of its deadline."""
        seconds = min(max(self._left(claimed) / 1000, _LEAST_SECONDS), MAX_SECONDS)
        budget = Budget(MAX_STEPS, seconds=seconds)
        outcome = outcome_of(report, claimed.config, claimed.invocation.phase, claimed.variables, budget)
        redaction = claimed.redaction
        return AttemptResult(explained(outcome, redaction), report_on_record(report, redaction))

    def _run_with_retries(self, claimed: ClaimedRun) -> RunReport:
        """Run, and again after a failure, as often as the version allows and its one deadline leaves time for.

        A pool that was lost in mid-run counts as a failure; so does each worker that was lost before this one. What the
        attempts before the last one asked of the world stays on record: it was done. Where there is no sandbox for
        another attempt, what the one before came to stands.
        """
        with self.turnstile.left(), self.kinds[claimed.config.kind].calling(claimed) as run:
            return self._attempts(claimed, run)

    def _attempts(self, claimed: ClaimedRun, run: Run) -> RunReport:
        number = claimed.invocation.attempt
        done: tuple[ActionRecord, ...] = ()
        before: RunReport | SandboxLost | None = None
        while True:
            last = number >= claimed.runs
            pause_ms = delay_ms(number)
            try:
                attempt = run(number)
            except NOTHING_RAN:
                if before is None:
                    raise
                return _as_it_was(before)
            except SandboxLost as error:
                if last or self._left(claimed) <= pause_ms:
                    raise
                before = error
            else:
                done += attempt.report.actions
                before = replace(attempt.report, actions=done)
                pause_ms = max(pause_ms, attempt.wait_ms)
                if last or not attempt.again or self._left(claimed) <= pause_ms:
                    return before
            self.sleep(pause_ms / 1000)
            number += 1

    def _left(self, claimed: ClaimedRun) -> int:
        return claimed.deadline_at - self.clock()


def _as_it_was(before: RunReport | SandboxLost) -> RunReport:
    """Return what an attempt came to; raises SandboxLost where that is unknown."""
    if isinstance(before, SandboxLost):
        raise before
    return before


def _of_earlier_attempts(invocation: Invocation) -> str:
    """Say that the attempts of workers that were lost may well have run, where there were any."""
    return "" if invocation.attempt == 1 else "; an attempt before this one may have been"


def _given_up(claimed: ClaimedRun, error: Exception) -> Outcome:
    _log("run_not_judged", claimed.invocation, error)
    return failed("internal_error", _NOT_JUDGED, claimed.config.messages, claimed.variables)


def _log(event: str, invocation: Invocation, error: Exception) -> None:
    """Log an error by its type and place: to write it out with the values around it can take longer than the run."""
    frames = extract_tb(error.__traceback__, limit=-3)
    places = [f"{frame.filename}:{frame.lineno}" for frame in frames]
    log.error(event, invocation=invocation.id, attempt=invocation.attempt, error=type(error).__name__, at=places)
