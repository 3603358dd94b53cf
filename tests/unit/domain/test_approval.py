"""The seal fits one version of one function of one workspace, as approved under one policy, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from midcall.domain.approval import check_approved, seal
from midcall.domain.errors import ApprovalBroken
from midcall.domain.function import Approval, Function, Version, VersionStatus
from midcall.domain.jsonvalue import digest

KEY = bytes(range(32))
CONFIG = {"code": {"source": "def handler(session):\n    return 1\n"}, "timeout": 5}
FUNCTION = Function("fn_1", "ws_1", "lookup", "Look up", (), 1, 0, 0)


def approved(function: Function = FUNCTION, **changes: Any) -> Version:
    """Make a version whose seal fits."""
    sha256 = digest(CONFIG)
    mark = seal(KEY, function=function, number=1, sha256=sha256, policy="1-a")
    version = Version(
        "fn_1", 1, CONFIG, sha256, VersionStatus.APPROVED, "ann", 0, None, Approval("1-a", "ann", 0, mark)
    )
    return replace(version, **changes)


def test_an_approved_version_may_run() -> None:
    """Nothing was touched."""
    check_approved(KEY, FUNCTION, approved())


OTHER_CONFIG = {**CONFIG, "timeout": 6}
_APPROVAL = approved().approval
assert _APPROVAL is not None

TAMPERED: dict[str, tuple[Function, Version]] = {
    "source changed": (FUNCTION, approved(stored={**CONFIG, "code": {"source": "x"}})),
    "limit changed": (FUNCTION, approved(stored=OTHER_CONFIG)),
    "source and digest changed": (FUNCTION, approved(stored=OTHER_CONFIG, sha256=digest(OTHER_CONFIG))),
    "digest changed": (FUNCTION, approved(sha256="0" * 64)),
    "number changed": (FUNCTION, approved(number=2)),
    "policy changed": (FUNCTION, approved(approval=replace(_APPROVAL, policy="2-b"))),
    "seal of another function": (FUNCTION, approved(replace(FUNCTION, id="fn_2"))),
    "seal of another workspace": (FUNCTION, approved(replace(FUNCTION, workspace_id="ws_2"))),
    "function moved to another workspace": (replace(FUNCTION, workspace_id="ws_2"), approved()),
    "seal empty": (FUNCTION, approved(approval=replace(_APPROVAL, seal=""))),
    "seal in capitals": (FUNCTION, approved(approval=replace(_APPROVAL, seal=_APPROVAL.seal.upper()))),
    "seal not ASCII": (FUNCTION, approved(approval=replace(_APPROVAL, seal="\u00e9" * 64))),
    "no approval": (FUNCTION, approved(approval=None)),
    **{
        f"status {status}": (FUNCTION, approved(status=status))
        for status in VersionStatus
        if status is not VersionStatus.APPROVED
    },
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_version_that_was_tampered_with_may_not_run(what: str) -> None:
    """Whoever can write the database still cannot make a seal."""
    with pytest.raises(ApprovalBroken, match="was not run"):
        check_approved(KEY, *TAMPERED[what])


def test_another_key_makes_another_seal() -> None:
    """The key is what the database does not hold."""
    with pytest.raises(ApprovalBroken, match="seal"):
        check_approved(bytes(32), FUNCTION, approved())


def test_parts_that_run_together_differently_have_seals_of_their_own() -> None:
    """`ws_1` + `1x` is not `ws_11` + `x`."""
    marks = {
        seal(KEY, function=replace(FUNCTION, workspace_id=one, id=two), number=1, sha256="a", policy="b")
        for one, two in [("ab", "c"), ("a", "bc"), ("abc", ""), ("", "abc")]
    }
    assert len(marks) == 4
    numbers = {seal(KEY, function=FUNCTION, number=n, sha256=s, policy="b") for n, s in [(1, "1a"), (11, "a")]}
    assert len(numbers) == 2
