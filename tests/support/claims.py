"""Claiming as a worker does, without running what was claimed."""

from midcall.domain.invocation import Invocation
from midcall.service.runs.execute import Executor


def claim_as(executor: Executor, woken: str) -> Invocation | None:
    """Claim what is to be run for a wake."""
    claimed = executor._claim(woken)
    return claimed.invocation if claimed else None
