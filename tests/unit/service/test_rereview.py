"""When the rules change: approved versions are reviewed again, flagged, and never stopped by that alone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs
from tests.support.fakes import POLICY
from tests.support.world import SOURCE, World

from midcall.domain.agent import Attachment
from midcall.domain.errors import ReviewUnavailable
from midcall.domain.function import Version, VersionStatus
from midcall.domain.invocation import Invocation
from midcall.domain.phases import Phase
from midcall.domain.rereview import VersionFlag
from midcall.domain.run_status import InvocationStatus
from midcall.domain.workspace import ApprovalMode, Scope
from midcall.review import policy_version
from midcall.review.allowlist import packaged
from midcall.service.functions.rereview import ATTEMPTS, BROKEN_AGAIN_MS, TAKEN_MS, TURN_MS
from midcall.storage.listings import PageRequest
from midcall.storage.schema import rereviews, versions

OLDER = "test.0"
#: Fine under OLDER; POLICY refuses what has the word in it.
FAULTY = SOURCE + "# fault\n"


@pytest.fixture
def world(world: World) -> World:
    """Approve under an older policy, to which every source is clean; review again under POLICY."""
    world.reviewer.policy, world.reviewer.word = OLDER, "nothing has this word"
    return world


def rows(world: World) -> list[Any]:
    """Read the table of re-reviews."""
    with world.engine.connect() as connection:
        return list(connection.execute(select(rereviews).order_by(rereviews.c.function_id, rereviews.c.number)))


def reviewed(world: World) -> list[str]:
    """Return the sources that were reviewed again, in that order."""
    return [subject.source for subject in world.background.subjects]


def ran(world: World, invocation: Invocation) -> Invocation:
    """Carry an invocation out; return it as it then stands."""
    world.executor().execute(invocation.id)
    return world.read(invocation.id)


def flags(world: World, name: str = "lookup", number: int = 1) -> tuple[VersionFlag, ...]:
    """Return the flags that a version is shown with, which all views of it must agree on."""
    found = world.catalog.version(world.caller, name, number).flags
    assert world.catalog.get(world.caller, name).flags.get(number, ()) == found
    assert world.catalog.versions(world.caller, name, PageRequest())[1].get(number, ()) == found
    (listed,) = [view for view in world.catalog.page(world.caller, PageRequest()) if view.function.name == name]
    assert listed.flags.get(number, ()) == found
    return found


def test_what_was_approved_under_today_s_policy_is_left_alone(world: World) -> None:
    """It has no flags and no re-review; neither has what was never approved."""
    world.draft("never_submitted")
    world.workspaces.change(world.caller, {"approval": ApprovalMode.HUMAN})
    world.approved("waiting")
    world.workspaces.change(world.caller, {"approval": ApprovalMode.AUTO})
    world.reviewer.policy, world.reviewer.word = POLICY, "fault"
    world.approved("refused", code={"source": FAULTY})
    world.approved("today")
    assert world.rereviews.sweep() == 0
    assert reviewed(world) == []
    assert [flags(world, name) for name in ("never_submitted", "waiting", "refused", "today")] == [()] * 4
    assert world.catalog.version(world.caller, "today", 1).rereview is None


def test_what_passes_is_recorded_beside_its_approval(world: World) -> None:
    """The version is what it was: approval, seal and first review are not touched."""
    before = world.approved().version
    world.clock.advance(7)
    assert world.rereviews.sweep() == 1
    view = world.catalog.version(world.caller, "lookup", 1)
    assert view.version == before
    assert view.rereview is not None
    assert (view.rereview.policy, view.rereview.status) == (POLICY, VersionStatus.APPROVED)
    assert view.rereview.reviewed_at == world.clock.now
    assert flags(world) == (VersionFlag.OLDER_POLICY,)


def test_what_would_be_refused_now_is_flagged_and_runs_on(world: World) -> None:
    """With the comments that say why; the record of the run says that it was flagged when it ran."""
    before = world.published(code={"source": FAULTY}).version
    assert flags(world) == (VersionFlag.OLDER_POLICY,)
    world.rereviews.sweep()
    view = world.catalog.version(world.caller, "lookup", 1)
    assert view.version == before
    assert view.rereview is not None
    assert view.rereview.status is VersionStatus.CHANGES_REQUESTED
    assert [comment["rule"] for comment in view.rereview.comments] == ["test.fault"]
    assert flags(world) == (VersionFlag.OLDER_POLICY, VersionFlag.FAILS_CURRENT_POLICY)
    done = ran(world, world.admitted())
    assert done.status is InvocationStatus.SUCCEEDED
    assert done.outcome is not None
    assert done.outcome.flags == (VersionFlag.OLDER_POLICY, VersionFlag.FAILS_CURRENT_POLICY)


def test_a_run_is_flagged_as_its_version_was_then(world: World) -> None:
    """Not as it is when somebody reads the record."""
    world.published(code={"source": FAULTY})
    done = ran(world, world.admitted())
    world.rereviews.sweep()
    assert done.outcome is not None
    assert done.outcome.flags == (VersionFlag.OLDER_POLICY,)
    assert world.read(done.id).outcome == done.outcome


def test_a_run_of_today_s_has_no_flags(world: World) -> None:
    """Nothing is to be known of it."""
    world.reviewer.policy = POLICY
    world.published()
    outcome = ran(world, world.admitted()).outcome
    assert outcome is not None
    assert outcome.flags == ()


def test_each_version_is_reviewed_once_under_a_policy_and_told_of_once(world: World) -> None:
    """However often anybody looks, in however many processes; the log and the trail have one line each."""
    world.approved(code={"source": FAULTY})
    world.approved("fine")
    with capture_logs() as logs:
        for process in [world.rereviews, world.rereviewer(), world.rereviews]:
            process.sweep()
            world.clock.advance(2 * TAKEN_MS)
    assert len(reviewed(world)) == 2
    told = [entry for entry in logs if entry["event"] == "version_fails_current_policy"]
    assert [(entry["function"], entry["version"], entry["rules"]) for entry in told] == [("lookup", 1, ["test.fault"])]
    assert len(world.told("version.rereview")) == 2


def test_the_trail_tells_which_bytes_were_reviewed_again_and_what_came_of_it(world: World) -> None:
    """By midcall itself, which has no key."""
    version = world.approved(code={"source": FAULTY}).version
    world.rereviews.sweep()
    (line,) = world.told("version.rereview")
    assert (line.principal, line.key_id, line.function) == ("midcall", None, "lookup")
    assert line.detail == {
        "version": 1,
        "sha256": version.sha256,
        "author": "first-admin",
        "status": "changes_requested",
        "policy": POLICY,
        "approved_under": OLDER,
        "renewed": False,
        "errors": ["test.fault"],
        "warnings": [],
    }


def test_another_change_of_the_rules_has_all_of_it_reviewed_again(world: World) -> None:
    """What is shown is what the policy of today says."""
    world.approved(code={"source": FAULTY})
    world.rereviews.sweep()
    world.background.policy, world.background.word = "test.2", "nothing has this word"
    assert world.rereviews.sweep() == 1
    assert [row.policy for row in rows(world)] == [POLICY, "test.2"]
    catalog = replace(world.catalog, policy="test.2")
    assert catalog.version(world.caller, "lookup", 1).flags == (VersionFlag.OLDER_POLICY,)


def test_processes_of_two_releases_do_not_undo_each_others_work(world: World) -> None:
    """While a release is rolled out both policies are some process's own."""
    world.approved()
    both = [replace_policy(world, "test.2"), world.rereviews]
    for _ in range(3):
        for process in both:
            process.sweep()
            world.clock.advance(2 * TAKEN_MS)
    assert [row.attempt for row in rows(world)] == [1, 1]


