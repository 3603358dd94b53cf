"""PID 1 of a container of jails: moves bytes between the pool's channels and the jails, and looks into none of them."""

from __future__ import annotations

import os
import select
import signal
import socket

TYPE_CHECKING = False  # as type checkers know it: `typing` itself costs each boot
if TYPE_CHECKING:
    from typing import NoReturn

    from sandbox import template

    from midcall.sandbox import channels, frames
else:
    import channels
    import frames

    import template

STDIN, STDOUT, STDERR = 0, 1, 2
#: Seconds for which a jail's log is gathered before the pool is told: no caller waits for it.
LOG_S = 0.01


class Broker:
    """Relays between the pool and the jails that the template makes; ends the container when either is gone."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._reports = template.ReportReader()
        self._watch = channels.Watch()
        self._reader = channels.ChunkReader(
            (channels.ChunkKind.OPEN, channels.ChunkKind.DATA, channels.ChunkKind.CLOSE)
        )
        self._jails: dict[int, _Jail] = {}
        self._paused = False
        self._logs = channels.Later(self._say_logs, LOG_S)

    def run(self) -> NoReturn:
        """Relay until the pool or the template is gone; ends the container with all that is in it."""
        try:
            if self._control.recv(len(template.READY)) == template.READY:
                os.write(STDOUT, frames.encode(frames.FrameKind.READY, b"{}", frames.NO_NONCE))
                signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel collects whom the template left
                self._outlet = channels.Outlet(STDOUT)
                self._watch.add(STDIN, self._on_pool)
                self._watch.add(STDOUT, self._on_stdout, 0)
                self._watch.add(self._control.fileno(), self._on_template)
                self._watch.serve(self._logs)
        except BaseException as error:  # the pool logs it, and has another container made
            os.write(STDERR, f"{type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(0)

    # The pool -----------------------------------------------------------------------------------------------------

    def _on_pool(self, _events: int) -> None:
        data = os.read(STDIN, 4 * channels.CHUNK_BYTES)
        if not data:
            os._exit(0)
        for number, kind, chunk in self._reader.feed(data):
            if kind is channels.ChunkKind.OPEN:
                self._open(number)
            elif (jail := self._jails.get(number)) is not None:
                if kind is channels.ChunkKind.CLOSE or not jail.outlet.put(chunk):
                    self._control.sendall(template.order(template.KILL, number))
                self._wait_for(jail)

    def _on_stdout(self, events: int) -> None:
        if events & ~select.POLLOUT:
            os._exit(0)  # nobody reads any more
        self._say(b"")

    def _say(self, chunk: bytes) -> None:
        """Tell the pool as soon as it listens; meanwhile nothing is read that would have to be told."""
        if not self._outlet.put(chunk):
            os._exit(1)
        self._watch.change(STDOUT, select.POLLOUT if len(self._outlet) else 0)
        paused = len(self._outlet) > channels.PAUSE_BYTES
        if paused != self._paused:
            self._paused = paused
            for jail in self._jails.values():
                self._wait_for(jail)

    # The jails ----------------------------------------------------------------------------------------------------

    def _open(self, number: int) -> None:
        own, theirs = socket.socketpair()
        log_read, log_write = os.pipe()
        with theirs:
            socket.send_fds(self._control, [template.order(template.MAKE, number)], [theirs.fileno(), log_write])
        os.close(log_write)
        os.set_blocking(log_read, False)
        jail = self._jails[number] = _Jail(number, own, log_read)
        self._watch.add(own.fileno(), lambda events: self._on_jail(jail, events))
        self._watch.add(log_read, lambda events: self._on_log_pipe(jail, events))
        self._wait_for(jail)

    def _wait_for(self, jail: _Jail) -> None:
        """Wait for what can be done with what a jail says, and for its taking what it is told."""
        reads = 0 if self._paused else select.POLLIN
        if jail.speaks:
            self._watch.change(jail.end.fileno(), reads | (select.POLLOUT if len(jail.outlet) else 0))
        if jail.logs:
            self._watch.change(jail.log_fd, reads)

    def _on_jail(self, jail: _Jail, events: int) -> None:
        if events & select.POLLOUT:
            jail.outlet.flush()
            self._wait_for(jail)
        if events & ~select.POLLOUT and jail.speaks:
            self._hear_all(jail)

    def _hear_all(self, jail: _Jail) -> bool:
        """Pass on what a jail says, its logs first, which were written before; False where there is nothing.

        One read takes all that its pipe holds: whoever goes on writing meanwhile holds nobody up.
        """
        if jail.logs:
            self._on_log(jail)
        self._say_log(jail)
        return self._hear(jail)

    def _hear(self, jail: _Jail) -> bool:
        try:
            data = jail.end.recv(channels.CHUNK_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            # It may have closed its end and go on: the end of its process is what ends it.
            jail.speaks = False
            self._watch.remove(jail.end.fileno())
            return False
        self._say(channels.pack(jail.number, channels.ChunkKind.DATA, data))
        return True

    def _on_log_pipe(self, jail: _Jail, _events: int) -> None:
        self._on_log(jail)

    def _on_log(self, jail: _Jail) -> bool:
        """Take what the code wrote, one byte more than is kept, so that the pool knows of the rest; it is told soon."""
        try:
            data = os.read(jail.log_fd, channels.CHUNK_BYTES)
        except BlockingIOError:
            return False
        if not data:
            jail.logs = False
            self._watch.remove(jail.log_fd)
            return False
        kept = data[: jail.log_left]
        jail.log_left -= len(kept)
        jail.log += kept
        if jail.log:
            self._logs.put_off()
        return True

    def _say_logs(self) -> None:
        """Pass on what was logged: a jail that writes byte by byte is heard a hundred times a second."""
        for jail in list(self._jails.values()):
            self._say_log(jail)

    def _say_log(self, jail: _Jail) -> None:
        for start in range(0, len(jail.log), channels.CHUNK_BYTES):
            chunk = bytes(jail.log[start : start + channels.CHUNK_BYTES])
            self._say(channels.pack(jail.number, channels.ChunkKind.LOG, chunk))
        jail.log.clear()

    # The template -------------------------------------------------------------------------------------------------

    def _on_template(self, _events: int) -> None:
        """Hear which jails have ended; without the template there will be no other."""
        data = self._control.recv(channels.CHUNK_BYTES)
        if not data:
            os._exit(1)
        for number, status in self._reports.feed(data):
            if (jail := self._jails.pop(number, None)) is not None:
                self._finish(jail, status)

    def _finish(self, jail: _Jail, status: bytes) -> None:
        """Pass on what a jail that has ended left behind, and how it ended."""
        while jail.speaks and self._hear_all(jail):
            pass
        while jail.logs and self._on_log(jail):
            pass
        self._say_log(jail)
        if jail.speaks:
            self._watch.remove(jail.end.fileno())
        if jail.logs:
            self._watch.remove(jail.log_fd)
        jail.end.close()
        os.close(jail.log_fd)
        self._say(channels.pack(jail.number, channels.ChunkKind.END, status))


class _Jail:
    """A jail as PID 1 knows it: a socket, a pipe, and what is still to be told."""

    def __init__(self, number: int, end: socket.socket, log_fd: int) -> None:
        self.number = number
        self.end = end
        self.outlet = channels.Outlet(end.fileno())
        self.log_fd = log_fd
        self.log = bytearray()
        self.log_left = frames.CAPS[frames.FrameKind.LOG] + 1
        #: Whether its ends have not been closed over there.
        self.speaks = self.logs = True
