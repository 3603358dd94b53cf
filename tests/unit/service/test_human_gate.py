"""`approval: human`: what is clean waits until somebody who did not write it decides."""

from collections.abc import Callable

import pytest
from tests.support.databases import row_counts
from tests.support.world import World

from midcall.domain.errors import Conflict, Forbidden, NotApproved, NotFound
from midcall.domain.function import Version, VersionStatus
from midcall.domain.workspace import ApprovalMode, Scope
from midcall.service.access.access import Caller

Decide = Callable[[World, Caller, int], object]


def approve(world: World, caller: Caller, number: int = 1) -> object:
    """Approve a version of `lookup`."""
    return world.reviews.approve(caller, "lookup", number, "")


def reject(world: World, caller: Caller, number: int = 1) -> object:
    """Reject a version of `lookup`."""
    return world.reviews.reject(caller, "lookup", number, "")


def stands(world: World, number: int = 1) -> Version:
    """Read a version of `lookup` as it stands."""
    with world.storage.read() as tx:
        return tx.functions.version(tx.functions.get(world.caller.workspace_id, "lookup").id, number)


def rows_around(world: World, act: Callable[[], object], error: type[Exception], text: str) -> None:
    """Expect an act to be refused with a text, and to leave no trace."""
    before = row_counts(world.engine)
    with pytest.raises(error, match=text):
        act()
    assert row_counts(world.engine) == before


@pytest.fixture
def gated(world: World) -> World:
    """Have a person decide, about a version that waits for it."""
    world.workspaces.change(world.caller, {"approval": ApprovalMode.HUMAN})
    world.draft()
    world.reviews.submit(world.caller, "lookup", 1)
    return world


@pytest.fixture
def judge(world: World) -> Caller:
    """Make a key that may decide."""
    return world.colleague("judge", Scope.REVIEW)


def test_what_is_clean_waits_and_has_no_seal(gated: World) -> None:
    """It cannot be published, whoever asks."""
    assert (stands(gated).status, stands(gated).approval) == (VersionStatus.PENDING_APPROVAL, None)
    with pytest.raises(NotApproved):
        gated.catalog.publish(gated.caller, "lookup", 1, "production")


def test_what_is_not_clean_does_not_wait(world: World, judge: Caller) -> None:
    """Nobody is asked about what the rules refuse, and nobody can let it through."""
    world.workspaces.change(world.caller, {"approval": ApprovalMode.HUMAN})
    world.draft(code={"source": "fault"})
    assert world.reviews.submit(world.caller, "lookup", 1)["status"] == "changes_requested"
    rows_around(world, lambda: approve(world, judge), Conflict, "changes_requested")


@pytest.mark.parametrize("decide", [approve, reject])
def test_nobody_decides_about_their_own_version(gated: World, decide: Decide) -> None:
    """Told by the principal: neither with the author's key, nor with another one, whatever its scopes."""
    for caller in (
        gated.caller,
        gated.colleague(gated.caller.principal, Scope.REVIEW),
        gated.colleague(gated.caller.principal, Scope.ADMIN),
    ):
        rows_around(gated, lambda by=caller: decide(gated, by, 1), Forbidden, "another principal must")  # type: ignore[misc]
    assert stands(gated).status is VersionStatus.PENDING_APPROVAL


def test_another_principal_decides_and_is_named(gated: World, judge: Caller) -> None:
    """With the reason; the seal is made now, and names who approved."""
    review = gated.reviews.approve(judge, "lookup", 1, "fine")
    assert review["decision"] == {"by": "judge", "text": "fine"}
    approval = stands(gated).approval
    assert approval is not None
    assert (approval.principal, approval.policy) == ("judge", "test.1")


@pytest.mark.parametrize("decide", [approve, reject])
@pytest.mark.parametrize("status", ["draft", "changes_requested", "approved", "rejected"])
def test_only_what_waits_is_decided_on(gated: World, judge: Caller, decide: Decide, status: str) -> None:
    """Whatever else a version is, it stays that; the answer says what it is."""
    if status in {"approved", "rejected"}:
        (approve if status == "approved" else reject)(gated, judge)
        number = 1
    else:
        source = "fault" if status == "changes_requested" else "x = 1"
        gated.catalog.add_version(gated.caller, "lookup", {"code": {"source": source}}, base=None, if_match=None)
        number = 2
    if status == "changes_requested":
        gated.reviews.submit(gated.caller, "lookup", 2)
    before = stands(gated, number)
    assert before.status == status
    rows_around(gated, lambda: decide(gated, judge, number), Conflict, f"is {status}")
    assert stands(gated, number) == before


def test_what_is_not_there_is_not_decided_on(gated: World, judge: Caller) -> None:
    """Neither a version, nor another workspace's function."""
    with pytest.raises(NotFound):
        approve(gated, judge, 2)
    with pytest.raises(NotFound):
        approve(gated, gated.workspace("second"))


