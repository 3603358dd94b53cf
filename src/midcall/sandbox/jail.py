"""One jail: a fresh one for one run, within a container of one workspace.

What PID 1 of a throwaway container does for its child, the pool does for a jail: it draws the token of the
conversation, judges what the code says frame by frame, and hears from the container's PID 1 what was logged and how the
process ended.
"""

import json
import os
import signal
import socket
import time
from collections.abc import Iterator

from midcall.sandbox.channels import BOOTED, STATUS, ChunkKind, ChunkReader, StreamBroken
from midcall.sandbox.conversation import READ_BYTES, Collected, SandboxConversation
from midcall.sandbox.errors import EngineFailed
from midcall.sandbox.frames import CAPS, Frame, FrameError, FrameKind, FrameReader
from midcall.sandbox.streams import MAX_STREAM_BYTES

#: What the code's own process may say: all else is said by who watches it.
_FROM_CHILD = (FrameKind.PROGRESS, FrameKind.ACTION, FrameKind.RESULT, FrameKind.FAULT)
_LAST = (FrameKind.RESULT, FrameKind.FAULT)
#: What the filter ends, told by what the code did: it killed itself.
_SIGNALS = {int(signal.SIGSYS): int(signal.SIGKILL)}


class Jail(SandboxConversation):
    """A jail that waits for its run. What comes of it are chunks: the code's frames, its logs, and how it ended."""

    def __init__(self, name: str, number: int, connection: socket.socket) -> None:
        super().__init__(connection, _Chunks())
        self.name = name
        self.number = number
        self._greeting = self._nonce
        self._reader = FrameReader(self._nonce, {kind: CAPS[kind] for kind in _FROM_CHILD})

    def close(self) -> None:
        """Hang up: the jail is ended, whatever it is doing."""
        self._socket.close()

    def await_ready(self, deadline: float) -> None:
        """Wait until it is there; raises EngineFailed where it could not be made, or not in time."""
        try:
            self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            told = list(self._streams.feed(self._socket.recv(READ_BYTES)))
        except (OSError, FrameError) as error:
            raise EngineFailed(f"a jail could not be made: {error}") from error
        if told != [(ChunkKind.DATA, BOOTED)]:
            raise EngineFailed("a jail could not be made; what its container said stands in the log")

    def _read(self, collected: Collected) -> bool:
        data = self._socket.recv(READ_BYTES)
        for kind, part in self._streams.feed(data):
            if collected.done:
                break  # what comes after the result is nobody's
            if kind == ChunkKind.DATA:
                self._hear(collected, part)
            elif kind == ChunkKind.LOG:
                collected.take(Frame(FrameKind.LOG, part))
            else:
                code = os.waitstatus_to_exitcode(STATUS.unpack(part)[0])
                if code == -signal.SIGKILL:
                    return False  # by none of us: by the kernel, for memory, which it counts for all jails together
                collected.take(_outcome(code=code) if code >= 0 else _outcome(ended_by=_SIGNALS.get(-code, -code)))
        return bool(data)

    def _hear(self, collected: Collected, part: bytes) -> None:
        """Take what the code's process said; its result is its last word."""
        answered = False
        for frame in self._reader.feed(part):
            if answered:
                raise FrameError("a second result")
            collected.take(frame)
            answered = frame.kind in _LAST
        if answered:
            collected.take(_outcome())


def _outcome(*, code: int | None = None, ended_by: int | None = None) -> Frame:
    """Return what PID 1 of a throwaway container would say."""
    return Frame(FrameKind.OUTCOME, json.dumps({"code": code, "signal": ended_by}).encode())


class _Chunks:
    """The chunks of one channel, within the bytes of one conversation."""

    def __init__(self) -> None:
        self._left = MAX_STREAM_BYTES
        self._reader = ChunkReader((ChunkKind.DATA, ChunkKind.LOG, ChunkKind.END))

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield kinds and bytes; raises FrameError over the bytes of one conversation."""
        self._left -= len(data)
        if self._left < 0:
            raise FrameError("the sandbox sent too many bytes")
        try:
            for _, kind, part in self._reader.feed(data):
                yield kind, part
        except StreamBroken as error:
            raise FrameError(str(error)) from error
