"""What every request below /ui passes first: only who is signed in gets in, and only from pages of our own. Plain ASGI.

It also gives each page's scripts a nonce: NiceGUI's template has inline ones, and without it the page's policy would
have to allow whatever script some text could smuggle into the page.
"""

import secrets
from collections import Counter
from http import HTTPStatus
from urllib.parse import quote

from nicegui import __version__ as nicegui_version
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from midcall.ui.confirmations import PATH as CONFIRM
from midcall.ui.sign_ins import SignIn
from midcall.ui.site import COOKIE, Site
from midcall.web.headers import UI_RUNS

SOCKET = "/_nicegui_ws/"
#: Folders of files that are the same for everybody, and the two addresses that are for everybody as well.
PUBLIC = ("/static/", f"/_nicegui/{nicegui_version}/")
_PUBLIC_PATHS = frozenset({"/sign-in", "/favicon.ico"})
_NOT_PUBLIC = f"/_nicegui/{nicegui_version}/dynamic_resources/"
_READS = frozenset({"GET", "HEAD"})
_POLICY_VIOLATION = 1008
#: Pages that one session may have open at once.
MAX_SOCKETS = 50


class Guard:
    """Lets requests with a session through, and from other origins none that could change anything."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app = app
        self._site = site
        #: Open sockets, by the session's id.
        self._sockets: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket, or refuse it."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Browsers send cookies with a WebSocket that any page opens, and let it read the answers: `Origin` decides."""
        connection = HTTPConnection(scope)
        own = _path(scope).startswith(SOCKET) and self._is_own(connection.headers)
        session = self._session(connection) if own else None
        if session is None or self._sockets[session.id] >= MAX_SOCKETS:
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return
        self._sockets[session.id] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._sockets[session.id] -= 1
            if not self._sockets[session.id]:
                del self._sockets[session.id]

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, connection, send = _path(scope), HTTPConnection(scope), _with_policy(send)
        refusal: Response | None = None
        if path.startswith(SOCKET):
            refusal = PlainTextResponse("pages talk over a WebSocket alone", HTTPStatus.NOT_FOUND)
        elif scope["method"] == "POST" and path.startswith(CONFIRM):
            # Sent by a page without an origin, hence without cookies: the word in it is what counts.
            pass
        elif scope["method"] not in _READS and not self._may_write(connection.headers):
            refusal = PlainTextResponse("this form was sent from another site", HTTPStatus.FORBIDDEN)
        elif not _is_public(path) and self._session(connection) is None:
            refusal = self._to_sign_in(scope, path)
        await (refusal or self._app)(scope, receive, send)

    def _session(self, connection: HTTPConnection) -> SignIn | None:
        session = self._site.sign_ins.find(connection.cookies.get(COOKIE))
        connection.scope.setdefault("state", {})["sign_in"] = session
        return session

    def _is_own(self, headers: Headers) -> bool:
        return self._site.is_own_origin(headers.get("origin", ""), headers.get("host", ""))

    def _may_write(self, headers: Headers) -> bool:
        # Without an Origin it is no browser, so nobody's cookies are misused.
        return "origin" not in headers or self._is_own(headers)

    def _to_sign_in(self, scope: Scope, path: str) -> Response:
        if scope["method"] not in _READS:
            return PlainTextResponse("sign in first", HTTPStatus.UNAUTHORIZED)
        # Relative, so that it holds below whatever path a proxy serves all of it under.
        up = "../" * (path.count("/") - 1) or "./"
        wanted = path.strip("/")
        query = f"?next={quote(wanted)}" if wanted else ""
        return Response(status_code=HTTPStatus.SEE_OTHER, headers={"location": f"{up}sign-in{query}"})


def _path(scope: Scope) -> str:
    """Return the path below the mount."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _is_public(path: str) -> bool:
    return path in _PUBLIC_PATHS or (path.startswith(PUBLIC) and not path.startswith(_NOT_PUBLIC))


def _with_policy(send: Send) -> Send:
    """Put the policy on an answer; a page's scripts get the nonce that it names."""
    nonce = secrets.token_urlsafe(18)
    held: list[Message] = []

    async def policed(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            headers.setdefault("content-security-policy", UI_RUNS.format(nonce=nonce))
            # With "no-referrer" a browser says "null" where it should say which origin a form is of.
            headers["referrer-policy"] = "same-origin"
            if "x-nicegui-content" in headers:
                held.append(message)
                return
        elif held:
            # A page is rendered whole. Texts in it have no "<" of their own: NiceGUI escapes them.
            start = held.pop()
            body = message.get("body", b"").replace(b"<script", f'<script nonce="{nonce}"'.encode())
            MutableHeaders(raw=start["headers"])["content-length"] = str(len(body))
            message = {**message, "body": body}
            await send(start)
        await send(message)

    return policed
