"""Run code: one attempt in a sandbox."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from midcall.domain.errors import SandboxUnavailable
from midcall.domain.invocation import Purpose
from midcall.domain.run import RunReport
from midcall.domain.run_status import RunStatus
from midcall.service.actions.action_gateway import ActionGateways
from midcall.service.claimed_run import ClaimedRun
from midcall.service.ports import Sandbox
from midcall.service.runs.attempts import Attempt, Run
from midcall.service.runs.mask import report_on_record

#: How long a call that somebody waits for is held for a pool that is away, within its deadline: nothing was run, so it
#: can simply be made late. A killed pool is back within about two seconds, one that must first boot a sandbox on a
#: loaded host within the 20 s that a boot may take. Past that somebody has to look after the host, and who waits should
#: hear of it, however long the deadline is. It costs a worker, which without a pool has nothing else to do.
POOL_PATIENCE_MS = 30_000
_POOL_RETRY_S = 0.1


@dataclass(frozen=True, slots=True)
class CodeAttempts:
    """Runs code in sandboxes."""

    sandbox: Sandbox
    gateways: ActionGateways
    clock: Callable[[], int]
    sleep: Callable[[float], None]

    @contextmanager
    def calling(self, claimed: ClaimedRun) -> Iterator[Run]:
        """Give what runs the code of one call."""
        yield partial(self._attempt, claimed)

    def _attempt(self, claimed: ClaimedRun, number: int) -> Attempt:
        """Run once, for who waits as soon as a pool that is away for a moment is back."""
        give_up_at = self.clock() + (0 if claimed.invocation.purpose is Purpose.BACKGROUND else POOL_PATIENCE_MS)
        away: SandboxUnavailable | None = None
        while claimed.left(self.clock()) > 0:
            try:
                report = self._run(claimed, number)
            except SandboxUnavailable as error:
                if self.clock() >= give_up_at:
                    raise
                away = error
                self.sleep(_POOL_RETRY_S)
            else:
                return Attempt(report, again=report.status.tried_again)
        if away is not None:  # the deadline went by without a pool, not in the code
            raise away
        return Attempt(RunReport(RunStatus.TIMEOUT))

    def _run(self, claimed: ClaimedRun, number: int) -> RunReport:
        gateway = self.gateways.open(claimed)
        request = claimed.request(number, now=self.clock())
        try:
            report = self.sandbox.run(request, gateway.act)
        finally:
            records = gateway.close()
        recording = gateway.recording(request.session) if claimed.records else None
        note = claimed.isolation_note or report.isolation_note
        report = replace(report, actions=records, recording=recording, isolation_note=note)
        # No secret ever enters a sandbox; what comes out of it is searched for them all the same.
        return report_on_record(report, gateway.redaction)
