"""When the rules have changed: review approved versions again, in the background, one at a time in each process.

Nothing about an approval is changed and nothing is stopped; what came of it is stored beside the approval. Any number
of processes may do this at once: each version is taken before it is reviewed, and one that a crash left taken is free
again when its time is over.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import structlog

from midcall.domain.approval import check_approved, renewal_seal
from midcall.domain.errors import ApprovalBroken, ReviewUnavailable
from midcall.domain.function import Function, Version, VersionId, VersionStatus
from midcall.domain.rereview import Rereview
from midcall.domain.review import ReviewReport, Severity
from midcall.domain.workspace import ITSELF
from midcall.service.functions.findings import findings_of
from midcall.service.functions.review_version import known_credentials, rules_of
from midcall.service.ports import Reviewer
from midcall.storage.database import Storage

#: Nobody else reviews a version that was taken before this is over; bootstrap has a review end well before.
TAKEN_MS = 60_000
#: A version whose approval does not hold is looked at again after so long: the key may have been the wrong one.
BROKEN_AGAIN_MS = 3600 * 1000
#: A review that was cut off says little about the source on a busy machine; the last of so many attempts counts.
ATTEMPTS = 3

#: A turn ends after this, so that whoever stops the process waits for one review at most.
TURN_MS = 1_000
#: What is published or pinned meanwhile moves to the front when the line is made anew.
_LINE_MS = 60_000
_LINE_LENGTH = 5_000

log = structlog.get_logger()


@dataclass(slots=True)
class Rereviews:
    """Reviews again what was approved under another policy than today's."""

    storage: Storage
    #: One of its own, so that no submit waits for it.
    reviewer: Reviewer
    approval_key: bytes
    clock: Callable[[], int]
    #: Lets the reviewer's processes go, until there is something to do again.
    rest: Callable[[], None]
    #: Who is next; no more than a hint, since each is taken in the database first.
    _line: deque[VersionId] = field(default_factory=deque, init=False)
    _line_made_at: int = field(default=0, init=False)

    def sweep(self) -> int:
        """Take one turn; returns how many versions were looked at, 0 if nothing is left to do for now."""
        looked, until = 0, self.clock() + TURN_MS
        try:
            while (version := self._next()) is not None:
                looked += self._take(version)
                if self.clock() >= until:
                    break
        except ReviewUnavailable as error:
            log.warning("rereview_put_off", reason=error.message)
            return 0
        if version is None:
            self.rest()
        if looked:
            log.info("rereviewed", versions=looked, done=version is None)
        return looked

    def _next(self) -> VersionId | None:
        now = self.clock()
        if not self._line or now - self._line_made_at >= _LINE_MS:
            with self.storage.read() as tx:
                waiting = tx.rereviews.outdated(self.reviewer.policy, now=now, limit=_LINE_LENGTH)
            self._line, self._line_made_at = deque(waiting), now
        try:
            return self._line.popleft()
        except IndexError:  # empty, or another thread was faster
            return None

    def _take(self, version_id: VersionId) -> bool:
        policy, now = self.reviewer.policy, self.clock()
        with self.storage.write() as tx:
            attempt = tx.rereviews.take(version_id, policy, now=now, until=now + TAKEN_MS)
            if attempt is None:
                return False
            function = tx.functions.by_id(version_id.function_id)
            version = tx.functions.version(*version_id)
            credentials = known_credentials(tx, function.workspace_id, version.config)
            phases = tx.agents.phases_of(function.workspace_id, function.name)
        try:
            check_approved(self.approval_key, function, version)
        except ApprovalBroken as error:
            # These are not the bytes that were approved: they do not run, and nothing is to be said of them.
            log.error("approval_broken", function=function.name, version=version.number, reason=error.message)  # noqa: TRY400 (no traceback)
            with self.storage.write() as tx:
                tx.rereviews.postpone(version_id, policy, attempt=attempt, until=self.clock() + BROKEN_AGAIN_MS)
            return True
        findings = findings_of(self.reviewer, version.config, credentials, phases)
        if findings.policy != policy:
            raise ReviewUnavailable(f"reviewed under {findings.policy} instead of {policy}: restart this process")
        if not findings.cut_off or attempt >= ATTEMPTS:
            self._record(function, version, findings, attempt)
        return True

    def _record(self, function: Function, version: Version, findings: ReviewReport, attempt: int) -> None:
        now, errors = self.clock(), rules_of(findings.comments, Severity.ERROR)
        # A person's approval is renewed by a person alone.
        renewed = findings.clean and not version.decided_by_person
        rereview = Rereview(
            policy=findings.policy,
            status=VersionStatus.APPROVED if findings.clean else VersionStatus.CHANGES_REQUESTED,
            comments=tuple(asdict(comment) for comment in findings.comments),
            reviewed_at=now,
            seal=renewal_seal(self.approval_key, function=function, version=version, policy=findings.policy)
            if renewed
            else None,
        )
        with self.storage.write() as tx:
            if not tx.rereviews.record(VersionId(function.id, version.number), rereview, attempt=attempt):
                return
            tx.audit.add(
                workspace_id=function.workspace_id,
                at=now,
                principal=ITSELF,
                key_id=None,
                act="version.rereview",
                subject=function.id,
                function_id=function.id,
                detail={
                    "version": version.number,
                    "sha256": version.sha256,
                    "author": version.author,
                    "status": rereview.status.value,
                    "policy": findings.policy,
                    "approved_under": version.approval.policy if version.approval else None,
                    "renewed": renewed,
                    "errors": errors,
                    "warnings": rules_of(findings.comments, Severity.WARNING),
                },
            )
        if not findings.clean:
            log.warning(
                "version_fails_current_policy",
                workspace=function.workspace_id,
                function=function.name,
                version=version.number,
                policy=findings.policy,
                rules=errors,
            )
