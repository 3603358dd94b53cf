"""Hands ready sandboxes to waiting calls, and never more than may run at one time.

Who wants one goes before who has many, and of the warm ones a few are kept for those who come: else the runs of one
workspace that end in the same moment would take all of them for its next runs, and a neighbour's call wait for a boot.
"""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from midcall.domain.errors import SandboxBusy

T = TypeVar("T")

#: Seconds for which calls of two owners mean that warm sandboxes are shared; an owner that is alone takes them all.
SHARED_S = 60.0


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How a pool stands: ready, running, and calls that wait."""

    idle: int
    busy: int
    waiting: int
    #: Whether one that waits would be given a sandbox as soon as there is one more.
    urgent: bool = False


class SandboxQueue(Generic[T]):
    """The queue between calls and ready sandboxes of any type `T`. Safe to use from many threads."""

    def __init__(self, *, max_busy: int, max_waiting: int, kept: int = 0) -> None:
        """Make a queue; `kept`: warm ones, at most, that an owner leaves to others while it has as many busy."""
        self._lock = threading.Lock()
        #: Notified whenever more sandboxes may be wanted.
        self.wanted = threading.Condition(self._lock)
        self._max_busy = max_busy
        self._max_waiting = max_waiting
        self._kept = kept
        self._idle: deque[T] = deque()
        #: In the order in which they came.
        self._waiting: list[_Waiter[T]] = []
        self._busy: Counter[str] = Counter()
        self._last_owner = ""
        self._shared_until = 0.0
        #: When a sandbox was last handed out, on the clock of `time.monotonic()`.
        self.handed_out_at = 0.0

    def counts(self) -> QueueCounts:
        """Return the present numbers."""
        with self._lock:
            return self.counts_locked()

    def counts_locked(self) -> QueueCounts:
        """Return the present numbers; the caller holds `wanted`."""
        more = len(self._idle) + 1
        urgent = any(more > self._left_by(waiter.owner) for waiter in self._waiting)
        return QueueCounts(len(self._idle), self._busy.total(), len(self._waiting), urgent)

    def take(self, deadline: float, owner: str = "") -> T:
        """Wait for a sandbox until `deadline` (monotonic) and return it; `done`, with its owner, must follow.

        A run without an owner is nobody's: it makes no other's sandboxes shared.
        Raises SandboxBusy where none is free in time, or too many wait already.
        """
        waiter: _Waiter[T] = _Waiter(owner)
        with self._lock:
            if len(self._waiting) >= self._max_waiting:
                raise SandboxBusy("too many calls wait for a sandbox already; nothing was run")
            self._heard_of(owner)
            self._waiting.append(waiter)
            self._match()
            self.wanted.notify_all()
        waiter.ready.wait(max(0.0, deadline - time.monotonic()))
        with self._lock:
            if waiter.sandbox is not None:
                return waiter.sandbox
            self._waiting.remove(waiter)
        raise SandboxBusy

    def done(self, owner: str = "") -> None:
        """Say that a run has ended, so that another may start."""
        with self._lock:
            self._busy[owner] -= 1
            if not self._busy[owner]:
                del self._busy[owner]
            self._match()
            self.wanted.notify_all()

    def give(self, sandbox: T) -> None:
        """Add a ready sandbox."""
        with self._lock:
            self._idle.append(sandbox)
            self._match()

    def drop(self, sandbox: T) -> bool:
        """Take an idle sandbox out again; returns whether it was still idle."""
        with self._lock:
            if sandbox not in self._idle:
                return False
            self._idle.remove(sandbox)
            self.wanted.notify_all()
            return True

    def tell_one(self, tell: Callable[[T], bool]) -> bool:
        """Call `tell` with idle sandboxes, the next to go first, until it returns true; returns whether it did.

        None of them is handed out meanwhile, so `tell` must not wait for anything.
        """
        with self._lock:
            return any(map(tell, self._idle))

    def idle(self) -> tuple[T, ...]:
        """Return the sandboxes that wait."""
        with self._lock:
            return tuple(self._idle)

    def _match(self) -> None:
        """Pair waiting calls with idle sandboxes; the lock is held."""
        while self._idle and self._busy.total() < self._max_busy and (waiter := self._next()) is not None:
            self._waiting.remove(waiter)
            waiter.sandbox = self._idle.popleft()
            self._busy[waiter.owner] += 1
            self.handed_out_at = time.monotonic()
            waiter.ready.set()

    def _next(self) -> "_Waiter[T] | None":
        """Choose whose turn it is: who has least busy of those who may take one; of these, who came first."""
        allowed = (waiter for waiter in self._waiting if len(self._idle) > self._left_by(waiter.owner))
        return min(allowed, key=lambda waiter: self._busy[waiter.owner], default=None)

    def _left_by(self, owner: str) -> int:
        """Return how many warm ones an owner leaves to others."""
        return min(self._busy[owner], self._kept) if time.monotonic() < self._shared_until else 0

    def _heard_of(self, owner: str) -> None:
        if not owner:  # midcall's own looks, and an operator's: who is alone with them is alone
            return
        if self._last_owner not in {"", owner}:
            self._shared_until = time.monotonic() + SHARED_S
        self._last_owner = owner


class _Waiter(Generic[T]):
    """One call in the queue."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.ready = threading.Event()
        self.sandbox: T | None = None
