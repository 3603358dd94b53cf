"""Whether two JSON values are the same one, compared within a budget."""

from typing import Any

from midcall.domain.budget import Budget

#: Characters of two texts that are compared in one step; a processor compares them in a fraction of a microsecond.
_CHARS_OF_A_STEP = 4_096


def same(one: Any, other: Any, budget: Budget) -> bool:
    """Compare JSON values: unlike Python's own comparison, true is not 1. Raises BudgetSpent."""
    budget.spend()
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        if one.keys() != other.keys():
            budget.spend(len(one))
            return False
        return all(same(value, other[name], budget) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b, budget) for a, b in zip(one, other, strict=True))
    if isinstance(one, str) and isinstance(other, str):
        budget.spend(min(len(one), len(other)) // _CHARS_OF_A_STEP)
        return one == other
    numbers = isinstance(one, int | float) and isinstance(other, int | float)
    return (type(one) is type(other) or numbers) and bool(one == other)
