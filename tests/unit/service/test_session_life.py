"""A session starts once, pins what it starts with, ends once, and keeps what it was told."""

from dataclasses import replace
from typing import Any

import pytest
from tests.support.claims import claim_as
from tests.support.fakes import echo
from tests.support.world import World

from midcall.domain.agent import Attachment, OnFailure
from midcall.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, SessionOver, TooLarge
from midcall.domain.invocation import Outcome
from midcall.domain.phases import Phase
from midcall.domain.run import RunReport, RunRequest
from midcall.domain.run_status import InvocationStatus, RunStatus
from midcall.domain.session import SessionStatus
from midcall.domain.workspace import Scope
from midcall.service.access.access import Caller
from midcall.service.sessions.sessions import MAX_FIELDS_BYTES
from midcall.service.sessions.sweep import DAY_MS, PRE_OVERDUE_MS
from midcall.storage.listings import PageRequest, SessionFilter

PRE, DURING, POST = Phase.PRE_SESSION, Phase.DURING_SESSION, Phase.POST_SESSION
ACTIVE, TERMINATED, ENDED = SessionStatus.ACTIVE, SessionStatus.TERMINATED, SessionStatus.ENDED
FAILS = RunReport(RunStatus.ERROR)


def behave(world: World, **by_source: Any) -> list[str]:
    """Have each function return its value, or its report; returns the list of those that were run."""
    ran: list[str] = []

    def run(request: RunRequest) -> RunReport:
        name = request.source.partition("# ")[2].strip()
        ran.append(name)
        value = by_source.get(name, {})
        return value if isinstance(value, RunReport) else replace(echo(request), result=value)

    world.sandbox.behave = run
    return ran


def publish(world: World, *names: str, **changes: Any) -> None:
    """Publish functions whose sources say their names."""
    for name in names:
        source = f"def handler(session):\n    return 1\n# {name}\n"
        world.published(name, code={"source": source}, parameters={"type": "object"}, **changes)


# Agents ---------------------------------------------------------------------------------------------------------------


def test_an_agent_is_replaced_whole_and_its_functions_come_in_order(world: World) -> None:
    """By phase, then order, then place; what is not named is not attached any more."""
    publish(world, "a", "b", "c")
    first = world.agent(
        Attachment("a", POST, 5), Attachment("b", POST, 1), Attachment("c", PRE, 9), Attachment("a", PRE, 9)
    ).agent
    assert [(one.function, one.phase) for one in first.attachments] == [
        ("c", PRE),
        ("a", PRE),
        ("b", POST),
        ("a", POST),
    ]
    second = world.agent(("b", DURING)).agent
    assert (second.id, second.created_at) == (first.id, first.created_at)
    assert [one.function for one in world.agents.get(world.caller, "front_desk").agent.attachments] == ["b"]


@pytest.mark.parametrize(
    ("attached", "loc"),
    [
        (Attachment("none", PRE, 0), "functions.0.function"),
        (Attachment("a", PRE, 0, version=9), "functions.0.function"),
        (Attachment("drafted", PRE, 0, version=1), "functions.0.version"),
        (Attachment("a", DURING, 0, on_failure=OnFailure.TERMINATE), "functions.0.on_failure"),
        (Attachment("a", POST, 0, on_failure=OnFailure.TERMINATE), "functions.0.on_failure"),
    ],
)
def test_what_cannot_be_attached_is_refused_with_its_path(world: World, attached: Attachment, loc: str) -> None:
    """Nothing of the agent is stored."""
    publish(world, "a")
    world.draft("drafted")
    with pytest.raises(InvalidInput) as caught:
        world.agent(attached)
    assert [fault.loc for fault in caught.value.faults] == [loc]
    with pytest.raises(NotFound):
        world.agents.get(world.caller, "front_desk")


def test_a_function_is_attached_to_a_phase_once(world: World) -> None:
    """To several phases it may be."""
    publish(world, "a")
    world.agent(("a", PRE), ("a", DURING))
    with pytest.raises(InvalidInput):
        world.agent(("a", PRE), ("a", PRE))


