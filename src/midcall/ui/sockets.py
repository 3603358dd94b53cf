"""A page's socket belongs to the session that opened the page: nobody else may listen to it, or click on it.

NiceGUI knows a page by an id that is in each of its messages, and asks nothing more of who sends one.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from nicegui import Client, core

from midcall.ui.sign_ins import SignIn
from midcall.ui.site import Site

#: What a browser says on a socket that has taken a page.
_SAID = ("event", "javascript_response", "ack", "log")


def bind(site: Site) -> None:
    """Have each socket checked from now on."""
    _accept = Client.accept_handshake

    def accept(client: Client, socket_id: str, tab_id: str, environ: dict[str, Any] | None) -> bool:
        return _is_of(site, client, environ or {}) and _accept(client, socket_id, tab_id, environ)

    Client.accept_handshake = accept  # type: ignore[method-assign, assignment]
    handlers = core.sio.handlers["/"]
    for name in _SAID:
        handlers[name] = _from_its_socket(handlers[name])


def _is_of(site: Site, client: Client, environ: Mapping[str, Any]) -> bool:
    """Tell whether a socket and a page were opened in one session, and it is not over."""
    opened: SignIn | None = getattr(client.request.state, "sign_in", None)
    asks: SignIn | None = environ.get("asgi.scope", {}).get("state", {}).get("sign_in")
    return opened is not None and opened is asks and site.sign_ins.find(opened.id) is opened


def _from_its_socket(handle: Callable[..., Any]) -> Callable[..., Any]:
    async def handle_own(socket_id: str, message: Any) -> Any:
        client = Client.instances.get(message.get("client_id", "")) if isinstance(message, dict) else None
        if client is None or socket_id not in client._socket_to_document_id:  # noqa: SLF001 (who shook hands)
            return None
        done = handle(socket_id, message)
        return await done if inspect.isawaitable(done) else done

    return handle_own
