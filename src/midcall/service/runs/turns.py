"""Whose turn it is: a wake says that something waits, the workspaces' shares decide what is run for it."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from midcall.domain.errors import QueueUnavailable
from midcall.domain.shares import next_in_turn
from midcall.storage.database import Storage, Transaction

#: Seconds for which a count of workers is believed: they come and go with hosts. Counting asks Redis eight times.
COUNT_AGAIN_S = 10.0
#: Seconds for which what a workspace counts for is believed, and of how many it is kept.
WEIGH_AGAIN_S, WEIGHTS_KEPT = 5.0, 10_000

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Turn:
    """Which invocation to claim for a wake; `shared` where several workspaces share the workers."""

    id: str
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Turns:
    """The choice of what the workers of one group take next: those that listen to the same queues, on all hosts."""

    group: str
    #: Counts the workers of the group, this one too.
    workers: Callable[[], int]

    def next(self, tx: Transaction, woken: str, *, workers: int, now: int) -> Turn | None:
        """Return which invocation to claim for a wake, among those of its purpose and kind; None: nobody's now.

        Where there is one workspace alone, it is the one that the wake names. Who holds its share already waits until a
        run of the group ends: the worker that ran it asks again.
        """
        if not tx.workspaces.several():
            return Turn(woken)
        heads, held = tx.invocations.heads(woken, group=self.group, now=now)
        chosen = next_in_turn(heads, free=max(1, workers - held))
        return Turn(chosen.oldest, shared=True) if chosen else None


class CachedCount:
    """A count that is asked for at most once in a while; where it cannot be had, the last one stands."""

    def __init__(
        self, count: Callable[[], int], *, first: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._count = count
        self._last = first
        self._monotonic = monotonic
        self._asked_at: float | None = None

    def __call__(self) -> int:
        """Return the count, asked for anew if the last one is too old."""
        now = self._monotonic()
        if self._asked_at is None or now - self._asked_at >= COUNT_AGAIN_S:
            self._asked_at = now
            with suppress(QueueUnavailable):
                self._last = self._count()
        return self._last


class Weights:
    """The weight of each workspace, read at most once in a while. Safe to use from many threads."""

    def __init__(self, storage: Storage, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._storage = storage
        self._monotonic = monotonic
        self._lock = threading.Lock()
        #: Workspace -> until when it is believed, and what.
        self._known: dict[str, tuple[float, int]] = {}

    def __call__(self, workspace_id: str) -> int:
        """Return a workspace's weight; what was known, or 1, where it cannot be read."""
        now = self._monotonic()
        until, weight = self._known.get(workspace_id, (0.0, 1))
        if now < until:
            return weight
        try:
            with self._storage.read() as tx:
                weight = tx.workspaces.get(workspace_id).ceilings.weight
        except Exception:  # what is to be run is stored by now: a share that is not exact is no reason to fail
            log.exception("weight_not_read", workspace=workspace_id)
        with self._lock:
            if len(self._known) >= WEIGHTS_KEPT:
                self._known.clear()
            self._known[workspace_id] = (now + WEIGH_AGAIN_S, weight)
        return weight
