"""The garbage collector of a process of tests: kept away from what stays, as the product's processes keep it.

A process that has read all tests holds a million objects, and one look at all of them takes half a second.
"""

import gc

from midcall.bootstrap.interpreter import tune_interpreter

_unfrozen: list[bool] = []


def unfreeze() -> None:
    """Let go of what a served app had the collector keep away from, the app among it."""
    gc.unfreeze()
    _unfrozen.append(True)


def freeze_again() -> None:
    """Keep it away again from what is left, where something was thawed; for when a test holds nothing any more."""
    if _unfrozen:
        _unfrozen.clear()
        tune_interpreter()