def test_whoever_attaches_is_warned(world: World) -> None:
    """Of a guard that lets everybody through when it fails, of what is not published, of what is archived."""
    source = 'def handler(session):\n    return {"terminateAgent": True}\n'
    world.published("guard", code={"source": source})
    world.approved("waiting")
    publish(world, "gone")
    agent = world.agent(("guard", PRE), ("waiting", DURING), ("gone", DURING))
    assert len(agent.warnings) == 2
    world.catalog.archive(world.caller, "gone")
    warnings = world.agents.get(world.caller, "front_desk").warnings
    assert [warning.split()[0] for warning in warnings] == ["guard", "waiting", "gone"]
    assert world.agent(Attachment("guard", PRE, 0, on_failure=OnFailure.TERMINATE)).warnings == ()


def test_a_session_keeps_the_versions_it_started_with(world: World) -> None:
    """What is published, attached or archived later is for sessions that start later."""
    publish(world, "a", "b")
    world.agent(("a", DURING), ("b", DURING))
    world.started()
    world.catalog.add_version(world.caller, "a", {"timeout": 7}, base=None, if_match=None)
    world.reviews.submit(world.caller, "a", 2)
    world.catalog.publish(world.caller, "a", 2, "production")
    world.catalog.archive(world.caller, "b")
    world.agent(("a", DURING))
    assert [(pin.function, pin.version) for pin in world.session().pins] == [("a", 1), ("b", 1)]
    assert (world.called("a").version, world.called("b").version) == (1, 1)
    assert world.run_all()[0].status is InvocationStatus.SUCCEEDED
    assert [(pin.function, pin.version) for pin in world.started("s2").pins] == [("a", 2)]


def test_a_pinned_version_stays_whatever_is_published(world: World) -> None:
    """And what is published nowhere, or archived, is left out of a session."""
    publish(world, "a", "archived")
    world.approved("waiting")
    world.catalog.add_version(world.caller, "a", {"timeout": 7}, base=None, if_match=None)
    world.reviews.submit(world.caller, "a", 2)
    world.agent(Attachment("a", DURING, 0, version=2), ("waiting", DURING), ("archived", DURING))
    world.catalog.archive(world.caller, "archived")
    assert [(pin.function, pin.version) for pin in world.started().pins] == [("a", 2)]
    assert [(pin.function, pin.version) for pin in world.started("s2", environment="staging").pins] == [("a", 2)]


# Starting -------------------------------------------------------------------------------------------------------------


def test_variables_flow_through_the_pre_session_phase_in_order(world: World) -> None:
    """Each function is queued when the one before it has ended, and sees what that one set."""
    publish(world, "one", "two")
    world.agent(("one", PRE), ("two", PRE))
    behave(world, one={"dynamicVariables": {"tier": "gold", "n": 1}}, two={"dynamicVariables": {"n": 2}})
    session = world.started(variables={"n": 0}, fields={"own": {"x": 1}})
    assert [run.function for run in world.runs()] == ["one"]
    assert not session.pre_done
    world.run_all()
    bodies = [request.session for request in world.sandbox.requests]
    assert [body["dynamicVariables"].get("n") for body in bodies] == [0, 1]
    assert bodies[1]["dynamicVariables"]["tier"] == "gold"
    assert (bodies[0]["own"], bodies[0]["phase"], bodies[0]["params"]) == ({"x": 1}, "pre_session", {})
    found = world.session()
    assert (found.status, found.pre_done) == (ACTIVE, True)
    sources = {name: variable.source for name, variable in found.variables.items()}
    assert sources == {"currentTime": "system", "n": "function:two", "tier": "function:one"}


def test_the_same_id_again_returns_the_session_that_exists(world: World) -> None:
    """Whatever else the second call says; nothing runs twice."""
    publish(world, "one")
    world.agent(("one", PRE))
    first = world.started()
    world.run_all()
    again = world.started(variables={"late": 1}, agent="another")
    assert (again.id, "late" in again.variables) == (first.id, False)
    assert [run.attempt for run in world.run_all()] == [1]


def test_an_unknown_agent_is_not_found(world: World) -> None:
    """And nothing is stored."""
    with pytest.raises(NotFound):
        world.started(agent="nobody")
    with pytest.raises(NotFound):
        world.session()


