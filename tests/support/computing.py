"""Time that this process computed, in seconds of a processor of known speed: slow machines are no slower by it."""

import time
from collections.abc import Callable
from statistics import median

#: Seconds of `_unit` on the machine on which bounds of the tests were found, at its quickest.
UNIT = 0.010
_UNITS = 5
#: No machine is taken for slower than so many times: a bound stays one.
SLOWEST = 6.0


def computed_since(began: float, clock: Callable[[], float] = time.process_time) -> float:
    """Return the seconds computed since `clock` stood at `began`, as that processor would have taken them.

    How much slower this one is, now, is measured by work that is always the same; a quicker one is not counted so.
    """
    took = clock() - began
    return took / min(max(1.0, median(_unit() for _ in range(_UNITS)) / UNIT), SLOWEST)


def _unit() -> float:
    """Return the seconds that a little of everything takes: objects, dictionaries, calls."""
    began = time.thread_time()
    kept: dict[int, str] = {}
    length = 0
    for number in range(60_000):
        kept[number & 1023] = str(number)
        length += len(kept.get(number & 511, ""))
    return time.thread_time() - began
