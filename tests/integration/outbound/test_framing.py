"""Bytes after an answer's end are nobody's: the next call on that connection would take them for its own answer."""

import pytest
from tests.integration.outbound.hosts import answering, calling, hosting, respond
from tests.support.patience import DEADLINE_S

from midcall.outbound.client import GuardedClient

#: An answer of the host's own making, as it would stand at the head of what the next call reads.
FORGED = respond(body=b"forged")
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def asked(client: GuardedClient, port: int, method: str = "POST") -> bytes:
    """Send a request; returns the body of its answer."""
    return client.request(method, f"http://api.example.com:{port}/", timeout_s=DEADLINE_S).body


@pytest.mark.parametrize("extra", [b"{}", FORGED], ids=["two bytes", "an answer"])
@pytest.mark.parametrize(
    ("method", "first"),
    [
        ("POST", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("POST", b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n"),
        ("POST", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"),
        ("POST", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"),
        ("POST", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ("POST", CHUNKED + b"1\r\na\r\n0\r\n\r\n"),
        ("POST", CHUNKED + b"1;x=y\r\na\r\n0\r\nX-Trailer: 1\r\n\r\n"),
        ("POST", CHUNKED + b"0\r\n\r\n"),
        ("POST", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"),
    ],
)
def test_what_follows_an_answer_is_no_part_of_the_next_one(method: str, first: bytes, extra: bytes) -> None:
    """A length in letters instead of bytes, a body after a 204, a whole answer: each call has its own connection."""
    with hosting(answering(first + extra, respond(body=b"own"))) as host, calling(host) as client:
        asked(client, host.port, method)
        assert asked(client, host.port) == b"own"
        assert (host.hits, len(host.requests)) == (2, 2)


@pytest.mark.parametrize(
    "answer",
    [
        respond(body=b"own"),
        respond(),
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        CHUNKED + b"3\r\nown\r\n0\r\n\r\n",
        CHUNKED + b"1;x=y\r\na\r\n2\r\nbc\r\n0\r\nX-Trailer: 1\r\n\r\n",
        CHUNKED + b"A\r\n0123456789\r\n0\r\n\r\n",
    ],
)
def test_a_connection_whose_answers_end_where_they_say_is_used_again(answer: bytes) -> None:
    """It costs a handshake to make another."""
    with hosting(answering(answer)) as host, calling(host) as client:
        for _ in range(3):
            asked(client, host.port)
        assert (host.hits, len(host.requests)) == (1, 3)