@pytest.mark.parametrize("reason", ["The caller is blocked.", None])
def test_nothing_runs_after_a_function_that_terminates(world: World, reason: str | None) -> None:
    """The session is over before its agent starts, and says why."""
    publish(world, "guard", "later", "post")
    world.agent(("guard", PRE), ("later", PRE), ("post", POST))
    ran = behave(world, guard={"terminateAgent": True, "reason": reason, "dynamicVariables": {"seen": 1}})
    session = world.started()
    world.run_all()
    found = world.session()
    assert (found.status, found.reason) == (TERMINATED, reason or "guard terminated the session")
    assert found.variables["seen"].value == 1
    assert ran == ["guard"]
    assert world.sessions.end(world.caller, "s1", {"analysis": {}}).session.status is TERMINATED
    assert world.run_all()[-1].function == "guard"
    with pytest.raises(SessionOver):
        world.called("later")
    assert [data["status"] for name, data in world.events(session) if name == "session"] == ["active", "terminated"]


@pytest.mark.parametrize("value", [1, "true", "yes", [], {}, 0])
def test_terminate_agent_that_is_no_boolean_is_an_error(world: World, value: Any) -> None:
    """It is not taken for either: `on_failure` says what follows."""
    publish(world, "guard", "later")
    behave(world, guard={"terminateAgent": value})
    world.agent(("guard", PRE), ("later", PRE))
    world.started()
    assert [run.status for run in world.run_all()] == [InvocationStatus.FAILED, InvocationStatus.SUCCEEDED]
    world.agent(Attachment("guard", PRE, 0, on_failure=OnFailure.TERMINATE), ("later", PRE))
    world.started("s2")
    assert [run.status for run in world.run_all("s2")] == [InvocationStatus.FAILED]
    assert world.session("s2").status is TERMINATED


def test_a_guard_that_sets_too_much_still_terminates(world: World) -> None:
    """Its variables are not kept, its decision is."""
    publish(world, "guard")
    world.agent(("guard", PRE))
    behave(world, guard={"terminateAgent": True, "dynamicVariables": {f"v{n}": n for n in range(300)}})
    world.started()
    run = world.run_all()[0]
    assert (run.status, run.outcome and run.outcome.error and run.outcome.error.type) == (
        InvocationStatus.FAILED,
        "too_many_variables",
    )
    assert world.session().status is TERMINATED


def test_a_phase_that_runs_out_of_time_goes_on_without_what_is_left(world: World) -> None:
    """Its functions are given what is left of the phase's one deadline; a second one waits for none of it."""
    publish(world, "slow", "later")
    world.agent(("slow", PRE), ("later", PRE))
    world.workspaces.change(world.caller, {"pre_session_timeout_ms": 2_000})

    def slow(request: RunRequest) -> RunReport:
        assert request.deadline_ms <= 2_000
        world.clock.advance(request.deadline_ms)
        return RunReport(RunStatus.TIMEOUT)

    world.sandbox.behave = slow
    world.started()
    assert [run.status for run in world.run_all()] == [InvocationStatus.TIMED_OUT]
    assert (world.session().status, world.session().pre_done) == (ACTIVE, True)


@pytest.mark.parametrize("place", [0, 1])
def test_a_guard_that_could_not_run_in_time_lets_nobody_through(world: World, place: int) -> None:
    """Whether it is the one that runs or one that was never reached."""
    publish(world, "guard", "other")
    functions = [Attachment("other", PRE, 1), Attachment("guard", PRE, place * 2, on_failure=OnFailure.TERMINATE)]
    world.agent(*functions)
    world.started()
    world.clock.advance(7_000 + PRE_OVERDUE_MS + 1)
    world.session_sweep.sweep()
    found = world.session()
    assert (found.status, found.reason) == (TERMINATED, "guard could not run in time")
    assert world.run_all()[0].status is InvocationStatus.TIMED_OUT
    assert len(world.runs()) == 1


def test_a_function_that_ends_after_its_phase_was_closed_queues_nothing(world: World) -> None:
    """Its outcome is recorded and its variables count, but the agent has started."""
    publish(world, "late", "later")
    world.agent(("late", PRE), ("later", PRE))

    def late(request: RunRequest) -> RunReport:
        world.sessions.close_pre(world.session().id)
        return replace(echo(request), result={"dynamicVariables": {"a": 1}})

    world.sandbox.behave = late
    world.started()
    assert [run.status for run in world.run_all()] == [InvocationStatus.SUCCEEDED]
    assert world.session().variables["a"].value == 1


