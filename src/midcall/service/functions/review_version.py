"""Use cases of review: submit a version, decide about it, review a draft without saving it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from midcall.domain.approval import seal
from midcall.domain.errors import Conflict, Forbidden
from midcall.domain.function import Approval, Function, Version, VersionStatus
from midcall.domain.function_config import FunctionConfig
from midcall.domain.jsonvalue import digest
from midcall.domain.review import Comment, ReviewReport, Severity
from midcall.domain.workspace import ApprovalMode, Scope
from midcall.service.access.access import Caller
from midcall.service.credentials.hosts import NewHost, bind, how_to_bind, new_hosts, note_bound
from midcall.service.credentials.inline_secrets import kept
from midcall.service.functions.findings import findings_of
from midcall.service.functions.form import FunctionForm
from midcall.service.functions.next_document import check_webhook
from midcall.service.ports import Outbound, Reviewer
from midcall.storage.database import Storage, Transaction

#: Statuses from which a version may be submitted; submitting again reviews it under today's policy.
_SUBMITTABLE = frozenset({VersionStatus.DRAFT, VersionStatus.CHANGES_REQUESTED})

_REVIEWED_UNDER_ANOTHER = (
    "the rules have changed since version {} was reviewed; have it submitted again, then decide about what today's say"
)
_NAMES_NO_HOSTS = (
    "the review of version {} is from before reviews named the hosts that credentials go to; have it submitted again, "
    "then decide about these as well"
)


@dataclass(frozen=True, slots=True)
class Reviews:
    """Use cases of review."""

    storage: Storage
    reviewer: Reviewer
    outbound: Outbound
    approval_key: bytes
    clock: Callable[[], int]

    def preview(self, caller: Caller, form: FunctionForm, phases: Iterable[str] = ()) -> dict[str, Any]:
        """Review a function as it stands in the editor; nothing is saved. It is to be attached to `phases`."""
        document = form.config().to_stored()
        check_webhook(document, self.outbound)
        # What would be kept as a secret is not looked at, here as in a version that was saved.
        config = FunctionConfig.from_stored(kept(document, lambda _value, _loc: "preview"))
        findings, mode, new = self._findings(config, caller.workspace_id, frozenset(phases))
        # An admin lets credentials go to the hosts that it writes, by saving them.
        new = [] if caller.key.may(Scope.ADMIN) else new
        findings = with_new_hosts(findings, new, mode)
        status = VersionStatus.APPROVED if findings.clean else VersionStatus.CHANGES_REQUESTED
        return _review(findings, status, digest(config.to_stored()), new)

    def submit(self, caller: Caller, name: str, number: int) -> dict[str, Any]:
        """Review a version and record what came of it; one that was decided on already keeps its review.

        One that waits for a person is reviewed again if the rules have changed since, or if nobody need decide now.
        """
        with self.storage.read() as tx:
            function = tx.functions.get(caller.workspace_id, name)
            version = tx.functions.version(function.id, number)
            mode = tx.workspaces.get(caller.workspace_id).settings.approval
        if not self._may_be_submitted(version, mode):
            return dict(version.review or {})
        # The review takes its time and another process: no transaction is open meanwhile.
        findings, _, _ = self._findings(version.config, caller.workspace_id)
        with self.storage.write() as tx:
            function = tx.functions.get(caller.workspace_id, name, lock=True)
            reviewed, version = version.stored, tx.functions.version(function.id, number)
            mode = tx.workspaces.get(caller.workspace_id).settings.approval
            if not self._may_be_submitted(version, mode):
                return dict(version.review or {})
            if version.stored != reviewed:
                raise Conflict("the stored version changed while it was reviewed; make a new version")
            new = new_hosts(tx, caller.workspace_id, version.config)
            findings = with_new_hosts(findings, new, mode)
            version = self._judged(function, version, findings, mode, caller, new)
            tx.functions.decide(version)
            rules = {
                "errors": rules_of(findings.comments, Severity.ERROR),
                "warnings": rules_of(findings.comments, Severity.WARNING),
            }
            self._note(tx, caller, "version.submit", version, rules)
        return dict(version.review or {})

    def approve(self, caller: Caller, name: str, number: int, comment: str) -> dict[str, Any]:
        """Approve a version that waits for a person; never one's own."""
        return self._decide(caller, name, number, comment, VersionStatus.APPROVED)

    def reject(self, caller: Caller, name: str, number: int, comment: str) -> dict[str, Any]:
        """Reject a version that waits for a person; never one's own."""
        return self._decide(caller, name, number, comment, VersionStatus.REJECTED)

    def _may_be_submitted(self, version: Version, mode: ApprovalMode) -> bool:
        review = version.review
        if review is None or version.status in _SUBMITTABLE:
            return True
        waits = version.status is VersionStatus.PENDING_APPROVAL
        older = review["policy"] != self.reviewer.policy or "new_hosts" not in review
        return waits and (mode is ApprovalMode.AUTO or older)

    def _findings(
        self, config: FunctionConfig, workspace_id: str, phases: frozenset[str] = frozenset()
    ) -> tuple[ReviewReport, ApprovalMode, Sequence[NewHost]]:
        with self.storage.read() as tx:
            there = known_credentials(tx, workspace_id, config)
            mode = tx.workspaces.get(workspace_id).settings.approval
            new = new_hosts(tx, workspace_id, config)
            phases |= tx.agents.phases_of(workspace_id, config.name)
        return findings_of(self.reviewer, config, there, phases), mode, new

    def _judged(
        self,
        function: Function,
        version: Version,
        findings: ReviewReport,
        mode: ApprovalMode,
        caller: Caller,
        new: Sequence[NewHost],
    ) -> Version:
        status = VersionStatus.CHANGES_REQUESTED
        approval = None
        if findings.clean and mode is ApprovalMode.HUMAN:
            status = VersionStatus.PENDING_APPROVAL
        elif findings.clean:
            status = VersionStatus.APPROVED
            approval = self._approval(function, version, findings.policy, caller)
        review = _review(findings, status, version.sha256, new)
        return replace(version, status=status, review=review, approval=approval)

    def _approval(self, function: Function, version: Version, policy: str, caller: Caller) -> Approval:
        # Sealed over the bytes read in this very transaction, digested anew: what was stored is what is approved.
        sha256 = digest(version.stored)
        if sha256 != version.sha256:
            raise Conflict("the stored version was changed after it was written; make a new version")
        mark = seal(self.approval_key, function=function, number=version.number, sha256=sha256, policy=policy)
        return Approval(policy=policy, principal=caller.principal, at=self.clock(), seal=mark)

    def _decide(self, caller: Caller, name: str, number: int, comment: str, to: VersionStatus) -> dict[str, Any]:
        with self.storage.write() as tx:
            function = tx.functions.get(caller.workspace_id, name, lock=True)
            version = tx.functions.version(function.id, number)
            if version.status is not VersionStatus.PENDING_APPROVAL or version.review is None:
                raise Conflict(f"version {number} is {version.status}; only one that is pending_approval waits for you")
            if version.author == caller.principal:
                raise Forbidden("the author of a version cannot decide about it; another principal must")
            review = dict(version.review) | {"status": to.value, "decision": {"by": caller.principal, "text": comment}}
            approval = None
            if to is VersionStatus.APPROVED:
                if review["policy"] != self.reviewer.policy:
                    raise Conflict(_REVIEWED_UNDER_ANOTHER.format(number))
                if "new_hosts" not in review and new_hosts(tx, caller.workspace_id, version.config):
                    raise Conflict(_NAMES_NO_HOSTS.format(number))
                approval = self._approval(function, version, str(review["policy"]), caller)
                # What the review named, and nothing that came to be needed since.
                shown = [NewHost(each["credential"], each["host"]) for each in review.get("new_hosts", [])]
                bound = bind(tx, caller.workspace_id, shown)
                note_bound(tx, caller, bound, version, at=self.clock())
            version = replace(version, status=to, review=review, approval=approval)
            tx.functions.decide(version)
            act = "version.approve" if to is VersionStatus.APPROVED else "version.reject"
            self._note(tx, caller, act, version, {"comment": comment})
        return review

    def _note(self, tx: Transaction, caller: Caller, act: str, version: Version, more: Mapping[str, Any]) -> None:
        review = version.review or {}
        tx.audit.add(
            workspace_id=caller.workspace_id,
            at=self.clock(),
            principal=caller.principal,
            key_id=caller.key.id,
            act=act,
            subject=version.function_id,
            function_id=version.function_id,
            detail={
                "version": version.number,
                "sha256": version.sha256,
                "author": version.author,
                "status": version.status.value,
                "policy": review.get("policy"),
                **more,
            },
        )


