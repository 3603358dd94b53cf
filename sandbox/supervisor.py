"""PID 1 of the sandbox: passes one run to the child, caps what comes back, and says what it saw.

It alone holds the container's output descriptor and the pool's nonce. It trusts nothing that the child sends, and it
writes the outcome only when every other process of the container is dead.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from contextlib import suppress

TYPE_CHECKING = False  # as type checkers know it: `typing` itself costs each boot
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import Any, NoReturn

    from midcall.sandbox import frames
else:
    import frames

STDIN, STDOUT = 0, 1
READ_BYTES = 64 * frames.KIB
#: Payloads up to here are joined with their headers.
SMALL_BYTES = 16 * frames.KIB
#: The pool kills at the deadline. Should nobody do it, PID 1 ends the container itself this long after.
ORPHAN_GRACE_MS = 3_000
#: Seconds to stay after the outcome at most; the pool closes the stream far sooner.
LINGER_S = 2.0
#: Seconds to wait for killed processes to be gone.
REAP_S = 1.0

#: Bytes of answers that wait for the child to take them; with more, nothing is read from the pool until it does.
MAX_PENDING = 2 * frames.MIB

_FROM_POOL = (frames.FrameKind.PREPARE, frames.FrameKind.OPEN, frames.FrameKind.INPUT, frames.FrameKind.REPLY)
_FROM_CHILD = (frames.FrameKind.PROGRESS, frames.FrameKind.ACTION, frames.FrameKind.RESULT, frames.FrameKind.FAULT)
_LAST = (frames.FrameKind.RESULT, frames.FrameKind.FAULT)


class Supervisor:
    """Watches the pool (stdin), the child's channel, its log pipe and SIGCHLD, and ends with one OUTCOME frame."""

    def __init__(
        self, child: int, channel: socket.socket, log_fd: int, wake_fd: int, oom_kills: Callable[[], int]
    ) -> None:
        self._child = child
        self._channel = channel
        self._log_fd = log_fd
        self._wake_fd = wake_fd
        self._oom_kills = oom_kills
        self._ooms_before = oom_kills()
        self._nonce = b""
        self._token = os.urandom(frames.NONCE_BYTES)
        self._from_pool: frames.FrameReader | None = None
        self._from_child = frames.FrameReader(self._token, {kind: frames.CAPS[kind] for kind in _FROM_CHILD})
        self._greeted = False
        #: Empty until the run.
        self._terms: dict[str, Any] = {}
        self._give_up_at: float | None = None
        self._log_left = 0
        self._outcome: dict[str, Any] = {"code": None, "signal": None, "logs_truncated": False, "violation": None}
        self._answer: frames.Frame | None = None
        self._ended = False
        self._poll = select.poll()
        self._pending = bytearray()

    def run(self) -> NoReturn:
        """Supervise until the run is over or the owner has gone; ends the process."""
        handlers: dict[int, Callable[[], bool]] = {
            STDIN: self._on_pool,
            self._channel.fileno(): self._on_child,
            self._log_fd: self._on_log,
            self._wake_fd: self._on_signal,
        }
        for fd in handlers:
            self._poll.register(fd, select.POLLIN)
        self._channel.settimeout(0)
        os.set_blocking(self._log_fd, False)
        self._send(frames.FrameKind.READY, b"{}", frames.NO_NONCE)
        while not self._ended:
            for fd, events in self._poll.poll(self._patience_ms()):
                if events & select.POLLOUT:
                    self._hand_on()
                if events & ~select.POLLOUT and not self._ended and not handlers[fd]():
                    self._poll.unregister(fd)
        self._finish()
        self._linger()
        os._exit(0)

    def _patience_ms(self) -> float | None:
        if self._give_up_at is None:
            return None
        left = self._give_up_at - time.monotonic()
        if left <= 0:
            os._exit(1)
        return left * 1000

    # What comes in: each handler returns whether its descriptor stays open ------------------------------------------

    def _on_pool(self) -> bool:
        """Pass the request on; the end of stdin means that the owner is gone, and everything here with it."""
        data = os.read(STDIN, READ_BYTES)
        if not data:
            os._exit(0)
        if self._from_pool is None:
            # The first bytes of the conversation are the nonce of its first frame.
            while len(data) < frames.NONCE_BYTES:
                more = os.read(STDIN, READ_BYTES)
                if not more:
                    os._exit(0)
                data += more
            self._nonce = data[: frames.NONCE_BYTES]
            self._from_pool = frames.FrameReader(self._nonce, {kind: frames.CAPS[kind] for kind in _FROM_POOL})
        for frame in self._from_pool.feed(data):
            if frame.kind is frames.FrameKind.REPLY:
                self._pending += frames.header(frame.kind, len(frame.payload), self._token) + frame.payload
                self._hand_on()
            else:
                if frame.kind is frames.FrameKind.OPEN:
                    self._open(frame)
                self._to_child(frame)
        return True

    def _open(self, frame: frames.Frame) -> None:
        self._terms = json.loads(frame.payload)
        self._log_left = self._terms["log_bytes"]
        self._give_up_at = time.monotonic() + (self._terms["deadline_ms"] + ORPHAN_GRACE_MS) / 1000

    def _to_child(self, frame: frames.Frame) -> None:
        """Write a frame to the child, the token of its hop before the first one.

        Blocking is safe: until it has read its request, only our own code runs there.
        """
        head = frames.header(frame.kind, len(frame.payload), self._token)
        if not self._greeted:
            self._greeted = True
            head = self._token + head
        self._channel.settimeout(None)
        with suppress(OSError):
            if len(frame.payload) <= SMALL_BYTES:
                self._channel.sendall(head + frame.payload)  # the child is woken once
            else:
                # In two: a copy of megabytes would stay with this process, in memory that the author's code lacks then.
                self._channel.sendall(head)
                self._channel.sendall(frame.payload)
        self._channel.settimeout(0)

    def _hand_on(self) -> None:
        """Write what the child will take of its answers now: PID 1 never waits for the author's code."""
        try:
            with memoryview(self._pending) as view:
                sent = self._channel.send(view[:READ_BYTES])
            del self._pending[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self._pending.clear()  # nobody is there to read; the end of the channel is handled where it is read
        with suppress(KeyError, FileNotFoundError):  # it has ended and is not watched any more
            self._poll.modify(self._channel, select.POLLIN | (select.POLLOUT if self._pending else 0))
        # The end of stdin is told of even where nothing else of it is.
        self._poll.modify(STDIN, select.POLLIN if len(self._pending) < MAX_PENDING else 0)

    def _on_child(self) -> bool:
        """Read the child's frames; anything else on its channel ends the run."""
        try:
            data = self._channel.recv(READ_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        try:
            for frame in self._from_child.feed(data):
                self._on_frame(frame)
        except frames.FrameError as error:
            self._outcome["violation"] = str(error)
            self._ended = True
        return bool(data)

    def _on_frame(self, frame: frames.Frame) -> None:
        if frame.kind in _LAST:
            if self._answer is not None:
                raise frames.FrameError("a second result")
            self._answer = frame
            self._ended = True
        elif self._answer is None:
            self._send(frame.kind, frame.payload, self._nonce)

    def _on_log(self) -> bool:
        """Pass on what the code wrote."""
        data = self._read_log()
        if data:
            self._keep_log(data)
        return data != b""

    def _read_log(self) -> bytes | None:
        try:
            return os.read(self._log_fd, READ_BYTES)
        except BlockingIOError:
            return None

    def _keep_log(self, data: bytes) -> None:
        """Send the part that the cap leaves, and drop the rest."""
        kept = data[: self._log_left]
        self._log_left -= len(kept)
        if len(kept) < len(data):
            self._outcome["logs_truncated"] = True
        if kept:
            self._send(frames.FrameKind.LOG, kept, self._nonce)

    def _on_signal(self) -> bool:
        """Reap whoever died; the death of the child itself ends the run."""
        with suppress(BlockingIOError):
            os.read(self._wake_fd, READ_BYTES)
        while self._reap():
            pass
        return True

    def _reap(self) -> bool:
        """Collect one dead process; returns False when there is none (any more)."""
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == self._child:
            code = os.waitstatus_to_exitcode(status)
            self._outcome["code" if code >= 0 else "signal"] = abs(code)
            self._ended = True
        return pid != 0

    # What goes out ------------------------------------------------------------------------------------------------

    def _finish(self) -> None:
        """Kill everyone, empty the pipes, and write the answer and the outcome."""
        if not self._terms:
            return  # the child died while it waited: nobody asked anything, nobody is told
        with suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        if self._answer is None:
            # Only now is it worth the time (1-10 ms) to see them all gone: the channel is then complete.
            self._await_deaths()
        while self._answer is None and self._outcome["violation"] is None and self._on_child():
            pass  # a child that ended well left its answer in the channel
        while data := self._read_log():
            self._keep_log(data)
        self._outcome["oom_kills"] = self._oom_kills() - self._ooms_before
        last = frames.encode(frames.FrameKind.OUTCOME, json.dumps(self._outcome).encode(), self._nonce)
        if self._answer is not None and self._outcome["violation"] is None:
            last = frames.encode(self._answer.kind, self._answer.payload, self._nonce) + last
        _write(last)

    def _linger(self) -> None:
        """Stay, alone and idle, until the pool closes the stream.

        The end of a container keeps the Engine busy for a tenth of a second: not while the caller is being answered.
        """
        end = time.monotonic() + LINGER_S
        poll = select.poll()
        poll.register(STDIN, select.POLLIN)
        while self._terms and (left := end - time.monotonic()) > 0:
            if poll.poll(left * 1000) and not os.read(STDIN, READ_BYTES):
                return

    def _await_deaths(self) -> None:
        """Wait until every killed process in this pid namespace is gone."""
        end = time.monotonic() + REAP_S
        while time.monotonic() < end:
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    time.sleep(0.0005)
            except ChildProcessError:
                return

    def _send(self, kind: frames.FrameKind, payload: bytes, nonce: bytes) -> None:
        _write(frames.encode(kind, payload, nonce))


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(STDOUT, view) :]
