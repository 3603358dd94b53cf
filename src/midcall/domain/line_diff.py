"""Differences line by line, within a budget: comparing takes time quadratic in the lines."""

import difflib
from collections.abc import Iterator

from midcall.domain.budget import Budget

#: Lines looked at in one difference: a second's work where forty other lines are like each, else a tenth of it.
MAX_STEPS = 400_000
MAX_SECONDS = 2.0


class _Line(str):
    """A line that is counted each time it is looked up, which is the one thing that difflib does again and again."""

    __slots__ = ("budget",)

    budget: Budget

    def __hash__(self) -> int:
        self.budget.spend()
        return super().__hash__()

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other)


def unified(
    old: list[str], new: list[str], names: tuple[str, str] = ("", ""), *, context: int = 3, budget: Budget | None = None
) -> Iterator[str]:
    """Yield a unified diff; raises BudgetSpent where the lines differ in too many places."""
    budget = budget or Budget(MAX_STEPS, seconds=MAX_SECONDS)
    return difflib.unified_diff(_counted(old, budget), _counted(new, budget), *names, lineterm="", n=context)


def _counted(lines: list[str], budget: Budget) -> list[str]:
    counted: list[str] = []
    for text in lines:
        line = _Line(text)
        line.budget = budget
        counted.append(line)
    return counted
