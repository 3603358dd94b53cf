"""A warm container, booted for one run and thrown away after it."""

import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from midcall.sandbox.conversation import SandboxConversation
from midcall.sandbox.engine import AttachedStreams, Engine
from midcall.sandbox.frames import FrameKind, encode
from midcall.sandbox.streams import Demultiplexer


class ThrowawayContainer(SandboxConversation):
    """A container with its attached streams, whose PID 1 waits for a run."""

    def __init__(self, container: str, name: str, slot: int, attachment: AttachedStreams) -> None:
        super().__init__(attachment.socket, Demultiplexer())
        self.container = container
        self.name = name
        self.slot = slot
        self._attachment = attachment
        #: Not to be ended before, on the clock of `time.monotonic()`: whoever it ran for is being answered.
        self.spare_until = 0.0
        #: Whether it was told to prepare.
        self.prepared = False

    @classmethod
    def boot(
        cls, engine: Engine, config: Mapping[str, Any], *, name: str, slot: int, timeout_s: float
    ) -> "ThrowawayContainer":
        """Create and start a container and wait until its PID 1 is ready; raises EngineFailed, leaving nothing."""
        container = engine.create(config, name)
        booted: ThrowawayContainer | None = None
        try:
            booted = cls(container, name, slot, engine.attach(container))
            engine.start(container)
            booted.await_ready(time.monotonic() + timeout_s)
        except BaseException:
            if booted is not None:
                booted.close()
            engine.remove(container)
            raise
        return booted

    def prepare(self) -> None:
        """Have it load what runs often need until its run comes. Waits for nothing; not for use beside `run`."""
        self.prepared = True
        with suppress(OSError):  # it is dead: whoever takes it will see
            self._socket.send(encode(FrameKind.PREPARE, b"{}", self._nonce), socket.MSG_DONTWAIT)

    def close(self) -> None:
        """Close the streams. Always before the container is killed: the Engine hangs on an output nobody reads."""
        self._attachment.close()
