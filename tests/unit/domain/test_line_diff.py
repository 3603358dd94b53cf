"""Differences that would take long are not told."""

import random
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.computing import computed_since

from midcall.domain.budget import Budget, BudgetSpent
from midcall.domain.line_diff import MAX_STEPS, unified


def test_a_difference_is_what_difflib_tells() -> None:
    """The lines around it among them."""
    assert list(unified(["a", "b"], ["a", "c"], ("old", "new")))[2:] == ["@@ -1,2 +1,2 @@", " a", "-b", "+c"]


def test_lines_that_are_alike_in_many_places_are_given_up_on() -> None:
    """Every second one stands in both, forty times each, and nothing longer does."""
    old = [f"{number % 100}" if number % 2 else f"old {number}" for number in range(4_000)]
    new = [f"{number % 100}" if number % 2 else f"new {number}" for number in range(4_000)]
    began = time.process_time()
    with pytest.raises(BudgetSpent):
        list(unified(old, new, budget=Budget(MAX_STEPS, seconds=60)))
    assert computed_since(began) < 8


@given(lines=st.lists(st.text("ab", max_size=2), max_size=300), seed=st.integers(0, 1_000))
@settings(max_examples=30, deadline=None)
def test_any_difference_ends_within_its_steps(lines: list[str], seed: int) -> None:
    """Told or given up on."""
    old = lines * 10
    new = random.Random(seed).sample(old, len(old))  # noqa: S311 (no secret)
    began = time.process_time()
    with suppress(BudgetSpent):
        list(unified(old, new, budget=Budget(20_000, seconds=60)))
    assert computed_since(began) < 5
