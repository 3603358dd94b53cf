"""An invocation is carried out once, only if it was approved byte for byte, and its outcome is recorded once."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, update
from tests.support.fakes import echo
from tests.support.world import World

from midcall.domain.action import ActionCall
from midcall.domain.errors import SandboxBusy, SandboxLost, SandboxUnavailable
from midcall.domain.invocation import Invocation
from midcall.domain.jsonvalue import digest
from midcall.domain.run import RunError, RunReport, RunRequest
from midcall.domain.run_status import InvocationStatus, RunStatus
from midcall.service.runs.leases import LEASE_MS
from midcall.service.runs.run_code import POOL_PATIENCE_MS
from midcall.storage.schema import functions, invocations, versions


def executed(world: World, invocation: Invocation) -> Invocation:
    """Carry an invocation out; returns it as it then stands."""
    world.executor().execute(invocation.id)
    return world.read(invocation.id)


def test_a_queued_invocation_is_run_recorded_and_announced(world: World) -> None:
    """The sandbox gets source, session body and what is left of the deadline."""
    world.published(timeout=10)
    admitted = world.admitted(params={"order": 5}, session={"sessionId": "s1", "own": 1})
    world.clock.advance(1_000)
    done = executed(world, admitted)
    assert (done.status, done.attempt, done.owner) == (InvocationStatus.SUCCEEDED, 1, None)
    assert (done.started_at, done.ended_at) == (world.clock.now, world.clock.now)
    request = world.sandbox.requests[0]
    assert (request.deadline_ms, request.session["deadlineMs"]) == (9_000, 9_000)
    assert (request.session["sessionId"], request.session["own"]) == ("s1", 1)
    assert request.session["params"] == {"order": 5}
    assert world.queue.announced == [admitted.id]


def test_a_session_without_an_id_gets_the_invocations(world: World) -> None:
    """Every function finds one there."""
    world.published()
    admitted = world.admitted()
    executed(world, admitted)
    assert world.sandbox.requests[0].session["sessionId"] == admitted.id


def test_a_second_wake_finds_it_done_and_does_nothing(world: World) -> None:
    """A wake is a hint."""
    world.published()
    admitted = world.admitted()
    first = executed(world, admitted)
    assert executed(world, admitted) == first
    assert len(world.sandbox.requests) == 1


def test_an_id_that_names_nothing_does_nothing(world: World) -> None:
    """Redis can be written by others."""
    world.executor().execute("inv_" + "0" * 32)
    assert (world.sandbox.requests, world.queue.announced) == ([], [])


Tamper = Callable[[World], None]


def row(engine: Engine, **changes: Any) -> None:
    """Write a version's row behind midcall's back."""
    with engine.begin() as connection:
        connection.execute(update(versions).where(versions.c.number == 1).values(**changes))


def evil_config(world: World) -> dict[str, Any]:
    """Return the document of version 1 with another source."""
    with world.storage.read() as tx:
        function = tx.functions.get(world.caller.workspace_id, "lookup")
        config = dict(tx.functions.version(function.id, 1).stored)
    return {**config, "code": {**config["code"], "source": "evil()"}}


def copied_seal(world: World, *, other_workspace: bool = False, other_version: bool = False) -> None:
    """Approve the same document elsewhere, and copy its seal onto a version that nobody approved."""
    caller = world.workspace("second") if other_workspace else world.caller
    if other_version:
        world.catalog.add_version(world.caller, "lookup", {}, base=None, if_match=None)
        world.reviews.submit(world.caller, "lookup", 2)
        number, name = 2, "lookup"
    else:
        name, number = ("lookup" if other_workspace else "lookup_too"), 1
        world.approved(name, caller=caller)
    with world.storage.read() as tx:
        found = tx.functions.version(tx.functions.get(caller.workspace_id, name).id, number).approval
        mine = tx.functions.get(world.caller.workspace_id, "lookup").id
    assert found is not None
    with world.engine.begin() as connection:
        where = (versions.c.function_id == mine, versions.c.number == 1)
        connection.execute(update(versions).where(*where).values(approval_seal=found.seal))


def both(world: World) -> None:
    """Change source and digest together, and the digest that the call was admitted for."""
    config = evil_config(world)
    row(world.engine, config=config, sha256=digest(config))
    with world.engine.begin() as connection:
        connection.execute(update(invocations).values(sha256=digest(config)))


def moved(world: World) -> None:
    """Move the function to another workspace."""
    other = world.workspace("second").workspace_id
    with world.engine.begin() as connection:
        connection.execute(update(functions).values(workspace_id=other))


TAMPERS: dict[str, Tamper] = {
    "source changed": lambda world: row(world.engine, config=evil_config(world)),
    "source and digest changed": lambda world: row(
        world.engine, config=evil_config(world), sha256=digest(evil_config(world))
    ),
    "source and every digest changed": both,
    "digest changed": lambda world: row(world.engine, sha256="0" * 64),
    "seal taken away": lambda world: row(world.engine, approval_seal=None),
    "seal made up": lambda world: row(world.engine, approval_seal="0" * 64),
    "seal that is no hex": lambda world: row(world.engine, approval_seal="\u00e9"),
    "seal of another function": copied_seal,
    "seal of another version": lambda world: copied_seal(world, other_version=True),
    "seal of another workspace": lambda world: copied_seal(world, other_workspace=True),
    "policy changed": lambda world: row(world.engine, approval_policy="test.2"),
    "status rejected": lambda world: row(world.engine, status="rejected"),
    "status draft": lambda world: row(world.engine, status="draft"),
    "function moved to another workspace": moved,
}


@pytest.mark.parametrize("tamper", TAMPERS)
def test_a_version_that_was_tampered_with_never_reaches_the_sandbox(world: World, tamper: str) -> None:
    """The call fails with a reason, and the agent has something to say."""
    world.published()
    admitted = world.admitted()
    TAMPERS[tamper](world)
    done = executed(world, admitted)
    assert world.sandbox.requests == []
    assert done.status is InvocationStatus.FAILED
    assert done.outcome is not None
    assert done.outcome.message
    assert done.outcome.error is not None
    assert done.outcome.error.type == "approval_broken"


def test_a_status_flipped_to_approved_does_not_make_an_approval(world: World) -> None:
    """A draft that somebody marks approved in the database has no seal."""
    world.published()
    admitted = world.admitted()
    world.catalog.add_version(world.caller, "lookup", {"timeout": 7}, base=None, if_match=None)
    with world.engine.begin() as connection:
        connection.execute(update(versions).where(versions.c.number == 2).values(status="approved"))
        sha256 = connection.execute(versions.select().where(versions.c.number == 2)).one().sha256
        connection.execute(update(invocations).values(version=2, sha256=sha256))
    assert executed(world, admitted).status is InvocationStatus.FAILED
    assert world.sandbox.requests == []


def test_an_older_policy_is_run_unless_the_workspace_forbids_it(world: World) -> None:
    """`enforce_current_policy` refuses what was approved under another policy than today's."""
    world.reviewer.policy = "test.0"
    world.published()
    assert executed(world, world.admitted()).status is InvocationStatus.SUCCEEDED
    admitted = world.admitted()
    world.workspaces.change(world.caller, {"enforce_current_policy": True})
    assert executed(world, admitted).status is InvocationStatus.FAILED
    assert len(world.sandbox.requests) == 1


