"""An hour of runs by minute: counted once, in the right minute, with percentiles that were measured."""

import pytest

from midcall.domain.activity import HOUR, MAX_RUNS, MINUTE_MS, Activity, EndedRun, Minute, by_minute, percentile
from midcall.domain.invocation import Purpose
from midcall.domain.run_status import InvocationStatus as Status

NOON = 1_700_000_040_000
assert NOON % MINUTE_MS == 0


def run(
    at: int, took: int = 10, *, status: Status = Status.SUCCEEDED, purpose: Purpose = Purpose.LIVE, ran: bool = True
) -> EndedRun:
    """Make a run that ended at a time."""
    return EndedRun(status, purpose, at - took, at - took + 1 if ran else None, at)


def test_runs_are_counted_in_the_minute_they_ended_in() -> None:
    """The first and the last millisecond of a minute are its own; what lies outside is left out."""
    runs = [run(NOON - 1), run(NOON), run(NOON + MINUTE_MS - 1), run(NOON + MINUTE_MS, status=Status.FAILED)]
    found = by_minute(runs, since=NOON + 5, until=NOON + MINUTE_MS)
    assert [(each.at, each.statuses) for each in found.minutes] == [
        (NOON, {Status.SUCCEEDED: 2}),
        (NOON + MINUTE_MS, {Status.FAILED: 1}),
    ]


def test_only_live_calls_that_ran_are_timed() -> None:
    """Waiting counts; a refusal, a test and a background run do not, though they are counted by their status."""
    runs = [
        run(NOON, 70),
        run(NOON, 30, status=Status.TIMED_OUT),
        run(NOON, 1, status=Status.REFUSED, ran=False),
        run(NOON, 2, purpose=Purpose.TEST),
        run(NOON, 3, purpose=Purpose.BACKGROUND),
    ]
    found = by_minute(runs, since=NOON, until=NOON)
    assert found.took_ms == (30, 70)
    assert sum(found.statuses.values()) == 5


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [((), 50, None), ((7,), 95, 7), ((1, 2), 50, 1), (tuple(range(1, 101)), 95, 95), (tuple(range(1, 21)), 95, 19)],
)
def test_percentiles_are_of_the_nearest_rank(values: tuple[int, ...], percent: int, expected: int | None) -> None:
    """Each is a value that was measured."""
    assert percentile(values, percent) == expected


def test_minutes_that_were_looked_at_again_take_the_place_of_the_old_ones() -> None:
    """Nothing is counted twice, and an hour is all that is kept."""
    begin = NOON - (HOUR - 1) * MINUTE_MS
    hour = by_minute([run(NOON), run(begin)], since=begin, until=NOON)
    later = by_minute([run(NOON), run(NOON + 1), run(NOON + MINUTE_MS)], since=NOON, until=NOON + MINUTE_MS)
    found = hour.followed_by(later)
    assert len(found.minutes) == HOUR
    assert found.minutes[0].at == begin + MINUTE_MS
    assert [each.runs for each in found.minutes[-2:]] == [2, 1]


def test_a_busy_hour_is_cut_at_its_beginning() -> None:
    """However many runs there are, what a page keeps is bounded."""
    half = {Status.SUCCEEDED: MAX_RUNS // 2}
    hour = Activity(tuple(Minute(NOON + number * MINUTE_MS, half) for number in range(3)))
    later = Activity((Minute(NOON + 3 * MINUTE_MS, half),))
    assert [each.at for each in hour.followed_by(later).minutes] == [NOON + 2 * MINUTE_MS, NOON + 3 * MINUTE_MS]
