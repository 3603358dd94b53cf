"""Whose turn it is: a wake says that something waits, the workspaces' shares decide what is run for it."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from midcall.domain.errors import QueueUnavailable
from midcall.domain.shares import next_in_turn
from midcall.service.ports import Transaction

#: A worker that was woken goes on with what waits for so long before it listens again. With the 600 s that the last run
#: may take, it is less than what its job may.
GO_ON_MS = 30_000
#: Seconds for which a count of workers is believed.
COUNT_AGAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Turns:
    """What the workers of one group take next. A group is those that listen to the same queues, on all hosts."""

    group: str
    #: Counts the workers of the group, this one too.
    workers: Callable[[], int]

    def next(self, tx: Transaction, woken: str, *, workers: int, now: int) -> str | None:
        """Return which invocation to claim for a wake, among those of its purpose and kind; None: nobody's now.

        Where there is one workspace alone, it is the one that the wake names. Who holds its share already waits until a
        run of the group ends: the worker that ran it asks again.
        """
        if not tx.workspaces.several():
            return woken
        heads, held = tx.invocations.heads(woken, group=self.group, now=now)
        chosen = next_in_turn(heads, free=max(1, workers - held))
        return chosen.oldest if chosen else None


class Remembered:
    """A count that is asked for at most once in a while; where it cannot be had, the last one stands."""

    def __init__(
        self, count: Callable[[], int], *, first: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._count = count
        self._last = first
        self._monotonic = monotonic
        self._asked_at: float | None = None

    def __call__(self) -> int:
        """Return the count."""
        now = self._monotonic()
        if self._asked_at is None or now - self._asked_at >= COUNT_AGAIN_S:
            self._asked_at = now
            with suppress(QueueUnavailable):
                self._last = self._count()
        return self._last