def script(world: World, *steps: RunReport | Exception) -> None:
    """Have the sandbox answer with these, one after the other, then as usual."""
    left = list(steps)

    def behave(request: RunRequest) -> RunReport:
        step = left.pop(0) if left else echo(request)
        if isinstance(step, Exception):
            raise step
        return step

    world.sandbox.behave = behave


ERROR = RunReport(RunStatus.ERROR, error=RunError("ValueError", "no", 2))


@pytest.mark.parametrize("status", [RunStatus.ERROR, RunStatus.CRASHED, RunStatus.MEMORY])
def test_a_failed_run_is_tried_again_as_often_as_the_version_says(world: World, status: RunStatus) -> None:
    """Within the one deadline, after a delay that grows."""
    world.published(retries=2, timeout=10)
    script(world, RunReport(status), RunReport(status))
    began = world.clock.now
    assert executed(world, world.admitted()).status is InvocationStatus.SUCCEEDED
    assert [request.deadline_ms for request in world.sandbox.requests] == [10_000, 9_900, 9_700]
    assert world.clock.now - began == 300
    assert len({request.run_id for request in world.sandbox.requests}) == 3


def test_what_earlier_attempts_asked_of_the_world_stays_on_record(world: World) -> None:
    """A message that the first attempt sent was sent, whatever became of that attempt."""
    source = "def handler(session, actions):\n    return {}\n"
    world.published(retries=1, code={"source": source, "actions": ["http"], "egress": ["api.example.com"]})
    world.sandbox.calls = [ActionCall(1, "http.post", ("https://api.example.com/messages",))]
    script(world, ERROR)
    invocation = executed(world, world.admitted())
    assert invocation.status is InvocationStatus.SUCCEEDED
    assert invocation.report is not None
    assert [(each.action, each.outcome) for each in invocation.report.actions] == [("http.post", "ok")] * 2


