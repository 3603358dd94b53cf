"""How what is scarce is shared among workspaces: places in the queue, workers, threads.

A workspace may take another place while it holds fewer than are free. So one that wants everything gets half of the
places, two such a third each, and whoever comes with nothing always finds one free; no figure has to be set for it, and
nobody is shut out for good. Network switches share their buffers so ("dynamic thresholds", Choudhury and Hahne, 1998).
"""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WaitingWorkspace:
    """A workspace that waits: the oldest of what it waits with, how much it holds already, and its weight."""

    workspace_id: str
    oldest: str
    held: int
    weight: int = 1


def may_take(*, held: int, free: int, weight: int = 1) -> bool:
    """Tell whether who holds so many places may take one of those that are free; who holds none may take the last."""
    return free > 0 if held == 0 else free > 1 and held < weight * free


def next_in_turn(waiting: Iterable[WaitingWorkspace], *, free: int) -> WaitingWorkspace | None:
    """Choose who is next: who may take a place and holds least for its weight; of these, who has waited longest."""
    allowed = [each for each in waiting if may_take(held=each.held, free=free, weight=each.weight)]
    return min(allowed, key=lambda each: (each.held / each.weight, each.oldest), default=None)


class Slots(Generic[T]):
    """Places of one process, by the rule above, and what waits for one. However many wait, a call takes no longer.

    Not for several threads at once.
    """

    def __init__(self, size: int) -> None:
        self._free = size
        self._held: Counter[str] = Counter()
        #: What waits, by owner, oldest first; and those owners by how many they hold, whose turn comes first first.
        self._waiting: dict[str, deque[T]] = {}
        self._by_held: dict[int, dict[str, None]] = {}

    def take(self, owner: str) -> bool:
        """Take a place, if there is one for this owner."""
        if owner in self._waiting or not may_take(held=self._held[owner], free=self._free):
            return False
        self._hold(owner, 1)
        return True

    def wait(self, owner: str, item: T) -> None:
        """Wait for one, behind what the owner has waiting already."""
        if owner not in self._waiting:
            self._waiting[owner] = deque()
            self._line_up(owner)
        self._waiting[owner].append(item)

    def give_back(self, owner: str) -> None:
        """Give a place back; `next` says who gets it."""
        self._hold(owner, -1)

    def next(self) -> tuple[str, T] | None:
        """Give a place to the owner whose turn it is, and return what of it has waited longest; None if nobody may."""
        if not self._by_held:
            return None
        held = min(self._by_held)
        owner = next(iter(self._by_held[held]))
        # Who holds more may not either.
        if not may_take(held=held, free=self._free):
            return None
        item = self._waiting[owner].popleft()
        if not self._waiting[owner]:
            self._step_out(owner)
            del self._waiting[owner]
        self._hold(owner, 1)
        return owner, item

    def _hold(self, owner: str, more: int) -> None:
        waits = owner in self._waiting
        if waits:
            self._step_out(owner)
        self._free -= more
        self._held[owner] += more
        if waits:
            self._line_up(owner)
        if not self._held[owner]:
            del self._held[owner]

    def _line_up(self, owner: str) -> None:
        self._by_held.setdefault(self._held[owner], {})[owner] = None

    def _step_out(self, owner: str) -> None:
        line = self._by_held[self._held[owner]]
        del line[owner]
        if not line:
            del self._by_held[self._held[owner]]
