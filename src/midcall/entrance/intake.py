"""What every request passes first: a request id, a bound on its bytes, strict JSON. Plain ASGI.

What vendors send is counted here, and parsed by its route once its signature is checked; so are the UI's forms.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from midcall.domain.errors import BadJson, MidcallError, ShuttingDown, TooLarge
from midcall.domain.jsonvalue import NotJson, parse
from midcall.entrance.headers import headers_of
from midcall.entrance.problems import problem

MAX_BODY_BYTES = 1024 * 1024
#: The end of a session brings its whole transcript, and so does what vendors send.
MAX_END_BYTES = 16 * 1024 * 1024

_REQUEST_ID_BYTES = 8
_NO_BODY = frozenset({"GET", "HEAD", "OPTIONS"})


#: Writes an error, with the request's id.
Refusal = Callable[[MidcallError, str], Response]


class Intake:
    """Reads a body whole, counts it, and lets only JSON through, whatever its content type says.

    `refusals` has, by the beginning of a path, how an entrance of another format writes an error.
    """

    def __init__(self, app: ASGIApp, refusals: Mapping[str, Refusal] | None = None) -> None:
        self._app = app
        self._refusals = dict(refusals or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(_REQUEST_ID_BYTES)
        scope.setdefault("state", {})["request_id"] = request_id
        answer = _tagged(send, request_id, scope["state"])
        if scope["method"] in _NO_BODY:
            await self._app(scope, receive, answer)
            return
        try:
            foreign = _is_foreign(scope)
            body = await _read(scope, receive, MAX_END_BYTES if foreign or _ends_session(scope) else MAX_BODY_BYTES)
            if body and not foreign and not _is_form(scope):
                parsed(body)
                scope["headers"] = _as_json(scope["headers"])
        except MidcallError as error:
            await self._refusal(scope["path"])(error, request_id)(scope, receive, answer)
            return
        try:
            await self._app(scope, _replay(body, receive), answer)
        except asyncio.CancelledError:
            # The server's grace is over: who still waits for a call hears so, and no log has a traceback of it. An
            # answer that was begun can only break off.
            if scope["state"].get("answering"):
                raise
            await self._refusal(scope["path"])(ShuttingDown(), request_id)(scope, receive, answer)

    def _refusal(self, path: str) -> Refusal:
        return next((write for start, write in self._refusals.items() if path.startswith(start)), problem)


def _tagged(send: Send, request_id: str, state: dict[str, Any]) -> Send:
    async def tagged(message: Message) -> None:
        if message["type"] == "http.response.start":
            state["answering"] = True
            given = list(message.get("headers", []))
            more = headers_of(request_id, frozenset(name.decode("latin-1").lower() for name, _ in given))
            message = {**message, "headers": [*given, *((name.encode(), more[name].encode()) for name in more)]}
        await send(message)

    return tagged


def parsed(body: bytes) -> Any:
    """Parse a body strictly; raises BadJson."""
    try:
        return parse(body)
    except NotJson as error:
        raise BadJson(f"the body is {error}") from error


def _ends_session(scope: Scope) -> bool:
    path: str = scope["path"]
    return path.startswith("/v1/sessions/") and path.endswith("/end")


def _is_foreign(scope: Scope) -> bool:
    """Tell whether a request is a vendor's call of an adapter; only the adapters' own PUT and DELETE are people's."""
    path: str = scope["path"]
    return scope["method"] == "POST" and path.startswith("/v1/adapters/")


def _is_form(scope: Scope) -> bool:
    """Tell whether a request is one of the UI's own: a browser's form."""
    path: str = scope["path"]
    return path.startswith("/ui/")


async def _read(scope: Scope, receive: Receive, most: int) -> bytes:
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    if declared.isdigit() and int(declared[:20]) > most:
        raise TooLarge(f"the body may have {most} bytes at most")
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise BadJson("the connection was closed before the body was complete")
        body += message.get("body", b"")
        if len(body) > most:
            raise TooLarge(f"the body may have {most} bytes at most")
        if not message.get("more_body", False):
            return bytes(body)


def _as_json(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    # curl -d says it sends a form; what counts is that the bytes are JSON.
    kept = [(name, value) for name, value in headers if name != b"content-type"]
    return [*kept, (b"content-type", b"application/json")]


def _replay(body: bytes, receive: Receive) -> Receive:
    messages: list[Mapping[str, object]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return dict(messages.pop()) if messages else await receive()

    return replay
