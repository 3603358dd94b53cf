"""Carry an invocation out: claim, check the approval again, run, record. The worker's one job."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from midcall.domain.approval import check_approved
from midcall.domain.errors import ApprovalBroken, MidcallError, SandboxBusy, SandboxLost, SandboxUnavailable
from midcall.domain.function import Version
from midcall.domain.invocation import Invocation, InvocationStatus, Outcome
from midcall.domain.retry import RETRIED_STATUSES, delay_ms
from midcall.domain.run import RunReport, RunRequest, RunStatus
from midcall.domain.session import session_body
from midcall.service.outcome import failed, outcome_of
from midcall.service.ports import Queue, Sandbox, Storage

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
    queue: Queue
    sandbox: Sandbox
    approval_key: bytes
    #: Version of the review policy of this release.
    policy: str
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
        with self.storage.write() as tx:
            recorded = tx.invocations.record(
                invocation.id, attempt=invocation.attempt, outcome=outcome, report=report, ended_at=self.clock()
            )
        if recorded:
            self.queue.announce(invocation.id)
        else:
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
        variables = invocation.variables
        try:
            version = self._approved_version(invocation)
        except MidcallError as error:
            log.error("version_refused", invocation=invocation.id, reason=error.message)  # noqa: TRY400 (no traceback)
            return failed(error.code, error.message, {}, variables), None
        try:
            report = self._run_with_retries(invocation, version)
        except SandboxBusy as error:
            late = InvocationStatus.TIMED_OUT
            return failed(error.code, error.message, version.config, variables, late), None
        except (SandboxUnavailable, SandboxLost) as error:
            return failed(error.code, error.message, version.config, variables), None
        return outcome_of(report, version.config, invocation.phase, variables), report

    def _approved_version(self, invocation: Invocation) -> Version:
        with self.storage.read() as tx:
            function = tx.functions.by_id(invocation.function_id)
            version = tx.functions.version(invocation.function_id, invocation.version)
            settings = tx.workspaces.get(invocation.workspace_id).settings
        if function.workspace_id != invocation.workspace_id or version.sha256 != invocation.sha256:
            raise ApprovalBroken("the stored version is not the one this call was admitted for; it was not run")
        check_approved(self.approval_key, function, version)
        if settings.enforce_current_policy and version.approval and version.approval.policy != self.policy:
            raise ApprovalBroken(
                "approved under an older policy, which this workspace does not run; submit a new version"
            )
        return version

    def _run_with_retries(self, invocation: Invocation, version: Version) -> RunReport:
        """Run, and again after a failure, as often as the version allows and its one deadline leaves time for.

        A pool that was lost in mid-run counts as a failure; so does each worker that was lost before this one.
        """
        attempt = invocation.attempt
        while True:
            last = attempt > version.config["retries"]
            try:
                report = self._run_once(invocation, version, attempt)
            except SandboxLost:
                if last or self._left(invocation) <= delay_ms(attempt):
                    raise
            else:
                if last or report.status not in RETRIED_STATUSES or self._left(invocation) <= delay_ms(attempt):
                    return report
            self.sleep(delay_ms(attempt) / 1000)
            attempt += 1

    def _run_once(self, invocation: Invocation, version: Version, attempt: int) -> RunReport:
        give_up_at = self.clock() + POOL_PATIENCE_MS
        while True:
            left = self._left(invocation)
            if left <= 0:
                return RunReport(RunStatus.TIMEOUT)
            try:
                return self.sandbox.run(_request(invocation, version, attempt, left, self.clock()))
            except SandboxUnavailable:
                if self.clock() >= give_up_at:
                    raise
                self.sleep(_POOL_RETRY_S)

    def _left(self, invocation: Invocation) -> int:
        return invocation.deadline_at - self.clock()


def _request(invocation: Invocation, version: Version, attempt: int, left: int, now: int) -> RunRequest:
    session_id = invocation.session.get("sessionId")
    body = session_body(
        invocation.session,
        session_id=session_id if isinstance(session_id, str) else invocation.id,
        phase=invocation.phase,
        environment=invocation.environment,
        params=invocation.params,
        now=now,
        deadline_ms=left,
    )
    return RunRequest(
        run_id=f"{invocation.id}.{invocation.attempt}.{attempt}",
        source=version.config["code"]["source"],
        session=body,
        deadline_ms=left,
        actions=tuple(version.config["code"]["actions"]),
    )
