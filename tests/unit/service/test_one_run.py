"""One run has one end, wherever it is told: in tests, test cases, answers, records, events, timelines, to vendors."""

import asyncio
import json
from dataclasses import replace
from typing import Any, get_args

import pytest
from tests.support.fakes import at_once
from tests.support.world import World

from midcall.api import views
from midcall.cli.function import shown_report
from midcall.compat.adapter_sessions import result_of
from midcall.domain.errors import Conflict, SandboxLost, SandboxUnavailable
from midcall.domain.function_config import FunctionConfig
from midcall.domain.invocation import Invocation, Purpose
from midcall.domain.phases import Phase
from midcall.domain.run import RunError, RunReport
from midcall.domain.run_status import ExpectedWord, InvocationStatus, InvocationWord, RunStatus, RunWord, run_status
from midcall.service.runs.outcome import outcome_of
from midcall.service.sessions.timeline import CallEntry, Timeline
from midcall.service.test_cases.case_of_run import RunToSave
from midcall.service.test_cases.case_runs import SuiteRequest
from midcall.service.test_cases.form import CaseForm
from midcall.ui.invocation.replays import came_alike

STRICT = {"output_schema": {"type": "object", "required": ["total"]}, "strict_output": True}
REFUSAL = RunError("Refused", "order 4711 does not exist", 2)
#: How a run may end: its function, its report, and the word of it.
ENDS: list[tuple[str, dict[str, Any], RunReport, RunStatus]] = [
    ("well", {}, RunReport(RunStatus.OK, {"total": 1}), RunStatus.OK),
    ("variables of another type", {}, RunReport(RunStatus.OK, {"dynamicVariables": 1}), RunStatus.ERROR),
    ("against its schema", STRICT, RunReport(RunStatus.OK, {}), RunStatus.ERROR),
    ("refused by itself", {}, RunReport(RunStatus.REFUSED, error=REFUSAL), RunStatus.REFUSED),
    ("refused without a word", {}, RunReport(RunStatus.REFUSED), RunStatus.REFUSED),
    *((end.value, {}, RunReport(end), end) for end in RunStatus if end.reported and not (end.ok or end.refused)),
]
CASES = pytest.mark.parametrize(
    ("changes", "report", "word"), [each[1:] for each in ENDS], ids=[each[0] for each in ENDS]
)


def run(world: World, report: RunReport, purpose: Purpose = Purpose.TEST) -> Invocation:
    """Carry one run out."""
    world.sandbox.behave = lambda _: report
    return world.read(world.admitted(purpose=purpose).id)


@CASES
def test_a_run_is_called_alike(world: World, changes: dict[str, Any], report: RunReport, word: RunStatus) -> None:
    """By its author's test and test case, on record, and to whoever called; only what is ok has succeeded."""
    world.published(**changes)
    world.working()
    tried, called = run(world, report), run(world, report, Purpose.LIVE)
    world.test_cases.put(world.caller, "lookup", "it", CaseForm.model_validate({"expect": {"status": "ok"}}))
    suite = asyncio.run(world.case_runs.run(world.caller, SuiteRequest("lookup"), at_once))
    assert {views.report_view(tried)["status"], suite.results[0].status} == {word}
    assert suite.results[0].passed == word.ok
    expected = {word.comes_to}
    assert {views.invocation_view(each)["status"] for each in (tried, called)} == expected
    assert views.outcome_view(called)["status"] in expected
    assert views.outcome_view(called)["is_error"] is not word.ok
    assert result_of(called).ok is word.ok
    assert (views.report_view(tried)["error"] is None) is word.ok


@CASES
def test_a_session_tells_it_alike(world: World, changes: dict[str, Any], report: RunReport, word: RunStatus) -> None:
    """Its event, its timeline, its list."""
    world.published(**changes)
    world.agent(("lookup", Phase.DURING_SESSION))
    world.working()
    world.sandbox.behave = lambda _: report
    session = world.started()
    ended = world.read(world.called("lookup").id)
    events, _ = world.sessions.events_after(session.id, 0, 100)
    [call] = [entry for entry in Timeline().tell(events) if isinstance(entry, CallEntry)]
    [listed] = views.session_view(world.sessions.view(world.caller, "s1"))["invocations"]
    assert {ended.status, call.status, InvocationStatus(listed["status"])} == {word.comes_to}
    assert ended.run_status is word


