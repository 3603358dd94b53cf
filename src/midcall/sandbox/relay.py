"""The pool's end of a container of jails: a thread moves bytes between its stream and the conversations with jails."""

import os
import select
import socket
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from threading import Lock, Thread

import structlog

from midcall.sandbox.channels import (
    CHUNK_BYTES,
    PAUSE_BYTES,
    ChunkKind,
    ChunkReader,
    Outlet,
    StreamBroken,
    Watch,
    pack,
)
from midcall.sandbox.frames import FrameError
from midcall.sandbox.streams import STDERR, Demultiplexer

log = structlog.get_logger(__name__)

#: Characters of what a container says on standard error that are logged at a time.
COMPLAINT_CHARS = 2_000


class Relay:
    """`start` it, `open` channels from any thread, `stop` it. It ends by itself with the container.

    `streams` takes the container's stream apart. In the relay's thread, `on_end` is called with the number of each
    channel whose jail is gone, and `on_over` when all are, and no other will come.
    """

    def __init__(
        self,
        container: str,
        stream: socket.socket,
        streams: Demultiplexer,
        *,
        on_end: Callable[[int], None],
        on_over: Callable[[], None],
    ) -> None:
        self._container = container
        self._stream = stream
        self._streams = streams
        self._on_end = on_end
        self._on_over = on_over
        self._reader = ChunkReader((ChunkKind.DATA, ChunkKind.LOG, ChunkKind.END))
        self._watch = Watch()
        self._channels: dict[int, _Channel] = {}
        self._paused = False
        self._lock = Lock()
        #: Channels that were opened, and not yet told of over there.
        self._opened: deque[_Channel] = deque()
        self._wake_read, self._wake_write = os.pipe()
        self._outlet: Outlet
        self._thread = Thread(target=self._serve, name=f"relay-{container[:12]}", daemon=True)

    def start(self) -> None:
        """Begin to move bytes."""
        self._outlet = Outlet(self._stream.fileno())
        for fd in (self._wake_read, self._wake_write):
            os.set_blocking(fd, False)
        self._watch.add(self._wake_read, self._take_opened)
        self._watch.add(self._stream.fileno(), self._on_stream)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Tell whether bytes are moved."""
        return self._thread.is_alive() and not self._watch.over

    def open(self, number: int) -> socket.socket:
        """Open a channel and return this side's end of it, which has ended where no container is there any more."""
        ours, theirs = socket.socketpair()
        with self._lock:
            if self._watch.over:
                theirs.close()
            else:
                self._opened.append(_Channel(number, theirs))
                self._wake()
        return ours

    def stop(self) -> None:
        """Move no more bytes; every channel ends."""
        self._watch.over = True
        with self._lock:
            self._wake()
        if self._thread.ident is None:
            self._end()
        else:
            self._thread.join()

    def _wake(self) -> None:
        with suppress(OSError):  # it is full, and will be looked at anyway; or closed, and nobody looks
            os.write(self._wake_write, b"!")

    def _serve(self) -> None:
        try:
            self._watch.serve()
        except (StreamBroken, FrameError) as error:
            log.warning("jails_stream_broken", container=self._container, reason=str(error))
        except Exception:  # the edge of a thread: every conversation ends, and the container is replaced
            log.exception("relay_failed", container=self._container)
        finally:
            self._end()

    def _end(self) -> None:
        """End every conversation, and each that is asked for later."""
        with self._lock:
            self._watch.over = True
            for channel in (*self._channels.values(), *self._opened):
                channel.end.close()
            self._channels.clear()
            self._opened.clear()
            for fd in (self._wake_read, self._wake_write):
                if fd >= 0:
                    os.close(fd)
            self._wake_read = self._wake_write = -1
        self._on_over()

    # The container ------------------------------------------------------------------------------------------------

    def _on_stream(self, events: int) -> None:
        if events & select.POLLOUT:
            self._say(b"")
        if events & ~select.POLLOUT:
            data = self._received()
            if data == b"":
                self._watch.over = True
            for part in self._unwrap(data or b""):
                for number, kind, chunk in self._reader.feed(part):
                    self._on_chunk(number, kind, chunk)

    def _received(self) -> bytes | None:
        try:
            return self._stream.recv(4 * CHUNK_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def _unwrap(self, data: bytes) -> Iterator[bytes]:
        for stream, part in self._streams.feed(data):
            if stream == STDERR:
                complaint = part.decode("utf-8", "replace")[:COMPLAINT_CHARS]
                log.warning("jails_complain", container=self._container, complaint=complaint)
            else:
                yield part

    def _on_chunk(self, number: int, kind: ChunkKind, chunk: bytes) -> None:
        channel = self._channels.get(number)
        if channel is not None:
            if not channel.outlet.put(pack(number, kind, chunk)):
                channel.deaf = True
            channel.ended |= kind is ChunkKind.END
            self._look_after(channel)
        if kind is ChunkKind.END:
            self._on_end(number)

    def _say(self, data: bytes) -> None:
        """Tell the container as soon as it listens; meanwhile nothing is read that it would have to be told."""
        if not self._outlet.put(data):
            self._watch.over = True
            return
        self._watch.change(self._outlet.fd, select.POLLIN | (select.POLLOUT if len(self._outlet) else 0))
        paused = len(self._outlet) > PAUSE_BYTES
        if paused != self._paused:
            self._paused = paused
            for channel in list(self._channels.values()):
                self._look_after(channel)

    # The conversations --------------------------------------------------------------------------------------------

    def _take_opened(self, _events: int) -> None:
        with suppress(BlockingIOError):
            os.read(self._wake_read, CHUNK_BYTES)
        while self._opened:
            channel = self._opened.popleft()
            self._channels[channel.number] = channel
            self._watch.add(channel.outlet.fd, partial(self._on_channel, channel))
            self._say(pack(channel.number, ChunkKind.OPEN))

    def _look_after(self, channel: "_Channel") -> None:
        """Wait for what can be done with a channel; drop it once its jail has ended and that was told."""
        if channel.number not in self._channels:
            return
        if channel.deaf or (channel.ended and not len(channel.outlet)):
            del self._channels[channel.number]
            self._watch.remove(channel.outlet.fd)
            channel.end.close()
            if not channel.ended:
                self._say(pack(channel.number, ChunkKind.CLOSE))
        else:
            reads = 0 if self._paused or channel.ended else select.POLLIN
            self._watch.change(channel.outlet.fd, reads | (select.POLLOUT if len(channel.outlet) else 0))

    def _on_channel(self, channel: "_Channel", events: int) -> None:
        if events & select.POLLOUT and not channel.outlet.flush():
            channel.deaf = True
        if events & ~select.POLLOUT and not channel.deaf:
            try:
                data: bytes | None = channel.end.recv(CHUNK_BYTES)
            except BlockingIOError:
                data = None
            except OSError:
                data = b""
            if data:
                self._say(pack(channel.number, ChunkKind.DATA, data))
            elif data is not None:
                channel.deaf = True
        self._look_after(channel)


class _Channel:
    """One conversation, at its end that is the relay's."""

    def __init__(self, number: int, end: socket.socket) -> None:
        self.number = number
        self.end = end
        self.outlet = Outlet(end.fileno())
        #: The jail has ended, and nothing more will come.
        self.ended = False
        #: Nobody listens at our end.
        self.deaf = False