# During ---------------------------------------------------------------------------------------------------------------


def test_calls_side_by_side_both_keep_their_variables(world: World) -> None:
    """Each merges what it changed into the session as it then is, not as it was when it began."""
    publish(world, "one", "two")
    world.agent(("one", DURING), ("two", DURING))
    world.started()
    first, second = world.called("one"), world.called("two")

    def meanwhile(request: RunRequest) -> RunReport:
        if "# one" in request.source:
            world.executor("worker-2").execute(second.id)
            return replace(echo(request), result={"dynamicVariables": {"one": 1, "both": 1}})
        return replace(echo(request), result={"dynamicVariables": {"two": 2, "both": 2}})

    world.sandbox.behave = meanwhile
    world.executor().execute(first.id)
    found = world.session().variables
    assert {name: found[name].value for name in ("one", "two", "both")} == {"one": 1, "two": 2, "both": 1}
    assert found["two"].source == "function:two"


def test_a_function_that_is_not_attached_is_not_found(world: World) -> None:
    """Nor is one of another phase."""
    publish(world, "a", "b", "c")
    world.agent(("a", PRE), ("b", DURING))
    world.started()
    world.run_all()
    for name in ("a", "c", "none"):
        with pytest.raises(NotFound):
            world.called(name)
    assert world.called("b")


def test_a_session_that_is_starting_or_over_takes_no_calls(world: World) -> None:
    """409 in both cases; a call that came before is answered as it was."""
    publish(world, "a", "pre")
    world.agent(("pre", PRE), ("a", DURING))
    world.started()
    with pytest.raises(SessionOver):
        world.called("a")
    world.run_all()
    known = world.called("a", idempotency_key="k")
    world.sessions.end(world.caller, "s1", {})
    with pytest.raises(SessionOver):
        world.called("a")
    assert world.called("a", idempotency_key="k").id == known.id
    with pytest.raises(SessionOver):
        world.sessions.change(world.caller, "s1", transcript=["late"], contact={}, variables={})


def test_a_background_run_that_is_lost_is_made_again(world: World) -> None:
    """Nobody waits, so its worker's death is no reason to give it up; code that kills its worker is, in the end."""
    publish(world, "bg", background=True)
    world.agent(("bg", DURING))
    world.started()
    call = world.called("bg")
    for attempt in (1, 2, 3):
        with world.storage.write() as tx:
            now = world.clock.now
            assert tx.invocations.claim(call.id, owner="gone", now=now, lease_until=now + 5_000)
        world.clock.advance(5_001)
        swept = world.sweep.sweep()
        assert (swept.requeued, swept.lost) == ((1, 0) if attempt < 3 else (0, 1))
    assert world.read(call.id).status is InvocationStatus.FAILED


def test_a_background_run_that_fails_is_tried_as_often_as_its_version_says(world: World) -> None:
    """Once where it says nothing."""
    publish(world, "bg", background=True)
    publish(world, "again", background=True, retries=1)
    world.agent(("bg", DURING), ("again", DURING))
    world.started()
    behave(world, bg=FAILS, again=FAILS)
    world.called("bg")
    world.called("again")
    assert [run.status for run in world.run_all()] == [InvocationStatus.FAILED, InvocationStatus.QUEUED]
    world.clock.advance(60_000)
    assert [(run.status, run.attempt) for run in world.run_all()] == [
        (InvocationStatus.FAILED, 1),
        (InvocationStatus.FAILED, 2),
    ]


def test_a_run_that_sets_too_much_fails_with_something_to_say(world: World) -> None:
    """And the session's variables are as they were."""
    publish(world, "a")
    world.agent(("a", DURING))
    world.started(variables={"kept": 1})
    behave(world, a={"result": "x", "dynamicVariables": {"big": "x" * 300_000}})
    world.called("a")
    outcome = world.run_all()[0].outcome
    assert outcome is not None
    assert (outcome.status, outcome.result, outcome.changed) == (InvocationStatus.FAILED, None, ())
    assert outcome.message
    assert outcome.variables["kept"] == 1
    assert set(world.session().variables) == {"currentTime", "kept"}


