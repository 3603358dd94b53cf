"""Loops: what a process does turn by turn for as long as it lives, each in a thread or a task of its own.

A loop that ends in silence takes with it what it alone does, and nobody knows until that is missed. So here, at the
edge, and nowhere below it, whatever a turn runs into is caught, logged and counted, and the next turn follows; and a
loop tells whether it is gone all the same, for the health of its process.
"""

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass

import structlog

#: Seconds between a turn that failed and the next: what is broken must not keep a processor busy, nor fill the log.
REST_S = 1.0

log = structlog.get_logger()


class Loop(ABC):
    """One loop, by its name."""

    def __init__(self, name: str, *, rest_s: float = REST_S) -> None:
        self.name = name
        #: Turns that failed.
        self.failures = 0
        self._rest_s = rest_s
        self._done = False

    @property
    def gone(self) -> bool:
        """Tell whether it has ended though nobody wanted it to."""
        return self._ended() and not self._done

    @abstractmethod
    def _ended(self) -> bool:
        """Tell whether it was started and runs no more."""

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        with suppress(Exception):  # nor may a log that takes nothing end the loop
            log.warning("turn_failed", loop=self.name, failures=self.failures, exc_info=error)


class ThreadLoop(Loop):
    """A loop in a daemon thread: `turn` again and again until it returns False. `stopping` cuts a rest short."""

    def __init__(
        self,
        name: str,
        turn: Callable[[], bool],
        *,
        stopping: threading.Event | None = None,
        rest_s: float = REST_S,
    ) -> None:
        super().__init__(name, rest_s=rest_s)
        self._turn = turn
        self._stopping = stopping or threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start it, or start it again if it has ended; call it from one thread at a time."""
        if self._thread is None or not self._thread.is_alive():
            self._done = False
            self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
            self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for its end."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _ended(self) -> bool:
        return self._thread is not None and not self._thread.is_alive()

    def _run(self) -> None:
        while not self._done:
            try:
                self._done = not self._turn()
            except Exception as error:  # the edge of a thread that must not die
                self._failed(error)
                self._stopping.wait(self._rest_s)


class TaskLoop(Loop):
    """A loop in an asyncio task: `turn` again and again until it is cancelled."""

    def __init__(self, name: str, turn: Callable[[], Awaitable[None]], *, rest_s: float = REST_S) -> None:
        super().__init__(name, rest_s=rest_s)
        self._turn = turn
        self._task: asyncio.Task[None] | None = None

    def start(self) -> "asyncio.Task[None]":
        """Start it in the running event loop; returns its task, to be cancelled."""
        self._task = asyncio.create_task(self._run(), name=self.name)
        return self._task

    def _ended(self) -> bool:
        return self._task is not None and self._task.done() and not self._task.cancelled()

    async def _run(self) -> None:
        task = asyncio.current_task()
        # A library may swallow a cancellation: it is asked for as well.
        while task is None or not task.cancelling():
            try:
                await self._turn()
            except Exception as error:  # the edge of a task that must not end
                self._failed(error)
                await asyncio.sleep(self._rest_s)
        self._done = True


@dataclass(frozen=True, slots=True)
class LoopsHealth:
    """How the loops of a process stand: the names of those that are gone, and how many turns of all have failed."""

    gone: tuple[str, ...]
    failed_turns: int


def health(loops: Iterable[Loop]) -> LoopsHealth:
    """Sum up some loops."""
    known = tuple(loops)
    return LoopsHealth(tuple(loop.name for loop in known if loop.gone), sum(loop.failures for loop in known))
