"""A host can neither hold a call longer, nor make it read more, than it was given."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from tests.integration.outbound.hosts import Behaviour, Host, Names, answering, calling, hosting, respond
from tests.support.computing import computed_since
from tests.support.patience import DEADLINE_S, PATIENCE_S

from midcall.outbound.errors import (
    BadReply,
    ConnectFailed,
    OutboundError,
    ReplyTooLarge,
    TimedOut,
    UnresolvedHost,
)

LIMIT_S = 0.5  # short: it is what ends each call


@contextmanager
def in_time() -> Iterator[None]:
    """Expect the block to end when the time given is up, and not before the host does.

    A host goes on for ten seconds at least, then hangs up: a call that it could hold ends in another error.
    """
    started = time.monotonic()
    yield
    assert time.monotonic() - started >= LIMIT_S * 0.9


def dripping(before: bytes, drop: bytes, *, read_first: bool = True) -> Behaviour:
    """Send a beginning, then a drop every 50 ms for 10 s."""

    def behave(host: Host, connection: socket.socket) -> None:
        if read_first:
            host.read(connection)
        connection.sendall(before)
        for _ in range(200):
            if host.closing.wait(0.05):  # short: between two drops
                return
            connection.sendall(drop)

    return behave


def silent(host: Host, connection: socket.socket) -> None:
    """Take the connection, and say nothing."""
    host.closing.wait(PATIENCE_S)


DRIPS: dict[str, Behaviour] = {
    "says nothing": silent,
    "drips its status line": dripping(b"", b"H"),
    "drips headers": dripping(b"HTTP/1.1 200 OK\r\n", b"a: b\r\n"),
    "drips one long header": dripping(b"HTTP/1.1 200 OK\r\na: ", b"b"),
    "drips informational answers": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "drips a body of known length": dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x"),
    "drips chunks": dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "drips a chunk's size": dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
    "drips trailers": dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"a: b\r\n"),
    "drips a body without an end": dripping(b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
}


@pytest.mark.parametrize("how", DRIPS)
def test_a_slow_host_cannot_hold_a_call(how: str) -> None:
    """Each read alone is quick; all of them together end with the one deadline."""
    with hosting(DRIPS[how]) as host, calling(host) as client, in_time(), pytest.raises(TimedOut, match=r"0\.5 s"):
        client.request("POST", f"http://api.example.com:{host.port}/", timeout_s=LIMIT_S)


@pytest.mark.parametrize("first", [b"", b"\x16\x03\x03\x40\x00"])
def test_a_host_that_never_ends_its_handshake_cannot_hold_a_call(first: bytes) -> None:
    """Neither one that is silent, nor one that drips a record of 16 KB."""
    drip = dripping(first, b"\x02", read_first=False) if first else silent
    with hosting(drip) as host, calling(host) as client, in_time(), pytest.raises(TimedOut, match="TLS"):
        client.request("POST", f"https://api.example.com:{host.port}/", timeout_s=LIMIT_S)


def test_a_host_that_does_not_read_cannot_hold_a_call() -> None:
    """A body that does not fit into the socket's buffers waits no longer than the deadline."""
    with hosting(silent) as host, calling(host) as client, in_time(), pytest.raises(TimedOut, match="sending"):
        client.request("POST", f"http://api.example.com:{host.port}/", timeout_s=LIMIT_S, body=bytes(50_000_000))


def test_a_connection_that_is_never_taken_cannot_hold_a_call() -> None:
    """The listener's queue is full: the kernel drops what knocks."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        knocking = socket.create_connection(("127.0.0.1", port))
        with knocking, calling(Host(port)) as client, in_time(), pytest.raises(TimedOut):
            client.request("GET", f"http://api.example.com:{port}/", timeout_s=LIMIT_S)


def test_redirects_share_one_deadline() -> None:
    """Five hops that take 0.2 s each do not fit into 0.5 s."""

    def slowly(host: Host, connection: socket.socket) -> None:
        while host.read(connection):
            time.sleep(0.2)
            connection.sendall(respond("302 Found", Location="/again"))

    with hosting(slowly) as host, calling(host) as client, in_time(), pytest.raises(TimedOut):
        client.request("GET", f"http://api.example.com:{host.port}/", timeout_s=LIMIT_S, redirects=5)


def flooding(before: bytes, flood: bytes) -> tuple[Behaviour, Callable[[], int]]:
    """Send without end; returns the behaviour and what says how many bytes the client's side took."""
    sent = 0
    done = threading.Event()

    def behave(host: Host, connection: socket.socket) -> None:
        nonlocal sent
        host.read(connection)
        connection.settimeout(PATIENCE_S)
        try:
            connection.sendall(before)
            while sent < 200_000_000:
                sent += connection.send(flood)
        except OSError:
            pass
        finally:
            done.set()

    def total() -> int:
        assert done.wait(PATIENCE_S)
        return sent

    return behave, total


