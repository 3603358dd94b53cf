"""Where a call goes: to the address that was checked, by the name that was asked for, and nowhere else."""

import socket
import ssl
import threading
from typing import Any

import pytest
from tests.integration.outbound.hosts import Behaviour, Host, Names, answering, calling, hosting, respond
from tests.support.patience import DEADLINE_S, PATIENCE_S

from midcall.domain.errors import InvalidInput
from midcall.outbound.client import GuardedClient
from midcall.outbound.errors import ConnectFailed, RefusedAddress, TimedOut, TlsFailed
from midcall.outbound.proxy import Proxy
from midcall.outbound.resolver import system_resolve


def test_the_request_arrives_as_it_was_given() -> None:
    """Method, path, query, headers and body; and what midcall adds is what says where it goes and how long it is."""
    with hosting(answering(respond("201 Created", b'{"a":1}', X_Thing="é"))) as host, calling(host) as client:
        url = f"http://api.example.com:{host.port}/a/../b%20c?x=1&y[]=|#fragment"
        reply = client.request("PUT", url, timeout_s=DEADLINE_S, headers={"X-Key": "São"}, body=b"{}")
    assert (reply.status, reply.body, reply.truncated) == (201, b'{"a":1}', False)
    assert reply.header("X-THING") == "é".encode().decode("latin-1")
    assert 0 <= reply.took_ms < 5_000
    assert host.requests[0].startswith(b"PUT /a/../b%20c?x=1&y[]=| HTTP/1.1\r\n")
    assert host.requests[0].endswith(b"\r\n\r\n{}")
    assert host.header("Host") == f"api.example.com:{host.port}"
    assert host.header("Content-Length") == "2"
    assert host.header("X-Key") == "São".encode().decode("latin-1")


