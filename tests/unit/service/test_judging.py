"""From what a run came to, to what the agent is told."""

from typing import Any

import pytest
from tests.support.world import function

from midcall.domain.invocation import Outcome
from midcall.domain.phases import Phase
from midcall.domain.run import RunError, RunReport
from midcall.domain.run_status import InvocationStatus, RunStatus
from midcall.service.functions.form import parse_function
from midcall.service.runs.content import DEFAULT_ERROR_MESSAGE
from midcall.service.runs.outcome import outcome_of, refused


def judged(report: RunReport, phase: Phase = Phase.DURING_SESSION, **changes: Any) -> Outcome:
    """Judge a report of a function with changed fields."""
    return outcome_of(report, parse_function(function(**changes)).config(), phase, {"before": 1})


def returned(value: Any, phase: Phase = Phase.DURING_SESSION, **changes: Any) -> Outcome:
    """Judge a run that returned a value."""
    return judged(RunReport(RunStatus.OK, value), phase, **changes)


@pytest.mark.parametrize("status", [status for status in RunStatus if not (status.ok or status.refused)])
def test_a_run_that_did_not_end_well_has_a_reason_and_words(status: RunStatus) -> None:
    """Timeouts are timed_out, all else failed; variables stay as they were."""
    outcome = judged(RunReport(status))
    assert outcome.status is (InvocationStatus.TIMED_OUT if status is RunStatus.TIMEOUT else InvocationStatus.FAILED)
    assert (outcome.message, outcome.variables, outcome.changed) == (DEFAULT_ERROR_MESSAGE, {"before": 1}, ())
    assert outcome.error is not None
    assert outcome.error.type == status.value


def test_an_exception_keeps_type_message_line_and_traceback() -> None:
    """For the author."""
    outcome = judged(RunReport(RunStatus.ERROR, error=RunError("KeyError", "'a'", 3, "line 3")))
    assert outcome.error is not None
    assert (outcome.error.type, outcome.error.line, outcome.error.traceback) == ("KeyError", 3, "line 3")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (None, DEFAULT_ERROR_MESSAGE),
        ("Closed.", "Closed."),
        ("", DEFAULT_ERROR_MESSAGE),
        ({"default": "Closed."}, "Closed."),
        ({"404": "None."}, DEFAULT_ERROR_MESSAGE),
    ],
)
def test_the_agent_says_what_the_author_wants_said(error: Any, said: str) -> None:
    """Or the words that fit always."""
    assert judged(RunReport(RunStatus.CRASHED), messages={"error": error}).message == said


@pytest.mark.parametrize(
    ("value", "limit", "result", "truncated"),
    [
        ("x" * 10, 10, "x" * 10, False),
        ("x" * 11, 10, "x" * 10, True),
        ([1, 2, 3], 7, [1, 2, 3], False),
        ([1, 2, 3], 6, "[1,2,3", True),
        ({"a": "\u00e9"}, 9, {"a": "\u00e9"}, False),
        ({"a": "\u00e9"}, 8, '{"a":"\u00e9"', True),
        (None, 1, "n", True),
        ("\ud800" * 3, 2, "\ud800" * 2, True),
    ],
)
def test_a_long_result_is_cut_as_text(value: Any, limit: int, result: Any, truncated: bool) -> None:  # noqa: FBT001
    """Characters of its string form; what fits keeps its type."""
    outcome = returned(value, max_result_chars=limit)
    assert (outcome.result, outcome.truncated) == (result, truncated)


def test_variables_are_merged_and_named_in_order() -> None:
    """What was there stays unless this run set it."""
    outcome = returned({"dynamicVariables": {"z": 1, "before": 2}})
    assert (outcome.variables, outcome.changed) == ({"before": 2, "z": 1}, ("before", "z"))


def test_a_bad_return_fails_the_run_and_merges_nothing() -> None:
    """Half an answer is none."""
    outcome = returned({"terminateAgent": 1, "dynamicVariables": {"a": 1}}, Phase.PRE_SESSION)
    assert (outcome.status, outcome.variables) == (InvocationStatus.FAILED, {"before": 1})


NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def test_a_result_that_breaks_its_schema_is_a_warning() -> None:
    """With the path, and the result all the same."""
    outcome = returned({"n": "x"}, output_schema=NUMBER)
    assert (outcome.status, outcome.result) == (InvocationStatus.SUCCEEDED, {"n": "x"})
    assert outcome.warnings[0].startswith("result.n: ")


def test_a_result_that_breaks_its_schema_fails_where_that_is_strict() -> None:
    """Nothing of it gets through."""
    outcome = returned({"n": "x", "dynamicVariables": {"a": 1}}, output_schema=NUMBER, strict_output=True)
    assert (outcome.status, outcome.result, outcome.variables) == (InvocationStatus.FAILED, None, {"before": 1})
    assert outcome.error is not None
    assert outcome.error.type == "output_schema"


def test_half_a_surrogate_pair_in_a_result_is_held_against_its_schema_like_any_text() -> None:
    """A result that code made odd on purpose must still have an outcome."""
    outcome = returned({"n": 1, "\x00\ud800": "\udfff"}, output_schema=NUMBER)
    assert (outcome.status, outcome.warnings) == (InvocationStatus.SUCCEEDED, ())


def test_a_refusal_tells_the_llm_what_to_ask_for() -> None:
    """Its text is the result, since that is what the LLM reads."""
    outcome = refused("order: required")
    assert outcome.status is InvocationStatus.REFUSED
    assert "order: required" in outcome.result
