"""What proxies say is believed from the operator's own, and from nobody else."""

import asyncio
from typing import Any

import pytest

from midcall.bootstrap.settings import BadSetting, Settings
from midcall.web.proxies import ForwardedHeaders

SAID = [
    (b"x-forwarded-for", b"203.0.113.9, 10.1.2.3"),
    (b"x-forwarded-proto", b"https"),
    (b"X-Forwarded-Prefix", b"/evil"),
    (b"x-forwarded-host", b"evil.example"),
    (b"forwarded", b"for=203.0.113.9"),
    (b"x-real-ip", b"203.0.113.9"),
]
OWN = (b"accept", b"*/*")


def seen(peer: str | None, *trusted: str, kind: str = "http") -> Any:
    """Send a request from a peer; returns the scope behind the middleware."""
    found: dict[str, Any] = {}

    async def inner(scope: Any, _receive: Any, _send: Any) -> None:
        found.update(scope)

    async def nothing(*_: Any) -> Any:
        return None

    scope = {"type": kind, "client": peer and (peer, 5000), "scheme": "http", "headers": [OWN, *SAID]}
    proxies = Settings(trusted_proxies=trusted).trusted_proxies
    asyncio.run(ForwardedHeaders(inner, proxies)(scope, nothing, nothing))
    return found


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "192.0.2.1", "not an address", None])
def test_without_the_setting_nobody_is_believed(peer: str | None, kind: str) -> None:
    """Not even loopback: any process of the machine could say whom it speaks for."""
    scope = seen(peer, kind=kind)
    assert (scope["client"], scope["scheme"], scope["headers"]) == (peer and (peer, 5000), "http", [OWN])


def test_a_trusted_proxy_is_believed_up_to_the_first_hop_that_is_not() -> None:
    """What a client wrote before that could be anything; the prefix is the proxy's to set."""
    scope = seen("127.0.0.1", "127.0.0.1", "10.0.0.0/8")
    assert (scope["client"], scope["scheme"]) == (("203.0.113.9", 0), "https")
    assert dict(scope["headers"])[b"X-Forwarded-Prefix"] == b"/evil"


def test_another_peer_beside_a_trusted_proxy_is_not_believed() -> None:
    """Trust is for addresses, not for the installation."""
    assert seen("192.0.2.1", "127.0.0.1")["headers"] == [OWN]


@pytest.mark.parametrize("text", ["*", "proxy.internal", "10.0.0.1/8", "10.0.0.0/33"])
def test_what_names_no_address_is_refused_at_the_start(text: str) -> None:
    """A name could be another machine's tomorrow, and a star is everybody."""
    with pytest.raises(BadSetting, match="MIDCALL_TRUSTED_PROXIES"):
        Settings(trusted_proxies=(text,))


def test_the_setting_is_a_list_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the other lists are."""
    monkeypatch.setenv("MIDCALL_TRUSTED_PROXIES", "127.0.0.1, fd00::/8,")
    assert Settings().trusted_proxies == ("127.0.0.1/32", "fd00::/8")
