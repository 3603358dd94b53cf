"""Test cases: saved, run some at a time within one deadline, made of past runs; and what they let be published."""

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import event
from tests.support.fakes import at_once
from tests.support.world import World, function

from midcall.domain.errors import (
    CasesChanged,
    CasesFailed,
    CasesUntested,
    CaseTaken,
    Conflict,
    Forbidden,
    InvalidInput,
    NotApproved,
    NotFound,
)
from midcall.domain.ids import new_id
from midcall.domain.invocation import Invocation, Purpose
from midcall.domain.parameters import MASK
from midcall.domain.run import RunError, RunReport, RunRequest
from midcall.domain.run_status import RunStatus
from midcall.domain.test_case import MAX_CASES, MAX_CASES_BYTES, TestCase
from midcall.domain.workspace import Scope
from midcall.service.access.access import Caller
from midcall.service.fields import faults_of
from midcall.service.functions.catalog import FunctionView
from midcall.service.functions.form import parse_function
from midcall.service.releases.publish import FORCED_MS, Publication
from midcall.service.runs.submit import InvocationRequest
from midcall.service.test_cases.case_of_run import RunToSave
from midcall.service.test_cases.case_runs import AT_ONCE, SUITE_MS, SuiteRequest, SuiteResult
from midcall.service.test_cases.form import CaseForm

PIN = {
    "type": "object",
    "properties": {
        "pin": {"type": "string", "x-midcall": {"sensitive": True}},
        "token": {"type": "string", "x-midcall": {"sensitive": True, "from_variable": "customer_token"}},
        "order": {"type": "integer"},
    },
}


def params_back(request: RunRequest) -> RunReport:
    """Return the parameters."""
    return RunReport(RunStatus.OK, result=dict(request.session["params"]))


def put_case(
    world: World, name: str = "fine", of: str = "lookup", caller: Caller | None = None, **form: Any
) -> TestCase:
    """Save a case, which expects its parameters back."""
    form = {"expect": {"exact": form.get("params", {})}, **form}
    return world.test_cases.put(caller or world.caller, of, name, CaseForm.model_validate(form))[0]


def run_cases(world: World, caller: Caller | None = None, **wanted: Any) -> SuiteResult:
    """Run cases of the function."""
    return asyncio.run(world.case_runs.run(caller or world.caller, SuiteRequest("lookup", **wanted), at_once))


def whys(found: SuiteResult) -> dict[str, str | None]:
    """Return what became of each case."""
    return {result.case: result.why for result in found.results}


def publish_tested(world: World, version: int = 1, **more: Any) -> FunctionView:
    """Publish a version, its cases passing."""
    return asyncio.run(world.publishing.publish(world.caller, Publication("lookup", version, **more), at_once))


@pytest.fixture
def prepared(world: World) -> World:
    """Have an approved function whose runs return their parameters, carried out as soon as they are queued."""
    world.approved()
    world.sandbox.behave = params_back
    world.working()
    return world


# Saved ----------------------------------------------------------------------------------------------------------------


def test_a_case_is_kept_as_it_was_written(prepared: World) -> None:
    """All of it, until it is replaced or deleted; who did so is on record."""
    mocks = [{"action": "http.get", "returns": {"body": 1}}]
    session = {"phase": "pre_session", "direction": "inbound"}
    saved = put_case(prepared, params={"order": 1}, mocks=mocks, session=session, expect={"subset": {"a": None}})
    assert saved == prepared.test_cases.get(prepared.caller, "lookup", "fine")
    assert prepared.test_cases.all(prepared.caller, "lookup") == [saved]
    assert saved.document() == {
        "session": session,
        "params": {"order": 1},
        "mocks": mocks,
        "dry": True,
        "expect": {"subset": {"a": None}},
    }
    replaced = put_case(prepared, dry=False)
    assert prepared.test_cases.all(prepared.caller, "lookup") == [replaced]
    prepared.test_cases.delete(prepared.caller, "lookup", "fine")
    assert prepared.test_cases.all(prepared.caller, "lookup") == []
    with pytest.raises(NotFound):
        prepared.test_cases.delete(prepared.caller, "lookup", "fine")
    assert [line.act for line in prepared.told("test_case")] == ["test_case.put"] * 2 + ["test_case.delete"]


