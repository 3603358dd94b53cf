"""Redirects lead nowhere by default, and nowhere forbidden when they are followed."""

import json
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from tests.integration.outbound.hosts import Behaviour, Host, Names, answering, calling, hosting, respond
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


#: Status of a redirect within the origin, the method that was sent, and the one that goes on.
METHODS = [
    *((status, "POST", "POST") for status in (301, 307, 308)),
    *((status, "POST", "GET") for status in (302, 303)),
    *((status, "PUT", "PUT") for status in (301, 302, 307, 308)),
    (303, "PUT", "GET"),
    *((status, "GET", "GET") for status in (301, 302, 303, 307, 308)),
]


@pytest.mark.parametrize(("status", "sent", "goes_on"), METHODS)
def test_near_is_followed_with_all_that_was_sent(status: int, sent: str, goes_on: str) -> None:
    """Another path of the same origin: the method and the body stay where servers mean the same request."""
    with hosting(answering(respond(f"{status} There", Location="/v2/"), respond())) as host, calling(host) as client:
        body = b"" if sent == "GET" else b"order"
        url = f"http://a.example.com:{host.port}/v1"
        reply = client.request(sent, url, timeout_s=DEADLINE_S, headers=SECRETS, body=body, redirects=5, near=True)
        assert reply.status == 200
    assert host.requests[1].startswith(f"{goes_on} /v2/ ".encode())
    assert b"geheim" in host.requests[1]
    assert host.requests[1].endswith(b"order") == (goes_on != "GET")


def test_near_goes_from_http_to_https_on_the_same_host_and_never_back(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """What was sent goes along, over a connection that shows who it is."""
    back = respond("307 Back", Location="http://a.example.com/")
    with hosting(answering(respond(body=b"ok"), back), tls=server_tls) as safe:
        upgrade = respond("308 Safe", Location=f"https://A.example.com:{safe.port}/in")
        with hosting(answering(upgrade)) as plain, calling(plain, safe, ssl_context=client_tls) as client:
            url = f"http://a.example.com:{plain.port}/"
            for status in (200, 307):
                reply = client.request(
                    "POST", url, timeout_s=DEADLINE_S, headers=SECRETS, body=b"order", redirects=5, near=True
                )
                assert reply.status == status
    assert b"geheim" in safe.requests[0]
    assert safe.requests[0].endswith(b"order")


@pytest.mark.parametrize(
    "location",
    [
        "http://b.example.com:{port}/",
        "https://b.example.com/",
        "http://a.example.com.evil.example:{port}/",
        "http://a.example.com:{port}@b.example.com/",
        "http://x@a.example.com:{port}/",
        "//b.example.com:{port}/",
        "http://a.example.com:{other}/",
        "http://169.254.169.254/latest/",
        "ftp://a.example.com/",
        "javascript:1",
        "/\\b.example.com/",
        "http://a.example.com:{port}\\.b.example.com/",
    ],
)
def test_what_is_not_near_is_the_answer(location: str) -> None:
    """Nobody is looked up for it, and nothing is sent."""
    names = Names()
    with hosting(answering(respond("200 OK"))) as other, hosting(_moving(location, other.port)) as host:
        with calling(host, other, names=names) as client:
            url = f"http://a.example.com:{host.port}/"
            try:
                reply = client.request("POST", url, timeout_s=DEADLINE_S, body=b"x", redirects=5, near=True)
            except BadUrl:  # near at first sight, and no URL
                pass
            else:
                assert reply.status == 307
        assert other.hits == 0
    assert (len(host.requests), names.lookups) == (1, ["a.example.com"])


def _moving(location: str, other: int) -> Behaviour:
    def move(host: Host, connection: socket.socket) -> None:
        while host.read(connection):
            connection.sendall(respond("307 There", Location=location.format(port=host.port, other=other)))

    return move


def test_near_is_resolved_and_checked_anew_at_each_hop() -> None:
    """A name that leads elsewhere by then is refused; a loop ends."""
    moved = respond("302 Found", Location="https://c.example.com/meta-data/")
    names = Names({"c.example.com": ["169.254.169.254"]})
    with hosting(answering(moved)) as host, calling(host, names=names) as client:
        allowed = f"http://a.example.com:{host.port}/"
        assert client.request("GET", allowed, timeout_s=DEADLINE_S, redirects=5, near=True).status == 302
    with hosting(answering(respond("307 Again", Location="/start"))) as host, calling(host) as client:
        with pytest.raises(TooManyRedirects):
            client.request("POST", f"http://a.example.com:{host.port}/", timeout_s=DEADLINE_S, redirects=5, near=True)
        assert len(host.requests) == 6
