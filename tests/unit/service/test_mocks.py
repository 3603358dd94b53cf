"""Mocks, recordings and dry replays, over fakes where the world begins."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select
from tests.support.fakes import FakeSandbox
from tests.support.world import World

from midcall.domain.action import ActionCall, ActionReply
from midcall.domain.errors import Conflict, Forbidden, InvalidInput, MidcallError, NotApproved, NotFound, QueueFull
from midcall.domain.function import VersionStatus
from midcall.domain.http import HttpResponse
from midcall.domain.ids import new_id
from midcall.domain.invocation import Invocation, Purpose
from midcall.domain.mock import MAX_ANSWER_BYTES, Mock, Raised, Rehearsal, Returned
from midcall.domain.parameters import MASK
from midcall.domain.phases import Phase
from midcall.domain.run import RunError, RunReport, RunRequest
from midcall.domain.run_status import InvocationStatus, RunStatus
from midcall.domain.workspace import Scope
from midcall.service.ports import ActionHandler
from midcall.service.runs.progress import Progress
from midcall.storage.listings import InvocationFilter, PageRequest
from midcall.storage.schema import recordings, rehearsals, versions

URL = "https://api.example.com/orders"
CODE = {"source": "def handler(session, actions):\n    return {}\n", "actions": ["http"], "egress": ["api.example.com"]}

#: What the fake code does: is given the session and what calls actions, returns its result.
Behaviour = Callable[[dict[str, Any], Callable[..., ActionReply]], Any]


class Acting(FakeSandbox):
    """A sandbox whose code calls actions."""

    def __init__(self, code: Behaviour) -> None:
        super().__init__()
        self.code = code

    def run(self, request: RunRequest, act: ActionHandler) -> RunReport:
        """Run the fake code."""
        self.requests.append(request)
        numbers = iter(range(1, 1_000))

        def call(name: str, *args: Any, **kwargs: Any) -> ActionReply:
            return act(ActionCall(next(numbers), name, args, kwargs))

        return RunReport(RunStatus.OK, result=self.code(dict(request.session), call), sandbox_id="fake")


class Failing(Acting):
    """A sandbox whose code calls actions and then fails."""

    def run(self, request: RunRequest, act: ActionHandler) -> RunReport:
        """Run the fake code."""
        return replace(super().run(request, act), status=RunStatus.ERROR, error=RunError("ValueError", "no"))


def told(reply: ActionReply) -> Any:
    """Return what code sees of a reply."""
    return {"error": reply.error.code, "body": reply.error.body} if reply.error else reply.value["data"]


def get_all(session: dict[str, Any], call: Callable[..., ActionReply]) -> Any:
    """Read two orders, the second by a parameter."""
    return [
        told(call("http.get", f"{URL}/1")),
        told(call("http.get", {"url": f"{URL}/{session['params'].get('pin')}"})),
    ]


def ran(world: World, code: Behaviour = get_all, name: str = "acts", **call: Any) -> Invocation:
    """Carry out a call whose code does this."""
    world.sandbox = Acting(code)
    admitted = world.admitted(name, **call)
    world.executor().execute(admitted.id)
    return world.read(admitted.id)


def tried(world: World, *mocks: Mock, code: Behaviour = get_all, name: str = "acts", **more: Any) -> Invocation:
    """Try a version out with these mocks."""
    return ran(world, code, name, purpose=Purpose.TEST, rehearsal=Rehearsal(mocks, **more))


def replayed(world: World, invocation: Invocation, code: Behaviour = get_all) -> Invocation:
    """Replay an invocation dry; what it was answered is not there any more."""
    world.sandbox = Acting(code)
    world.outbound.answer = lambda _: pytest.fail("a replay called its target")
    again = world.replays.dry(world.caller, invocation.id, new_id("inv"))
    world.executor().execute(again.id)
    return world.read(again.id)


def result(invocation: Invocation) -> Any:
    """Return what a run returned."""
    assert invocation.report is not None, invocation.outcome
    return invocation.report.result


def outcomes(invocation: Invocation) -> list[tuple[str, bool]]:
    """Return what each action came to, and whether it was mocked."""
    assert invocation.report is not None
    return [(each.outcome, each.mocked) for each in invocation.report.actions]


def rows(world: World) -> tuple[int, int]:
    """Count rehearsals and recordings."""
    with world.engine.connect() as connection:
        counts = [connection.execute(select(func.count()).select_from(each)) for each in (rehearsals, recordings)]
        return counts[0].scalar_one(), counts[1].scalar_one()


@pytest.fixture
def acting(world: World) -> World:
    """Publish a function that calls HTTP, whose target answers with the path that it was asked for."""
    world.published("acts", code=CODE)
    world.outbound.answer = lambda request: HttpResponse(
        200, (("content-type", "application/json"),), f'"{request.url[len(URL) :]}"'.encode()
    )
    return world


# Mocks --------------------------------------------------------------------------------------------------------------


def test_the_first_mock_that_fits_and_has_times_left_answers(acting: World) -> None:
    """Then the next one; what none fits is called in reality."""
    value = {"data": "mocked"}
    done = tried(
        acting,
        Mock("http.get", Returned({"data": "once"}), {"url": f"{URL}/1"}, 1),
        Mock("http", Returned(value), {"url": f"{URL}/1"}, 2),
        code=lambda _, call: [told(call("http.get", f"{URL}/1")) for _ in range(4)],
    )
    assert result(done) == ["once", "mocked", "mocked", "/1"]
    assert outcomes(done) == [("ok", True)] * 3 + [("ok", False)]
    assert [request.url for request in acting.outbound.requests] == [f"{URL}/1"]


def test_a_mock_that_raises_is_the_action_error(acting: World) -> None:
    """With code, status and body, on the record too."""
    done = tried(acting, Mock("http", Raised("down", "http_error", 503, {"a": 1})))
    assert result(done) == [{"error": "http_error", "body": {"a": 1}}] * 2
    assert outcomes(done) == [("http_error", True)] * 2
    assert acting.outbound.requests == []


def test_in_a_dry_run_what_no_mock_answers_fails(acting: World) -> None:
    """And nothing goes out."""
    done = tried(acting, Mock("http", Returned({"data": 1}), {"url": f"{URL}/1"}), dry=True)
    assert result(done) == [1, {"error": "no_mock", "body": None}]
    assert outcomes(done) == [("ok", True), ("no_mock", False)]
    assert acting.outbound.requests == []


def test_a_mocked_call_is_checked_like_any_other(acting: World) -> None:
    """Bad options and what is not enabled fail; a credential that was not approved too, and none is resolved."""
    acting.published("asks", code=CODE | {"actions": [{"name": "http", "credentials": ["gone"]}]})

    def code(_session: Any, call: Callable[..., ActionReply]) -> Any:
        calls = [
            call("http.get", URL, zzz=1),
            call("airtable.get_record_by_id", {}),
            call("http.get", URL, credential="other"),
            call("http.get", URL, credential="gone"),
        ]
        return [each.error.code if each.error else each.value for each in calls]

    done = tried(acting, Mock("http", Returned("m")), Mock("airtable", Returned("m")), code=code, name="asks")
    assert result(done) == ["bad_options", "not_enabled", "credential", "m"]


def test_a_webhook_cannot_be_rehearsed(world: World) -> None:
    """It would go out all the same."""
    world.approved("hook", kind="webhook", code=None, webhook={"url": "https://hook.example.com"})
    with pytest.raises(InvalidInput) as raised:
        world.admitted("hook", purpose=Purpose.TEST, rehearsal=Rehearsal(dry=True))
    assert [fault.loc for fault in raised.value.faults] == ["dry"]
    assert rows(world) == (0, 0)


# Recordings ---------------------------------------------------------------------------------------------------------


def test_what_a_live_run_was_answered_is_kept_in_order(acting: World) -> None:
    """As mocks that fit each call and answer once."""
    done = ran(acting, params={"pin": "7"})
    kept = acting.replays.recording(done)
    assert kept is not None
    assert kept.mocks == tuple(
        Mock("http.get", Returned({"responseCode": 200, "data": path, "message": "OK"}), {"url": URL + path}, 1)
        for path in ("/1", "/7")
    )


def test_a_recording_sent_as_mocks_gives_the_same_result(acting: World) -> None:
    """Failures among them; what the run could not ask for at all comes by itself."""
    acting.outbound.answer = lambda request: HttpResponse(404 if request.url.endswith("1") else 200, (), b'{"a": 1}')

    def code(session: Any, call: Callable[..., ActionReply]) -> Any:
        return [*get_all(session, call), told(call("http.get", {"no": 1}))]

    first = tried(acting, code=code, record=True)
    kept = acting.replays.recording(first)
    assert kept is not None
    assert [type(mock.answer) for mock in kept.mocks] == [Raised, Returned]
    acting.outbound.answer = lambda _: pytest.fail("it was called")
    second = tried(acting, *kept.mocks, code=code, record=True, dry=True)
    assert result(second) == result(first)
    assert acting.replays.recording(second) == kept


def test_a_run_without_actions_keeps_nothing(acting: World) -> None:
    """Most runs are such."""
    ran(acting, lambda _session, _call: 1)
    assert rows(acting) == (0, 0)


def test_a_workspace_may_keep_nothing(acting: World) -> None:
    """But what a test asks for; and what was not kept cannot be replayed."""
    acting.workspaces.change(acting.caller, {"record_actions": False})
    live = ran(acting)
    ran(acting, purpose=Purpose.TEST)
    assert rows(acting) == (0, 0)
    with pytest.raises(Conflict, match="record_actions"):
        acting.replays.dry(acting.caller, live.id, new_id("inv"))
    tried(acting, record=True)
    assert rows(acting) == (1, 1)


def test_sensitive_parameters_are_masked_and_still_fit(acting: World) -> None:
    """In what was asked and in what was answered."""
    parameters = {"type": "object", "properties": {"pin": {"type": "string", "x-midcall": {"sensitive": True}}}}
    acting.published("secretive", code=CODE, parameters=parameters)
    first = ran(acting, name="secretive", params={"pin": "4711-0815"})
    kept = acting.replays.recording(first)
    assert kept is not None
    assert "4711-0815" not in str(kept.document())
    assert kept.mocks[1].when == {"url": f"{URL}/{MASK}"}
    assert result(replayed(acting, first)) == result(first) == ["/1", f"/{MASK}"]


def test_an_answer_that_is_too_large_is_missed_in_a_replay(acting: World) -> None:
    """In clear words, and only that one."""
    acting.outbound.answer = lambda request: HttpResponse(
        200, (("content-type", "text/plain"),), b"x" * (MAX_ANSWER_BYTES if request.url.endswith("1") else 9)
    )
    first = ran(acting)
    again = replayed(acting, first)
    assert result(again) == [{"error": "not_recorded", "body": None}, "x" * 9]


def test_the_last_run_of_an_invocation_is_the_one_that_is_kept(acting: World) -> None:
    """A background run that had failed for good and is replayed for real leaves no older recording behind."""
    admitted = acting.admitted("acts", purpose=Purpose.BACKGROUND)
    for path in ("/1", "/2", ""):
        acting.sandbox = Failing(partial(get_one, path))
        while not (run := acting.read(admitted.id)).final:
            acting.clock.now = max(acting.clock.now, run.due_at or 0)
            acting.executor().execute(admitted.id)
        kept = acting.replays.recording(admitted)
        assert [mock.when["url"] for mock in (kept.mocks if kept else ())] == [URL + path] * bool(path)
        acting.invocations.replay(acting.caller, admitted.id)
    assert rows(acting) == (0, 0)


def get_one(path: str, _session: dict[str, Any], call: Callable[..., ActionReply]) -> Any:
    """Read an order, if any."""
    return path and told(call("http.get", URL + path))


# Replays ------------------------------------------------------------------------------------------------------------


def test_a_replay_runs_the_same_on_the_same(acting: World) -> None:
    """Source, parameters, session body with its times; a test of its own, that changes nothing of the first."""
    session = {"sessionId": "s9", "transcript": ["hi"], "dynamicVariables": {"a": 1}}
    first = ran(acting, lambda session, call: [session, get_all(session, call)], params={"pin": 7}, session=session)
    acting.clock.advance(60_000)
    again = replayed(acting, first, lambda session, call: [session, get_all(session, call)])
    assert (again.purpose, again.version, again.sha256) == (Purpose.TEST, first.version, first.sha256)
    before, after = result(first), result(again)
    assert after[0]["deadlineMs"] <= before[0]["deadlineMs"]
    assert after == [{**before[0], "deadlineMs": after[0]["deadlineMs"]}, before[1]]
    assert outcomes(again) == [("ok", True)] * 2
    assert acting.read(first.id) == first
    line = acting.told("invocation.replay")[-1]
    assert (line.subject, line.detail["dry"], line.detail["invocation"]) == (first.id, True, again.id)


def test_without_an_id_of_its_own_a_call_keeps_the_one_it_was_given(acting: World) -> None:
    """The body says the same session, and the same time."""
    first = ran(acting, lambda session, _call: [session["sessionId"], session["time"]])
    acting.clock.advance(5_000)
    again = replayed(acting, first, lambda session, _call: [session["sessionId"], session["time"]])
    assert result(again) == result(first)
    assert result(again)[0] == first.id


def test_a_replay_of_a_sessions_call_leaves_the_session_alone(acting: World) -> None:
    """It sees the variables of its time, sets none, writes no event, and nothing follows it."""
    acting.agent(("acts", Phase.DURING_SESSION))
    session = acting.started(variables={"count": 1})
    progress = Progress(acting.storage, acting.queue, acting.clock)

    def code(session: dict[str, Any], call: Callable[..., ActionReply]) -> Any:
        seen = session["dynamicVariables"]["count"]
        progress.report(acting.sandbox.requests[-1].run_id, "counting")
        return {"dynamicVariables": {"count": seen + 1}, "seen": [seen, told(call("http.get", f"{URL}/1"))]}

    acting.sandbox = Acting(code)
    called = acting.called("acts")
    acting.run_all()
    first = acting.read(called.id)
    assert acting.session().variables["count"].value == 2
    before, events, runs = acting.session(), acting.events(session), len(acting.runs())
    assert "progress" in [name for name, _ in events]
    again = replayed(acting, first, code)
    assert result(again) == result(first)
    assert result(again)["seen"] == [1, "/1"]
    assert (acting.session(), acting.events(session), len(acting.runs())) == (before, events, runs)
    assert again.outcome is not None
    assert again.outcome.variables["count"] == 2


def test_what_the_first_run_did_not_ask_fails(acting: World) -> None:
    """Neither more often nor with other options."""
    first = ran(acting)
    again = replayed(acting, first, lambda s, call: [*get_all(s, call), *get_all(s, call)])
    assert result(again) == [*result(first), *[{"error": "no_mock", "body": None}] * 2]


def test_a_replay_can_be_replayed(acting: World) -> None:
    """It has a recording of its own."""
    first = ran(acting)
    assert result(replayed(acting, replayed(acting, first))) == result(first)


def test_what_cannot_be_replayed(acting: World) -> None:
    """Another workspace's, a webhook's, one that is not over, one that never ran; and nothing is stored."""
    done = ran(acting)
    refusals: list[tuple[type[MidcallError], str, Any]] = []
    waiting = acting.admitted("acts")
    refusals.append((Conflict, waiting.id, acting.caller))
    refused = acting.admitted("acts", params={"order": "no number"})
    assert refused.status is InvocationStatus.REFUSED
    refusals.append((Conflict, refused.id, acting.caller))
    acting.published("hook", kind="webhook", code=None, webhook={"url": "https://hook.example.com"})
    refusals.append((Conflict, acting.admitted("hook").id, acting.caller))
    refusals.append((NotFound, done.id, acting.workspace("second")))
    refusals.append((NotFound, "inv_none", acting.caller))
    refusals.append((Forbidden, done.id, acting.colleague("limited", Scope.RUN, agents=("front_desk",))))
    before = len(page(acting))
    for error, invocation_id, caller in refusals:
        with pytest.raises(error):
            acting.replays.dry(caller, invocation_id, new_id("inv"))
    assert len(page(acting)) == before
    assert rows(acting) == (0, 1)


def page(world: World) -> Any:
    """List the first workspace's invocations."""
    with world.storage.read() as tx:
        return tx.invocations.page(world.caller.workspace_id, InvocationFilter(), PageRequest(200))


