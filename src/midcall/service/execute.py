"""Carry an invocation out: claim, load and check, run, settle. The worker's one job."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import structlog

from midcall.domain.errors import MidcallError, NotFound, SandboxBusy, SandboxLost, SandboxUnavailable
from midcall.domain.invocation import Invocation, InvocationStatus, Outcome
from midcall.domain.retry import RETRIED_STATUSES, delay_ms
from midcall.domain.run import RunReport, RunStatus
from midcall.service.outcome import failed, outcome_of
from midcall.service.ports import Sandbox, Storage
from midcall.service.settle import Settle
from midcall.service.task import Task, Tasks

#: A worker that is silent for this long has lost its invocation.
LEASE_MS = 5_000
RENEW_EVERY_S = 1.5

#: A pool that was killed is back within about two seconds; somebody waits, so no longer than this.
POOL_PATIENCE_MS = 5_000
_POOL_RETRY_S = 0.1

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Executor:
    """What a worker needs to carry invocations out."""

    storage: Storage
    sandbox: Sandbox
    tasks: Tasks
    settle: Settle
    clock: Callable[[], int]
    sleep: Callable[[float], None]
    #: Names this process in the lease.
    owner: str

    def execute(self, invocation_id: str) -> None:
        """Carry one invocation out, if it can still be claimed; a second wake finds it taken and does nothing."""
        invocation = self._claim(invocation_id)
        if invocation is None:
            return
        with self._lease(invocation):
            outcome, report = self._carry_out(invocation)
        try:
            recorded = self.settle.attempt(invocation, outcome, report)
        except NotFound:
            recorded = False
        if not recorded:
            log.warning("outcome_discarded", invocation=invocation.id, attempt=invocation.attempt)

    def _claim(self, invocation_id: str) -> Invocation | None:
        with self.storage.write() as tx:
            now = self.clock()
            if not tx.invocations.claim(invocation_id, owner=self.owner, now=now, lease_until=now + LEASE_MS):
                return None
            return tx.invocations.find(invocation_id)

    @contextmanager
    def _lease(self, invocation: Invocation) -> Iterator[None]:
        done = threading.Event()
        renewer = threading.Thread(target=self._renew, args=(invocation, done), daemon=True, name="lease")
        renewer.start()
        try:
            yield
        finally:
            done.set()

    def _renew(self, invocation: Invocation, done: threading.Event) -> None:
        while not done.wait(RENEW_EVERY_S):
            try:
                with self.storage.write() as tx:
                    held = tx.invocations.renew(
                        invocation.id, attempt=invocation.attempt, lease_until=self.clock() + LEASE_MS
                    )
            except Exception:  # a thread's edge: the next round tries again, and the fence guards the rest
                log.warning("lease_not_renewed", invocation=invocation.id, exc_info=True)
                continue
            if not held:
                return

    def _carry_out(self, invocation: Invocation) -> tuple[Outcome, RunReport | None]:
        try:
            task = self.tasks.load(invocation)
        except MidcallError as error:
            log.error("version_refused", invocation=invocation.id, reason=error.message)  # noqa: TRY400 (no traceback)
            return failed(error.code, error.message, {}, invocation.variables), None
        outcome, report = self._run(task)
        return replace(outcome, flags=task.flags), report

    def _run(self, task: Task) -> tuple[Outcome, RunReport | None]:
        try:
            report = task.masked(self._run_with_retries(task))
        except SandboxBusy as error:
            late = InvocationStatus.TIMED_OUT
            return failed(error.code, error.message, task.config, task.variables, late), None
        except (SandboxUnavailable, SandboxLost) as error:
            return failed(error.code, error.message, task.config, task.variables), None
        return outcome_of(report, task.config, task.invocation.phase, task.variables), report

    def _run_with_retries(self, task: Task) -> RunReport:
        """Run, and again after a failure, as often as the version allows and its one deadline leaves time for.

        A pool that was lost in mid-run counts as a failure; so does each worker that was lost before this one.
        """
        attempt = task.invocation.attempt
        while True:
            last = attempt >= task.runs
            try:
                report = self._run_once(task, attempt)
            except SandboxLost:
                if last or self._left(task) <= delay_ms(attempt):
                    raise
            else:
                if last or report.status not in RETRIED_STATUSES or self._left(task) <= delay_ms(attempt):
                    return report
            self.sleep(delay_ms(attempt) / 1000)
            attempt += 1

    def _run_once(self, task: Task, attempt: int) -> RunReport:
        give_up_at = self.clock() + POOL_PATIENCE_MS
        while True:
            if self._left(task) <= 0:
                return RunReport(RunStatus.TIMEOUT)
            try:
                return self.sandbox.run(task.request(attempt, now=self.clock()))
            except SandboxUnavailable:
                if self.clock() >= give_up_at:
                    raise
                self.sleep(_POOL_RETRY_S)

    def _left(self, task: Task) -> int:
        return task.deadline_at - self.clock()
