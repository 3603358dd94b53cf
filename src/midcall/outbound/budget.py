"""What one call may still spend: seconds, and bytes of the answer."""

import socket
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Self

from midcall.domain.http import Cancel
from midcall.outbound.errors import ReplyTooLarge, TimedOut

MAX_HEAD_BYTES = 64 * 1024


class CallBudget(float):
    """The budget of one call, as the timeout of each of its operations.

    httpcore hands a request's timeout, as it is, to each connect, TLS, write and read. A plain number bounds each of
    them alone, and a server that sends a byte a second never exceeds it; this object bounds them all together.
    `of` refuses plain numbers, so were that to change, calls would fail rather than last.
    """

    _seconds: float
    _deadline: float
    _allowance: int
    _head: bool
    _cancel: Cancel | None
    doing: str

    def __new__(cls, seconds: float, cancel: Cancel | None = None) -> Self:
        """Start the clock: `seconds` from now for all that this call does, unless `cancel` ends it before."""
        self = super().__new__(cls, seconds)
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._allowance = MAX_HEAD_BYTES
        self._head = True
        self._cancel = cancel
        self.doing = "starting"
        return self

    @classmethod
    def of(cls, timeout: float | None) -> "CallBudget":
        """Take the budget back from where httpcore hands on a timeout."""
        if not isinstance(timeout, cls):
            raise TypeError("an outbound call has to bring its budget")
        return timeout

    def left(self, doing: str | None = None) -> float:
        """Seconds left, always positive; raises TimedOut, saying what was being done."""
        self.doing = doing or self.doing
        left = self._deadline - time.monotonic()
        if left <= 0 or self.cancelled:
            raise self.timed_out()
        return left

    @property
    def cancelled(self) -> bool:
        """Tell whether nobody wants the answer any more."""
        return self._cancel is not None and self._cancel.done

    def breaking(self, sock: socket.socket) -> AbstractContextManager[None]:
        """Break a socket while the block waits for it, if nobody wants the answer any more."""
        return nullcontext() if self._cancel is None else self._cancel.ending(lambda: _break(sock))

    def timed_out(self) -> TimedOut:
        """Make the error that says that the time is up, and while doing what."""
        return TimedOut(f"no complete answer within {self._seconds:g} s (time ran out while {self.doing})")

    def new_head(self) -> None:
        """Allow for the head of an answer, informational ones before it included."""
        self._allowance, self._head = MAX_HEAD_BYTES, True

    def head_done(self, body_bytes: int) -> None:
        """Allow for a body of that size, in whatever pieces: framed by the byte it is some six times as long."""
        self._allowance, self._head = 8 * body_bytes + MAX_HEAD_BYTES, False

    def ration(self, wanted: int) -> int:
        """Say how many bytes may be read now, at least one; raises ReplyTooLarge where none is left."""
        if self._allowance <= 0:
            part = f"head is over {MAX_HEAD_BYTES:,} bytes" if self._head else "framing is many times its body"
            raise ReplyTooLarge(f"the answer's {part}")
        return min(wanted, self._allowance)

    def spend(self, read: int) -> None:
        """Count bytes that were read."""
        self._allowance -= read


def _break(sock: socket.socket) -> None:
    with suppress(OSError):  # it has broken by itself
        sock.shutdown(socket.SHUT_RDWR)