@CASES
def test_the_command_line_says_it_alike(changes: dict[str, Any], report: RunReport, word: RunStatus) -> None:
    """`midcall run`, though nothing is recorded there."""
    config = FunctionConfig.from_stored(changes)
    shown = shown_report(report, outcome_of(report, config, Phase.DURING_SESSION, {}))
    assert (shown["status"], shown["error"] is None) == (word.value, word.ok)
    json.dumps(shown)


@pytest.mark.parametrize("error", [SandboxUnavailable(), SandboxLost()])
def test_what_left_no_report_is_not_said_to_be_anything_else(world: World, error: Exception) -> None:
    """It has failed; no test case can expect it."""
    world.published()
    world.working()

    def behave(_: Any) -> RunReport:
        raise error

    world.sandbox.behave = behave
    tried = world.read(world.admitted(purpose=Purpose.TEST).id)
    assert (views.report_view(tried)["status"], tried.status.ok) == ("not_run", False)


def test_code_that_refuses_has_run(world: World) -> None:
    """So it can be run again, and be expected to refuse; a call that was refused before it cannot."""
    world.published()
    world.working()
    ended = run(world, RunReport(RunStatus.REFUSED, error=REFUSAL), Purpose.LIVE)
    case = world.cases_of_runs.save(world.caller, RunToSave(ended.id, "again", "status", {}))
    assert case.expect.document() == {"status": "refused"}
    assert world.replays.dry(world.caller, ended.id, "inv_again").params == ended.params
    never = world.admitted(params={"order": "soon"})
    with pytest.raises(Conflict, match="before its function ran"):
        world.replays.dry(world.caller, never.id, "inv_never")


def test_a_run_that_is_given_up_replays_to_the_same_end(world: World) -> None:
    """`dead` is what a post-session function's last failure is called, no other end."""
    world.published()
    world.working()
    failed, ended_well = run(world, RunReport(RunStatus.ERROR)), run(world, RunReport(RunStatus.OK, 1))
    assert failed.outcome is not None
    dead = replace(failed, status=InvocationStatus.DEAD, outcome=replace(failed.outcome, status=InvocationStatus.DEAD))
    assert came_alike(dead, failed)
    assert not came_alike(dead, ended_well)
    assert not came_alike(dead, run(world, RunReport(RunStatus.MEMORY)))


def test_what_never_ran_again_is_not_said_to_have_ended_as_before(world: World) -> None:
    """A background run that had failed, was queued again, and found no worker: its report is the first run's."""
    world.published(background=True, retries=0)
    world.working()
    failed = run(world, RunReport(RunStatus.ERROR), Purpose.BACKGROUND)
    assert failed.run_status is RunStatus.ERROR
    with world.storage.write() as tx:
        revived = tx.invocations.revive(failed.id, now=world.clock(), deadline_at=world.clock() + 1_000, attempts=1)
        assert revived
    world.clock.advance(3_600_000)
    world.sweep.sweep()
    over = world.read(failed.id)
    assert (over.status, over.report is not None, over.run_status) == (
        InvocationStatus.TIMED_OUT,
        True,
        RunStatus.NOT_RUN,
    )


def test_every_word_has_its_place() -> None:
    """In the table, and in the types that the API's description is made of."""
    assert get_args(InvocationWord) == tuple(status.value for status in InvocationStatus)
    told = get_args(RunWord)
    assert {*told, "refused", "not_run"} == {status.value for status in RunStatus}
    assert get_args(ExpectedWord) == (*told, "refused")
    for status in RunStatus:
        assert status.comes_to.final
        assert status.ok == status.comes_to.ok
    for reported in (None, *RunStatus):
        for recorded in (each for each in InvocationStatus if each.final):
            ended = run_status(reported, recorded)
            assert ended.ok == recorded.ok
            assert ended.comes_to is recorded or ended is RunStatus.NOT_RUN or recorded is InvocationStatus.DEAD