def test_a_replay_takes_its_place_among_the_others(acting: World) -> None:
    """It counts like any call that somebody waits for."""
    done = ran(acting)
    acting.workspaces.change(acting.caller, {"max_in_flight": 1})
    acting.admitted("acts")
    with pytest.raises(QueueFull):
        acting.replays.dry(acting.caller, done.id, new_id("inv"))
    assert rows(acting) == (0, 1)


def test_a_version_that_is_not_approved_any_more_is_not_replayed(acting: World) -> None:
    """Nor is one of a function that was archived, even where another has its name now."""
    done = ran(acting)
    with acting.engine.begin() as connection:
        connection.execute(versions.update().values(status=VersionStatus.REJECTED.value))
    with pytest.raises(NotApproved):
        acting.replays.dry(acting.caller, done.id, new_id("inv"))
    with acting.engine.begin() as connection:
        connection.execute(versions.update().values(status=VersionStatus.APPROVED.value))
    acting.catalog.archive(acting.caller, "acts")
    with pytest.raises(NotFound):
        acting.replays.dry(acting.caller, done.id, new_id("inv"))
    acting.published("acts", code=CODE)
    with pytest.raises(NotFound):
        acting.replays.dry(acting.caller, done.id, new_id("inv"))


def test_bytes_that_were_changed_after_their_approval_are_not_replayed(acting: World) -> None:
    """The seal is checked as for any run."""
    done = ran(acting)
    with acting.engine.begin() as connection:
        config = connection.execute(select(versions.c.config)).scalar_one()
        connection.execute(versions.update().values(config=config | {"code": config["code"] | {"source": "evil()"}}))
    again = replayed(acting, done, lambda _session, _call: pytest.fail("it ran"))
    assert again.outcome is not None
    assert again.outcome.error is not None
    assert again.outcome.error.type == "approval_broken"


def test_recordings_end_with_their_session(acting: World) -> None:
    """Deleted, or outlived by retention; those of other runs stay."""
    acting.agent(("acts", Phase.DURING_SESSION))
    ran(acting)
    for number, end in enumerate((acting_delete, acting_outlive)):
        session_id = f"s{number}"
        acting.started(session_id)
        acting.sandbox = Acting(get_all)
        acting.called("acts", session_id)
        acting.run_all(session_id)
        assert rows(acting) == (0, 2)
        end(acting, session_id)
        assert rows(acting) == (0, 1)


def acting_delete(world: World, session_id: str) -> None:
    """Delete a session."""
    world.sessions.delete(world.caller, session_id)


def acting_outlive(world: World, session_id: str) -> None:
    """End a session, and let the time pass for which it is kept."""
    world.workspaces.change(world.caller, {"retention_days": 1})
    world.sessions.end(world.caller, session_id, {"analysis": {}})
    world.clock.advance(3 * 24 * 3600 * 1000)
    for _ in range(3):
        world.session_sweep.sweep()
