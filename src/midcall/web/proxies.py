"""What proxies say of the client they speak for: believed from the operator's own proxies alone. Plain ASGI."""

from collections.abc import Iterable
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

_PREFIX = b"x-forwarded-"
_NAMES = frozenset({b"forwarded", b"x-real-ip"})


class ForwardedHeaders:
    """Takes client and scheme from trusted proxies' headers; from everybody else it takes those headers away.

    So whatever reads one behind it (pages read a prefix, NiceGUI does itself) reads a proxy's. `trusted` are addresses
    and networks. A proxy that is trusted has to overwrite or drop what its clients send under these names.
    """

    def __init__(self, app: ASGIApp, trusted: Iterable[str] = ()) -> None:
        self._app = app
        inner: Any = app  # uvicorn has types of its own for the same protocol
        self._believing: Any = ProxyHeadersMiddleware(inner, trusted_hosts=list(trusted))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket as the client's that a trusted proxy names."""
        client = scope.get("client")
        if client and client[0] in self._believing.trusted_hosts:
            await self._believing(scope, receive, send)
            return
        if "headers" in scope:
            scope["headers"] = [pair for pair in scope["headers"] if not _is_forwarded(pair[0].lower())]
        await self._app(scope, receive, send)


def _is_forwarded(name: bytes) -> bool:
    return name.startswith(_PREFIX) or name in _NAMES