def test_tls_is_for_the_name_and_the_connection_for_the_address(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """The certificate is checked against the name, which the host is told as well."""
    told: list[str | None] = []
    server_tls.sni_callback = lambda _socket, name, _context: told.append(name)
    with hosting(answering(respond(body=b"ok")), tls=server_tls) as host:
        with calling(host, ssl_context=client_tls) as client:
            reply = client.request("POST", f"https://api.example.com:{host.port}/", timeout_s=DEADLINE_S, body=b"{}")
        assert reply.body == b"ok"
        assert told == ["api.example.com"]
        allow = [f"other.example.org:{host.port}"]
        with calling(host, allow=allow, ssl_context=client_tls) as client, pytest.raises(TlsFailed, match="mismatch"):
            client.request("POST", f"https://other.example.org:{host.port}/", timeout_s=DEADLINE_S)
        with calling(host) as client, pytest.raises(TlsFailed, match="local issuer"):
            client.request("POST", f"https://api.example.com:{host.port}/", timeout_s=DEADLINE_S)
        assert len(host.requests) == 1


def test_an_address_in_the_url_is_what_the_certificate_has_to_name(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """By the system's own resolver too, for a name that it knows: the name is not in the certificate."""
    with hosting(answering(respond(body=b"ok")), tls=server_tls) as host:
        settings: dict[str, Any] = {
            "allow": ["127.0.0.1", "localhost"],
            "ssl_context": client_tls,
            "resolve": system_resolve,
        }
        with calling(**settings) as client:
            assert client.request("GET", f"https://127.0.0.1:{host.port}/", timeout_s=DEADLINE_S).body == b"ok"
            with pytest.raises(TlsFailed, match="localhost"):
                client.request("GET", f"https://localhost:{host.port}/", timeout_s=DEADLINE_S)


def test_a_host_that_speaks_no_tls_fails_as_such() -> None:
    """Plain HTTP on an https port."""

    def plain(_host: Host, connection: socket.socket) -> None:
        connection.recv(1_000)
        connection.sendall(respond("400 Bad Request"))

    with hosting(plain) as host, calling(host) as client, pytest.raises(TlsFailed):
        client.request("POST", f"https://api.example.com:{host.port}/", timeout_s=DEADLINE_S)


def test_a_name_with_a_public_and_a_private_address_is_refused() -> None:
    """In either order, and nothing is connected to."""
    for answers in (["93.184.215.14", "127.0.0.1"], ["127.0.0.1", "93.184.215.14"]):
        with (
            hosting(answering(respond())) as host,
            calling(allow=[], resolve=Names({"a.example.com": answers})) as client,
        ):
            with pytest.raises(RefusedAddress):
                client.request("GET", f"http://a.example.com:{host.port}/", timeout_s=DEADLINE_S)
            assert host.hits == 0


def test_without_an_entry_loopback_is_not_reached() -> None:
    """By name, by address, and where an entry is for another port."""
    with hosting(answering(respond())) as host:
        for allow in ([], ["a.example.com:1"], ["10.0.0.0/8"]):
            with calling(allow=allow) as client:
                for name in ("a.example.com", "127.0.0.1"):
                    with pytest.raises(RefusedAddress):
                        client.request("GET", f"http://{name}:{host.port}/", timeout_s=DEADLINE_S)
        assert host.hits == 0


def test_a_name_that_changes_its_address_gains_nothing() -> None:
    """While a connection is kept, it is to the address that was checked; the next one is checked anew."""
    names = Names()
    with hosting(answering(respond(), respond(Connection="close"))) as host, calling(host, names=names) as client:
        url = f"http://a.example.com:{host.port}/"
        client.request("GET", url, timeout_s=DEADLINE_S)
        names.answers["a.example.com"] = ["169.254.169.254"]
        client.request("GET", url, timeout_s=DEADLINE_S)
        assert (host.hits, len(names.lookups)) == (1, 1)
        with pytest.raises(RefusedAddress):
            client.request("GET", url, timeout_s=DEADLINE_S)
        assert (host.hits, len(names.lookups)) == (1, 2)


def test_a_kept_connection_serves_its_own_name_alone() -> None:
    """Two names at one address and port: each gets a connection, and each is then used again."""
    with hosting(answering(respond())) as host, calling(host) as client:
        for name in ("a", "b", "a", "b"):
            client.request("GET", f"http://{name}.example.com:{host.port}/", timeout_s=DEADLINE_S)
            assert host.header("Host") == f"{name}.example.com:{host.port}"
        assert host.hits == 2


def test_a_connection_with_an_unread_rest_is_not_used_again() -> None:
    """What was cut off one answer cannot become the next one."""
    evil = respond(body=b"x" * 10_000 + respond(body=b"forged"))
    with hosting(answering(evil, respond(body=b"true"))) as host, calling(host) as client:
        url = f"http://a.example.com:{host.port}/"
        assert client.request("GET", url, timeout_s=DEADLINE_S, max_bytes=10_000).truncated
        assert client.request("GET", url, timeout_s=DEADLINE_S).body == b"true"
        assert host.hits == 2


def test_no_cookie_and_no_proxy_is_taken_from_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cookies of one tenant's call do not go with another's; the environment does not choose the way."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with hosting(answering(respond(Set_Cookie="a=b"))) as host, calling(host) as client:
        for _ in range(2):
            client.request("GET", f"http://a.example.com:{host.port}/", timeout_s=DEADLINE_S)
    assert host.header("Cookie") is None


def test_an_address_that_does_not_answer_leaves_time_for_the_next() -> None:
    """Of two addresses of a name the first refuses, the second serves."""
    names = Names({"a.example.com": ["127.0.0.3", "127.0.0.1"]})
    with hosting(answering(respond(body=b"ok"))) as host, calling(host, names=names) as client:
        assert client.request("GET", f"http://a.example.com:{host.port}/", timeout_s=DEADLINE_S).body == b"ok"


def test_calls_leave_from_the_source_address() -> None:
    """Firewalls know midcall by it; a host of the other family only is not reached."""
    seen: list[str] = []

    def note(host: Host, connection: socket.socket) -> None:
        seen.append(connection.getpeername()[0])
        answering(respond())(host, connection)

    names = Names({"b.example.com": ["::1"]})
    with hosting(note) as host, calling(host, names=names, source_address="127.0.0.5") as client:
        client.request("GET", f"http://a.example.com:{host.port}/", timeout_s=DEADLINE_S)
        with pytest.raises(ConnectFailed, match="family"):
            client.request("GET", f"http://b.example.com:{host.port}/", timeout_s=DEADLINE_S)
    assert seen == ["127.0.0.5"]
    with pytest.raises(InvalidInput):
        GuardedClient(source_address="eth0")


def tunnelling(answer: bytes, to: list[int]) -> Behaviour:
    """Answer CONNECT, and where the answer is good, pass bytes on to the port, whatever address was asked for."""

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def behave(host: Host, connection: socket.socket) -> None:
        host.read(connection)
        connection.sendall(answer)
        if to and b" 200" in answer:
            with socket.create_connection(("127.0.0.1", to[0])) as onward:
                back = threading.Thread(target=pump, args=(onward, connection))
                back.start()
                pump(connection, onward)
                back.join(PATIENCE_S)

    return behave


def test_a_proxy_is_told_the_checked_address_and_never_the_name(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """So that it resolves nothing for itself; TLS runs through it, for the name."""
    names = Names(
        {"api.example.com": ["93.184.215.14"], "b.example.com": ["10.0.0.1"], "proxy.internal": ["127.0.0.1"]}
    )
    with hosting(answering(respond(body=b"ok")), tls=server_tls) as host:
        good = tunnelling(b"HTTP/1.1 200 OK\r\n\r\n", [host.port])
        with hosting(good) as proxy:
            way = f"http://user:p%40ss@proxy.internal:{proxy.port}"
            with calling(allow=[], names=names, proxy=way, ssl_context=client_tls) as client:
                assert (
                    client.request("GET", f"https://api.example.com:{host.port}/", timeout_s=DEADLINE_S).body == b"ok"
                )
                with pytest.raises(RefusedAddress):
                    client.request("GET", f"https://b.example.com:{host.port}/", timeout_s=DEADLINE_S)
        assert proxy.requests[0].startswith(f"CONNECT 93.184.215.14:{host.port} HTTP/1.1\r\n".encode())
        assert b"api.example.com" not in proxy.requests[0]
        assert proxy.header("Proxy-Authorization") == "Basic dXNlcjpwQHNz"
        assert host.header("Proxy-Authorization") is None
        assert (proxy.hits, host.hits) == (1, 1)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 407 Who\r\n\r\n", ConnectFailed),
        (b"HTTP/1.1 200 OK\r\n", ConnectFailed),
        (b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\nforged", ConnectFailed),
        (b"x" * 100_000, ConnectFailed),
        (b"", ConnectFailed),
    ],
)
def test_a_proxy_that_does_not_connect_fails_the_call(answer: bytes, error: type[Exception]) -> None:
    """Nothing is sent through it, and what it sends of its own is not taken for an answer."""
    refusing = tunnelling(answer, [])
    with hosting(refusing) as proxy, calling(allow=["a.example.com"], proxy=f"http://127.0.0.1:{proxy.port}") as client:
        with pytest.raises(error):
            client.request("GET", "http://a.example.com/geheim", timeout_s=DEADLINE_S)
        assert len(proxy.requests) == 1


def test_a_proxy_that_hangs_cannot_hold_a_call() -> None:
    """The deadline runs on in it."""

    def silent(host: Host, connection: socket.socket) -> None:
        host.read(connection)
        host.closing.wait(PATIENCE_S)

    with hosting(silent) as proxy, calling(allow=["a.example.com"], proxy=f"http://127.0.0.1:{proxy.port}") as client:
        with pytest.raises(TimedOut, match="proxy"):
            client.request("GET", "http://a.example.com/", timeout_s=0.3)  # short: it runs out
        assert proxy.hits == 1


@pytest.mark.parametrize(
    "url", ["", "socks5://a:1", "http://a", "http://a:99999", "http://user:geheim@a b:1", "https://a:1"]
)
def test_a_proxy_that_cannot_be_used_is_refused_unquoted(url: str) -> None:
    """It may hold a password, which its repr does not show either."""
    with pytest.raises(InvalidInput) as caught:
        Proxy.parse(url)
    assert "geheim" not in str(caught.value)
    assert "geheim" not in repr(Proxy.parse("http://user:geheim@127.0.0.1:3128"))


def test_many_threads_share_one_client() -> None:
    """Each gets its own answer."""

    def echo(host: Host, connection: socket.socket) -> None:
        while request := host.read(connection):
            connection.sendall(respond(body=request.rsplit(b"\r\n\r\n", 1)[1]))

    wrong: list[object] = []

    def call(number: int) -> None:
        for turn in range(20):
            body = f"{number}-{turn}".encode()
            reply = client.request("POST", f"http://a.example.com:{host.port}/", timeout_s=DEADLINE_S, body=body)
            if reply.body != body:
                wrong.append((body, reply))

    with hosting(echo) as host, calling(host) as client:
        threads = [threading.Thread(target=call, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong
        assert len(host.requests) == 320
        assert host.hits <= 16
