"""A warm container, booted for one run and thrown away after it."""

import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from midcall.sandbox.boot import boot
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
        """Boot one; raises EngineFailed, leaving nothing."""
        return boot(
            engine,
            config,
            name=name,
            make=lambda container, attachment: cls(container, name, slot, attachment),
            timeout_s=timeout_s,
        )

    def prepare(self) -> None:
        """Have it load what runs often need until its run comes. Waits for nothing; not for use beside `run`."""
        self.prepared = True
        with suppress(OSError):  # it is dead: whoever takes it will see
            self._socket.send(encode(FrameKind.PREPARE, b"{}", self._nonce), socket.MSG_DONTWAIT)

    def close(self) -> None:
        """Close the streams. Always before the container is killed: the Engine hangs on an output nobody reads."""
        self._attachment.close()
