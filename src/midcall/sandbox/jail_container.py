"""A container of jails: one hardened container of one workspace, in which each run gets a fresh jail.

What a jail is made of is said in `sandbox/template.py` and `sandbox/confinement.py`.
"""

import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from midcall.domain.errors import SandboxBusy
from midcall.sandbox.boot import boot
from midcall.sandbox.conversation import SandboxConversation
from midcall.sandbox.engine import AttachedStreams, Engine
from midcall.sandbox.errors import EngineFailed
from midcall.sandbox.jail import Jail
from midcall.sandbox.relay import Relay
from midcall.sandbox.streams import Demultiplexer

#: Seconds for a jail to be made; some milliseconds is normal.
MADE_S = 3.0
#: Bytes of a container's whole life: its conversations have bounds of their own.
ENDLESS = 1 << 62


class JailContainer:
    """A container whose PID 1 has jails made. `boot` it, `take` a jail for each run and `give_up` it, `close` it."""

    def __init__(self, container: str, name: str, slot: int, attachment: AttachedStreams, jails: int) -> None:
        self.container = container
        self.name = name
        self.slot = slot
        self.booted_at = self.probed_at = time.monotonic()
        #: When a run of its workspace began or ended last.
        self.used_at = self.booted_at
        #: Runs that were begun.
        self.runs = 0
        self._attachment = attachment
        self._jails = jails
        #: Jails that were taken and are not gone yet are never more: the container's memory is made for so many.
        self._free = threading.Semaphore(jails)
        self._lock = threading.Lock()
        self._ready: deque[Jail] = deque()
        self._numbers = 0
        self._taken: set[int] = set()
        #: Of these, since when those are given up that have not been heard to be gone.
        self._leaving: dict[int, float] = {}
        self._unfit = False
        self._streams = Demultiplexer(ENDLESS)
        self._relay = Relay(container, attachment.socket, self._streams, on_end=self._gone, on_over=self._all_gone)

    @classmethod
    def boot(
        cls, engine: Engine, config: Mapping[str, Any], *, name: str, slot: int, jails: int, timeout_s: float
    ) -> "JailContainer":
        """Boot one and have its jails made; raises EngineFailed, leaving nothing."""
        return boot(
            engine,
            config,
            name=name,
            make=lambda container, attachment: cls(container, name, slot, attachment, jails),
            timeout_s=timeout_s,
        )

    def await_ready(self, deadline: float) -> None:
        """Wait for PID 1 and have the first jails made; raises EngineFailed with its complaint."""
        SandboxConversation(self._attachment.socket, self._streams).await_ready(deadline)
        self._relay.start()
        with self._lock:
            self._refill()

    @property
    def alive(self) -> bool:
        """Tell whether it is there, and runs in it can be heard."""
        return self._relay.alive

    @property
    def serves(self) -> bool:
        """Tell whether jails can be had of it: it is there, and has made each that was wanted in time."""
        return self.alive and not self._unfit

    @property
    def busy(self) -> int:
        """How many jails are taken, or not gone yet."""
        return len(self._taken)

    def take(self, deadline: float) -> Jail:
        """Wait until a jail is free and there, until `deadline` (monotonic); `give_up` must follow.

        Raises SandboxBusy where none is free in time, EngineFailed where none can be made, or not in MADE_S: whoever
        waits has the rest of the deadline for something else.
        """
        if not self._free.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise SandboxBusy
        if not self.serves:
            self._free.release()  # so that the next who waits learns of it, too
            raise EngineFailed("the workspace's container of jails makes none any more")
        with self._lock:
            self.runs += 1
            jail = self._next()
            self._taken.add(jail.number)
        try:
            jail.await_ready(min(deadline, time.monotonic() + MADE_S))
        except BaseException:
            self.give_up(jail)
            self._take_for_unfit()
            raise
        return jail

    def give_up(self, jail: Jail) -> None:
        """End a jail that was taken; the next is made when it is gone."""
        jail.close()
        with self._lock:
            if jail.number in self._taken:
                self._leaving[jail.number] = time.monotonic()
        if not self.serves:
            self._gone(jail.number)  # nobody may be there who would say so

    def look(self) -> None:
        """Take the container for unfit where a jail that was ended is not gone in MADE_S; from time to time."""
        with self._lock:
            since = min(self._leaving.values(), default=None)
        if since is not None and time.monotonic() - since > MADE_S:
            self._take_for_unfit()

    def _take_for_unfit(self) -> None:
        """Have no more jails made, and let those who wait for one know; what runs goes on."""
        self._unfit = True
        for number in list(self._leaving):
            self._gone(number)

    def close(self) -> None:
        """Let go of the container: its PID 1 ends with its streams, and all jails with it."""
        self._relay.stop()
        with self._lock:
            while self._ready:
                self._ready.popleft().close()
        self._attachment.close()

    def _next(self) -> Jail:
        """Return a jail that waits, or one that is being made; the lock is held."""
        return self._ready.popleft() if self._ready else self._open()

    def _refill(self) -> None:
        """Have as many jails made as may be there beside those that are taken; the lock is held."""
        while self.serves and len(self._ready) + len(self._taken) < self._jails:
            self._ready.append(self._open())

    def _open(self) -> Jail:
        """Have a jail made, waiting for nothing."""
        self._numbers += 1
        return Jail(f"{self.container}-{self._numbers}", self._numbers, self._relay.open(self._numbers))

    def _gone(self, number: int) -> None:
        """Hear that a jail is gone: if it was taken, another may be. One that died while it waited is not replaced now.

        Where jails cannot be made at all, that would be done without end.
        """
        with self._lock:
            self._leaving.pop(number, None)
            if number in self._taken:
                self._taken.remove(number)
                self._refill()
                self._free.release()
            for jail in [each for each in self._ready if each.number == number]:
                self._ready.remove(jail)
                jail.close()

    def _all_gone(self) -> None:
        """Hear that the container is gone: whoever waits for a jail shall learn that there is none."""
        with self._lock:
            self._leaving.clear()
            while self._taken:
                self._taken.pop()
                self._free.release()
