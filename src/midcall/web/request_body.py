"""One request's body as it comes in: its bytes are counted, and it has to come in time."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.types import Message, Receive, Scope

from midcall.domain.errors import BadJson, MidcallError, TooLarge, TooSlow
from midcall.web.byte_quota import HeldBytes

#: A client that is still sending when it is refused gets the answer before the connection breaks: so long, and so much.
LINGER_S = 1.0
LINGER_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a body has to come: all of it within `grace_s`, and longer only as its bytes come."""

    grace_s: float = 10.0
    bytes_per_s: int = 32 * 1024
    most_s: float = 120.0

    def seconds(self, count: int) -> float:
        """Return how long a body may have taken of which so many bytes are there."""
        return min(self.most_s, self.grace_s + count / self.bytes_per_s)


class RequestBody:
    """A request's body. What is refused of it stays refused: `refusal` is the answer, whoever reads it."""

    def __init__(self, scope: Scope, receive: Receive, *, most: int, hold: HeldBytes, pace: Pace) -> None:
        self._receive = receive
        self._most = most
        self._hold = hold
        self._pace = pace
        self._began = asyncio.get_running_loop().time()
        self._count = 0
        self._declared, self._comes = _declared(scope["headers"])
        self._ended = False
        self.refusal: MidcallError | None = None
        #: Whether the answer has begun: then nothing can be refused any more, and the rest ends the connection.
        self.answering = False

    @property
    def unread(self) -> bool:
        """Whether the client has said that it sends more than was taken."""
        return self._comes and not self._ended

    async def receive(self) -> Message:
        """Take the next part, for whoever reads the body; once it is whole, wait for the client to go.

        Raises TooLarge, TooSlow, BodiesFull and WorkspaceBodiesFull.
        """
        if self._ended:
            return await self._receive()
        if self.refusal is not None:
            return {"type": "http.disconnect"}
        try:
            return await self._next()
        except MidcallError as error:
            if self.answering:
                return {"type": "http.disconnect"}
            self.refusal = error
            raise

    async def read(self) -> bytes:
        """Take all of it; raises as `receive`, and BadJson if the client goes away before it is whole."""
        body = bytearray()
        while not self._ended:
            message = await self.receive()
            if message["type"] != "http.request":
                raise BadJson(_GONE)
            body += message.get("body", b"")
        return bytes(body)

    async def linger(self) -> None:
        """Take and drop what a refused client still sends, for a moment: it could not read its answer otherwise."""
        left = LINGER_BYTES
        try:
            async with asyncio.timeout(LINGER_S):
                while left > 0:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    if not message.get("more_body", False):
                        return
        except TimeoutError:
            return

    async def _next(self) -> Message:
        if self._declared > self._most:
            raise self._too_large()
        try:
            async with asyncio.timeout_at(self._began + self._pace.seconds(self._count)):
                message = await self._receive()
        except TimeoutError:
            raise TooSlow from None
        if message["type"] != "http.request":
            # Whoever reads on finds that out in a way of its own; it is no error of the server's.
            self.refusal = None if self.answering else BadJson(_GONE)
            return message
        more = len(message.get("body", b""))
        self._count += more
        if self._count > self._most:
            raise self._too_large()
        self._hold.grow(more)
        self._ended = not message.get("more_body", False)
        return message

    def _too_large(self) -> TooLarge:
        return TooLarge(f"the body may have {self._most} bytes at most") if self._most else TooLarge(_NONE)


_GONE = "the connection was closed before the body was complete"
_NONE = "this address takes no body; send none"


def _declared(headers: Iterable[tuple[bytes, bytes]]) -> tuple[int, bool]:
    """Return how long a body is said to be, as far as that can be believed, and whether one was announced at all."""
    declared, comes = 0, False
    for name, value in headers:
        if name == b"transfer-encoding":
            comes = True
        elif name == b"content-length" and value.isdigit():
            declared = int(value[:20])
            comes = comes or declared > 0
    return declared, comes
