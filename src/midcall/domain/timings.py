"""How long the parts of an invocation took."""

from dataclasses import dataclass

from midcall.domain.invocation import Invocation


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds it waited (for a worker, then for a sandbox), ran, and took in all; zero for what has not been."""

    queued_ms: float
    sandbox_ms: float
    total_ms: float


def timings_of(invocation: Invocation) -> Timings:
    """Measure an invocation, by its own moments and those of its report; in milliseconds."""
    moments = (invocation.created_at, invocation.started_at, invocation.ended_at)
    report = invocation.report
    return timings(moments, report.waited_ms if report else 0.0, report.sandbox_ms if report else 0.0)


def timings(moments: tuple[int, int | None, int | None], waited_ms: float, sandbox_ms: float) -> Timings:
    """Measure an invocation by the moments at which it was admitted, started and ended."""
    began, started, ended = moments
    return Timings(
        queued_ms=round((started or ended or began) - began + waited_ms, 2),
        sandbox_ms=round(sandbox_ms, 2),
        total_ms=float((ended or began) - began),
    )
