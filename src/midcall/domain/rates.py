"""How often somebody may do something: buckets that fill by themselves (token buckets)."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

#: Who are remembered: those that came last. Who is forgotten has a full bucket.
MOST = 10_000


@dataclass(slots=True)
class Buckets:
    """A bucket for each who comes: it holds `most`, and gets `per_s` back in a second. For one thread."""

    most: float
    per_s: float
    #: Gives seconds that never go back.
    clock: Callable[[], float]
    #: What is left, and when that was counted.
    _left: OrderedDict[Hashable, tuple[float, float]] = field(default_factory=OrderedDict)

    def take(self, who: Hashable) -> float:
        """Take one out of somebody's bucket; returns 0, or the seconds until there is one."""
        now = self.clock()
        left, at = self._left.pop(who, (self.most, now))
        left = min(self.most, left + (now - at) * self.per_s)
        taken = left >= 1
        self._left[who] = (left - 1 if taken else left, now)
        while len(self._left) > MOST:
            self._left.popitem(last=False)
        return 0.0 if taken else (1 - left) / self.per_s
