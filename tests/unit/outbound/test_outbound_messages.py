"""What may be sent, what goes along with a redirect, and what is kept of an answer."""

import gzip
import zlib
from collections.abc import Iterator

import pytest

from midcall.outbound.budget import CallBudget
from midcall.outbound.errors import BadReply, BadUrl, MalformedRequest, RefusedRedirect, ReplyTooLarge
from midcall.outbound.message import MAX_PIECES, OutboundRequest, read_body
from midcall.outbound.redirect import next_request
from midcall.outbound.url import CheckedUrl, parse_url

START = parse_url("https://hop.example.com/a/start?x=1")
SECRETS = (
    ("Authorization", "Bearer geheim"),
    ("Cookie", "a=geheim"),
    ("X-Retell-Signature", "v=1,d=geheim"),
    ("webhook-signature", "v1,geheim"),
    ("X-Anything-Else", "geheim"),
)


@pytest.mark.parametrize("value", ["a\r\nX: y", "a\nb", "a\rb", "a\x00b", "a\x7fb", " a", "a ", "\ta", "\x1f"])
def test_a_header_cannot_begin_another(value: str) -> None:
    """The message names the header and does not quote its value."""
    with pytest.raises(MalformedRequest, match="X-Key") as caught:
        OutboundRequest("GET", START, (("X-Key", value),))
    assert value.strip(" \ta") not in str(caught.value) or not value.strip(" \ta")


@pytest.mark.parametrize(
    "name", ["", "a b", "a:b", "a\r\n", "ä", "a\x00", "Host", "CONTENT-LENGTH", "Transfer-Encoding"]
)
def test_a_header_name_that_would_change_the_request_is_refused(name: str) -> None:
    """Nor can a caller set what says where the request goes and where it ends."""
    with pytest.raises(MalformedRequest):
        OutboundRequest("GET", START, ((name, "x"),))


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "get", "GET / HTTP/1.1\r\nX:", ""])
def test_a_method_is_one_of_seven(method: str) -> None:
    """CONNECT would make a tunnel of it."""
    with pytest.raises(MalformedRequest):
        OutboundRequest(method, START)


def test_a_header_value_goes_out_in_utf_8() -> None:
    """Names of people are in headers; half a surrogate pair is an error of the input."""
    assert (b"X-Name", "São".encode()) in OutboundRequest("GET", START, (("X-Name", "São"),)).wire_headers()
    with pytest.raises(MalformedRequest):
        OutboundRequest("GET", START, (("X-Name", "\ud800"),)).wire_headers()


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("https://hop.example.com/next", "https://hop.example.com/next"),
        ("/next?y=2", "https://hop.example.com/next?y=2"),
        ("next", "https://hop.example.com/a/next"),
        ("?y=2", "https://hop.example.com/a/start?y=2"),
        ("../../../x", "https://hop.example.com/x"),
        ("//other.example.com/x", "https://other.example.com/x"),
        ("/..//evil.example.com/", "https://hop.example.com/evil.example.com/"),
    ],
)
def test_a_location_is_read_from_where_it_was_sent(location: str, url: str) -> None:
    """Relative ones keep the origin that was checked."""
    followed = next_request(OutboundRequest("GET", START), 302, location, parse_url).target
    assert followed.origin == parse_url(url).origin
    assert followed.path.lstrip("/") == parse_url(url).path.lstrip("/")


@pytest.mark.parametrize("location", ["", "/a b", "/a\tb", "https:\\\\evil.example.com", "/\u00e4", "ht\ntps://x.com/"])
def test_a_location_that_is_no_url_is_refused(location: str) -> None:
    """Before anything splits it."""
    with pytest.raises(RefusedRedirect):
        next_request(OutboundRequest("GET", START), 302, location, parse_url)


def test_a_location_is_parsed_as_strictly_as_the_first_url() -> None:
    """And never from https down to http, even where http may be called."""
    with pytest.raises(BadUrl):
        next_request(OutboundRequest("GET", START), 302, "http://hop.example.com/", parse_url)

    def lenient(text: str) -> CheckedUrl:
        return parse_url(text, http=True)

    with pytest.raises(RefusedRedirect):
        next_request(OutboundRequest("GET", START), 302, "http://hop.example.com/", lenient)