def test_a_worker_that_comes_back_while_another_one_runs_records_nothing(world: World) -> None:
    """The attempt is the fence: the row is running, but not for it any more; nor can it put it off or keep it alive."""
    publish(world, "bg", background=True)
    world.agent(("bg", DURING))
    world.started()
    call = world.called("bg")
    stale = claim_as(world.executor("worker-1"), call.id)
    world.clock.advance(5_001)
    assert world.sweep.sweep().requeued == 1
    current = claim_as(world.executor("worker-2"), call.id)
    assert stale is not None
    assert current is not None
    outcome = Outcome(InvocationStatus.SUCCEEDED, variables={"who": "stale"}, changed=("who",))
    assert not world.finish.attempt(stale, outcome, None)
    with world.storage.write() as tx:
        assert not tx.invocations.renew(call.id, attempt=stale.attempt, lease_until=world.clock.now + 60_000)
        assert not tx.invocations.postpone(call.id, attempt=stale.attempt, due_at=1, outcome=outcome)
    assert "who" not in world.session().variables
    assert world.finish.attempt(current, replace(outcome, variables={"who": "current"}), None)
    assert world.session().variables["who"].value == "current"


# Changing -------------------------------------------------------------------------------------------------------------


def test_a_change_appends_and_merges(world: World) -> None:
    """The transcript grows; contact and variables are merged, and those come from the caller."""
    world.agent()
    session = world.started(fields={"transcript": ["a"], "contact": {"id": 1}}, variables={"x": 1})
    world.clock.advance(5)
    changes: dict[str, Any] = {"transcript": ["b", "c"], "contact": {"name": "Ann"}, "variables": {"x": 2}}
    view = world.sessions.change(world.caller, "s1", **changes)
    found, body = view.session, view.body
    assert body is not None
    assert body["transcript"] == ["a", "b", "c"]
    assert body["contact"] == {"id": 1, "name": "Ann"}
    assert (found.variables["x"].value, found.variables["x"].source) == (2, "caller")
    assert found.updated_at == session.updated_at + 5
    assert world.events(session)[-1] == ("variable", {"name": "x", "value": 2, "source": "caller"})