def test_who_approved_one_version_cannot_approve_their_own_next_one(gated: World, judge: Caller) -> None:
    """Authors are those of versions, not of functions; the author of the first may decide about the second."""
    approve(gated, judge)
    writer = gated.colleague("judge", Scope.WRITE)
    gated.catalog.add_version(writer, "lookup", {"timeout": 5}, base=None, if_match=None)
    assert gated.reviews.submit(writer, "lookup", 2)["status"] == "pending_approval"
    rows_around(gated, lambda: approve(gated, judge, 2), Forbidden, "another principal must")
    approve(gated, gated.caller, 2)
    assert stands(gated, 2).status is VersionStatus.APPROVED


def test_submitting_for_somebody_else_makes_nobody_an_author(world: World) -> None:
    """Who wrote it may not decide, even if another one submits; and who submits may, if another one wrote it."""
    world.workspaces.change(world.caller, {"approval": ApprovalMode.HUMAN})
    writer = world.colleague("writer", Scope.WRITE)
    world.draft(caller=writer)
    world.reviews.submit(world.caller, "lookup", 1)
    own = world.colleague("writer", Scope.REVIEW)
    rows_around(world, lambda: approve(world, own), Forbidden, "another principal must")
    approve(world, world.caller)
    assert stands(world).status is VersionStatus.APPROVED


def test_what_was_reviewed_under_older_rules_is_not_approved(gated: World, judge: Caller) -> None:
    """A person decides about what today's rules say; submitting again has them say it."""
    gated.reviewer.policy = "test.2"
    rows_around(gated, lambda: approve(gated, judge), Conflict, "submitted again")
    assert stands(gated).approval is None
    review = gated.reviews.submit(gated.caller, "lookup", 1)
    assert (review["status"], review["policy"]) == ("pending_approval", "test.2")
    approve(gated, judge)
    approval = stands(gated).approval
    assert approval is not None
    assert approval.policy == "test.2"


def test_what_today_s_rules_refuse_waits_no_longer_once_it_is_submitted_again(gated: World, judge: Caller) -> None:
    """It goes back to its author."""
    gated.reviewer.policy, gated.reviewer.word = "test.2", "session"
    assert gated.reviews.submit(gated.caller, "lookup", 1)["status"] == "changes_requested"
    rows_around(gated, lambda: approve(gated, judge), Conflict, "changes_requested")


def test_what_was_reviewed_under_older_rules_may_be_rejected(gated: World, judge: Caller) -> None:
    """A no needs no review."""
    gated.reviewer.policy = "test.2"
    reject(gated, judge)
    assert stands(gated).status is VersionStatus.REJECTED


def test_submitting_what_waits_under_the_same_rules_changes_nothing(gated: World) -> None:
    """It goes on waiting, with the review it has."""
    before = stands(gated)
    counts = row_counts(gated.engine)
    assert gated.reviews.submit(gated.caller, "lookup", 1) == before.review
    assert stands(gated) == before
    assert row_counts(gated.engine) == counts


def test_what_waits_goes_on_waiting_when_nobody_need_decide_any_more(gated: World, judge: Caller) -> None:
    """A setting approves nothing by itself; who was asked may still answer."""
    gated.workspaces.change(gated.caller, {"approval": ApprovalMode.AUTO})
    assert stands(gated).status is VersionStatus.PENDING_APPROVAL
    approve(gated, judge)
    assert stands(gated).status is VersionStatus.APPROVED


def test_what_waits_is_approved_when_it_is_submitted_again_where_nobody_need_decide(gated: World) -> None:
    """As a new version of the same would be; the audit trail has both submits."""
    gated.workspaces.change(gated.caller, {"approval": ApprovalMode.AUTO})
    review = gated.reviews.submit(gated.caller, "lookup", 1)
    assert (review["status"], "decision" in review) == ("approved", False)
    assert stands(gated).approval is not None
    statuses = [line.detail["status"] for line in gated.told("version.submit")]
    assert statuses == ["pending_approval", "approved"]


def test_a_rejection_is_not_undone_by_a_setting(gated: World, judge: Caller) -> None:
    """Nor by submitting again, nor by other rules."""
    reject(gated, judge)
    gated.workspaces.change(gated.caller, {"approval": ApprovalMode.AUTO})
    gated.reviewer.policy = "test.2"
    assert gated.reviews.submit(gated.caller, "lookup", 1)["status"] == "rejected"
    assert stands(gated).status is VersionStatus.REJECTED


def test_what_was_approved_stays_so_when_a_person_is_to_decide_from_now_on(world: World) -> None:
    """The setting is about what is submitted after it."""
    world.published()
    world.workspaces.change(world.caller, {"approval": ApprovalMode.HUMAN})
    assert stands(world).status is VersionStatus.APPROVED
    assert world.reviews.submit(world.caller, "lookup", 1)["status"] == "approved"


def test_a_gate_that_closes_while_a_version_is_reviewed_holds_for_it(world: World) -> None:
    """What counts is the setting when the review is recorded."""
    world.draft()
    world.reviewer.before = lambda: world.workspaces.change(world.caller, {"approval": ApprovalMode.HUMAN})
    assert world.reviews.submit(world.caller, "lookup", 1)["status"] == "pending_approval"
