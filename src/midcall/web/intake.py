"""What every request passes first: a request id, the key, a bound on its bytes and their time, strict JSON. Plain ASGI.

The key is looked at by the header alone: nothing is read of what nobody answers for. What vendors sign has to be read
before that is known; so their bytes are counted and timed here, and read and parsed by their routes. So are the UI's
forms. See decision 0029.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum, auto
from typing import Any

import anyio
import anyio.to_thread
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from midcall.domain.errors import BadJson, MidcallError, ShuttingDown
from midcall.domain.jsonvalue import NotJson, parse
from midcall.service.access.access import Caller
from midcall.web.byte_quota import ByteQuota, HeldBytes
from midcall.web.headers import headers_of
from midcall.web.problems import problem
from midcall.web.request_body import Pace, RequestBody

MAX_BODY_BYTES = 1024 * 1024
#: The end of a session brings its whole transcript, and so does what vendors send.
MAX_END_BYTES = 16 * 1024 * 1024
#: The UI's forms have a few short fields.
MAX_FORM_BYTES = 16 * 1024

#: Smaller bodies are parsed where they are: a thread would take longer than that.
SMALL_BYTES = 8 * 1024
#: Bodies that are parsed at once; of the large ones, one, since each takes several times its bytes meanwhile.
PARSERS = 2
#: A key is asked for again if the body took so long: it may have been revoked.
SURE_S = 1.0

_REQUEST_ID_BYTES = 8
_NO_BODY = frozenset({"GET", "HEAD", "OPTIONS"})


#: Writes an error, with the request's id.
Refusal = Callable[[MidcallError, str], Response]
#: Says who calls, by the headers alone; raises Unauthenticated.
Admit = Callable[[Scope], Awaitable[Caller]]


class EntryPoint(Enum):
    """Where a request comes in, which says who asks who it is."""

    #: The API: the key decides, here.
    KEYED = auto()
    #: Calls of adapters: their routes do, by secret or signature.
    VENDOR = auto()
    #: The UI: its guard does.
    PAGES = auto()
    #: What is for everybody, and takes no body.
    OPEN = auto()


class Intake:
    """Asks for the key, reads a body whole, counts it, and lets only JSON through, whatever its content type says.

    `refusals` has, by the beginning of a path, how an entrance of another format writes an error.
    """

    def __init__(
        self,
        app: ASGIApp,
        admit: Admit,
        *,
        refusals: Mapping[str, Refusal] | None = None,
        quota: ByteQuota | None = None,
        pace: Pace | None = None,
        sure_s: float = SURE_S,
    ) -> None:
        self._app = app
        self._admit = admit
        self._refusals = dict(refusals or {})
        self._quota = quota or ByteQuota()
        self._pace = pace or Pace()
        self._sure_s = sure_s
        self._parsers = anyio.CapacityLimiter(PARSERS)
        self._large_parsers = anyio.CapacityLimiter(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(_REQUEST_ID_BYTES)
        state = scope.setdefault("state", {})
        entry, hold = entry_point_of(scope), HeldBytes(self._quota)
        incoming = RequestBody(scope, receive, most=_most(scope, entry), hold=hold, pace=self._pace)
        state.update(request_id=request_id, hold=hold)
        answer = _Answer(send, incoming, request_id)
        try:
            await self._serve(scope, entry, incoming, answer)
        except asyncio.CancelledError:
            # The server's grace is over: who still waits for a call hears so, and no log has a traceback of it. An
            # answer that was begun can only break off.
            if answer.begun:
                raise
            await self._refuse(scope, ShuttingDown(), receive, answer)
        except Exception:
            # Who reads a body may not know what to make of a refusal of it.
            if incoming.refusal is None or answer.begun:
                raise
            await self._refuse(scope, incoming.refusal, receive, answer)
        else:
            if incoming.refusal is not None and not answer.begun:
                await self._refuse(scope, incoming.refusal, receive, answer)
        finally:
            hold.release()

    async def _serve(self, scope: Scope, entry: EntryPoint, incoming: RequestBody, answer: "_Answer") -> None:
        receive: Receive = incoming.receive
        try:
            if entry is EntryPoint.KEYED:
                began = asyncio.get_running_loop().time()
                await self._enter(scope)
                if scope["method"] not in _NO_BODY:
                    body = await incoming.read()
                    if asyncio.get_running_loop().time() - began > self._sure_s:
                        await self._enter(scope)
                    await self._take_json(scope, body)
                    receive = _replay(body, incoming.receive)
        except MidcallError as error:
            await self._refuse(scope, error, incoming.receive, answer)
            return
        await self._app(scope, receive, answer.send)

    async def _enter(self, scope: Scope) -> None:
        caller = await self._admit(scope)
        scope["state"]["caller"] = caller
        scope["state"]["hold"].belong_to(caller.workspace_id)

    async def _take_json(self, scope: Scope, body: bytes) -> None:
        if not body:
            return
        if len(body) <= SMALL_BYTES:
            scope["state"]["json"] = parsed(body)
        else:
            limiter = self._parsers if len(body) <= MAX_BODY_BYTES else self._large_parsers
            scope["state"]["json"] = await anyio.to_thread.run_sync(parsed, body, limiter=limiter)
        scope["headers"] = _as_json(scope["headers"])

    async def _refuse(self, scope: Scope, error: MidcallError, receive: Receive, answer: "_Answer") -> None:
        answer.is_refusal = True
        write = next((write for start, write in self._refusals.items() if scope["path"].startswith(start)), problem)
        await write(error, scope["state"]["request_id"])(scope, receive, answer.send)


class _Answer:
    """The way out: adds headers, and closes the connection where the body was not taken whole."""

    def __init__(self, send: Send, incoming: RequestBody, request_id: str) -> None:
        self._send = send
        self._incoming = incoming
        self._request_id = request_id
        self._closes = False
        self.begun = False
        self.is_refusal = False

    async def send(self, message: Message) -> None:
        """Send a part of the answer."""
        if self._incoming.refusal is not None and not self.begun and not self.is_refusal:
            return  # what whoever read the body makes of the refusal; the refusal itself is the answer
        if message["type"] == "http.response.start":
            self.begun = self._incoming.answering = True
            self._closes = self._incoming.unread
            message = self._tagged(message)
        elif self._closes and not message.get("more_body", False):
            # All of the answer is there; the connection is closed once the client had a moment to stop sending.
            await self._send({**message, "more_body": True})
            await self._incoming.linger()
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)

    def _tagged(self, message: Message) -> Message:
        given = list(message.get("headers", []))
        more = headers_of(self._request_id, frozenset(name.decode("latin-1").lower() for name, _ in given))
        if self._closes:
            more["connection"] = "close"
        return {**message, "headers": [*given, *((name.encode(), more[name].encode()) for name in more)]}


def parsed(body: bytes) -> Any:
    """Parse a body strictly; raises BadJson."""
    try:
        return parse(body)
    except NotJson as error:
        raise BadJson(f"the body is {error}") from error


def entry_point_of(scope: Scope) -> EntryPoint:
    """Say where a request comes in. Of `/v1/adapters/`, only the adapters' own PUT and DELETE are people's."""
    path: str = scope["path"]
    if scope["method"] == "POST" and path.startswith("/v1/adapters/"):
        return EntryPoint.VENDOR
    if path.startswith(("/v1/", "/api/")):
        return EntryPoint.KEYED
    return EntryPoint.PAGES if path.startswith("/ui/") else EntryPoint.OPEN


def _most(scope: Scope, entry: EntryPoint) -> int:
    path: str = scope["path"]
    if entry is EntryPoint.VENDOR or (path.startswith("/v1/sessions/") and path.endswith("/end")):
        return MAX_END_BYTES
    return {EntryPoint.KEYED: MAX_BODY_BYTES, EntryPoint.PAGES: MAX_FORM_BYTES}.get(entry, 0)


def _as_json(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    # curl -d says it sends a form; what counts is that the bytes are JSON.
    kept = [(name, value) for name, value in headers if name != b"content-type"]
    return [*kept, (b"content-type", b"application/json")]


def _replay(body: bytes, receive: Receive) -> Receive:
    messages: list[Mapping[str, object]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return dict(messages.pop()) if messages else await receive()

    return replay
