"""Redirects lead nowhere by default, and nowhere forbidden when they are followed."""

import json
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from tests.integration.outbound.hosts import Host, Names, answering, calling, hosting, respond
from tests.support.patience import DEADLINE_S

from midcall.outbound.errors import BadUrl, RefusedAddress, RefusedRedirect, TooManyRedirects

LINES = Path("tests/corpus/ssrf.jsonl").read_text(encoding="utf-8").splitlines()
CASES = [case for case in map(json.loads, LINES) if case["stage"] == "redirect"]
SECRETS = {"Authorization": "Bearer geheim", "Cookie": "geheim", "webhook-signature": "v1,geheim", "X-Own": "geheim"}


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("redirects", [0, 5])
@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in CASES])
def test_a_forbidden_target_is_never_contacted(
    case: dict[str, Any], redirects: int, scheme: str, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """A real first hop, opened by the operator, sends us to a real listener that nobody opened: it sees nothing."""
    step = case["mock_redirect"][0]
    tls = server_tls if scheme == "https" else None
    with hosting(answering(respond(body=b"secret"))) as forbidden:
        # The corpus names the default port, where nothing of ours may listen: the listener stands in for it.
        location = step["location"].replace("127.0.0.1/", f"127.0.0.1:{forbidden.port}/")
        location = location.replace("evil.example.com/", f"evil.example.com:{forbidden.port}/")
        moved = respond(f"{step['status']} Found", Location=location)
        with hosting(answering(moved), tls=tls) as first, calling(first, ssl_context=client_tls) as client:
            url = f"{scheme}://hop.example.com:{first.port}/start"
            if redirects:
                with pytest.raises((BadUrl, RefusedAddress, RefusedRedirect)):
                    client.request("GET", url, timeout_s=DEADLINE_S, headers=SECRETS, redirects=redirects)
            else:
                reply = client.request("GET", url, timeout_s=DEADLINE_S, headers=SECRETS)
                assert (reply.status, reply.header("location")) == (step["status"], location)
            assert first.hits == 1
        assert forbidden.hits == 0


def test_an_opened_target_gets_the_request_without_its_secrets() -> None:
    """Authorization, Cookie, signatures and headers of unknown meaning stay with the first host."""
    with hosting(answering(respond(body=b"ok"))) as other:
        moved = respond("302 Found", Location=f"http://b.example.com:{other.port}/there")
        with hosting(answering(moved)) as first, calling(first, other) as client:
            url = f"http://a.example.com:{first.port}/start"
            reply = client.request(
                "POST",
                url,
                timeout_s=DEADLINE_S,
                headers=SECRETS | {"Accept": "text/plain"},
                body=b"geheim",
                redirects=1,
            )
        assert reply.body == b"ok"
        assert b"geheim" in first.requests[0]
        assert b"geheim" not in other.requests[0]
        assert other.requests[0].startswith(b"GET /there HTTP/1.1\r\n")
        assert other.header("Accept") == "text/plain"


def test_secrets_do_not_come_back_by_a_detour() -> None:
    """From the first host to another one and back: what was dropped stays dropped."""
    away: dict[int, bytes] = {}

    def moving(host: Host, connection: socket.socket) -> None:
        while request := host.read(connection):
            connection.sendall(respond() if request.startswith(b"GET /end ") else away[host.port])

    with hosting(moving) as first, hosting(moving) as other, calling(first, other) as client:
        away[first.port] = respond("302 Found", Location=f"http://b.example.com:{other.port}/")
        away[other.port] = respond("302 Found", Location=f"http://a.example.com:{first.port}/end")
        url = f"http://a.example.com:{first.port}/"
        assert client.request("GET", url, timeout_s=DEADLINE_S, headers=SECRETS, redirects=5).status == 200
    assert [b"geheim" in request for request in first.requests] == [True, False]
    assert [b"geheim" in request for request in other.requests] == [False]


@pytest.mark.parametrize("redirects", [1, 3, 5])
def test_a_loop_ends(redirects: int) -> None:
    """After as many hops as were asked for, and not one more."""
    with hosting(answering(respond("307 Again", Location="/start"))) as host, calling(host) as client:
        with pytest.raises(TooManyRedirects):
            client.request(
                "POST", f"http://a.example.com:{host.port}/start", timeout_s=DEADLINE_S, body=b"x", redirects=redirects
            )
        assert len(host.requests) == redirects + 1


@pytest.mark.parametrize("redirects", [-1, 6])
def test_no_caller_asks_for_more_than_five(redirects: int) -> None:
    """A mistake of ours, not of an input."""
    with calling() as client, pytest.raises(ValueError, match="redirects"):
        client.request("GET", "https://a.example.com/", timeout_s=DEADLINE_S, redirects=redirects)


def test_each_hop_is_resolved_and_checked_anew() -> None:
    """A second name that resolves to what is private is refused although the first was opened."""
    names = Names({"evil.example.com": ["169.254.169.254"]})
    moved = respond("302 Found", Location="http://evil.example.com/latest/meta-data/")
    with hosting(answering(moved)) as host, calling(host, names=names) as client:
        with pytest.raises(RefusedAddress):
            client.request("GET", f"http://a.example.com:{host.port}/", timeout_s=DEADLINE_S, redirects=5)
        assert names.lookups == ["a.example.com", "evil.example.com"]


def test_a_redirect_without_a_location_is_an_answer() -> None:
    """Nothing to follow; neither is 304."""
    with hosting(answering(respond("302 Found", b"x"), respond("304 Same"))) as host, calling(host) as client:
        for status in (302, 304):
            reply = client.request("GET", f"http://a.example.com:{host.port}/", timeout_s=DEADLINE_S, redirects=5)
            assert reply.status == status
