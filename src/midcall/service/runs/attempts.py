"""Attempts: what the executor asks of whatever runs a kind of function."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from midcall.domain.run import RunReport
from midcall.service.claimed_run import ClaimedRun


@dataclass(frozen=True, slots=True)
class Attempt:
    """The result of one attempt: its report, and whether and when another may follow."""

    report: RunReport
    #: Whether another attempt may mend it.
    again: bool = False
    #: Milliseconds that the target asked to be left alone (Retry-After).
    wait_ms: int = 0


#: Runs once, attempt `number` (from 1) of one call, within the task's deadline. Raises SandboxBusy, SandboxUnavailable,
#: SandboxLost where code could not be run.
Run: TypeAlias = Callable[[int], Attempt]


class Attempts(Protocol):
    """Runs functions of one kind."""

    def calling(self, claimed: ClaimedRun) -> AbstractContextManager[Run]:
        """Give what makes the attempts of one call; what concerns the call as a whole is done before and after them."""
        ...
