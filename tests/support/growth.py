"""How work grows with what it is done on: measured by sizes in one run, so that no machine is too slow for it."""

import gc
import time
from collections.abc import Callable
from math import log
from typing import Any

#: Work on a quarter as much takes a quarter of the time if it is linear, a sixteenth if it is quadratic: the exponent
#: between the two that is refused.
SUSPECT = 1.5
#: Seconds of work that are measured well enough; that are so by one run; that are not asked for.
ENOUGH_S, PLENTY_S, TOO_LONG_S = 0.005, 0.15, 3.0
#: A first look is taken at so much: at less, what is linear still hides what is not.
FIRST = 1_000
_TIMES = 4


def growth(make: Callable[[int], Any], work: Callable[[Any], Any], *, most: int = 1_000_000) -> float:
    """Return the exponent with which work grows; 0 where it is too little to be measured, on `most` at least.

    `make` makes what `work` is done on, of a size. Only the thread's own time counts. What seems to grow too fast is
    measured more carefully, and then to one size more: caches of a processor end somewhere, too.
    """
    size, before, took = FIRST, 0.0, _seconds(work, make(FIRST))
    while took < ENOUGH_S or not before:
        if size >= most and took < ENOUGH_S:
            return 0.0
        size, before, took = size * _TIMES, took, _seconds(work, make(size * _TIMES))
    found = _exponent(before, took)
    if found > SUSPECT:
        before, took = (_seconds(work, make(each), times=3) for each in (size // _TIMES, size))
        found = _exponent(before, took)
    if found > SUSPECT and took < TOO_LONG_S:
        found = min(found, _exponent(took, _seconds(work, make(size * _TIMES), times=3)))
    return found


def _exponent(before: float, took: float) -> float:
    return log(took / max(before, 1e-6)) / log(_TIMES)


def _seconds(work: Callable[[Any], Any], value: Any, *, times: int = 1) -> float:
    """Return the seconds of the quickest of some runs, until they make up plenty of work."""
    took: list[float] = []
    gc.disable()  # it would look at all that there is, now and then
    try:
        while len(took) < times and sum(took) < PLENTY_S:
            began = time.thread_time()
            work(value)
            took.append(time.thread_time() - began)
    finally:
        gc.enable()
    return min(took)