def replace_policy(world: World, policy: str) -> Any:
    """Make another process's, with a policy of its own."""
    process = world.rereviewer()
    process.reviewer = replace(world.background, policy=policy, subjects=[])
    return process


def test_what_matters_is_reviewed_first(world: World) -> None:
    """What is published anywhere, what an agent or a running session holds on to, then the rest; newest first."""

    def approve(name: str, mark: str, number: int = 1) -> None:
        world.clock.advance(1)
        code = {"source": f"{SOURCE}# {mark}\n"}
        if number == 1:
            world.draft(name, code=code)
        else:
            world.catalog.add_version(world.caller, name, {"code": code}, base=None, if_match=None)
        world.reviews.submit(world.caller, name, number)

    approve("held", "held by a session")
    approve("plain", "rest, older")
    approve("named", "named by an agent")
    approve("named", "published, older", 2)
    approve("staged", "published, newer")
    approve("held", "rest, newer", 2)
    approve("gone", "archived")
    world.catalog.publish(world.caller, "held", 1, "production")
    world.agent(("held", Phase.DURING_SESSION), Attachment("named", Phase.DURING_SESSION, 1, version=1))
    world.started()
    world.catalog.publish(world.caller, "held", 2, "production")
    world.catalog.publish(world.caller, "named", 2, "production")
    world.catalog.publish(world.caller, "staged", 1, "staging")
    world.catalog.archive(world.caller, "gone")
    assert world.rereviews.sweep() == 6
    assert [source.splitlines()[-1].removeprefix("# ") for source in reviewed(world)] == [
        *("rest, newer", "published, newer", "published, older"),
        *("named by an agent", "held by a session"),
        "rest, older",
    ]


