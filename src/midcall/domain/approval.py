"""The seal on an approved version: an HMAC with a key that the database does not hold.

Whoever can write the database can change a version's source and its digest, but cannot make the seal that fits.
"""

import hashlib
import hmac

from midcall.domain.errors import ApprovalBroken
from midcall.domain.function import Function, Version, VersionStatus
from midcall.domain.jsonvalue import digest
from midcall.domain.rereview import Rereview

KEY_BYTES = 32

_APPROVAL, _RENEWAL = "midcall.approval.v1", "midcall.renewal.v1"


def seal(key: bytes, *, function: Function, number: int, sha256: str, policy: str) -> str:
    """Seal one version of one function of one workspace, as approved under one policy; 64 hex digits."""
    return _mac(key, _APPROVAL, function.workspace_id, function.id, str(number), sha256, policy)


def renewal_seal(key: bytes, *, function: Function, version: Version, policy: str) -> str:
    """Seal that a version which the review had approved passes it under a later policy too; 64 hex digits.

    It stands beside the approval, and cannot be moved into its place: it is a seal of another kind.
    """
    return _mac(key, _RENEWAL, function.workspace_id, function.id, str(version.number), version.sha256, policy)


def _mac(key: bytes, *parts: str) -> str:
    # Length before each part: no two different lists of parts give the same bytes.
    message = b"".join(len(raw).to_bytes(4, "big") + raw for raw in (part.encode() for part in parts))
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def check_approved(key: bytes, function: Function, version: Version) -> None:
    """Make sure that these bytes were approved; raises ApprovalBroken that says what does not hold."""
    approval = version.approval
    if version.status is not VersionStatus.APPROVED or approval is None:
        raise ApprovalBroken("this version has no recorded approval; it was not run")
    if digest(version.stored) != version.sha256:
        raise ApprovalBroken("the stored version was changed after it was written; it was not run")
    expected = seal(key, function=function, number=version.number, sha256=version.sha256, policy=approval.policy)
    # As bytes: of two texts, compare_digest takes ASCII alone, and the row may hold anything.
    if not hmac.compare_digest(expected.encode(), approval.seal.encode()):
        raise ApprovalBroken("the approval's seal does not fit this version; it was not run")


def is_renewed(key: bytes, function: Function, version: Version, rereview: Rereview) -> bool:
    """Tell whether a re-review renews the approval of a version that was found approved."""
    if rereview.status is not VersionStatus.APPROVED or rereview.seal is None:
        return False
    expected = renewal_seal(key, function=function, version=version, policy=rereview.policy)
    return hmac.compare_digest(expected.encode(), rereview.seal.encode())
