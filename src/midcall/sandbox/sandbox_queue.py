"""Hands ready sandboxes to waiting calls, first come first served, and never more than may run at one time."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from midcall.domain.errors import SandboxBusy

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How a pool stands: ready, running, and calls that wait."""

    idle: int
    busy: int
    waiting: int


class SandboxQueue(Generic[T]):
    """The queue between calls and ready sandboxes of any type `T`. Safe to use from many threads."""

    def __init__(self, *, max_busy: int, max_waiting: int) -> None:
        self._lock = threading.Lock()
        #: Notified whenever more sandboxes may be wanted.
        self.wanted = threading.Condition(self._lock)
        self._max_busy = max_busy
        self._max_waiting = max_waiting
        self._idle: deque[T] = deque()
        self._waiting: deque[_Waiter[T]] = deque()
        self._busy = 0
        #: When a sandbox was last handed out, on the clock of `time.monotonic()`.
        self.handed_out_at = 0.0

    def counts(self) -> QueueCounts:
        """Return the present numbers."""
        with self._lock:
            return self.counts_locked()

    def counts_locked(self) -> QueueCounts:
        """Return the present numbers; the caller holds `wanted`."""
        return QueueCounts(len(self._idle), self._busy, len(self._waiting))

    def take(self, deadline: float) -> T:
        """Wait for a sandbox until `deadline` (monotonic) and return it; `done` must follow.

        Raises SandboxBusy where none is free in time, or too many wait already.
        """
        waiter: _Waiter[T] = _Waiter()
        with self._lock:
            if len(self._waiting) >= self._max_waiting:
                raise SandboxBusy("too many calls wait for a sandbox already; nothing was run")
            self._waiting.append(waiter)
            self._match()
            self.wanted.notify_all()
        waiter.ready.wait(max(0.0, deadline - time.monotonic()))
        with self._lock:
            if waiter.sandbox is not None:
                return waiter.sandbox
            self._waiting.remove(waiter)
        raise SandboxBusy

    def done(self) -> None:
        """Say that a run has ended, so that another may start."""
        with self._lock:
            self._busy -= 1
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
        while self._waiting and self._idle and self._busy < self._max_busy:
            waiter = self._waiting.popleft()
            waiter.sandbox = self._idle.popleft()
            self._busy += 1
            self.handed_out_at = time.monotonic()
            waiter.ready.set()


class _Waiter(Generic[T]):
    """One call in the queue."""

    def __init__(self) -> None:
        self.ready = threading.Event()
        self.sandbox: T | None = None
