"""The template of a container of jails: has loaded all that a run may need, and forks a fresh jail for each.

It was forked itself before PID 1 read a byte, and never reads one of a run: what a jail has from it is the interpreter
as it was at the start. A jail is one process in namespaces of its own, behind the filters, and it alone runs the code.
The template is its parent: it ends it when PID 1 says so, and says how it ended.
"""

from __future__ import annotations

import gc
import os
import resource
import select
import signal
import socket
from contextlib import suppress
from struct import Struct

TYPE_CHECKING = False  # as type checkers know it: `typing` itself costs each boot
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NoReturn

    from sandbox import child, confinement, preparation, waking

    from midcall.sandbox import channels
else:
    import channels

    import child
    import confinement
    import preparation
    import waking

#: Says that jails can be asked for.
READY = b"r"
#: What PID 1 orders: a jail of this number, with its socket and its log's pipe beside it; or its end.
MAKE, KILL = 1, 2
_ORDER = Struct(">BI")
#: What it is told: the number of a jail that has ended, and the status as `waitpid` has it.
_REPORT = Struct(">I4s")
#: As in a container: the child is the first whom the kernel kills for memory.
OOM_SCORE = "1000"
STDERR = 2
#: Of a jail that could not be made.
FAILED = 70


def order(kind: int, number: int) -> bytes:
    """Return an order's bytes."""
    return _ORDER.pack(kind, number)


class ReportReader:
    """Cuts what the template says into reports: the number of a jail, and its status."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield the reports that `data` completes."""
        self._buffer += data
        while len(self._buffer) >= _REPORT.size:
            yield _REPORT.unpack_from(self._buffer)
            del self._buffer[: _REPORT.size]


def serve(control: socket.socket, terms: dict[str, int]) -> NoReturn:
    """Make and end jails as is ordered over `control`; ends with it. Never returns.

    `terms`: `pids`, `tmp_bytes` and `tmp_inodes` of one jail.
    """
    confinement.allocate_in_one_place()
    for _ in preparation.steps(child.rehearse):
        pass
    proc = confinement.Proc()
    confinement.leave_namespaces(proc)
    confinement.enter_root()
    confinement.allow_no_more()
    gc.collect()
    gc.freeze()
    control.sendall(READY)
    Template(control, proc, terms).run()


class Template:
    """The parent of all jails of a container."""

    def __init__(self, control: socket.socket, proc: confinement.Proc, terms: dict[str, int]) -> None:
        self._control = control
        self._proc = proc
        self._terms = terms
        #: Jails that have not been collected, by their process; none of these numbers can be another process's.
        self._numbers: dict[int, int] = {}
        self._processes: dict[int, int] = {}
        self._wake = waking.wake_on_child_death()

    def run(self) -> NoReturn:
        """Wait for orders and for deaths; ends with PID 1."""
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd == self._wake:
                    self._collect()
                else:
                    self._obey()

    def _obey(self) -> None:
        ordered, sockets, _, _ = socket.recv_fds(self._control, _ORDER.size, 2)
        if len(ordered) < _ORDER.size:
            os._exit(0)
        kind, number = _ORDER.unpack(ordered)
        if kind == MAKE:
            self._make(number, *sockets)
            for fd in sockets:
                os.close(fd)
        elif (process := self._processes.get(number)) is not None:
            os.kill(process, signal.SIGKILL)

    def _make(self, number: int, connection: int, log_fd: int) -> None:
        own = os.getpid()
        try:
            process = confinement.fork_into_namespaces(self._proc)
            if process == 0:
                _become_jail(connection, log_fd, self._proc, self._terms)
            self._numbers[process] = number
            self._processes[number] = process
        except BaseException as error:
            os.write(STDERR, f"{type(error).__name__}: {error}\n".encode())
            if os.getpid() == own:
                self._report(number, FAILED << 8)
        finally:
            if os.getpid() != own:
                os._exit(FAILED)

    def _collect(self) -> None:
        """Take note of who died, and report it."""
        with suppress(BlockingIOError):
            os.read(self._wake, 4096)
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                process, status = ended
                number = self._numbers.pop(process)
                del self._processes[number]
                self._report(number, status)

    def _report(self, number: int, status: int) -> None:
        self._control.sendall(_REPORT.pack(number, channels.STATUS.pack(status)))


def _become_jail(connection: int, log_fd: int, proc: confinement.Proc, terms: dict[str, int]) -> NoReturn:
    """Confine this process, say so, and run what comes over `connection`."""
    confinement.mount_tmp(terms["tmp_bytes"], terms["tmp_inodes"])
    confinement.end_with_parent()
    confinement.give_way()
    confinement.limit_processes(terms["pids"])
    proc.write("oom_score_adj", OOM_SCORE)
    address_space = proc.address_space()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    confinement.close_all_but((0, 1, STDERR, connection, log_fd))
    confinement.seal()

    def limit_memory(memory_bytes: int) -> None:
        # Shared memory is not counted as data. In a container the container's own limit is there for it.
        most = address_space + child.limit_memory(memory_bytes)
        resource.setrlimit(resource.RLIMIT_AS, (most, most))

    channel = socket.socket(fileno=connection)
    channel.sendall(channels.BOOTED)
    child.serve(channel, log_fd, limit=limit_memory, rehearsed=True)
