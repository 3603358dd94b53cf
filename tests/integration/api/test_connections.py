"""Connections that say nothing, half of something, or too much, to a server of uvicorn's with our protocol."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from tests.support.patience import PATIENCE_S, wait_for
from tests.support.raw import answered, connected, head, until_closed

from midcall.bootstrap.server import server_options
from midcall.bootstrap.settings import Settings
from midcall.web.connections import MAX_HEAD_BYTES, Connection

HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"
LARGE = 64 * 2**20


class App:
    """Answers what its path says; `let_go` ends what waits."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.waits = 0
        self.gone = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        assert scope["type"] == "http"
        self.scope = scope
        body = b"x" * LARGE if scope["path"] == "/large" else b"hello"
        if scope["path"] == "/wait":
            self.waits += 1
            await receive()
            while not self.let_go.is_set() and (await receive())["type"] != "http.disconnect":
                pass
        if scope["path"] == "/body":
            while (message := await receive())["type"] == "http.request" and message["more_body"]:
                pass
        length = str(len(body)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": body})
        self.gone += 1


@contextlib.contextmanager
def listening(**limits: Any) -> Iterator[tuple[str, App]]:
    """Serve an app with limits of the protocol."""
    app = App()
    protocol = type("Limited", (Connection,), limits)
    config = uvicorn.Config(
        app, port=0, http=protocol, ws="none", log_config=None, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert wait_for(lambda: server.started)
        host, port = server.servers[0].sockets[0].getsockname()
        yield f"http://{host}:{port}", app
    finally:
        app.let_go.set()
        server.should_exit = True
        thread.join()


def pours(connection: socket.socket, part: bytes) -> None:
    """Send without end, and expect the server to break that off."""
    with contextlib.suppress(ConnectionError):
        for _ in range(10_000):
            connection.sendall(part)
        pytest.fail("all of it was taken")


@pytest.fixture(scope="module")
def hasty() -> Iterator[str]:
    """Serve with little patience for headers."""
    with listening(head_s=0.3) as (url, _):
        yield url


@pytest.mark.parametrize("half", [b"G", HEAD, HEAD + b"X-Half: a", b"\r\n"])
def test_half_a_head_is_answered_and_the_connection_closed(hasty: str, half: bytes) -> None:
    """It would stay for ever else."""
    with connected(hasty) as connection:
        connection.sendall(half)
        answer = answered(connection)
        assert (answer.status, answer.json["code"], answer.headers["connection"]) == (408, "too_slow", "close")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_head_that_drips_is_no_better(hasty: str) -> None:
    """The time is for all of it, not for each byte."""
    with connected(hasty) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(HEAD)
        for _ in range(10_000):
            connection.sendall(b"a")
            time.sleep(0.01)
        pytest.fail("the connection is still open")


def test_a_connection_that_never_says_anything_is_closed(hasty: str) -> None:
    """There is nothing to answer."""
    with connected(hasty) as connection:
        assert until_closed(connection) == b""


def hear_hello(connection: socket.socket) -> None:
    """Read one answer to its end, however many pieces it comes in."""
    heard = b""
    while not heard.endswith(b"hello"):
        more = connection.recv(4096)
        assert more, heard
        heard += more


def test_half_a_head_after_an_answer_is_no_better(hasty: str) -> None:
    """Uvicorn's own time for a kept connection ends with the first byte."""
    with connected(hasty) as connection:
        connection.sendall(HEAD + b"\r\n")
        hear_hello(connection)
        connection.sendall(HEAD)
        assert answered(connection).status == 408


def test_a_connection_is_kept_between_two_requests_for_longer_than_headers_may_take(hasty: str) -> None:
    """A client that keeps it for as long as the server does sends its next request on one that is being closed."""
    with connected(hasty) as connection:
        for _ in range(2):
            connection.sendall(HEAD + b"\r\n")
            hear_hello(connection)
            time.sleep(1)


def test_the_server_keeps_connections_for_longer_than_others_do() -> None:
    """Clients close theirs after 5 s, proxies theirs after a minute: who closes first loses nothing."""
    assert server_options(Settings())["http"].keep_s > 60


def test_a_kept_connection_that_nobody_uses_is_closed_in_the_end() -> None:
    """Unanswered: nobody has asked for anything."""
    with listening(keep_s=0.3) as (url, _), connected(url) as connection:
        connection.sendall(HEAD + b"\r\n")
        assert until_closed(connection).endswith(b"hello")


def test_several_requests_in_a_row_are_all_answered(hasty: str) -> None:
    """Also those that come before the first is answered, and the last one's body late."""
    with connected(hasty) as connection:
        post = head("POST", "/body", content_length=3)
        connection.sendall((HEAD + b"\r\n") * 20 + post)
        found = b""
        while found.count(b"hello") < 20:
            found += connection.recv(4096)
        connection.sendall(b"abc")
        hear_hello(connection)


@pytest.mark.parametrize(
    "start", [HEAD, b"GET /", HEAD + b"X-A: "], ids=["many headers", "a long line", "a long header"]
)
def test_headers_without_end_are_refused(start: bytes) -> None:
    """Uvicorn's parser takes any number of them, and keeps them."""
    with listening() as (url, _), connected(url) as connection:
        part = f"X-B: {'c' * 4096}\r\n".encode() if start == HEAD else b"a" * 8192
        with contextlib.suppress(ConnectionError):
            connection.sendall(start)
            for _ in range(20 * MAX_HEAD_BYTES // len(part)):
                connection.sendall(part)
        assert answered(connection).json["code"] == "too_large"


@pytest.mark.parametrize("part", [b"X-Trailer: a\r\n" * 512, b"a" * 8192], ids=["trailers", "a chunk's extension"])
def test_what_stands_around_a_body_without_end_breaks_the_connection(part: bytes) -> None:
    """Nothing of it is anybody's business, and it is no header."""
    with listening() as (url, app), connected(url) as connection:
        connection.sendall(head("POST", "/body", transfer_encoding="chunked") + b"3\r\nabc\r\n")
        connection.sendall(b"0\r\n" if part.startswith(b"X") else b"3;")
        pours(connection, part)
        assert wait_for(lambda: app.gone == 1)
        assert all(name != b"x-trailer" for name, _ in app.scope["headers"])


def test_what_is_no_http_is_told_so() -> None:
    """As a problem, like all else."""
    with listening() as (url, _), connected(url) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        answer = answered(connection)
        assert (answer.status, answer.json["code"]) == (400, "bad_request")


def test_thousands_of_headers_are_refused_at_the_first_too_many() -> None:
    """All others would wait while a parser goes through them."""
    with listening() as (url, _), connected(url) as connection:
        connection.sendall(HEAD + b"A: b\r\n" * 201 + b"\r\n")
        assert answered(connection).json["detail"] == "a request may have 200 headers at most"


def test_a_body_in_small_chunks_is_no_attack() -> None:
    """However small, each brings a few bytes around it."""
    with listening() as (url, _), connected(url) as connection:
        connection.sendall(head("POST", "/body", transfer_encoding="chunked", connection="close"))
        connection.sendall(b"1\r\na\r\n" * 100_000 + b"0\r\n\r\n")
        assert answered(connection).status == 200


def test_nothing_is_drained_of_a_request_that_was_answered_before_it_was_whole() -> None:
    """The app did not want it, so nobody does."""
    with listening() as (url, _), connected(url) as connection:
        connection.sendall(head("POST", "/", content_length=2**40) + b"x")
        pours(connection, b"x" * 65_536)


def test_who_does_not_take_the_answer_is_gone_after_a_while() -> None:
    """Until then it lies in memory."""
    with listening(drain_s=0.3) as (url, app), connected(url) as connection:
        connection.sendall(head("GET", "/large"))
        assert wait_for(lambda: app.gone == 1)
        time.sleep(1)
        assert len(until_closed(connection)) < LARGE


def test_an_idle_connection_makes_room_for_a_new_one() -> None:
    """The one that has waited longest."""
    with listening(most=3) as (url, _), contextlib.ExitStack() as kept:
        idle = [kept.enter_context(connected(url)) for _ in range(3)]
        for connection in idle:
            connection.sendall(HEAD + b"\r\n")
            hear_hello(connection)
        with connected(url) as new:
            new.sendall(HEAD + b"\r\n")
            hear_hello(new)
            assert until_closed(idle[0]) == b""
            idle[1].sendall(HEAD + b"\r\n")
            hear_hello(idle[1])


def test_where_all_are_busy_one_more_is_told_so() -> None:
    """None of those under way is broken off for it."""
    with listening(most=2) as (url, app), contextlib.ExitStack() as kept:
        busy = [kept.enter_context(connected(url)) for _ in range(2)]
        for connection in busy:
            connection.sendall(head("POST", "/wait", content_length=2, connection="close") + b"x")
        assert wait_for(lambda: app.waits == 2, PATIENCE_S)
        with connected(url) as new:
            answer = answered(new)
        assert (answer.status, answer.json["code"]) == (503, "connections_full")
        assert answer.headers["retry-after"]
        app.let_go.set()
        for connection in busy:
            connection.sendall(b"y")
            assert answered(connection).status == 200