@pytest.mark.parametrize("location", ["https://evil.example.com/steal", "https://hop.example.com:8443/"])
def test_no_credential_crosses_origins(location: str) -> None:
    """Headers that are not known to be harmless stay behind, whatever their names."""
    sent = OutboundRequest("GET", START, (*SECRETS, ("Accept", "application/json")))
    assert next_request(sent, 302, location, parse_url).headers == (("Accept", "application/json"),)


def test_within_an_origin_everything_goes_along() -> None:
    """The host has seen it already."""
    sent = OutboundRequest("PUT", START, SECRETS, b"{}")
    followed = next_request(sent, 307, "/next", parse_url)
    assert (followed.method, followed.headers, followed.body) == ("PUT", SECRETS, b"{}")


@pytest.mark.parametrize(
    ("method", "status", "then"),
    [
        ("POST", 301, "GET"),
        ("POST", 302, "GET"),
        ("POST", 303, "GET"),
        ("PUT", 303, "GET"),
        ("HEAD", 303, "HEAD"),
        ("POST", 307, "POST"),
        ("POST", 308, "POST"),
        ("PUT", 302, "PUT"),
        ("DELETE", 301, "DELETE"),
    ],
)
def test_the_method_changes_as_in_browsers(method: str, status: int, then: str) -> None:
    """A request that becomes a GET loses its body and what describes it."""
    body = b"" if method in {"HEAD", "DELETE"} else b"{}"
    followed = next_request(
        OutboundRequest(method, START, (("Content-Type", "x/y"),), body), status, "/next", parse_url
    )
    assert followed.method == then
    assert bool(followed.body) == bool(body and then == method)
    assert bool(followed.headers) == (then == method)


def test_a_body_never_crosses_origins() -> None:
    """It may hold a secret; without it the request would not be the same."""
    with pytest.raises(RefusedRedirect):
        next_request(OutboundRequest("POST", START, body=b"geheim"), 307, "https://evil.example.com/", parse_url)


def read(*pieces: bytes, encoding: str = "", max_bytes: int = 1_000) -> tuple[bytes, bool]:
    """Read a body."""
    return read_body(iter(pieces), (("content-encoding", encoding),), max_bytes=max_bytes, budget=CallBudget(5))


def test_a_body_is_cut_at_its_cap_and_read_no_further() -> None:
    """Exactly the cap is not cut; of what comes after the cap, nothing is asked for."""
    assert read(b"a" * 600, b"b" * 400) == (b"a" * 600 + b"b" * 400, False)
    asked = 0

    def endless() -> Iterator[bytes]:
        nonlocal asked
        while True:
            asked += 1
            yield b"a" * 400

    assert read_body(endless(), (), max_bytes=1_000, budget=CallBudget(5)) == (b"a" * 1_000, True)
    assert asked == 3


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_a_compressed_body_is_unpacked_up_to_the_cap(encoding: str, pack: object) -> None:
    """A bomb of 100 MB costs the cap."""
    assert callable(pack)
    assert read(pack(b"hello"), encoding=encoding) == (b"hello", False)
    packed = pack(b"hello" * 20)
    assert read(*(packed[i : i + 1] for i in range(len(packed))), encoding=encoding) == (b"hello" * 20, False)
    assert read(pack(b"0" * 100_000_000), encoding=encoding) == (b"0" * 1_000, True)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("gzip", b"no gzip"), ("gzip", gzip.compress(b"0123456789", mtime=0)[:-9]), ("br", b"x"), ("gzip, gzip", b"x")],
)
def test_a_body_that_cannot_be_decoded_is_a_bad_reply(encoding: str, body: bytes) -> None:
    """Half an answer is none."""
    with pytest.raises(BadReply):
        read(body, encoding=encoding)


def test_an_answer_without_a_body_may_name_an_encoding() -> None:
    """As an answer to HEAD does."""
    assert read(encoding="gzip") == (b"", False)


def test_a_body_in_crumbs_is_given_up() -> None:
    """Each piece costs processor time, whatever its size."""
    with pytest.raises(ReplyTooLarge, match="pieces"):
        read(*[b"a"] * (MAX_PIECES + 1), max_bytes=1_000_000)
