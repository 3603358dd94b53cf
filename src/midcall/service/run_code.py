"""Run code: one attempt in a sandbox."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from midcall.domain.errors import SandboxUnavailable
from midcall.domain.retry import RETRIED_STATUSES
from midcall.domain.run import RunReport, RunStatus
from midcall.service.actions.desk import Desks
from midcall.service.attempts import Attempt
from midcall.service.ports import Sandbox
from midcall.service.record import report_on_record
from midcall.service.task import Task

#: A pool that was killed is back within about two seconds; somebody waits, so no longer than this.
POOL_PATIENCE_MS = 5_000
_POOL_RETRY_S = 0.1


@dataclass(frozen=True, slots=True)
class CodeAttempts:
    """Runs code in sandboxes."""

    sandbox: Sandbox
    desks: Desks
    clock: Callable[[], int]
    sleep: Callable[[float], None]

    def attempt(self, task: Task, number: int) -> Attempt:
        """Run once, as soon as a pool that is away for a moment is back."""
        give_up_at = self.clock() + POOL_PATIENCE_MS
        while True:
            if task.deadline_at <= self.clock():
                return Attempt(RunReport(RunStatus.TIMEOUT))
            try:
                report = self._run(task, number)
            except SandboxUnavailable:
                if self.clock() >= give_up_at:
                    raise
                self.sleep(_POOL_RETRY_S)
            else:
                return Attempt(report, again=report.status in RETRIED_STATUSES)

    def _run(self, task: Task, number: int) -> RunReport:
        desk = self.desks.open(task)
        request = task.request(number, now=self.clock())
        try:
            report = self.sandbox.run(request, desk.act)
        finally:
            records = desk.close()
        recording = desk.recording(request.session) if task.records else None
        # No secret ever enters a sandbox; what comes out of it is searched for them all the same.
        return report_on_record(replace(report, actions=records, recording=recording), desk.redaction)