def known_credentials(tx: Transaction, workspace_id: str, config: FunctionConfig) -> dict[str, str]:
    """Return those of the credentials that a version names which its workspace has, and the type of each."""
    found = (tx.credentials.find(workspace_id, name) for name in sorted(config.credentials_named()))
    return {each.name: each.type.value for each in found if each is not None}


def with_new_hosts(findings: ReviewReport, new: Sequence[NewHost], mode: ApprovalMode) -> ReviewReport:
    """Name the hosts that credentials would go to for the first time: a person may let that be, or an admin."""
    person = mode is ApprovalMode.HUMAN
    comments = tuple(
        Comment(
            "credential-host",
            Severity.WARNING if person else Severity.ERROR,
            f"The credential {pair.credential} would be sent to {pair.host}, which it was not given for.",
            "Whoever approves this version lets it go there from then on."
            if person
            else how_to_bind(pair.credential, pair.host),
        )
        for pair in new
    )
    return replace(findings, comments=(*findings.comments, *comments))


def rules_of(comments: Iterable[Comment], severity: Severity) -> list[str]:
    """Return the rules whose comments weigh that much, for the audit trail."""
    return sorted({comment.rule for comment in comments if comment.severity is severity})


def _review(findings: ReviewReport, status: VersionStatus, sha256: str, new: Sequence[NewHost]) -> dict[str, Any]:
    return {
        "status": status.value,
        "policy": findings.policy,
        "sha256": sha256,
        "took_ms": round(findings.took_ms, 2),
        "comments": [asdict(comment) for comment in findings.comments],
        "new_hosts": [asdict(pair) for pair in new],
    }
