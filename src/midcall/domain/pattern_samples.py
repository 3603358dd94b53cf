"""A text that a pattern may take, made from the pattern: an example where an author has given none.

Only a guess: what it makes is to be held against the pattern by whoever can.
"""

import math
from itertools import cycle
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

from midcall.domain.budget import Budget, BudgetSpent

#: Longer patterns, and longer texts, show nobody what is meant.
_LONGEST_PATTERN = 120
_LONGEST_SAMPLE = 60
_MAX_STEPS = 500
_DIGITS = (ord("0"), ord("9"))
#: What Python warns of, since a later one may read it in another way.
_UNSURE = ("[[", "--", "&&", "||", "~~")


def pattern_sample(pattern: str) -> str | None:
    """Make a text that a pattern may take; None where it is too long or says something that no text shows."""
    if len(pattern) > _LONGEST_PATTERN or any(sign in pattern for sign in _UNSURE):
        return None
    try:
        made = _Sample().sequence(parser.parse(pattern))
    except (_UnshownError, BudgetSpent, ValueError, OverflowError, RecursionError, parser.error):
        return None
    return made if 0 < len(made) <= _LONGEST_SAMPLE else None


class _UnshownError(ValueError):
    """What no text shows."""


class _Sample:
    """One text being made."""

    def __init__(self) -> None:
        self._budget = Budget(_MAX_STEPS, seconds=math.inf)
        self._digits = cycle("1234567890")

    def sequence(self, parts: Any) -> str:
        self._budget.spend()
        return "".join(self._one(str(name), argument) for name, argument in parts)

    def _one(self, name: str, argument: Any) -> str:
        self._budget.spend()
        match name:
            case "LITERAL":
                return chr(argument)
            case "AT" | "ANY":
                return "a" if name == "ANY" else ""
            case "IN":
                return self._member(argument)
            case "SUBPATTERN" | "BRANCH":
                return self.sequence(argument[-1] if name == "SUBPATTERN" else argument[1][0])
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, _, inside = argument
                return "".join(self.sequence(inside) for _ in range(least))
            case _:
                raise _UnshownError

    def _member(self, members: Any) -> str:
        name, argument = members[0]
        match str(name):
            case "LITERAL":
                return chr(argument)
            case "RANGE":
                return next(self._digits) if tuple(argument) == _DIGITS else chr(argument[0])
            case "CATEGORY" if str(argument) == "CATEGORY_DIGIT":
                return next(self._digits)
            case "CATEGORY" if str(argument) == "CATEGORY_WORD":
                return "a"
            case _:
                raise _UnshownError
