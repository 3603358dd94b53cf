"""Many conversations over one stream: what the pool and a container of jails say to each other, for both ends.

The pool opens a channel for each jail that it wants, and PID 1 of the container has one made and connects it. From then
on both ends move bytes and look into none of them: what is said in a channel are frames (`frames.py`), between the pool
and the jail alone. The image build copies this very file into the image, so it imports the standard library alone.

A chunk is `channel (4 bytes, big-endian) | kind (1 byte) | length (4 bytes, big-endian) | bytes`. Channels are numbered
by the pool, from one, and no number is used twice.
"""

import os
import select
import time
from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from struct import Struct

KIB = 1024
MIB = 1024 * KIB

_HEADER = Struct(">IBI")
#: Bytes of one chunk at most, and of one read.
CHUNK_BYTES = 64 * KIB
#: Bytes that may wait for one reader: a request with its transcript (24 MB), or all that a run may say. A reader that
#: takes none of so much is given up.
WAITING_BYTES = 32 * MIB
#: With so many bytes on their way out, nothing more is read that would add to them.
PAUSE_BYTES = 1 * MIB


#: What a jail says first: it is there, and waits for its run.
BOOTED = b"!"
#: How a jail's process ended, as `waitpid` has it: the bytes of an END.
STATUS = Struct(">i")


class ChunkKind(IntEnum):
    """What a chunk says of its channel."""

    #: pool -> PID 1: make a jail and connect this channel to it. No bytes.
    OPEN = 1
    #: Bytes of the conversation, either way.
    DATA = 2
    #: pool -> PID 1: end the jail, whatever it is doing. No bytes.
    CLOSE = 3
    #: PID 1 -> pool: what the code wrote to its standard output and error.
    LOG = 4
    #: PID 1 -> pool, the last of a channel: how the jail's process ended, a STATUS.
    END = 5


class StreamBroken(Exception):
    """The bytes are no chunks; whatever follows cannot be told from garbage."""


def pack(number: int, kind: ChunkKind, data: bytes = b"") -> bytes:
    """Return a chunk's bytes."""
    return _HEADER.pack(number, kind, len(data)) + data


class ChunkReader:
    """Cuts a stream into chunks of the kinds that may come from its other end."""

    def __init__(self, accepts: Iterable[ChunkKind]) -> None:
        self._accepts = frozenset(accepts)
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, ChunkKind, bytes]]:
        """Yield the chunks that `data` completes; raises StreamBroken at one that is none."""
        self._buffer += data
        while len(self._buffer) >= _HEADER.size:
            number, code, length = _HEADER.unpack_from(self._buffer)
            if length > CHUNK_BYTES or code not in self._accepts:
                raise StreamBroken(f"a chunk of kind {code} with {length} bytes")
            end = _HEADER.size + length
            if len(self._buffer) < end:
                return
            with memoryview(self._buffer) as view:
                chunk = bytes(view[_HEADER.size : end])
            del self._buffer[:end]
            yield number, ChunkKind(code), chunk


class Outlet:
    """Bytes on their way into a descriptor that takes them when it can."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._waiting = bytearray()
        os.set_blocking(fd, False)

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, data: bytes) -> bool:
        """Add bytes and write what is taken now; returns whether the descriptor still takes any at all."""
        self._waiting += data
        return self.flush()

    def flush(self) -> bool:
        """Write what is taken now; returns whether the descriptor still takes any at all."""
        try:
            while self._waiting:
                with memoryview(self._waiting) as view:
                    sent = os.write(self.fd, view[: 4 * CHUNK_BYTES])
                del self._waiting[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self._waiting.clear()
            return False
        return len(self._waiting) <= WAITING_BYTES


class Watch:
    """Calls a handler for each descriptor that can be read or written, until it is stopped."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._handlers: dict[int, Callable[[int], None]] = {}
        self.over = False

    def add(self, fd: int, handler: Callable[[int], None], events: int = select.POLLIN) -> None:
        """Call `handler` with what `poll` tells of `fd`, whenever it tells something."""
        self._handlers[fd] = handler
        self._poll.register(fd, events)

    def change(self, fd: int, events: int) -> None:
        """Wait for other events."""
        self._poll.modify(fd, events)

    def remove(self, fd: int) -> None:
        """Wait for nothing any more; before it is closed."""
        del self._handlers[fd]
        self._poll.unregister(fd)

    def serve(self, later: "Later | None" = None) -> None:
        """Call handlers until `over`, and do what was put off until later."""
        while not self.over:
            for fd, events in self._poll.poll(None if later is None else later.patience_ms()):
                # A handler before it may have removed it, or have another descriptor of its number.
                if (handler := self._handlers.get(fd)) is not None and not self.over:
                    handler(events)
            if later is not None:
                later.do_due()


class Later:
    """What is put off for a moment, so that much of it is done at once."""

    def __init__(self, do: Callable[[], None], after_s: float) -> None:
        self._do = do
        self._after_s = after_s
        self._due: float | None = None

    def put_off(self) -> None:
        """Have it done soon, if it is not about to be."""
        if self._due is None:
            self._due = time.monotonic() + self._after_s

    def patience_ms(self) -> float | None:
        """Return the milliseconds until there is something to do; None where there is nothing."""
        return None if self._due is None else max(0.0, self._due - time.monotonic()) * 1000

    def do_due(self) -> None:
        """Do it if it is time."""
        if self._due is not None and time.monotonic() >= self._due:
            self._due = None
            self._do()
