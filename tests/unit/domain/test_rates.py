"""Buckets that fill by themselves: so many at once, so many a second, each who comes for itself."""

from dataclasses import dataclass

import pytest

from midcall.domain.rates import MOST, Buckets


@dataclass
class Clock:
    """Seconds that a test puts forward."""

    now: float = 100.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


def test_what_was_taken_comes_back_with_time_for_each_who_comes() -> None:
    """A few at once, then so many a second; who is refused is told when to come again."""
    clock = Clock()
    buckets = Buckets(5, 2, clock)
    assert [buckets.take("a") for _ in range(7)] == [0.0] * 5 + [0.5] * 2
    assert buckets.take("b") == 0.0
    clock.now += 0.25
    assert buckets.take("a") == pytest.approx(0.25)
    clock.now += 0.25
    assert [buckets.take("a"), buckets.take("a")] == [0.0, 0.5]
    clock.now += 1_000
    assert [buckets.take("a") for _ in range(6)] == [0.0] * 5 + [0.5]


def test_who_came_long_ago_is_forgotten() -> None:
    """Memory is bounded, however many come."""
    buckets = Buckets(5, 1, Clock())
    for number in range(MOST + 10):
        buckets.take(number)
    assert len(buckets._left) == MOST
