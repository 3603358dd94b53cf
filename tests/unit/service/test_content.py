"""What an LLM is told of an outcome: never nothing, never half of it without a word."""

import json
from typing import Any

import pytest

from midcall.domain.function_config import FunctionConfig
from midcall.domain.invocation import Outcome
from midcall.domain.phases import Phase
from midcall.domain.run import RunError, RunReport
from midcall.domain.run_status import InvocationStatus, RunStatus
from midcall.service.runs.content import DEFAULT_ERROR_MESSAGE, RUNS_ON, RetryAdvice, retry_of, told_content
from midcall.service.runs.outcome import outcome_of, refused

S = InvocationStatus


@pytest.mark.parametrize("empty", [None, False, 0, 0.0, "", [], {}])
def test_an_empty_result_is_told_by_name(empty: Any) -> None:
    """A framework that is given `false` or nothing falls silent."""
    assert told_content(Outcome(S.SUCCEEDED, result=empty)) == {"result": empty}


@pytest.mark.parametrize("value", [True, 7, "Booked.", ["a"], {"slot": None}])
def test_any_other_result_is_told_as_it_is(value: Any) -> None:
    """Its type is the function's own."""
    assert told_content(Outcome(S.SUCCEEDED, result=value)) is value


@pytest.mark.parametrize(
    ("outcome", "content", "retry"),
    [
        (Outcome(S.QUEUED), RUNS_ON, RetryAdvice.NO),
        (Outcome(S.QUEUED, message="I am on it."), "I am on it.", RetryAdvice.NO),
        (Outcome(S.FAILED), DEFAULT_ERROR_MESSAGE, RetryAdvice.NO),
        (Outcome(S.FAILED, message="Sorry.", error=RunError("KeyError", "x")), "Sorry.", RetryAdvice.NO),
        (Outcome(S.FAILED, message="Sorry.", error=RunError("circuit_open", "x")), "Sorry.", RetryAdvice.LATER),
        (Outcome(S.FAILED, message="Sorry.", error=RunError("worker_lost", "x")), "Sorry.", RetryAdvice.LATER),
        (Outcome(S.TIMED_OUT, message="Slow."), "Slow.", RetryAdvice.LATER),
        (Outcome(S.CANCELLED), DEFAULT_ERROR_MESSAGE, RetryAdvice.NO),
        (Outcome(S.REFUSED), DEFAULT_ERROR_MESSAGE, RetryAdvice.NO),
        (
            Outcome(S.REFUSED, result="Verify.", error=RunError("gate_closed", "x")),
            "Verify.",
            RetryAdvice.ASK_CALLER,
        ),
    ],
)
def test_what_did_not_come_to_a_result_is_told_in_words(outcome: Outcome, content: str, retry: RetryAdvice) -> None:
    """And whether to call again."""
    assert (told_content(outcome), retry_of(outcome)) == (content, retry)
    assert outcome.status.is_error == (outcome.status is not S.QUEUED)


@pytest.mark.parametrize(
    ("status", "retry"),
    [
        (400, RetryAdvice.NO),
        (404, RetryAdvice.NO),
        (408, RetryAdvice.LATER),
        (423, RetryAdvice.LATER),
        (429, RetryAdvice.LATER),
        (500, RetryAdvice.LATER),
        (503, RetryAdvice.LATER),
    ],
)
def test_a_targets_status_says_whether_to_call_again(status: int, retry: RetryAdvice) -> None:
    """As HTTP has it."""
    assert retry_of(Outcome(S.FAILED, error=RunError("http_error", "x", http_status=status))) is retry


def test_refused_parameters_are_to_be_put_right() -> None:
    """The opposite of a gate, which no other value opens."""
    outcome = refused("party_size: is missing")
    assert (told_content(outcome), retry_of(outcome)) == (outcome.result, RetryAdvice.FIX_PARAMS)
    assert outcome.status.is_error


@pytest.mark.parametrize(
    "result", ["x" * 5_000, '"\n' * 3_000, "é😀" * 4_000, ["abc"] * 2_000], ids=lambda value: value[:3]
)
@pytest.mark.parametrize("limit", [200, 1_000, 4_000])
def test_a_cut_result_says_so_within_its_limit(result: Any, limit: int) -> None:
    """Also as a vendor is sent it, with quotes and line ends escaped."""
    config = FunctionConfig.from_stored({"max_result_chars": limit})
    outcome = outcome_of(RunReport(RunStatus.OK, result=result), config, Phase.DURING_SESSION, {})
    whole = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, separators=(",", ":"))
    content = told_content(outcome)
    assert outcome.truncated
    assert outcome.result == whole[:limit]
    assert content.endswith(f" … (cut: {len(whole):,} characters in all)")
    assert len(json.dumps({"result": content}, ensure_ascii=False)) <= limit
    assert whole.startswith(content.partition(" … (cut")[0])


def test_code_that_refuses_is_told_word_for_word() -> None:
    """Nothing is to be put right, and calling again changes nothing."""
    config = FunctionConfig.from_stored({"max_result_chars": 100})
    report = RunReport(RunStatus.REFUSED, error=RunError("Refuse", "order 4711 does not exist", line=3))
    outcome = outcome_of(report, config, Phase.DURING_SESSION, {"tier": "gold"})
    assert (told_content(outcome), retry_of(outcome)) == ("order 4711 does not exist", RetryAdvice.NO)
    assert outcome.error == RunError("refused", "order 4711 does not exist", line=3)
    assert outcome.variables == {"tier": "gold"}


@pytest.mark.parametrize("result", [None, {"base64": "AAAA", "media_type": "image/png"}])
def test_what_was_cut_and_is_no_text_is_told_as_it_is(result: Any) -> None:
    """Bytes of which the beginning was read, and what is not kept any more."""
    outcome = Outcome(S.SUCCEEDED, result=result, truncated=True, whole="300,002 bytes")
    assert told_content(outcome) == (result or {"result": None})


def test_a_limit_too_small_for_a_word_about_it_holds_nevertheless() -> None:
    """`truncated` still says it."""
    outcome = Outcome(S.SUCCEEDED, result="abc", truncated=True, whole="9 characters")
    assert told_content(outcome) == "abc"


def test_of_an_answer_that_was_read_in_part_it_is_told_how_long_it_was() -> None:
    """In bytes, which is what its target said; where it said nothing, that it was cut."""
    config = FunctionConfig.from_stored({"max_result_chars": 1_000})
    for response, words in (({"bytes": 300_002}, "(cut: 300,002 bytes in all)"), ({"bytes": None}, "(cut)")):
        report = RunReport(RunStatus.OK, result="x" * 2_000, truncated=True, response=response)
        assert told_content(outcome_of(report, config, Phase.DURING_SESSION, {})).endswith(f" … {words}")


@pytest.mark.parametrize("phase", [Phase.DURING_SESSION, Phase.POST_SESSION])
def test_a_word_that_ends_a_session_is_told_of_where_it_is_not_heard(phase: Phase) -> None:
    """Before the session it is."""
    config = FunctionConfig.from_stored({"max_result_chars": 1_000})
    report = RunReport(RunStatus.OK, result={"terminateAgent": True, "reason": "closed"})
    [warning] = outcome_of(report, config, phase, {}).warnings
    assert "attach the function to pre_session" in warning
    heard = outcome_of(report, config, Phase.PRE_SESSION, {})
    assert (heard.terminate, heard.warnings) == (True, ())
