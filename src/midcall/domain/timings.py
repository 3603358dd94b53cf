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
    """Measure an invocation."""
    began, started, ended = invocation.created_at, invocation.started_at, invocation.ended_at
    report = invocation.report
    return Timings(
        queued_ms=round((started or ended or began) - began + (report.waited_ms if report else 0.0), 2),
        sandbox_ms=round(report.sandbox_ms, 2) if report else 0.0,
        total_ms=float((ended or began) - began),
    )
