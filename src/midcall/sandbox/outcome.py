"""What one run came to, decided from the evidence alone: a pure function, tested without a container.

Only two witnesses count: PID 1's OUTCOME frame and the Engine. What the child says of itself is its result or its
fault, never its status: exit code 137 proves no out-of-memory kill, and a forged frame proves nothing at all.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from midcall.domain.run import RunError, RunReport
from midcall.domain.run_status import RunStatus
from midcall.sandbox.frames import CAPS, Frame, FrameKind
from midcall.sandbox.limits import SandboxLimits
from midcall.sandbox.untrusted import MAX_MESSAGE_CHARS, Unreadable, clean_logs, clean_text, parse_fault, parse_object
from midcall.sandbox.untrusted import parse_value as parse_result


class SandboxEnd(Enum):
    """How the conversation with PID 1 ended."""

    #: PID 1 wrote its OUTCOME.
    OUTCOME = auto()
    #: The deadline passed first.
    DEADLINE = auto()
    #: The stream ended without an OUTCOME: the container is gone.
    LOST = auto()
    #: Bytes came that are no frame of this run.
    VIOLATION = auto()


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known after a run, unjudged."""

    ended: SandboxEnd
    #: The RESULT or FAULT frame, if one came.
    answer: Frame | None = None
    #: Payload of the OUTCOME frame, if one came.
    outcome: bytes | None = None
    logs: bytes = b""
    logs_truncated: bool = False
    #: The Engine says that the container was killed for memory; it says so for a mere child, too.
    oom_killed: bool = False
    violation: str = ""


def judge(evidence: Evidence, limits: SandboxLimits) -> RunReport:
    """Return the report of a run: status, result or error, logs."""
    status, result, error = _judge(evidence, limits)
    outcome = _outcome(evidence)
    return RunReport(
        status=status,
        result=result,
        logs=clean_logs(evidence.logs),
        logs_truncated=evidence.logs_truncated or outcome.get("logs_truncated") is True,
        error=error,
    )


_FAULTS = {"output_limit": RunStatus.OUTPUT_LIMIT, "refused": RunStatus.REFUSED}
Verdict = tuple[RunStatus, Any, RunError | None]


def _judge(evidence: Evidence, limits: SandboxLimits) -> Verdict:
    outcome = _outcome(evidence)
    if evidence.ended is SandboxEnd.DEADLINE:
        return (
            RunStatus.TIMEOUT,
            None,
            RunError("Timeout", "the code was stopped: it did not finish before its deadline"),
        )
    if evidence.ended is SandboxEnd.VIOLATION or outcome.get("violation"):
        what = evidence.violation or clean_text(outcome.get("violation"), MAX_MESSAGE_CHARS)
        message = f"the code wrote to the sandbox's own channel ({what}); nothing it returned is trusted"
        return RunStatus.ERROR, None, RunError("ProtocolViolation", message)
    if evidence.ended is SandboxEnd.OUTCOME and evidence.answer is not None:
        return _answered(evidence.answer, limits)
    if evidence.oom_killed or _count(outcome, "oom_kills"):
        megabytes = limits.memory_bytes // 1024**2
        message = f"the code was stopped: it needed more than the {megabytes} MB of memory that a sandbox has"
        return RunStatus.MEMORY, None, RunError("OutOfMemory", message)
    return RunStatus.CRASHED, None, RunError("Crashed", _how_it_crashed(outcome))


def _answered(answer: Frame, limits: SandboxLimits) -> Verdict:
    """Judge a run whose child answered: the only way to `ok`."""
    try:
        if answer.kind is FrameKind.RESULT:
            return RunStatus.OK, parse_result(answer.payload, limits.result_bytes), None
        kind, error = parse_fault(answer.payload, CAPS[FrameKind.FAULT])
    except Unreadable as problem:
        return RunStatus.ERROR, None, RunError("ResultNotJson", str(problem))
    return _FAULTS.get(kind, RunStatus.ERROR), None, error


def _outcome(evidence: Evidence) -> dict[str, Any]:
    """Return PID 1's own words; an unreadable outcome says nothing."""
    try:
        return parse_object(evidence.outcome, CAPS[FrameKind.OUTCOME]) if evidence.outcome is not None else {}
    except Unreadable:
        return {}


def _count(outcome: dict[str, Any], name: str) -> int:
    value = outcome.get(name)
    return value if type(value) is int and value > 0 else 0


def _how_it_crashed(outcome: dict[str, Any]) -> str:
    if signal := _count(outcome, "signal"):
        return f"the code's process was killed by signal {signal} before it returned"
    if type(outcome.get("code")) is int:
        return f"the code ended its process (exit code {outcome['code']}) before it returned"
    return "the sandbox ended before the code returned"
