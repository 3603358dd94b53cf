"""Threads of one run: made when there is work for them, gone when the run is."""

import queue
import threading
from collections.abc import Callable
from typing import Self

Work = Callable[[], None]


class Crew:
    """Runs work in at most `limit` threads, in the order it came; more waits.

    They are daemons, and nobody joins them: work that is not done when the run ends must not hold up its outcome, nor
    the end of the process. What was not begun by then never is.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._work: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._idle = 0
        self._closed = False

    def submit(self, work: Work) -> None:
        """Have work done; called from one thread."""
        with self._lock:
            # The idle ones may have been promised to work that still waits in the queue.
            wanted = self._idle <= self._work.qsize() and self._threads < self._limit
            self._threads += wanted
        self._work.put(work)
        if wanted:
            threading.Thread(target=self._run, name="action", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        for _each in range(self._threads):
            self._work.put(None)

    def _run(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            work = self._work.get()
            with self._lock:
                self._idle -= 1
            if work is None or self._closed:
                return
            work()