def test_a_session_body_does_not_grow_without_end(world: World) -> None:
    """A sandbox could not be given it; what was there stays."""
    world.agent()
    world.started()
    big = ["x" * (MAX_FIELDS_BYTES // 2)]
    world.sessions.change(world.caller, "s1", transcript=big, contact={}, variables={})
    with pytest.raises(TooLarge):
        world.sessions.change(world.caller, "s1", transcript=big, contact={}, variables={})
    with pytest.raises(TooLarge):
        world.sessions.end(world.caller, "s1", {"analysis": big})
    assert (world.session().status, world.body()["transcript"]) == (ACTIVE, big)
    # What comes in its place is counted without it.
    world.sessions.end(world.caller, "s1", {"transcript": big})
    assert world.body()["transcript"] == big


# Ending ---------------------------------------------------------------------------------------------------------------


def test_post_session_starts_once_the_analysis_is_there(world: World) -> None:
    """What later ends bring before that is merged in; after that they change nothing."""
    publish(world, "post")
    world.agent(("post", POST))
    world.started()
    world.sessions.end(world.caller, "s1", {"transcript": ["a"], "recordingUrl": "u1"})
    assert world.runs() == []
    world.sessions.end(world.caller, "s1", {"recordingUrl": "u2"})
    world.sessions.end(world.caller, "s1", {"analysis": {"mood": "good"}})
    world.sessions.end(world.caller, "s1", {"analysis": {"mood": "bad"}})
    assert len(world.run_all()) == 1
    body = world.sandbox.requests[0].session
    assert (body["analysis"], body["recordingUrl"], body["transcript"]) == ({"mood": "good"}, "u2", ["a"])
    assert body["phase"] == "post_session"
    world.sessions.end(world.caller, "s1", {"analysis": {"mood": "bad"}})
    assert world.body()["analysis"] == {"mood": "good"}
    assert len(world.run_all()) == 1


def test_post_session_starts_without_an_analysis_after_a_while(world: World) -> None:
    """Counted from the first end, whatever came since; many sweeps start it once."""
    publish(world, "post")
    world.agent(("post", POST))
    session = world.started()
    world.sessions.end(world.caller, "s1", {})
    world.clock.advance(59_999)
    world.sessions.end(world.caller, "s1", {"transcript": []})
    assert world.session_sweep.sweep() == 0
    assert not world.sessions.events_after(session.id, 0, 100)[1]
    world.clock.advance(1)
    assert world.session_sweep.sweep() == 1
    assert world.session_sweep.sweep() == 0
    assert len(world.runs()) == 1


def test_post_session_functions_run_in_order_and_none_holds_up_the_next(world: World) -> None:
    """The next one is queued when the first attempt of the one before has come to something; delays grow; then dead."""
    publish(world, "one", "two", "three")
    world.agent(("one", POST), ("two", POST), ("three", POST))
    ran = behave(world, one=FAILS)
    session = world.started()
    world.sessions.end(world.caller, "s1", {"analysis": {}})
    assert [run.function for run in world.runs()] == ["one"]
    world.run_all()
    assert ran == ["one", "two", "three"]
    waits = []
    while (first := world.runs()[0]).status is InvocationStatus.QUEUED:
        assert first.due_at is not None
        waits.append(first.due_at - world.clock.now)
        assert not world.sessions.events_after(session.id, 0, 100)[1]
        world.clock.now = first.due_at
        world.run_all()
    assert [low <= wait <= 2 * low for low, wait in zip((5_000, 30_000), waits, strict=True)] == [True, True]
    assert [run.status.value for run in world.runs()] == ["dead", "succeeded", "succeeded"]
    assert [run.attempt for run in world.runs()] == [3, 1, 1]
    assert world.sessions.events_after(session.id, 0, 100)[1]


def test_a_dead_run_can_be_replayed_from_where_it_is(world: World) -> None:
    """With as many attempts as it had at first; what has not failed for good cannot be."""
    publish(world, "one", "two")
    world.agent(("one", POST), ("two", POST))
    behave(world, one=FAILS)
    world.started()
    world.sessions.end(world.caller, "s1", {"analysis": {}})
    while any(run.status is InvocationStatus.QUEUED for run in world.run_all()):
        world.clock.advance(60_000)
    dead, done = world.runs()
    with pytest.raises(Conflict):
        world.invocations.replay(world.caller, done.id)
    behave(world, one={"dynamicVariables": {"sent": True}})
    assert world.invocations.replay(world.caller, dead.id).status is InvocationStatus.QUEUED
    with pytest.raises(Conflict):
        world.invocations.replay(world.caller, dead.id)
    assert [(run.status.value, run.attempt) for run in world.run_all()] == [("succeeded", 4), ("succeeded", 1)]
    assert world.session().variables["sent"].value is True


def test_a_session_that_is_forgotten_ends_and_its_post_session_runs(world: World) -> None:
    """After an idle time, or at its greatest age however busy it is."""
    publish(world, "post", "a")
    world.agent(("a", DURING), ("post", POST))
    world.workspaces.change(world.caller, {"session_idle_s": 10, "session_max_age_s": 60})
    world.started()
    for _ in range(5):
        world.clock.advance(9_000)
        world.called("a")
        assert world.session_sweep.sweep() == 0
    world.clock.advance(10_001)
    assert world.session_sweep.sweep() == 1
    assert (world.session().status, world.session().reason) == (ENDED, "nothing was heard of it any more")
    assert world.run_all()[-1].function == "post"
    world.started("s2")
    for _ in range(8):
        world.clock.advance(8_000)
        world.session_sweep.sweep()
        if world.session("s2").status is not ACTIVE:
            break
        world.called("a", "s2")
    assert world.session("s2").status is ENDED


def test_a_session_is_deleted_with_all_that_hangs_on_it(world: World) -> None:
    """Also while one of its functions runs, whose outcome is then discarded."""
    publish(world, "a")
    world.agent(("a", DURING))
    session = world.started()
    call = world.called("a")

    def deleted_meanwhile(request: RunRequest) -> RunReport:
        world.sessions.delete(world.caller, "s1")
        return echo(request)

    world.sandbox.behave = deleted_meanwhile
    world.executor().execute(call.id)
    with world.storage.read() as tx:
        assert tx.invocations.find(call.id) is None
    assert world.events(session) == []
    assert world.sessions.events_after(session.id, 0, 100)[1]
    with pytest.raises(NotFound):
        world.session()
    assert world.started().id != session.id


def test_a_sweep_is_not_held_up_by_what_was_deleted_under_it(world: World) -> None:
    """It found a lost run; by the time it looks closer, the session is gone."""
    publish(world, "a")
    world.agent(("a", DURING))
    world.started()
    lost, late = world.called("a"), world.called("a")
    world.sessions.delete(world.caller, "s1")
    assert world.finish.lost(lost, Outcome(InvocationStatus.FAILED)) is False
    assert world.sweep.close_unstarted(late) is False


def test_what_outlived_its_workspaces_retention_is_deleted(world: World) -> None:
    """Sessions that ended so many days ago, with their records; others stay."""
    publish(world, "a")
    world.agent(("a", DURING))
    for name in ("old", "active", "new"):
        world.started(name)
    world.sessions.end(world.caller, "old", {"analysis": {}})
    world.workspaces.change(world.caller, {"retention_days": 1, "session_idle_s": 7 * 24 * 3600})
    world.clock.advance(DAY_MS)
    world.sessions.end(world.caller, "new", {"analysis": {}})
    world.clock.advance(1)
    world.session_sweep.sweep()
    with pytest.raises(NotFound):
        world.session("old")
    assert world.session("new").status is ENDED
    assert world.sessions.events_after(world.session("new").id, 0, 10)[0]


# Who may -------------------------------------------------------------------------------------------------------------


def test_a_key_limited_to_agents_sees_and_uses_theirs_alone(world: World) -> None:
    """Sessions, calls, changes, ends, events, records, agents."""
    publish(world, "a")
    world.agent(("a", DURING))
    world.agent(("a", DURING), name="back_office")
    limited = world.colleague("runtime", Scope.RUN, Scope.READ, agents=("back_office",))
    world.started()
    world.started("s2", agent="back_office")
    call = world.called("a")
    forbidden: list[Any] = [
        lambda: world.sessions.start(
            limited, key="k", agent="front_desk", session_id="s9", environment="production", fields={}, variables={}
        ),
        lambda: world.sessions.start(
            limited, key="k", agent="back_office", session_id="s1", environment="production", fields={}, variables={}
        ),
        lambda: world.sessions.view(limited, "s1"),
        lambda: world.sessions.change(limited, "s1", transcript=["x"], contact={}, variables={}),
        lambda: world.sessions.end(limited, "s1", {}),
        lambda: world.sessions.delete(limited, "s1"),
        lambda: world.sessions.where_it_stands(limited, "s1"),
        lambda: world.invocations.find(limited, call.id),
        lambda: world.invocations.replay(limited, call.id),
        lambda: world.agents.get(limited, "front_desk"),
        lambda: world.agents.put(limited, "front_desk", version="", number="", attachments=[]),
    ]
    for act in forbidden:
        with pytest.raises(Forbidden):
            act()
    assert [one.line.session_id for one in world.sessions.page(limited, SessionFilter(), PageRequest())] == ["s2"]
    assert [view.agent.name for view in world.agents.page(limited, PageRequest())] == ["back_office"]
    assert world.sessions.view(limited, "s2").session.agent == "back_office"
    assert world.session().status is ACTIVE


def test_the_first_session_that_has_one_of_some_ids_is_found(world: World) -> None:
    """In their order; of other agents than the caller's none, of other workspaces none."""
    world.agent()
    world.agent(name="back_desk")
    world.started("s1")
    world.started("s2")
    world.started("theirs", agent="back_desk")
    limited = world.colleague("limited", Scope.RUN, agents=("front_desk",))

    def found(*ids: str, caller: Caller | None = None) -> str | None:
        session = world.sessions.first_of(caller or world.caller, ids)
        return session.session_id if session else None

    assert (found("none", "s2", "s1"), found("s1", "s2"), found("none"), found()) == ("s2", "s1", None, None)
    assert (found("theirs", "s1"), found("theirs", "s1", caller=limited)) == ("theirs", "s1")
    assert found("s1", caller=world.workspace("second")) is None