def test_what_a_session_with_many_large_pins_holds_is_reviewed_before_the_rest(world: World) -> None:
    """Its pins stand apart from its row."""
    world.published("held", code={"source": f"{SOURCE}# held\n"})
    messages = {"started": ["Just a moment. " * 12] * 20}
    world.agent(Attachment("held", Phase.DURING_SESSION, 0, messages=messages))
    world.started()
    world.catalog.add_version(
        world.caller, "held", {"code": {"source": f"{SOURCE}# newer\n"}}, base=None, if_match=None
    )
    world.reviews.submit(world.caller, "held", 2)
    world.catalog.publish(world.caller, "held", 2, "production")
    world.clock.advance(1)
    world.approved("plain", code={"source": f"{SOURCE}# rest\n"})
    assert world.rereviews.sweep() == 3
    marks = [source.splitlines()[-1].removeprefix("# ") for source in reviewed(world)]
    assert marks == ["newer", "held", "rest"]


def test_submits_have_a_reviewer_of_their_own(world: World) -> None:
    """Nobody who submits waits for what is done in the background."""
    world.approved()
    before = len(world.reviewer.subjects)
    world.rereviews.sweep()
    assert (len(world.reviewer.subjects), len(world.background.subjects)) == (before, 1)


def test_a_turn_ends_in_time(world: World) -> None:
    """Who stops the process waits for one review at most; the next turn goes on."""
    for number in range(5):
        world.approved(f"f{number}")
    world.background.before = lambda: world.clock.advance(TURN_MS // 2)
    with capture_logs() as logs:
        assert [world.rereviews.sweep() for _ in range(4)] == [2, 2, 1, 0]
    told = [(entry["versions"], entry["done"]) for entry in logs if entry["event"] == "rereviewed"]
    assert told == [(2, False), (2, False), (1, True)]


def test_the_reviewers_process_is_let_go_when_nothing_is_left(world: World) -> None:
    """It takes memory for nothing until the next release."""
    world.approved("one")
    world.approved("two")
    world.background.before = lambda: world.clock.advance(TURN_MS)
    world.rereviews.sweep()
    assert world.rests == []
    world.rereviews.sweep()
    world.rereviews.sweep()
    assert world.rests == [world.clock.now]


class Killed(BaseException):
    """The process ends in the middle of a review."""


def test_what_a_crash_left_is_done_by_another_process_when_its_time_is_over(world: World) -> None:
    """Nothing is lost, and nothing half done."""

    def crash() -> None:
        raise Killed

    world.approved()
    world.background.before = crash
    with pytest.raises(Killed):
        world.rereviews.sweep()
    assert world.told("version.rereview") == []
    assert flags(world) == (VersionFlag.OLDER_POLICY,)
    world.background.before = lambda: None
    other = world.rereviewer()
    assert other.sweep() == 0
    world.clock.advance(TAKEN_MS + 1)
    assert other.sweep() == 1
    assert [(row.attempt, row.status) for row in rows(world)] == [(2, "approved")]


def test_who_comes_back_late_changes_nothing(world: World) -> None:
    """Somebody else has taken the version meanwhile: their result stays, the late one's is thrown away."""
    world.approved()
    other = replace_policy(world, POLICY)
    other.reviewer.word = "def"

    def overtaken() -> None:
        world.clock.advance(TAKEN_MS + 1)
        world.background.before = lambda: None
        assert other.sweep() == 1

    world.background.before = overtaken
    world.rereviews.sweep()
    assert [(row.attempt, row.status) for row in rows(world)] == [(2, "changes_requested")]
    assert len(world.told("version.rereview")) == 1


def test_two_processes_share_the_work(world: World) -> None:
    """What one has taken, another one leaves; each goes on with the next."""
    for number in range(4):
        world.approved(f"f{number}", code={"source": f"{SOURCE}# {number}\n"})
    other = world.rereviewer()
    other.reviewer = replace(world.background, subjects=[])

    def meanwhile() -> None:
        world.background.before = lambda: None
        other.sweep()

    world.background.before = meanwhile
    assert world.rereviews.sweep() == 1
    assert len(rows(world)) == 4
    assert {row.attempt for row in rows(world)} == {1}
    assert len(other.reviewer.subjects) == 3


def test_a_review_that_cannot_be_carried_out_is_put_off(world: World) -> None:
    """The turn ends there and then; later it is made up for."""

    def away() -> None:
        raise ReviewUnavailable

    world.approved("one")
    world.approved("two")
    world.background.before = away
    assert world.rereviews.sweep() == 0
    assert len(reviewed(world)) == 1
    world.background.before = lambda: None
    world.clock.advance(TAKEN_MS + 1)
    assert world.rereviews.sweep() == 2


def test_a_reviewer_of_another_policy_records_nothing(world: World) -> None:
    """Its process was replaced under this one's feet: the files of another release lie there now."""
    world.approved()

    def replaced() -> None:
        world.background.policy = "test.9"

    world.background.before = replaced
    assert world.rereviews.sweep() == 0
    assert [row.reviewed_at for row in rows(world)] == [None]
    assert flags(world) == (VersionFlag.OLDER_POLICY,)


def test_a_review_that_was_cut_off_counts_only_when_it_happens_again_and_again(world: World) -> None:
    """A busy machine is no fault of the source."""
    world.approved()
    world.background.cut_off = True
    for attempt in range(1, ATTEMPTS):
        assert world.rereviews.sweep() == 1
        assert rows(world)[0].attempt == attempt
        assert flags(world) == (VersionFlag.OLDER_POLICY,)
        world.clock.advance(TAKEN_MS + 1)
    world.rereviews.sweep()
    assert flags(world) == (VersionFlag.OLDER_POLICY, VersionFlag.FAILS_CURRENT_POLICY)


def test_a_review_that_was_cut_off_once_is_made_again(world: World) -> None:
    """And what it then says counts."""
    world.approved()
    world.background.cut_off = True
    world.rereviews.sweep()
    world.background.cut_off = False
    world.clock.advance(TAKEN_MS + 1)
    world.rereviews.sweep()
    assert [(row.attempt, row.status) for row in rows(world)] == [(2, "approved")]


def test_what_is_not_the_approved_version_is_not_reviewed_again(world: World) -> None:
    """Bytes that somebody swapped in get no seal; when the right ones are back, they are reviewed."""
    version = world.approved().version
    evil = {**version.stored, "code": {**version.stored["code"], "source": "evil()"}}
    write(world, config=evil)
    with capture_logs() as logs:
        assert world.rereviews.sweep() == 1
        assert world.rereviews.sweep() == 0
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["approval_broken"]
    assert reviewed(world) == []
    write(world, config=dict(version.stored))
    world.clock.advance(BROKEN_AGAIN_MS + 1)
    assert world.rereviews.sweep() == 1
    assert reviewed(world) == [SOURCE]


def write(world: World, number: int = 1, **columns: Any) -> None:
    """Write a version's row by hand."""
    with world.engine.begin() as connection:
        connection.execute(update(versions).where(versions.c.number == number).values(columns))


# With `enforce_current_policy` ---------------------------------------------------------------------------------------


@pytest.fixture
def enforcing(world: World) -> World:
    """Have the workspace run nothing that was approved under an older policy."""
    world.workspaces.change(world.caller, {"enforce_current_policy": True})
    return world


def stopped(world: World, text: str) -> bool:
    """Run `lookup`; tell whether it was stopped for its policy, with a text that says this."""
    before = len(world.sandbox.requests)
    done = ran(world, world.admitted())
    if done.status is InvocationStatus.SUCCEEDED:
        return False
    assert done.outcome is not None
    assert done.outcome.error is not None
    assert done.outcome.error.type == "approval_broken"
    assert "approved under an older policy" in done.outcome.error.message
    assert text in done.outcome.error.message
    assert len(world.sandbox.requests) == before
    return True


def test_an_older_version_is_stopped_until_it_has_been_reviewed_again(enforcing: World) -> None:
    """What passes then runs again: the review had approved it alone, and would again."""
    enforcing.published()
    assert stopped(enforcing, "reviewed again shortly")
    enforcing.rereviews.sweep()
    assert not stopped(enforcing, "")
    assert enforcing.told("version.rereview")[0].detail["renewed"] is True


def test_an_older_version_that_is_refused_now_stays_stopped(enforcing: World) -> None:
    """Until its author has a new one approved."""
    enforcing.published(code={"source": FAULTY})
    enforcing.rereviews.sweep()
    assert stopped(enforcing, "see its rereview")
    enforcing.catalog.add_version(enforcing.caller, "lookup", {"code": {"source": SOURCE}}, base=None, if_match=None)
    enforcing.reviewer.policy = POLICY
    enforcing.reviews.submit(enforcing.caller, "lookup", 2)
    enforcing.catalog.publish(enforcing.caller, "lookup", 2, "production")
    assert not stopped(enforcing, "")


def approved_by_a_person(world: World) -> None:
    """Publish a version that a person approved."""
    world.workspaces.change(world.caller, {"approval": ApprovalMode.HUMAN})
    world.draft()
    world.reviews.submit(world.caller, "lookup", 1)
    world.reviews.approve(world.colleague("judge", Scope.REVIEW), "lookup", 1, "")
    world.catalog.publish(world.caller, "lookup", 1, "production")


@pytest.mark.parametrize("mode", list(ApprovalMode))
def test_what_a_person_approved_is_renewed_by_a_person_alone(enforcing: World, mode: ApprovalMode) -> None:
    """The review flags; it never approves in a person's place, whatever the workspace asks for today."""
    approved_by_a_person(enforcing)
    enforcing.workspaces.change(enforcing.caller, {"approval": mode})
    enforcing.rereviews.sweep()
    assert [row.seal for row in rows(enforcing)] == [None]
    assert enforcing.told("version.rereview")[0].detail["renewed"] is False
    assert stopped(enforcing, "a person must approve")


def test_where_a_person_decides_today_nothing_is_renewed_without_one(enforcing: World) -> None:
    """Though the review alone had approved it, when nobody else was asked."""
    enforcing.published()
    enforcing.rereviews.sweep()
    enforcing.workspaces.change(enforcing.caller, {"approval": ApprovalMode.HUMAN})
    assert stopped(enforcing, "a person must approve")
    enforcing.workspaces.change(enforcing.caller, {"approval": ApprovalMode.AUTO})
    assert not stopped(enforcing, "")


def forge(world: World, **columns: Any) -> None:
    """Write a re-review's row by hand."""
    with world.engine.begin() as connection:
        connection.execute(update(rereviews).values(columns))


def other_seal(world: World) -> str:
    """Return the seal by which another function's approval was renewed."""
    world.published("other")
    world.rereviews.sweep()
    with world.storage.read() as tx:
        function = tx.functions.get(world.caller.workspace_id, "other")
    (seal,) = [row.seal for row in rows(world) if row.function_id == function.id]
    return str(seal)


def approval_seal(world: World) -> str:
    """Return the seal of the approval itself."""
    approval = world.catalog.version(world.caller, "lookup", 1).version.approval
    assert approval is not None
    return approval.seal


FORGED: dict[str, Callable[[World], dict[str, Any]]] = {
    "no seal": lambda _: {"status": "approved"},
    "made up": lambda _: {"status": "approved", "seal": "0" * 64},
    "not ASCII": lambda _: {"status": "approved", "seal": "\u00e9" * 64},
    "its approval's": lambda world: {"status": "approved", "seal": approval_seal(world)},
    "another function's": lambda world: {"status": "approved", "seal": other_seal(world)},
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_renewal_that_somebody_wrote_into_the_database_renews_nothing(enforcing: World, kind: str) -> None:
    """Whoever can write the database has not the key."""
    enforcing.published(code={"source": FAULTY})
    enforcing.rereviews.sweep()
    forge(enforcing, **FORGED[kind](enforcing))
    assert stopped(enforcing, "a person must approve")


def test_a_renewal_fits_its_policy_alone(enforcing: World) -> None:
    """One made under an earlier policy does not do for today's."""
    enforcing.published()
    process = replace_policy(enforcing, "test.0.5")
    process.sweep()
    forge(enforcing, policy=POLICY)
    assert stopped(enforcing, "a person must approve")


def test_a_renewal_s_seal_is_no_approval(enforcing: World) -> None:
    """It cannot be moved to where a person's, or an older policy's, approval stands."""
    enforcing.published()
    enforcing.rereviews.sweep()
    write(enforcing, approval_policy=POLICY, approval_seal=rows(enforcing)[0].seal)
    done = ran(enforcing, enforcing.admitted())
    assert done.status is InvocationStatus.FAILED
    assert enforcing.sandbox.requests == []


def test_bytes_that_were_swapped_after_the_renewal_do_not_run(enforcing: World) -> None:
    """The renewal is looked at after the approval, never in its place."""
    version: Version = enforcing.published().version
    enforcing.rereviews.sweep()
    write(enforcing, config={**version.stored, "timeout": 600})
    done = ran(enforcing, enforcing.admitted())
    assert done.status is InvocationStatus.FAILED
    assert enforcing.sandbox.requests == []


# After a change of the host's Python ----------------------------------------------------------------------------------


@pytest.mark.parametrize("enforced", [False, True])
def test_what_was_approved_on_another_python_is_reviewed_again(world: World, enforced: bool) -> None:  # noqa: FBT001
    """The minor version is part of the policy: until the review, it runs on with a flag, or waits if that is wanted."""
    before, after = (policy_version(packaged(), python=minor) for minor in ("3.11", "3.12"))
    world.reviewer.policy, world.background.policy = before, after
    world.published()
    world.workspaces.change(world.caller, {"enforce_current_policy": enforced})
    executor = world.executor()
    executor = replace(executor, claimed_runs=replace(executor.claimed_runs, policy=after))
    early, late = world.admitted(), world.admitted()
    executor.execute(early.id)
    assert world.rereviews.sweep() == 1
    executor.execute(late.id)
    outcomes = [world.read(each.id) for each in (early, late)]
    assert [each.status is InvocationStatus.SUCCEEDED for each in outcomes] == [not enforced, True]
    assert all(
        each.outcome is not None and VersionFlag.OLDER_POLICY in each.outcome.flags for each in outcomes[enforced:]
    )