@pytest.mark.parametrize(
    ("head", "flood"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n", b"x" * 65_536),
        (b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n", b"8000\r\n" + b"x" * 0x8000 + b"\r\n"),
    ],
)
def test_a_body_without_end_is_cut_and_read_no_further(head: bytes, flood: bytes) -> None:
    """The reply has the cap's bytes; the host could send what socket buffers hold (a few MB), of 200 MB."""
    behave, total = flooding(head, flood)
    with hosting(behave) as host, calling(host) as client:
        reply = client.request("GET", f"http://api.example.com:{host.port}/", timeout_s=DEADLINE_S, max_bytes=100_000)
        assert (reply.body, reply.truncated) == (b"x" * 100_000, True)
        assert total() < 20_000_000


HEAD_FLOODS = {
    "many headers": (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n" * 1_000),
    "one header": (b"HTTP/1.1 200 OK\r\na: ", b"b" * 10_000),
    "informational answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500),
    "status line": (b"HTTP/1.1 200 ", b"O" * 10_000),
}


@pytest.mark.parametrize("what", HEAD_FLOODS)
def test_a_head_without_end_is_refused(what: str) -> None:
    """Informational answers are part of it: each is small, and any number of them is not."""
    behave, total = flooding(*HEAD_FLOODS[what])
    with hosting(behave) as host, calling(host) as client:
        with pytest.raises(ReplyTooLarge, match="head"):
            client.request("GET", f"http://api.example.com:{host.port}/", timeout_s=DEADLINE_S)
        assert total() < 20_000_000


def test_a_head_up_to_its_cap_is_read_whole() -> None:
    """60 KB of it, and a body after it."""
    answer = respond(body=b"body", x_large="a" * 60_000)
    with hosting(answering(answer)) as host, calling(host) as client:
        reply = client.request("GET", f"http://api.example.com:{host.port}/", timeout_s=DEADLINE_S)
    assert (reply.body, len(reply.header("X-Large") or "")) == (b"body", 60_000)


CRUMBS = {
    "chunks of a byte": b"1\r\nx\r\n" * 10_000,
    "long chunk extensions": b"1;" + b"e" * 10_000 + b"\r\nx\r\n",
}


@pytest.mark.parametrize("what", CRUMBS)
def test_a_body_that_costs_more_than_it_is_worth_is_given_up(what: str) -> None:
    """Before a second of processor time is gone; its bytes alone are within the cap."""
    behave, _ = flooding(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", CRUMBS[what])
    with hosting(behave) as host, calling(host) as client:
        started = time.thread_time()
        with pytest.raises(ReplyTooLarge):
            client.request("GET", f"http://api.example.com:{host.port}/", timeout_s=DEADLINE_S)
        assert computed_since(started, time.thread_time) < 2


def test_a_compressed_bomb_costs_the_cap() -> None:
    """100 MB in 100 KB, from a host that compresses without being asked."""
    bomb = respond(body=gzip.compress(bytes(100_000_000)), content_encoding="gzip")
    with hosting(answering(bomb)) as host, calling(host) as client:
        reply = client.request("GET", f"http://api.example.com:{host.port}/", timeout_s=DEADLINE_S, max_bytes=5_000)
        assert host.header("Accept-Encoding") == "identity"
    assert (reply.body, reply.truncated) == (bytes(5_000), True)


def closing(answer: bytes) -> Behaviour:
    """Read one request, answer, hang up."""

    def behave(host: Host, connection: socket.socket) -> None:
        host.read(connection)
        connection.sendall(answer)

    return behave


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x00" * 100,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 1\r\n\r\nx",
    ],
)
def test_an_answer_that_is_none_is_a_bad_reply(answer: bytes) -> None:
    """And the client goes on to work."""
    with hosting(closing(answer)) as host, hosting(answering(respond())) as good, calling(host, good) as client:
        with pytest.raises(BadReply):
            client.request("GET", f"http://api.example.com:{host.port}/", timeout_s=DEADLINE_S)
        assert client.request("GET", f"http://api.example.com:{good.port}/", timeout_s=DEADLINE_S).status == 200


def test_a_host_that_answers_without_reading_is_heard() -> None:
    """413 before the body is in: what it says counts, not that it hung up."""

    def hasty(host: Host, connection: socket.socket) -> None:
        connection.recv(1_000)
        connection.sendall(respond("413 Too Large", b"no", Connection="close"))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1_000_000):
            pass

    with hosting(hasty) as host, calling(host) as client:
        reply = client.request(
            "POST", f"http://api.example.com:{host.port}/", timeout_s=DEADLINE_S, body=bytes(5_000_000)
        )
    assert (reply.status, reply.body) == (413, b"no")


def test_what_fails_is_said_by_cause_and_without_secrets() -> None:
    """Host and port, and no path, query, header or body."""

    def nobody(host: str) -> list[str]:
        raise OSError(host)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = f"http://api.example.com:{port}/geheim?key=geheim"
    for expected, resolve in ((ConnectFailed, Names()), (UnresolvedHost, nobody)):
        with calling(Host(port), resolve=resolve) as client, pytest.raises(OutboundError) as caught:
            client.request("POST", url, timeout_s=DEADLINE_S, headers={"X-Key": "geheim"}, body=b"geheim")
        assert caught.type is expected
        assert "api.example.com" in str(caught.value)
        assert "geheim" not in str(caught.value)
        assert caught.value.code == {ConnectFailed: "connect_failed", UnresolvedHost: "unresolved_host"}[expected]
