"""Takes the Engine's attach stream apart.

Without a terminal the Engine multiplexes a container's output: `stream (1) | 0 0 0 | length (4, big-endian) | bytes`
(Docker Engine API, "Attach to a container"). Its chunks are not our frames: one frame may come in many chunks and one
chunk may hold many frames.
"""

from collections.abc import Iterator
from struct import Struct
from typing import Protocol

from midcall.sandbox.frames import MIB, FrameError

STDOUT, STDERR = 1, 2

_HEADER = Struct(">BxxxI")
#: Bytes of one conversation at most, chunk headers included: whatever a container does, reading it ends.
MAX_STREAM_BYTES = 16 * MIB


class StreamParts(Protocol):
    """Tells what of the bytes that came is whose."""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the parts of `data` with their streams; raises FrameError where it is too much, or no such thing."""
        ...


class Demultiplexer:
    """Yields (stream, bytes) as they come in; never holds more than one header back."""

    def __init__(self, max_bytes: int = MAX_STREAM_BYTES) -> None:
        self._head = bytearray()
        self._stream = STDOUT
        self._left = 0
        self._budget = max_bytes

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the parts of `data`; raises FrameError over the byte budget or at a header that is none."""
        self._budget -= len(data)
        if self._budget < 0:
            raise FrameError("the sandbox sent too many bytes")
        view = memoryview(data)
        while view:
            if not self._left:
                missing = _HEADER.size - len(self._head)
                self._head += view[:missing]
                view = view[missing:]
                if len(self._head) < _HEADER.size:
                    return
                self._stream, self._left = _HEADER.unpack(self._head)
                self._head.clear()
                if self._stream not in (STDOUT, STDERR):
                    raise FrameError("the Engine's stream is out of step")
                continue
            part = view[: self._left]
            view = view[len(part) :]
            self._left -= len(part)
            yield self._stream, bytes(part)
