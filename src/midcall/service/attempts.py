"""Attempts: what the executor asks of whatever runs a kind of function."""

from dataclasses import dataclass
from typing import Protocol

from midcall.domain.run import RunReport
from midcall.service.task import Task


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one attempt came to."""

    report: RunReport
    #: Whether another attempt may mend it.
    again: bool = False
    #: Milliseconds that the target asked to be left alone (Retry-After).
    wait_ms: int = 0


class Attempts(Protocol):
    """Runs functions of one kind."""

    def attempt(self, task: Task, number: int) -> Attempt:
        """Run once, attempt `number` (from 1) of this call, within the task's deadline.

        Raises SandboxBusy, SandboxUnavailable, SandboxLost where code could not be run.
        """
        ...
