"""One child process: started, asked within a time, killed."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import Self

from midcall.domain.errors import ReviewUnavailable
from midcall.domain.review import Comment, Subject
from midcall.review.allowlist import AllowList, dumps
from midcall.reviewer.frames import HEADER, MAX_FRAME, READY, pack, pack_subject, read_answer

#: `-I -S` leave the import path bare: no environment, no site hooks. The parent hands its own path over. What is loaded
#: stays, so the collector is kept from it.
_BOOT = (
    "import gc, json, sys; gc.disable(); sys.path[:] = json.loads(sys.argv[1]);"
    " from midcall.reviewer.child import main; main()"
)


class ChildLost(Exception):
    """The child ended, or said something that is no answer."""


class ChildTooSlow(Exception):
    """The child did not answer in time."""


class ReviewProcess:
    """A warm process that reviews one source at a time by one allow-list. Not thread-safe: one owner at a time.

    `niceness` (0 to 19) has it stand back for others: at 5 it gets a quarter of a core beside one busy process.
    """

    def __init__(self, allowed: AllowList, *, niceness: int = 0) -> None:
        path = [entry for entry in sys.path if entry]
        try:
            self._process = subprocess.Popen(  # noqa: S603 (our own interpreter and program text)
                [sys.executable, "-I", "-S", "-c", _BOOT, json.dumps(path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"LANG": "C.UTF-8"},
                cwd="/",
                start_new_session=True,
                bufsize=0,
            )
        except OSError as fault:
            raise ReviewUnavailable from fault
        if niceness:
            with suppress(OSError):
                nice = min(os.getpriority(os.PRIO_PROCESS, 0) + niceness, 19)
                os.setpriority(os.PRIO_PROCESS, self._process.pid, nice)
        self._ready = False
        #: How many sources it has reviewed.
        self.served = 0
        #: The process that started it; a fork of that one must not use it.
        self.owner = os.getpid()
        self.pid = self._process.pid
        self._untold = pack(dumps(allowed).encode("ascii"))
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                os.set_blocking(stream.fileno(), False)
        # What the pipe takes now (all of it, as a rule) lets the child get ready before anyone waits for it.
        with suppress(OSError):
            self._untold = self._untold[os.write(self._stdin(), self._untold) :]

    def _stdin(self) -> int:
        if self._process.stdin is None:
            raise ChildLost
        return self._process.stdin.fileno()

    def wait_ready(self, seconds: float) -> None:
        """Wait until everything is loaded; raises ReviewUnavailable when that does not come about."""
        if self._ready:
            return
        deadline = time.monotonic() + seconds
        try:
            self._write(self._untold, deadline)
            self._ready = self._read_frame(deadline) == READY
        except (ChildLost, ChildTooSlow) as fault:
            raise ReviewUnavailable from fault
        if not self._ready:
            raise ReviewUnavailable

    @property
    def is_alive(self) -> bool:
        """False once the process has ended."""
        return self._process.poll() is None

    def review(self, subject: Subject, seconds: float) -> tuple[str, tuple[Comment, ...]]:
        """Return policy and comments within `seconds`; raises ChildLost or ChildTooSlow."""
        deadline = time.monotonic() + seconds
        self.served += 1
        try:
            self._write(pack_subject(subject), deadline)
            return read_answer(self._read_frame(deadline))
        except (ValueError, TypeError, KeyError) as fault:
            raise ChildLost from fault
        except ChildLost:
            if self._ran_out_of_cpu():
                raise ChildTooSlow from None
            raise

    def _ran_out_of_cpu(self) -> bool:
        try:
            return self._process.wait(1) in {-signal.SIGPROF, -signal.SIGXCPU}
        except subprocess.TimeoutExpired:
            return False

    def _write(self, data: bytes, deadline: float) -> None:
        rest = memoryview(data)
        while rest:
            self._wait(self._stdin(), select.POLLOUT, deadline)
            try:
                rest = rest[os.write(self._stdin(), rest) :]
            except BlockingIOError:
                continue
            except OSError as fault:
                raise ChildLost from fault

    def _read_frame(self, deadline: float) -> bytes:
        size = int(HEADER.unpack(self._read_exactly(HEADER.size, deadline))[0])
        if size > MAX_FRAME:
            raise ChildLost
        return self._read_exactly(size, deadline)

    def _read_exactly(self, size: int, deadline: float) -> bytes:
        stream = self._process.stdout
        if stream is None:
            raise ChildLost
        data = bytearray()
        while len(data) < size:
            self._wait(stream.fileno(), select.POLLIN, deadline)
            try:
                chunk = os.read(stream.fileno(), size - len(data))
            except BlockingIOError:
                continue
            except OSError as fault:
                raise ChildLost from fault
            if not chunk:
                raise ChildLost
            data += chunk
        return bytes(data)

    @staticmethod
    def _wait(descriptor: int, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise ChildTooSlow

    def close(self) -> None:
        """End the process at once (a forked copy only lets go of the pipes)."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        if self.owner == os.getpid():
            self._process.kill()
            self._process.wait()
        else:
            # Not ours to reap; this keeps Popen from complaining about a child it cannot wait for.
            self._process.returncode = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
