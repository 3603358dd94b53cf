"""A container of jails: one hardened container of one workspace, in which each run gets a fresh jail.

What a jail is made of is said in `sandbox/template.py` and `sandbox/confinement.py`.
"""

import threading
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from midcall.domain.errors import SandboxBusy
from midcall.sandbox.conversation import SandboxConversation
from midcall.sandbox.engine import AttachedStreams, Engine
from midcall.sandbox.jail import Jail
from midcall.sandbox.relay import Relay
from midcall.sandbox.streams import Demultiplexer

#: Bytes of a container's whole life: its conversations have bounds of their own.
ENDLESS = 1 << 62


class JailContainer:
    """A container whose PID 1 has jails made. `boot` it, `take` a jail for each run and `give_up` it, `close` it."""

    def __init__(self, container: str, name: str, slot: int, attachment: AttachedStreams, jails: int) -> None:
        self.container = container
        self.name = name
        self.slot = slot
        self.booted_at = self.used_at = self.probed_at = time.monotonic()
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
        self._streams = Demultiplexer(ENDLESS)
        self._relay = Relay(container, attachment.socket, self._streams, self._gone)

    @classmethod
    def boot(
        cls, engine: Engine, config: Mapping[str, Any], *, name: str, slot: int, jails: int, timeout_s: float
    ) -> "JailContainer":
        """Create and start a container and have its jails made; raises EngineFailed, leaving nothing."""
        container = engine.create(config, name)
        booted: JailContainer | None = None
        try:
            booted = cls(container, name, slot, engine.attach(container), jails)
            engine.start(container)
            booted.begin(time.monotonic() + timeout_s)
        except BaseException:
            if booted is not None:
                booted.close()
            engine.remove(container)
            raise
        return booted

    def begin(self, deadline: float) -> None:
        """Wait for PID 1 and have the first jails made; raises EngineFailed with its complaint."""
        SandboxConversation(self._attachment.socket, self._streams).await_ready(deadline)
        self._relay.start()
        for _ in range(self._jails):
            self._ready.append(self._open())

    @property
    def alive(self) -> bool:
        """Tell whether jails can still be had of it."""
        return self._relay.alive

    @property
    def busy(self) -> int:
        """How many jails are taken, or not gone yet."""
        return len(self._taken)

    def take(self, deadline: float) -> Jail:
        """Wait until a jail is free and there, until `deadline` (monotonic); `give_up` must follow.

        Raises SandboxBusy where none is in time, EngineFailed where none can be made.
        """
        if not self._free.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise SandboxBusy
        with self._lock:
            self.used_at = time.monotonic()
            self.runs += 1
            jail = self._ready.popleft() if self._ready else self._open()
            self._taken.add(jail.number)
        try:
            jail.await_ready(deadline)
        except BaseException:
            self.give_up(jail)
            raise
        return jail

    def give_up(self, jail: Jail) -> None:
        """End a jail that was taken, and have the next one made."""
        jail.close()
        with self._lock:
            self.used_at = time.monotonic()
            if self.alive:
                self._ready.append(self._open())

    def close(self) -> None:
        """Let go of the container: its PID 1 ends with its streams, and all jails with it."""
        self._relay.stop()
        with self._lock:
            while self._ready:
                self._ready.popleft().close()
        self._attachment.close()

    def _open(self) -> Jail:
        """Have a jail made, waiting for nothing."""
        self._numbers += 1
        return Jail(f"{self.container}-{self._numbers}", self._numbers, self._relay.open(self._numbers))

    def _gone(self, number: int) -> None:
        """Hear that a jail is gone: another may be taken."""
        with self._lock:
            if number in self._taken:
                self._taken.remove(number)
                self._free.release()