@pytest.mark.parametrize("status", [RunStatus.TIMEOUT, RunStatus.OUTPUT_LIMIT])
def test_what_another_try_cannot_mend_is_not_tried_again(world: World, status: RunStatus) -> None:
    """A timeout has used up the deadline; too large a result stays too large."""
    world.published(retries=5)
    script(world, RunReport(status))
    executed(world, world.admitted())
    assert len(world.sandbox.requests) == 1


def test_without_retries_a_failure_is_the_outcome(world: World) -> None:
    """The default for code."""
    world.published()
    script(world, ERROR)
    done = executed(world, world.admitted())
    assert (done.status, len(world.sandbox.requests)) == (InvocationStatus.FAILED, 1)


def test_no_try_begins_that_the_deadline_leaves_no_time_for(world: World) -> None:
    """The last failure is the outcome."""
    world.published(retries=5, timeout=1)

    def slow(_: RunRequest) -> RunReport:
        world.clock.advance(400)
        return ERROR

    world.sandbox.behave = slow
    done = executed(world, world.admitted())
    assert len(world.sandbox.requests) == 2
    assert done.outcome is not None
    assert done.outcome.error is not None
    assert done.outcome.error.type == "ValueError"


def test_an_invocation_taken_after_its_deadline_is_not_run(world: World) -> None:
    """It timed out in the queue."""
    world.published(timeout=1)
    admitted = world.admitted()
    world.clock.advance(1_000)
    assert executed(world, admitted).status is InvocationStatus.TIMED_OUT
    assert world.sandbox.requests == []


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (SandboxBusy(), InvocationStatus.TIMED_OUT, "sandbox_busy"),
        (SandboxLost(), InvocationStatus.FAILED, "sandbox_lost"),
    ],
)
def test_a_sandbox_that_is_busy_or_lost_ends_the_call_honestly(
    world: World, error: Exception, status: InvocationStatus, kind: str
) -> None:
    """The outcome says which, and the agent gets the author's message."""
    world.published(messages={"error": "Try later."})
    script(world, error)
    done = executed(world, world.admitted())
    assert done.status is status
    assert done.outcome is not None
    assert done.outcome.error is not None
    assert (done.outcome.error.type, done.outcome.message) == (kind, "Try later.")
    assert done.report is None


def test_a_pool_that_is_back_within_its_patience_is_waited_for(world: World) -> None:
    """Nothing was run meanwhile, so nothing is run twice."""
    world.published()
    script(world, *[SandboxUnavailable()] * 5)
    assert executed(world, world.admitted()).status is InvocationStatus.SUCCEEDED


def test_a_pool_that_stays_away_is_given_up_on(world: World) -> None:
    """After half a minute, however far away the deadline is."""
    world.published(timeout=600)
    script(world, *[SandboxUnavailable()] * 1_000)
    began = world.clock.now
    done = executed(world, world.admitted())
    assert done.outcome is not None
    assert done.outcome.error is not None
    assert done.outcome.error.type == "sandbox_unavailable"
    assert POOL_PATIENCE_MS <= world.clock.now - began <= POOL_PATIENCE_MS + 200


def test_an_outcome_that_comes_after_the_lease_was_lost_is_discarded(world: World) -> None:
    """What the sweep recorded meanwhile stays, and nobody is woken a second time."""
    world.published()
    admitted = world.admitted()

    def stall(request: RunRequest) -> RunReport:
        world.clock.advance(LEASE_MS + 1)
        assert world.sweep.sweep().lost == 1
        return echo(request)

    world.sandbox.behave = stall
    done = executed(world, admitted)
    assert done.status is InvocationStatus.FAILED
    assert done.outcome is not None
    assert done.outcome.error is not None
    assert done.outcome.error.type == "worker_lost"
    assert world.queue.announced == [admitted.id]


def test_of_two_attempts_the_later_one_s_outcome_counts(world: World) -> None:
    """The first worker comes back while the second one runs; its report is thrown away."""
    world.published(retries=1)
    admitted = world.admitted()

    def stall(request: RunRequest) -> RunReport:
        if len(world.sandbox.requests) == 1:
            world.clock.advance(LEASE_MS + 1)
            assert world.sweep.sweep().requeued == 1
            world.executor("worker-2").execute(admitted.id)
            return replace(echo(request), result="first")
        return replace(echo(request), result="second")

    world.sandbox.behave = stall
    done = executed(world, admitted)
    assert (done.attempt, done.outcome and done.outcome.result) == (2, "second")


