"""How work grows with what it is done on: measured by sizes in one run, so that no machine is too slow for it."""

import gc
import time
from collections.abc import Callable
from math import log
from typing import Any

#: Work on a quarter as much takes a quarter of the time if it is linear, a sixteenth if it is quadratic: the exponent
#: between the two that is refused.
SUSPECT = 1.5
#: Seconds of work that are measured well enough; less is no matter, and more is not asked for.
ENOUGH_S, TOO_LONG_S = 0.005, 3.0
#: A first look is taken at so much.
FIRST = 1_000
_TIMES = 4


def growth(make: Callable[[int], Any], work: Callable[[Any], Any], *, most: int = 1_000_000) -> float:
    """Return the exponent with which work grows; 0 where it is too little to be measured, on `most` at least.

    `make` makes what `work` is done on, of a size. Only the thread's own time counts. What grows too fast from one size
    to the next is looked at once more: caches of a processor end somewhere, too.
    """
    sizes, took = [FIRST], [_least(work, make(FIRST))]
    while took[-1] < ENOUGH_S:
        if sizes[-1] >= most:
            return 0.0
        _measure(make, work, sizes, took)
    if len(took) == 1:
        _measure(make, work, sizes, took)
    if _exponent(took) > SUSPECT and took[-1] < TOO_LONG_S:
        before = _exponent(took)
        _measure(make, work, sizes, took)
        return min(before, _exponent(took))
    return _exponent(took)


def _measure(make: Callable[[int], Any], work: Callable[[Any], Any], sizes: list[int], took: list[float]) -> None:
    sizes.append(sizes[-1] * _TIMES)
    took.append(_least(work, make(sizes[-1])))


def _exponent(took: list[float]) -> float:
    return log(took[-1] / max(took[-2], 1e-6)) / log(_TIMES)


def _least(work: Callable[[Any], Any], value: Any) -> float:
    """Return the seconds of the quickest of some runs."""
    took: list[float] = []
    gc.disable()  # it would look at all that there is, now and then
    try:
        while len(took) < 3 and sum(took) < TOO_LONG_S:
            began = time.thread_time()
            work(value)
            took.append(time.thread_time() - began)
    finally:
        gc.enable()
    return min(took)
