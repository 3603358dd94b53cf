"""What a workspace's runs came to, minute by minute: how many ended how, and how long live calls took."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from midcall.domain.invocation import Purpose
from midcall.domain.run_status import InvocationStatus

MINUTE_MS = 60_000
#: Minutes that are kept, and runs among them: the latest ones.
HOUR = 60
MAX_RUNS = 10_000


@dataclass(frozen=True, slots=True)
class EndedRun:
    """One run that is over. Times are milliseconds."""

    status: InvocationStatus
    purpose: Purpose
    #: When the call arrived.
    created_at: int
    #: None: it never began, being refused or called off.
    started_at: int | None
    ended_at: int

    @property
    def took_ms(self) -> int | None:
        """How long a live call took from its arrival to its end, waiting included; None for all others."""
        if self.purpose is not Purpose.LIVE or self.started_at is None:
            return None
        return self.ended_at - self.created_at


@dataclass(frozen=True, slots=True)
class Minute:
    """The runs that ended in one minute, which begins at `at`."""

    at: int
    statuses: Mapping[InvocationStatus, int] = field(default_factory=dict)
    #: Of the live calls that ran, however they ended; from the shortest to the longest.
    took_ms: tuple[int, ...] = ()

    @property
    def runs(self) -> int:
        """How many runs ended in it."""
        return sum(self.statuses.values())


@dataclass(frozen=True, slots=True)
class Activity:
    """Minutes without a gap, oldest first, at least one; the last one goes on."""

    minutes: tuple[Minute, ...]

    @property
    def statuses(self) -> Mapping[InvocationStatus, int]:
        """How many runs ended how, in all of it."""
        found: Counter[InvocationStatus] = Counter()
        for minute in self.minutes:
            found.update(minute.statuses)
        return found

    @property
    def took_ms(self) -> tuple[int, ...]:
        """How long the live calls took in all of it, from the shortest to the longest."""
        return tuple(sorted(ms for minute in self.minutes for ms in minute.took_ms))

    def followed_by(self, later: "Activity") -> "Activity":
        """Return it with minutes that were looked at again, or are new; an hour, and MAX_RUNS, at most."""
        before = [minute for minute in self.minutes if minute.at < later.minutes[0].at]
        minutes = [*before, *later.minutes][-HOUR:]
        runs = sum(minute.runs for minute in minutes)
        while runs > MAX_RUNS and len(minutes) > len(later.minutes):
            runs -= minutes.pop(0).runs
        return Activity(tuple(minutes))


def minute_of(at: int) -> int:
    """Return the beginning of the minute of a time."""
    return at - at % MINUTE_MS


def by_minute(runs: Iterable[EndedRun], *, since: int, until: int) -> Activity:
    """Sort runs into the minutes from that of `since` to that of `until`; others are left out."""
    begins = range(minute_of(since), minute_of(until) + 1, MINUTE_MS)
    statuses: dict[int, Counter[InvocationStatus]] = {at: Counter() for at in begins}
    took: dict[int, list[int]] = {at: [] for at in begins}
    for run in runs:
        at = minute_of(run.ended_at)
        if at not in statuses:
            continue
        statuses[at][run.status] += 1
        if run.took_ms is not None:
            took[at].append(run.took_ms)
    return Activity(tuple(Minute(at, dict(statuses[at]), tuple(sorted(took[at]))) for at in begins))


def percentile(ascending: Sequence[int], percent: int) -> int | None:
    """Return the value that so many percent are at most (nearest rank): one that was measured; None of nothing."""
    if not ascending:
        return None
    rank = -(-len(ascending) * percent // 100)
    return ascending[max(rank, 1) - 1]
