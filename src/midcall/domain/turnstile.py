"""A few threads at a time do what all of a process's threads want to do, and each owner has its turn."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from midcall.domain.on_behalf import OWNER


class Turnstile:
    """Lets `size` threads in at a time, owner by owner: who wants one thing waits for one of each other's, not for all.

    A plain lock or semaphore is handed on as it was asked for: what one caller wants then waits for 200 webhooks of a
    neighbour that were answered in the same moment.
    """

    def __init__(self, size: int) -> None:
        self._lock = threading.Lock()
        self._free = size
        #: By owner, who is next first: what each thread that waits is woken with.
        self._waiting: dict[str, deque[threading.Lock]] = {}
        self._here = threading.local()

    def __enter__(self) -> None:
        """Wait for the turn."""
        wake = None
        with self._lock:
            if self._free:
                self._free -= 1
            else:
                wake = threading.Lock()
                wake.acquire()
                self._waiting.setdefault(OWNER.get(), deque()).append(wake)
        if wake is not None:
            wake.acquire()
        self._here.inside = True

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Hand it on."""
        self._here.inside = False
        with self._lock:
            if not self._waiting:
                self._free += 1
                return
            owner = next(iter(self._waiting))
            line = self._waiting.pop(owner)
            line.popleft().release()
            if line:
                self._waiting[owner] = line  # behind the others

    @contextmanager
    def left(self) -> Iterator[None]:
        """Be outside for what only waits; a thread that is outside already stays there."""
        if not getattr(self._here, "inside", False):
            yield
            return
        self.__exit__(None, None, None)
        try:
            yield
        finally:
            self.__enter__()
