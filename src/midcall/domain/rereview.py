"""What today's policy says of a version that was approved under another one; it stands beside the approval."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from midcall.domain.function import Version, VersionStatus


class VersionFlag(StrEnum):
    """A warning to whoever runs or publishes a version."""

    #: Approved under another policy than today's.
    OLDER_POLICY = "older_policy"
    #: Reviewed again under today's policy, it was refused.
    FAILS_CURRENT_POLICY = "fails_current_policy"


@dataclass(frozen=True, slots=True)
class Rereview:
    """One review of an approved version under a later policy."""

    policy: str
    #: APPROVED or CHANGES_REQUESTED: what a submit would come to now, but for a person's decision.
    status: VersionStatus
    #: As in a review.
    comments: tuple[Mapping[str, Any], ...]
    reviewed_at: int
    #: Renews an approval that the review alone had given; None where the rules refuse, or a person had approved.
    seal: str | None = None


def flags_of(version: Version, status: VersionStatus | None, *, policy: str) -> tuple[VersionFlag, ...]:
    """Return the flags of a version, of whose review under `policy` the `status` is known, or None."""
    approval = version.approval
    if version.status is not VersionStatus.APPROVED or approval is None or approval.policy == policy:
        return ()
    fails = status is not None and status is not VersionStatus.APPROVED
    return (VersionFlag.OLDER_POLICY, VersionFlag.FAILS_CURRENT_POLICY) if fails else (VersionFlag.OLDER_POLICY,)
