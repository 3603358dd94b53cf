"""A budget of work: what a stranger wrote is evaluated in so many steps and no later than a moment, or not at all."""

import time
from collections.abc import Callable

#: Steps between two looks at the clock: a step takes about a microsecond, a look a tenth of that.
_STEPS_BETWEEN_LOOKS = 256


class BudgetSpent(Exception):  # no ValueError: nothing that catches what it expects may take this for it
    """The work would go on beyond its budget, and was left off; the message says which end was met."""


class Budget:
    """Steps that may still be taken, until a moment on the monotonic clock. One piece of work in one thread uses it."""

    __slots__ = ("_clock", "_left", "_look_at", "_until")

    def __init__(self, steps: int, *, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._left = steps
        self._clock = clock
        self._until = clock() + seconds
        self._look_at = steps - _STEPS_BETWEEN_LOOKS

    @property
    def left(self) -> int:
        """Steps that may still be taken."""
        return max(0, self._left)

    def spend(self, steps: int = 1) -> None:
        """Count steps, before they are taken; raises BudgetSpent, then and ever after, where there are too few."""
        self._left -= steps
        if self._left < 0:
            raise BudgetSpent("it takes too many steps")
        if self._left <= self._look_at:
            if self._clock() >= self._until:
                self._left = -1
                raise BudgetSpent("it takes too long")
            self._look_at = self._left - _STEPS_BETWEEN_LOOKS
