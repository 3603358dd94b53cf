"""Times and durations in words."""

import pytest

from midcall.ui.parts.times import ago, duration, exactly

NOW = 1_800_000_000_000
DAY = 24 * 3_600


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "just now"),
        (5, "5 seconds ago"),
        (60, "1 minute ago"),
        (3_599, "59 minutes ago"),
        (7_200, "2 hours ago"),
        (DAY, "1 day ago"),
        (40 * DAY, "1 month ago"),
        (800 * DAY, "2 years ago"),
        (-3, "in a moment"),
        (-90, "in 1 minute"),
    ],
)
def test_how_long_ago_is_said_in_the_largest_unit_that_fits(seconds: int, text: str) -> None:
    """And how far ahead, for what is due."""
    assert ago(NOW - seconds * 1_000, now=NOW) == text


def test_the_exact_time_is_in_utc_to_the_second() -> None:
    """What is shown on hover."""
    assert exactly(NOW + 999) == "2027-01-15 08:00:00 UTC"


@pytest.mark.parametrize(
    ("ms", "text"), [(None, ""), (0, "0 ms"), (999, "999 ms"), (1_500, "1.5 s"), (90_000, "1.5 min")]
)
def test_a_duration_has_the_unit_that_reads_best(ms: int | None, text: str) -> None:
    """Milliseconds, seconds, minutes."""
    assert duration(ms) == text
