"""Connections as the server holds them: how long one may say nothing, how large its headers are, how many there are.

uvicorn's own protocol waits for ever for the rest of a request's headers, takes any number of them, and drops without
end what a client still sends after its answer.
"""

import asyncio
import secrets
import time
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from midcall.domain.errors import BadRequest, ConnectionsFull, MidcallError, TooLarge, TooSlow
from midcall.web.headers import headers_of
from midcall.web.problems import problem

#: Within this time of its beginning, or of a later request's first byte, a connection has sent a request's headers.
HEAD_S = 10.0
#: A connection stays open between two requests for this long: longer than clients and proxies keep theirs (5 s to
#: 60 s). Who serves and closes first does so while a request is on its way, and no client sends a POST again by itself.
KEEP_S = 75.0
#: A client takes what is sent to it this fast, or is gone: until then it is held in memory.
DRAIN_S = 60.0
#: Of a request's line and headers, and of what is sent around a body in chunks.
MAX_HEAD_BYTES = 64 * 1024
#: Of one request. A parser that is handed thousands at once holds everybody else up.
MAX_HEADERS = 200
#: Bytes that a chunk of one byte takes: its length, two ends of lines, and some more.
CHUNK_OVERHEAD = 8


class Connection(HttpToolsProtocol):
    """One connection. `most` of them are open at once; one that waits for a request makes room for another."""

    most = 1_000
    head_s = HEAD_S
    keep_s = KEEP_S
    drain_s = DRAIN_S

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.timeout_keep_alive = self.keep_s  # type: ignore[assignment]
        #: Whether no request is under way: none has come whole, or the last one is answered.
        self.waiting = True
        self._since = 0.0
        self._in_head = True
        #: Whether a part of the next request's headers has come.
        self._begun = False
        self._headers = 0
        #: Bytes since the last request that were no body, and how many there may be.
        self._around = 0
        self._allowed = MAX_HEAD_BYTES
        self._head_timer: asyncio.TimerHandle | None = None
        self._drain_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin; where there are too many connections, the one that has waited longest is closed for this one."""
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > self.most:
            idle = [other for other in self.connections if isinstance(other, Connection) and other.waiting]
            oldest = min(idle, key=lambda other: other._since)  # noqa: SLF001 (this very class)
            if oldest is self:
                self._refuse(ConnectionsFull())
            else:
                oldest.waiting = False  # it is gone before the next one looks
                oldest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timers of a connection that has ended."""
        self._stop("_head_timer")
        self._stop("_drain_timer")
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; those that are no body are bounded, in headers, between chunks and after the last one."""
        self._around += len(data)
        self._unset_keepalive_if_required()
        if self.waiting and self._head_timer is None:
            self._time_head()
        # As uvicorn's own does, but for its warnings: anybody could fill the log with them.
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.send_400_response("")
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
            return
        if self._around > self._allowed and not self.transport.is_closing():
            if self.waiting:
                self._refuse(TooLarge(f"the headers may have {MAX_HEAD_BYTES} bytes at most"))
            else:
                self.transport.abort()

    def on_message_begin(self) -> None:
        """Begin a request, with its head."""
        self._in_head, self._begun, self._headers = True, True, 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; those after a body in chunks are nobody's business."""
        self._headers += 1
        if self._headers > MAX_HEADERS:
            raise ValueError  # ends the parse; `send_400_response` follows
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to serve a request."""
        self._in_head = self._begun = self.waiting = False
        self._stop("_head_timer")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._around -= len(body)
        self._allowed += CHUNK_OVERHEAD * len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request's body."""
        self._around, self._allowed = 0, MAX_HEAD_BYTES
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """End an answer; nothing more is read of a request that was answered before it was whole."""
        super().on_response_complete()
        # Of several requests in a row, the next one is under way.
        if self.cycle.response_complete:
            if self.cycle.more_body:
                self.transport.close()
            self._wait(timed=self._begun or self.transport.is_closing())

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request, or one with too many headers; where one is under way, break off."""
        if not self.waiting:
            self.transport.abort()
        elif self._headers > MAX_HEADERS:
            self._refuse(TooLarge(f"a request may have {MAX_HEADERS} headers at most"))
        else:
            self._refuse(BadRequest(msg or None))

    def pause_writing(self) -> None:
        """Hold answers back while the client does not take them, for a while."""
        super().pause_writing()
        self._drain_timer = self.loop.call_later(self.drain_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on writing answers, now that the client takes them again."""
        self._stop("_drain_timer")
        super().resume_writing()

    def _wait(self, *, timed: bool = True) -> None:
        self.waiting, self._since = True, time.monotonic()
        self._stop("_head_timer")
        if timed:
            self._time_head()

    def _time_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_s, self._give_up)

    def _give_up(self) -> None:
        if self.transport.is_closing() or not self._around:
            self.transport.abort()  # closed, and its client does not take the rest; or nothing came at all
        else:
            self._refuse(TooSlow())

    def _refuse(self, error: MidcallError) -> None:
        """Answer what is no request yet, and close."""
        request_id = secrets.token_hex(8)
        response = problem(error, request_id)
        given = [*response.raw_headers, *((k.encode(), v.encode()) for k, v in headers_of(request_id).items())]
        lines = [name + b": " + value + b"\r\n" for name, value in [*given, (b"connection", b"close")]]
        self.transport.write(b"".join([STATUS_LINE[response.status_code], *lines, b"\r\n", bytes(response.body)]))
        self.transport.close()
        self._wait()

    def _stop(self, name: str) -> None:
        timer: asyncio.TimerHandle | None = getattr(self, name)
        if timer is not None:
            timer.cancel()
            setattr(self, name, None)


def connections(most: int) -> type[Connection]:
    """Make the protocol of a server that holds so many connections at once."""
    return type("Connection", (Connection,), {"most": most})
