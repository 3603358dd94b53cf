"""A few threads at a time do what all of a process's threads want to do, and each owner has its turn."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from midcall.domain.on_behalf import OWNER
from midcall.domain.shares import Slots


class Turnstile:
    """Lets `size` threads in at a time, by the rule of `Slots`: who wants one thing goes before who wants many.

    A plain lock or semaphore is handed on as it was asked for: what one caller wants then waits for 200 webhooks of a
    neighbour that were answered in the same moment.
    """

    def __init__(self, size: int) -> None:
        self._lock = threading.Lock()
        #: What each thread that waits is woken with.
        self._places: Slots[threading.Lock] = Slots(size)
        #: Those of them whose thread went away while it waited.
        self._gone: set[threading.Lock] = set()
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
            try:
                wake.acquire()
            except BaseException:  # a signal's, such as a job's time limit: nobody is there to hand it on later
                self._give_up(owner, wake)
                raise
        self._here.owner = owner

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Hand the turn on to the workspace whose turn it is."""
        owner, self._here.owner = self._here.owner, None
        with self._lock:
            self._hand_on(owner)

    def _give_up(self, owner: str, wake: threading.Lock) -> None:
        with self._lock:
            if wake.acquire(blocking=False):  # it was let in at that very moment
                self._hand_on(owner)
            else:
                self._gone.add(wake)

    def _hand_on(self, owner: str) -> None:
        """Give a place back, and others in; the lock is held."""
        self._places.give_back(owner)
        while (following := self._places.next()) is not None:
            whose, wake = following
            if wake in self._gone:
                self._gone.remove(wake)
                self._places.give_back(whose)
            else:
                wake.release()

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
