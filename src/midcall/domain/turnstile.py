"""A few threads at a time do what all of a process's threads want to do, and each owner has its turn."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from midcall.domain.on_behalf import OWNER
from midcall.domain.shares import Places


class Turnstile:
    """Lets `size` threads in at a time, by the rule of `Places`: who wants one thing goes before who wants many.

    A plain lock or semaphore is handed on as it was asked for: what one caller wants then waits for 200 webhooks of a
    neighbour that were answered in the same moment.
    """

    def __init__(self, size: int) -> None:
        self._lock = threading.Lock()
        #: What each thread that waits is woken with.
        self._places: Places[threading.Lock] = Places(size)
        self._here = threading.local()

    def __enter__(self) -> None:
        """Wait for the turn."""
        owner, wake = OWNER.get(), None
        with self._lock:
            if not self._places.take(owner):
                wake = threading.Lock()
                wake.acquire()
                self._places.wait(owner, wake)
        if wake is not None:
            wake.acquire()
        self._here.owner = owner

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Hand it on."""
        owner, self._here.owner = self._here.owner, None
        with self._lock:
            self._places.give_back(owner)
            while (following := self._places.next()) is not None:
                following[1].release()

    @contextmanager
    def left(self) -> Iterator[None]:
        """Be outside for what only waits; a thread that is outside already stays there."""
        if getattr(self._here, "owner", None) is None:
            yield
            return
        self.__exit__(None, None, None)
        try:
            yield
        finally:
            self.__enter__()
