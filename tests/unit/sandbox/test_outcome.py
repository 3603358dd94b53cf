"""The judgement: from evidence to status, without a container."""

import json

import pytest

from midcall.domain.run import RunReport
from midcall.domain.run_status import RunStatus
from midcall.sandbox.frames import CAPS, Frame, FrameKind
from midcall.sandbox.limits import SandboxLimits
from midcall.sandbox.outcome import Evidence, SandboxEnd, judge

RESULT = Frame(FrameKind.RESULT, b'{"a":1}')
FAULT = Frame(FrameKind.FAULT, b'{"kind":"error","type":"ValueError","message":"no","line":3}')


def outcome(**seen: object) -> bytes:
    """Return PID 1's own words."""
    words = {"code": None, "signal": None, "logs_truncated": False, "violation": None, "oom_kills": 0}
    return json.dumps({**words, **seen}).encode()


def judged(
    ended: SandboxEnd = SandboxEnd.OUTCOME, answer: Frame | None = None, seen: bytes | None = None, **more: object
) -> RunReport:
    """Judge one piece of evidence."""
    return judge(Evidence(ended, answer, outcome() if seen is None else seen, **more), SandboxLimits())  # type: ignore[arg-type]


def test_a_result_is_ok() -> None:
    """A valid result and PID 1's outcome: the only way to `ok`."""
    report = judged(answer=RESULT)
    assert (report.status, report.result, report.error) == (RunStatus.OK, {"a": 1}, None)


def test_a_result_counts_even_where_the_kernel_killed_a_child() -> None:
    """OOMKilled is also true when a mere child was killed: memory needs the lack of a result."""
    assert judged(answer=RESULT, seen=outcome(oom_kills=1), oom_killed=True).status is RunStatus.OK


def test_an_oom_kill_without_a_result_is_memory() -> None:
    """Either witness is enough: PID 1's counter or the Engine."""
    assert judged(seen=outcome(oom_kills=1, signal=9)).status is RunStatus.MEMORY
    assert judged(SandboxEnd.LOST, seen=b"", oom_killed=True).status is RunStatus.MEMORY


@pytest.mark.parametrize("seen", [outcome(code=137), outcome(signal=9), outcome(code=0), b"", b"[]", b"\xff", b"NaN"])
def test_an_end_without_result_or_oom_kill_is_a_crash(seen: bytes) -> None:
    """Exit code 137 proves nothing, nor does a killed child, nor an outcome that cannot be read."""
    report = judged(seen=seen)
    assert report.status is RunStatus.CRASHED
    assert report.error is not None


def test_the_deadline_beats_everything() -> None:
    """Past the deadline it is a timeout, whatever was on its way; the logs stay."""
    report = judged(SandboxEnd.DEADLINE, answer=RESULT, logs=b"so far\n", logs_truncated=True)
    assert (report.status, report.result) == (RunStatus.TIMEOUT, None)
    assert (report.logs, report.logs_truncated) == ("so far\n", True)


def test_a_violation_voids_the_result() -> None:
    """Whoever found it, the pool or PID 1: nothing that was returned is believed."""
    for report in (
        judged(SandboxEnd.VIOLATION, answer=RESULT, violation="x"),
        judged(answer=RESULT, seen=outcome(violation="x")),
    ):
        assert (report.status, report.result) == (RunStatus.ERROR, None)
        assert report.error is not None
        assert report.error.type == "ProtocolViolation"


def test_a_result_without_pid_1s_outcome_is_not_believed() -> None:
    """The stream ended before PID 1 had killed the rest."""
    assert judged(SandboxEnd.LOST, answer=RESULT).status is RunStatus.CRASHED


def test_a_fault_is_an_error_with_its_line() -> None:
    """Type, message and line are passed on."""
    report = judged(answer=FAULT)
    assert report.status is RunStatus.ERROR
    assert report.error is not None
    assert (report.error.type, report.error.message, report.error.line) == ("ValueError", "no", 3)


def test_a_fault_of_size_is_output_limit() -> None:
    """A result over the cap has a status of its own."""
    fault = Frame(FrameKind.FAULT, b'{"kind":"output_limit","type":"ResultTooLong","message":"long"}')
    assert judged(answer=fault).status is RunStatus.OUTPUT_LIMIT


@pytest.mark.parametrize("payload", [b"NaN", b"[" * 200 + b"]" * 200, b"x", b"1" * (CAPS[FrameKind.RESULT] + 1)])
def test_a_result_that_is_no_strict_json_is_an_error(payload: bytes) -> None:
    """The host parses again what the runner should have refused."""
    assert judged(answer=Frame(FrameKind.RESULT, payload)).status is RunStatus.ERROR


def test_no_child_can_claim_memory_or_timeout() -> None:
    """A fault's `kind` is the child's own word: it opens no status but two."""
    fault = Frame(FrameKind.FAULT, b'{"kind":"memory","type":"X","message":"x"}')
    assert judged(answer=fault).status is RunStatus.ERROR