def test_variables_of_the_session_are_what_the_run_adds_to(world: World) -> None:
    """Only what the run set is named as changed."""
    world.published()
    script(world, RunReport(RunStatus.OK, {"dynamicVariables": {"b": 2, "a": 1}}))
    done = executed(world, world.admitted(session={"dynamicVariables": {"a": 0, "z": 9}}))
    assert done.outcome is not None
    assert done.outcome.variables == {"a": 1, "b": 2, "z": 9}
    assert done.outcome.changed == ("a", "b")


def test_odd_text_goes_through_the_database_as_it_is(world: World) -> None:
    """U+0000 and half a surrogate pair, in names and values, in result and logs."""
    world.published()
    odd = {"\x00\ud800": ["\udfff\x00", json.loads('"\\u0000"')]}
    script(world, RunReport(RunStatus.OK, odd, logs="\x00\ud800"))
    done = executed(world, world.admitted(params=odd, session=odd))
    assert (done.outcome and done.outcome.result, done.report and done.report.logs) == (odd, "\x00\ud800")
    assert (done.params, done.session) == (odd, odd)


def nested(levels: int) -> Any:
    """Return a list in a list, so many levels deep."""
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


#: What no entrance lets in. Were one to, this is what would meet it.
MONSTERS: dict[str, Any] = {
    "NaN": float("nan"),
    "Infinity in a list": [float("-inf")],
    "deeper than Python calls": nested(100_000),
    "a number longer than is read": 10**5_000,
    "an object that is no JSON": {"a": object()},
    "a key that is no text": {("a",): 1},
}


@pytest.mark.parametrize("place", ["result", "variables"])
@pytest.mark.parametrize("name", MONSTERS)
@pytest.mark.parametrize("retries", [0, 3])
def test_whatever_a_run_comes_to_it_is_run_once_and_its_row_can_be_read(
    world: World, name: str, place: str, retries: int
) -> None:
    """A failure of midcall's own over a value is an outcome like any other; nothing is left for the sweep to repeat."""
    sensitive = {"type": "string", "x-midcall": {"sensitive": True}}
    world.published(
        retries=retries,
        parameters={"type": "object", "properties": {"pin": sensitive}},
        response_variables={"all": "$", "first": "$..a"},
    )
    value = MONSTERS[name]
    script(world, RunReport(RunStatus.OK, value if place == "result" else {"dynamicVariables": {"v": value}}))
    done = executed(world, world.admitted(params={"pin": "12345678"}))
    assert (done.status, done.attempt) == (InvocationStatus.FAILED, 1)
    assert done.outcome is not None
    assert done.outcome.error is not None
    assert done.outcome.error.type in {"internal_error", "not_kept"}
    assert done.outcome.message
    assert len(world.sandbox.requests) == 1
    world.clock.advance(LEASE_MS + 1)
    assert world.sweep.sweep().requeued == 0


def test_a_run_that_midcall_itself_fails_over_is_not_made_again(world: World) -> None:
    """Nobody knows how far it came: what it did outside may be done."""
    world.published(retries=3)
    script(world, *[UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")] * 4)
    done = executed(world, world.admitted())
    assert done.outcome is not None
    assert done.outcome.error is not None
    assert (done.outcome.error.type, len(world.sandbox.requests)) == ("internal_error", 1)


def test_what_the_actions_did_stays_on_record_where_the_result_is_unusable(world: World) -> None:
    """Who looks has to see that the message was sent."""
    source = "def handler(session, actions):\n    return {}\n"
    world.published(code={"source": source, "actions": ["http"], "egress": ["api.example.com"]})
    world.sandbox.calls = [ActionCall(1, "http.post", ("https://api.example.com/messages",))]
    script(world, RunReport(RunStatus.OK, MONSTERS["deeper than Python calls"]))
    done = executed(world, world.admitted())
    assert done.report is not None
    assert [each.action for each in done.report.actions] == ["http.post"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_row_that_an_older_release_poisoned_can_be_read(world: World, number: str) -> None:
    """What no answer could hold is null."""
    world.published()
    admitted = world.admitted()
    executed(world, admitted)
    with world.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE invocations SET session = '{{\"n\": [{number}]}}'")  # noqa: S608 (no input)
    assert world.read(admitted.id).session == {"n": [None]}
