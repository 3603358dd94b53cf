"""Threads of one run: made when there is work for them, gone when the run is."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Self

import structlog

Work = Callable[[], None]

#: Threads of all runs of a process. A thread that was left to end by itself may wait for a target for seconds: without
#: a bound, runs that end at once would leave more behind than a machine can hold.
MAX_THREADS = 64

log = structlog.get_logger(__name__)


class BoundedThreads:
    """Runs work in at most `limit` threads, in the order it came; more waits.

    They are daemons, and nobody joins them: work that is not done when the run ends must not hold up its outcome, nor
    the end of the process. What was not begun by then never is.
    """

    def __init__(self, limit: int, *, slots: threading.Semaphore | None = None) -> None:
        self._limit = limit
        self._slots = slots or _SLOTS
        self._changed = threading.Condition()
        self._pending: deque[Work] = deque()
        self._threads = 0
        #: Threads that take the next work, those that only just start among them.
        self._free = 0
        self._closed = False

    def submit(self, work: Work) -> bool:
        """Have work done; False where the process has no thread for it, and none of these could do it later."""
        with self._changed:
            short = self._free <= len(self._pending) and self._threads < self._limit
            if short and self._slots.acquire(blocking=False):
                self._hire()
            if not self._threads:
                return False
            self._pending.append(work)
            self._changed.notify()
            return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._closed = True
            self._pending.clear()
            self._changed.notify_all()

    def _hire(self) -> None:
        try:
            threading.Thread(target=self._run, name="action", daemon=True).start()
        except RuntimeError:  # the system has no thread to give
            self._slots.release()
        else:
            self._threads += 1
            self._free += 1

    def _run(self) -> None:
        try:
            while (work := self._next()) is not None:
                try:
                    work()
                except Exception:  # a thread's edge: what waits behind this would otherwise never be begun
                    log.exception("action_work_failed")
                with self._changed:
                    self._free += 1
        finally:
            with self._changed:
                self._threads -= 1
            self._slots.release()

    def _next(self) -> Work | None:
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._closed)
            # Taken and counted in one step: who submits must not rely on a thread that has work already.
            self._free -= 1
            return None if self._closed else self._pending.popleft()


_SLOTS = threading.BoundedSemaphore(MAX_THREADS)