@pytest.mark.parametrize(
    ("form", "loc"),
    [
        ({"expect": {}}, "expect"),
        ({"expect": {"exact": 1, "status": "ok"}}, "expect"),
        ({"expect": {"status": "not_run"}}, "expect.status"),
        ({"expect": {"exact": 1, "nonsense": 2}}, "expect.nonsense"),
        ({"expect": {"schema": {"type": "no such type"}}}, "expect.schema"),
        ({"expect": {"schema": {"$ref": "https://example.com/x"}}}, "expect.schema"),
        ({"expect": {"exact": 1, "terminateAgent": "yes"}}, "expect.terminateAgent"),
        ({"session": {"phase": "no_phase"}, "expect": {"status": "ok"}}, "session.phase"),
        ({"session": {"transcript": ["x" * 500_000]}, "expect": {"status": "ok"}}, ""),
        ({}, "expect"),
    ],
)
def test_what_is_no_case_is_told_where(form: dict[str, Any], loc: str) -> None:
    """With the path in the body."""
    with pytest.raises(ValidationError) as caught:
        CaseForm.model_validate(form)
    assert [fault.loc for fault in faults_of(caught.value)] == [loc]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
EXPECTED = st.dictionaries(
    st.sampled_from(["exact", "subset", "schema", "status", "variables", "terminateAgent"]),
    JSON,
    min_size=1,
    max_size=3,
)


@given(st.fixed_dictionaries({"expect": EXPECTED | JSON}, optional={"params": JSON, "session": JSON, "mocks": JSON}))
def test_any_json_is_a_case_or_is_told_what_is_wrong(body: Any) -> None:
    """And what is a case is read from the database as it was written there."""
    case, faults = None, []
    try:
        case = CaseForm.model_validate(body).case("a", principal="p", at=1)
    except ValidationError as error:
        faults = list(faults_of(error))
    if case is None:
        assert faults
        assert all(fault.msg for fault in faults)
        return
    stored = json.loads(json.dumps(case.document()))
    assert TestCase.of("a", stored, principal="p", updated_at=1).sha256 == case.sha256


def test_a_webhooks_case_is_not_mocked(world: World) -> None:
    """It calls no actions: each run of it really calls its URL, and so the form says."""
    body = {name: value for name, value in function("hook").items() if name != "code"}
    hook = body | {"kind": "webhook", "webhook": {"url": "https://api.example.com"}}
    world.catalog.create(world.caller, parse_function(hook))
    with pytest.raises(InvalidInput) as caught:
        put_case(world, of="hook", mocks=[{"action": "http", "returns": 1}])
    assert [fault.loc for fault in caught.value.faults] == ["mocks", "dry"]
    assert put_case(world, of="hook").rehearsal is None


