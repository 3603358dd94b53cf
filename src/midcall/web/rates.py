"""How many requests a key and a workspace may make a second, in one api process."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from midcall.domain.errors import RateExceeded
from midcall.domain.rates import Buckets
from midcall.service.access.access import Caller

#: Seconds of its rate that somebody may have at once, after a pause.
BURST_S = 10


@dataclass(frozen=True, slots=True)
class Rates:
    """The buckets of keys and of workspaces; a request takes one out of each."""

    keys: Buckets
    workspaces: Buckets

    @classmethod
    def of(cls, *, key: int, workspace: int, clock: Callable[[], float] = time.monotonic) -> "Rates":
        """Make them of so many requests a second."""
        return cls(*(Buckets(BURST_S * rate, rate, clock) for rate in (key, workspace)))

    def take(self, caller: Caller) -> None:
        """Count a request; raises RateExceeded for one too many."""
        for who, whom, buckets in (
            ("key", caller.key.id, self.keys),
            ("workspace", caller.workspace_id, self.workspaces),
        ):
            if buckets.take(whom):
                text = f"this {who} makes more than {buckets.per_s} requests a second; slow down, then try again"
                raise RateExceeded(text)