def test_there_is_an_end_to_cases(prepared: World) -> None:
    """In number, and in bytes together; replacing one adds none."""
    for number in range(MAX_CASES):
        put_case(prepared, f"case {number}")
    with pytest.raises(InvalidInput, match="at most 100"):
        put_case(prepared, "one more")
    put_case(prepared, "case 1", params={"order": 2})
    large = {"transcript": ["x" * (MAX_CASES_BYTES // 14)]}
    for number in range(14):
        prepared.test_cases.delete(prepared.caller, "lookup", f"case {number}")
    for number in range(13):
        put_case(prepared, f"large {number}", session=large)
    with pytest.raises(InvalidInput, match="MiB"):
        put_case(prepared, "one more", session=large)


def test_cases_end_with_their_function(prepared: World) -> None:
    """Another of its name has none."""
    put_case(prepared)
    prepared.catalog.archive(prepared.caller, "lookup")
    prepared.draft()
    assert prepared.test_cases.all(prepared.caller, "lookup") == []


def test_sensitive_values_are_kept_to_run_with_and_never_shown(world: World) -> None:
    """Not in parameters, variables or what is expected; sent back masked, they stay."""
    world.approved(parameters=PIN)
    world.sandbox.behave = params_back
    world.working()
    session = {"dynamicVariables": {"customer_token": "tok-4711", "tier": "gold"}}
    expected = {"pin": "pin-1234", "token": "tok-4711", "order": 1}
    saved = put_case(world, params={"pin": "pin-1234", "order": 1}, session=session, expect={"exact": expected})
    for text in (str(saved.document()), str(world.test_cases.all(world.caller, "lookup")[0].document())):
        assert "pin-1234" not in text
        assert "tok-4711" not in text
    assert saved.session["dynamicVariables"] == {"customer_token": MASK, "tier": "gold"}
    for _ in range(2):
        assert whys(run_cases(world)) == {"fine": None}
        assert world.sandbox.requests[-1].session["params"] == expected
        shown = world.test_cases.get(world.caller, "lookup", "fine").document()
        put_case(world, **{name: value for name, value in shown.items() if name != "mocks"})
    with pytest.raises(InvalidInput) as caught:
        put_case(world, "new", params={"pin": MASK}, session={"dynamicVariables": {"customer_token": MASK}})
    assert [fault.loc for fault in caught.value.faults] == ["params.pin", "session.dynamicVariables.customer_token"]
    world.sandbox.behave = lambda request: RunReport(RunStatus.ERROR, error=RunError("E", str(request.session)))
    why = whys(run_cases(world))["fine"]
    assert why is not None
    assert "pin-1234" not in why


PIN_INSIDE = {
    "type": "object",
    "properties": {"login": {"$ref": "#/$defs/login"}, "order": {"type": "integer"}},
    "$defs": {"login": {"type": "object", "properties": PIN["properties"]}},
}


def test_what_is_sensitive_further_down_is_kept_and_masked_with_its_parameter(world: World) -> None:
    """As a whole; and so is the variable that it is filled from, and a run is not copied without new values."""
    world.published(parameters=PIN_INSIDE)
    world.sandbox.behave = params_back
    world.working()
    session = {"dynamicVariables": {"customer_token": "tok-4711", "tier": "gold"}}
    saved = put_case(world, params={"login": {"pin": "pin-1234"}, "order": 1}, session=session, expect={"status": "ok"})
    assert saved.params == {"login": MASK, "order": 1}
    assert saved.session["dynamicVariables"] == {"customer_token": MASK, "tier": "gold"}
    shown = world.test_cases.get(world.caller, "lookup", "fine").document()
    put_case(world, **{name: value for name, value in shown.items() if name != "mocks"})
    assert whys(run_cases(world)) == {"fine": None}
    got = {"login": {"pin": "pin-1234", "token": "tok-4711"}, "order": 1}
    assert world.sandbox.requests[-1].session["params"] == got
    ended = world.admitted(params={"login": {"pin": "pin-1234"}, "order": 1}, session=session)
    with pytest.raises(InvalidInput) as caught:
        save_run(world, ended)
    assert [fault.loc for fault in caught.value.faults] == ["params.login"]
    save_run(world, ended, login={"pin": "pin-9999", "token": "tok-0815"})
    with world.storage.read() as tx:
        stored = next(case for case in tx.test_cases.of(ended.function_id) if case.name == "saved")
    assert stored.params == {"login": {"pin": "pin-9999"}, "order": 1}
    assert "pin-1234" not in str(stored.document())
    assert stored.session["dynamicVariables"]["customer_token"] == "tok-0815"  # noqa: S105 (made up)


def test_a_draft_shows_nobody_what_is_sensitive_in_what_runs(world: World) -> None:
    """Whoever may read cases need not wait for one that has forgotten to say so."""
    world.published(parameters=PIN)
    put_case(world, params={"pin": "pin-1234"})
    plain = {"type": "object", "properties": {"pin": {"type": "string", "x-midcall": None}}}
    world.catalog.add_version(world.caller, "lookup", {"parameters": plain}, base=None, if_match=None)
    latest = world.catalog.get(world.caller, "lookup").version.stored["parameters"]
    assert "x-midcall" not in latest["properties"]["pin"]
    assert world.test_cases.get(world.caller, "lookup", "fine").params == {"pin": MASK}


# Run ------------------------------------------------------------------------------------------------------------------


def test_each_case_is_an_ordinary_test_run(prepared: World) -> None:
    """On record, of the version that is asked for, by default the latest approved; its why names the place."""
    put_case(prepared, "bad", params={"order": 1}, expect={"exact": {"order": 2}})
    put_case(prepared, "good", params={"order": 1}, session={"phase": "pre_session"})
    prepared.catalog.add_version(prepared.caller, "lookup", {"timeout": 7}, base=None, if_match=None)
    found = run_cases(prepared)
    assert (found.suite.version.number, whys(found)) == (1, {"bad": "$.order: expected 2, got 1", "good": None})
    good = prepared.read(str(found.results[1].invocation_id))
    assert (good.purpose, good.phase.value, good.final) == (Purpose.TEST, "pre_session", True)
    assert [result.case for result in run_cases(prepared, cases=["good"]).results] == ["good"]
    with pytest.raises(InvalidInput) as caught:
        run_cases(prepared, cases=["good", "none"])
    assert [fault.loc for fault in caught.value.faults] == ["cases.1"]
    with pytest.raises(NotApproved):
        run_cases(prepared, version=2)


def test_statuses_schemas_and_refusals_may_be_expected(prepared: World) -> None:
    """A refused call is one that never ran."""
    put_case(prepared, "refused", params={"order": "soon"}, expect={"status": "refused"})
    put_case(prepared, "fits", params={"order": 1}, expect={"schema": {"required": ["order"]}})
    put_case(prepared, "does not", expect={"schema": {"required": ["order"]}})
    put_case(prepared, "text", expect={"schema": {"type": "string"}})
    found = whys(run_cases(prepared))
    assert (found["refused"], found["fits"]) == (None, None)
    assert found["does not"] == "$.order: is missing; it is needed"
    assert (found["text"] or "").startswith("$: ")
    prepared.sandbox.behave = lambda _: RunReport(RunStatus.TIMEOUT)
    assert whys(run_cases(prepared, cases=["fits"])) == {
        "fits": "the run ended with status timeout, not ok: timeout: the run ended with status timeout"
    }


def test_what_is_returned_and_cannot_be_used_is_an_error(prepared: World) -> None:
    """As it is live."""
    prepared.sandbox.behave = lambda _: RunReport(RunStatus.OK, result={"terminateAgent": "yes"})
    put_case(prepared, session={"phase": "pre_session"}, expect={"status": "ok"})
    why = whys(run_cases(prepared))["fine"]
    assert why is not None
    assert why.startswith("the run ended with status error, not ok: bad_return")


def test_variables_are_those_that_the_run_has_set(prepared: World) -> None:
    """And the end of the agent is told apart from its going on."""
    prepared.sandbox.behave = lambda _: RunReport(
        RunStatus.OK, result={"dynamicVariables": {"tier": "gold"}, "terminateAgent": True}
    )
    also = {"variables": {"tier": "gold"}, "terminateAgent": True}
    put_case(
        prepared, session={"phase": "pre_session", "dynamicVariables": {"old": 1}}, expect={"status": "ok", **also}
    )
    put_case(
        prepared, "old", session={"dynamicVariables": {"old": 1}}, expect={"status": "ok", "variables": {"old": 1}}
    )
    prepared.sandbox.requests.clear()
    found = whys(run_cases(prepared))
    assert found["fine"] is None
    assert found["old"] is not None


def test_some_run_at_a_time_however_many_there_are(world: World) -> None:
    """Of one workspace, over all its suites: others' tests and its own calls find room."""
    world.approved()
    for number in range(AT_ONCE * 2):
        put_case(world, f"case {number}")
    open_now, most, lock = [0], [0], threading.Lock()

    def queued(_: Invocation) -> None:
        with lock:
            open_now[0] += 1
            most[0] = max(most[0], open_now[0])

    world.queue.on_enqueue = queued

    async def later(function: Callable[..., Any], *args: Any) -> Any:
        await asyncio.sleep(0)
        found = function(*args)
        if args and isinstance(args[0], Invocation) and not found.final:
            world.executor().execute(found.id)
            with lock:
                open_now[0] -= 1
            found = function(*args)
        return found

    async def two() -> Any:
        wanted = SuiteRequest("lookup")
        return await asyncio.gather(*(world.case_runs.run(world.caller, wanted, later) for _ in range(2)))

    for found in asyncio.run(two()):
        assert len(found.results) == AT_ONCE * 2
    assert most[0] == AT_ONCE


def test_one_deadline_holds_for_all(prepared: World) -> None:
    """No run may outlast it, and what has no time left is not started."""
    for number in range(AT_ONCE + 1):
        put_case(prepared, f"case {number}", params={"order": number})

    def slow(request: RunRequest) -> RunReport:
        assert request.deadline_ms <= SUITE_MS
        prepared.clock.advance(SUITE_MS)
        return params_back(request)

    prepared.catalog.add_version(prepared.caller, "lookup", {"timeout": 600}, base=None, if_match=None)
    prepared.reviews.submit(prepared.caller, "lookup", 2)
    prepared.sandbox.behave = slow
    found = run_cases(prepared)
    assert len(prepared.sandbox.requests) == 1
    late = [result.why for result in found.failed if result.invocation_id is None]
    assert len(late) == AT_ONCE
    assert set(late) == {"not run: the 300 seconds that all cases have together were up before its turn came"}


def test_a_suite_waits_for_room_in_the_queue(prepared: World) -> None:
    """And says so if none is found in time."""
    put_case(prepared)
    prepared.workspaces.change(prepared.caller, {"max_in_flight": 1})
    carried_out = prepared.queue.on_enqueue
    prepared.queue.on_enqueue = lambda _: None
    call = InvocationRequest(id=new_id("inv"), function="lookup", purpose=Purpose.TEST, params={}, session={})
    blocking = prepared.invocations.admit(prepared.caller, call)
    prepared.queue.on_enqueue = carried_out

    async def sleep(seconds: float) -> None:
        prepared.clock.sleep(seconds)
        if prepared.clock.now - blocking.created_at > 2_000:
            prepared.executor().execute(blocking.id)

    prepared.case_runs = replace(prepared.case_runs, sleep=sleep)
    assert whys(run_cases(prepared)) == {"fine": None}
    prepared.queue.on_enqueue = lambda _: None
    blocking = prepared.invocations.admit(prepared.caller, replace(call, id=new_id("inv")))
    prepared.queue.on_enqueue = carried_out
    prepared.case_runs = replace(prepared.case_runs, sleep=lambda _: at_once(prepared.clock.sleep, 100))
    why = whys(run_cases(prepared))["fine"]
    assert why is not None
    assert why.startswith("not run: ")


def test_nothing_more_is_started_for_who_has_gone(prepared: World) -> None:
    """Closed after the first result, a stream takes what waits with it."""
    for number in range(AT_ONCE * 3):
        put_case(prepared, f"case {number}")

    async def later(function: Callable[..., Any], *args: Any) -> Any:
        await asyncio.sleep(0)
        return function(*args)

    async def first() -> Any:
        suite = prepared.case_runs.suite(prepared.caller, SuiteRequest("lookup"))
        results = prepared.case_runs.results(prepared.caller, suite, later)
        found = await anext(results)
        await results.aclose()
        return found

    assert asyncio.run(first()).passed
    assert len(prepared.sandbox.requests) <= AT_ONCE * 2


def test_who_follows_is_shown_that_a_suite_lives(prepared: World) -> None:
    """Where nothing comes for a while, None does."""
    put_case(prepared)

    async def slow(function: Callable[..., Any], *args: Any) -> Any:
        await asyncio.sleep(0.05)
        return function(*args)

    async def all_of_it() -> list[Any]:
        runs = replace(prepared.case_runs, heartbeat_s=0.01)
        suite = runs.suite(prepared.caller, SuiteRequest("lookup"))
        return [result async for result in runs.results(prepared.caller, suite, slow)]

    *beats, last = asyncio.run(all_of_it())
    assert beats
    assert set(beats) == {None}
    assert last.passed


def test_a_lost_worker_fails_its_case_in_words(prepared: World) -> None:
    """And no other."""
    put_case(prepared, "lost", params={"order": 1})
    put_case(prepared, "other")

    def lose(invocation: Invocation) -> None:
        if invocation.params:
            with prepared.storage.write() as tx:
                now = prepared.clock.now
                assert tx.invocations.claim(invocation.id, owner="w", now=now, lease_until=now + 1)
            prepared.clock.advance(6_000)
            prepared.sweep.sweep()
        else:
            prepared.executor().execute(invocation.id)

    prepared.queue.on_enqueue = lose
    found = run_cases(prepared)
    assert whys(found)["other"] is None
    why = whys(found)["lost"]
    assert why is not None
    assert "worker" in why


# Publish --------------------------------------------------------------------------------------------------------------


def test_a_function_without_cases_is_published_as_ever(prepared: World) -> None:
    """Nothing is run, nothing is told of tests."""
    assert publish_tested(prepared).function.published == {"production": 1}
    assert prepared.sandbox.requests == []
    assert "tests" not in prepared.told("function.publish")[0].detail


def test_a_function_without_cases_costs_one_query_more(prepared: World) -> None:
    """Nobody without tests waits for them."""
    asked: list[str] = []
    event.listen(prepared.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    publish_tested(prepared)
    assert len([text for text in asked if "test_cases" in text]) == 1


def test_what_passes_is_published_and_what_fails_is_not(prepared: World) -> None:
    """To whichever environment; the error names the cases and why."""
    put_case(prepared, params={"order": 1})
    with pytest.raises(CasesUntested):
        prepared.catalog.publish(prepared.caller, "lookup", 1, "production")
    assert publish_tested(prepared).function.published == {"production": 1}
    assert prepared.told("function.publish")[0].detail["tests"] == {"passed": 1, "failed": []}
    put_case(prepared, "bad", expect={"exact": 1})
    with pytest.raises(CasesFailed) as caught:
        publish_tested(prepared, environment="staging")
    assert [(fault.loc, fault.msg) for fault in caught.value.faults] == [("tests.bad", "$: expected 1, got {}")]
    assert prepared.sandbox.requests[-1].session["environment"] == "staging"
    assert prepared.catalog.get(prepared.caller, "lookup").function.published == {"production": 1}


def test_rolling_back_is_publishing(prepared: World) -> None:
    """The cases are those of now, whatever the version."""
    prepared.catalog.add_version(prepared.caller, "lookup", {"timeout": 7}, base=None, if_match=None)
    prepared.reviews.submit(prepared.caller, "lookup", 2)
    publish_tested(prepared, 2)
    put_case(prepared, "bad", expect={"exact": 1})
    with pytest.raises(CasesFailed, match="of version 1 failed"):
        publish_tested(prepared, 1)


def test_who_forces_it_is_on_record_with_what_failed(prepared: World) -> None:
    """The reason stands there if something failed; and nobody waits long."""
    put_case(prepared, "bad", expect={"exact": 1})
    put_case(prepared)
    assert publish_tested(prepared, reason="the shop is down").function.published == {"production": 1}
    detail = prepared.told("function.publish")[0].detail
    assert (detail["tests"], detail["forced"]) == ({"passed": 1, "failed": ["bad"]}, "the shop is down")
    asked = prepared.sandbox.requests[-1].deadline_ms
    assert asked <= FORCED_MS
    prepared.test_cases.delete(prepared.caller, "lookup", "bad")
    publish_tested(prepared, reason="just in case")
    assert "forced" not in prepared.told("function.publish")[1].detail


def test_no_force_publishes_what_is_not_approved(world: World) -> None:
    """The gate stands before tests."""
    world.draft()
    put_case(world)
    with pytest.raises(NotApproved):
        publish_tested(world, reason="now")


@pytest.mark.parametrize("change", ["put", "replace", "delete", "same"])
def test_what_is_published_is_what_was_tested(prepared: World, change: str) -> None:
    """Cases that change while they run are run again by whoever still wants it."""
    put_case(prepared, params={"order": 1})

    def meanwhile(request: RunRequest) -> RunReport:
        prepared.queue.on_enqueue = lambda _: None
        if change == "put":
            put_case(prepared, "more")
        elif change == "replace":
            put_case(prepared, params={"order": 2})
        elif change == "delete":
            prepared.test_cases.delete(prepared.caller, "lookup", "fine")
        else:
            put_case(prepared, params={"order": 1})
        return params_back(request)

    prepared.sandbox.behave = meanwhile
    if change == "same":
        assert publish_tested(prepared).function.published == {"production": 1}
        return
    with pytest.raises(CasesChanged):
        publish_tested(prepared)
    assert prepared.catalog.get(prepared.caller, "lookup").function.published == {}


def test_another_function_of_the_name_is_not_published_by_these_cases(prepared: World) -> None:
    """Whoever archived it meanwhile and made another."""
    put_case(prepared, params={"order": 1})

    def meanwhile(request: RunRequest) -> RunReport:
        prepared.catalog.archive(prepared.caller, "lookup")
        prepared.approved()
        put_case(prepared, params={"order": 1})
        return params_back(request)

    prepared.sandbox.behave = meanwhile
    with pytest.raises(CasesChanged):
        publish_tested(prepared)


def test_a_release_is_gated_alike(prepared: World) -> None:
    """The version is stored; what ran before runs on."""
    prepared.catalog.publish(prepared.caller, "lookup", 1, "production")
    put_case(prepared, "bad", expect={"exact": 1})
    function_id = prepared.catalog.get(prepared.caller, "lookup").function.id
    with pytest.raises(CasesFailed):
        asyncio.run(prepared.releases.change(prepared.caller, function_id, lambda _: {"timeout": 9}, at_once))
    view = prepared.catalog.get(prepared.caller, "lookup")
    assert (view.function.latest, view.function.published) == (2, {"production": 1})


# Of runs --------------------------------------------------------------------------------------------------------------


def save_run(world: World, ended: Invocation, name: str = "saved", expect: Any = "exact", **params: Any) -> TestCase:
    """Save a run as a case."""
    return world.cases_of_runs.save(world.caller, RunToSave(ended.id, name, expect, params))


def test_a_run_becomes_a_case_that_passes(prepared: World) -> None:
    """On the same input; without anything leaving midcall."""
    prepared.catalog.publish(prepared.caller, "lookup", 1, "production")
    ended = prepared.admitted(params={"order": 5}, session={"dynamicVariables": {"tier": "gold"}})
    saved = save_run(prepared, ended)
    assert (saved.params, saved.dry, saved.expect.value) == ({"order": 5}, True, {"order": 5})
    assert saved.session["dynamicVariables"]["tier"] == "gold"
    assert whys(run_cases(prepared)) == {"saved": None}
    with pytest.raises(CaseTaken):
        save_run(prepared, ended)
    assert save_run(prepared, ended, "status", "status").expect.document() == {"status": "ok"}
    assert save_run(prepared, ended, "subset", "subset").expect.document() == {"subset": {"order": 5}}


def test_of_a_run_that_failed_the_status_alone_is_expected(prepared: World) -> None:
    """There is nothing else."""
    prepared.catalog.publish(prepared.caller, "lookup", 1, "production")
    prepared.sandbox.behave = lambda _: RunReport(RunStatus.ERROR, error=RunError("E", "x"))
    ended = prepared.admitted()
    with pytest.raises(Conflict, match="save it with expect: status"):
        save_run(prepared, ended)
    assert save_run(prepared, ended, expect="status").expect.document() == {"status": "error"}
    prepared.queue.on_enqueue = lambda _: None
    with pytest.raises(Conflict, match="once it is over"):
        save_run(prepared, prepared.admitted(), "open")
    with pytest.raises(Conflict, match="refused"):
        save_run(prepared, prepared.admitted(params={"order": "x"}), "refused")


def test_sensitive_values_of_a_run_are_not_copied(world: World) -> None:
    """What they were is not in the case, wherever it stood; other values are given, and used."""
    world.published(parameters=PIN)
    world.sandbox.behave = params_back
    world.working()
    session = {"transcript": ["my pin is pin-1234"], "dynamicVariables": {"customer_token": "tok-4711"}}
    ended = world.admitted(params={"pin": "pin-1234", "order": 1}, session=session)
    with pytest.raises(InvalidInput) as caught:
        save_run(world, ended, order=2)
    assert sorted(fault.loc for fault in caught.value.faults) == ["params.order", "params.pin", "params.token"]
    save_run(world, ended, pin="pin-9999", token="tok-0815")  # noqa: S106 (made up)
    with world.storage.read() as tx:
        stored = tx.test_cases.of(ended.function_id)[0]
    assert "pin-1234" not in str(stored.document())
    assert "tok-4711" not in str(stored.document())
    assert whys(run_cases(world)) == {"saved": None}
    assert world.sandbox.requests[-1].session["params"] == {"pin": "pin-9999", "token": "tok-0815", "order": 1}


# Whose they are -------------------------------------------------------------------------------------------------------


def test_cases_are_seen_and_run_in_their_own_workspace_alone(prepared: World) -> None:
    """Another's are not there, and a key of agents gets at none."""
    put_case(prepared)
    stranger = prepared.workspace("second")
    limited = prepared.colleague("runtime", Scope.RUN, agents=("front_desk",))
    for act in (
        lambda caller: prepared.test_cases.all(caller, "lookup"),
        lambda caller: prepared.test_cases.get(caller, "lookup", "fine"),
        lambda caller: put_case(prepared, caller=caller),
        lambda caller: prepared.test_cases.delete(caller, "lookup", "fine"),
        lambda caller: run_cases(prepared, caller),
    ):
        with pytest.raises(NotFound):
            act(stranger)
        with pytest.raises(Forbidden):
            act(limited)
