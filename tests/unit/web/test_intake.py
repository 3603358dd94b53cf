"""What every request passes first, without a server."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import pytest

from midcall.domain import errors
from midcall.domain.errors import MidcallError, NameTaken
from midcall.domain.workspace import Key
from midcall.service.access.access import Caller
from midcall.service.runs.wait import NoOutcome
from midcall.web.byte_quota import ByteQuota
from midcall.web.intake import MAX_BODY_BYTES, Intake
from midcall.web.json_response import AsciiJsonResponse
from midcall.web.problems import STATUSES, TITLES, status_of
from midcall.web.request_body import Pace

CALLER = Caller("ws_a", "owner", Key("key_a", "ws_a", "owner", frozenset(), (), "", 0))


async def anybody(_scope: Any) -> Caller:
    """Let everybody in."""
    return CALLER


class Inner:
    """An app that keeps what reaches it."""

    def __init__(self) -> None:
        self.body: bytes | None = None
        self.headers: dict[bytes, bytes] = {}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Read the whole body and answer."""
        self.headers = dict(scope["headers"])
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.body = body
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def sent(
    chunks: Iterable[bytes], method: str = "POST", path: str = "/v1/x", **headers: str
) -> tuple[Inner, int, dict[str, Any], list[Any]]:
    """Send a body in chunks; returns the inner app, the status, the headers, and the chunks that were not read."""
    inner, left, out = Inner(), list(chunks), []

    async def receive() -> Any:
        if not left:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: Any) -> None:
        out.append(message)

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": raw, "state": {}}
    asyncio.run(Intake(inner, anybody)(scope, receive, send))
    return inner, out[0]["status"], {k.decode(): v.decode() for k, v in out[0]["headers"]}, left


def test_a_json_body_arrives_whole_as_json() -> None:
    """In one piece, whatever its content type said."""
    inner, status, headers, _ = sent([b'{"a":', b" 1}"], content_type="text/plain")
    assert (status, inner.body) == (200, b'{"a": 1}')
    assert inner.headers[b"content-type"] == b"application/json"
    assert (len(headers["x-request-id"]), headers["x-content-type-options"]) == (16, "nosniff")


def test_a_declared_length_beyond_the_limit_is_refused_unread() -> None:
    """Nothing of it is taken; what still comes is dropped, and the connection closed."""
    inner, status, headers, _ = sent([b"x"] * 3, content_length=str(MAX_BODY_BYTES + 1))
    assert (status, inner.body, headers["connection"]) == (413, None, "close")


@pytest.mark.parametrize("declared", ["", "-1", "abc", "0", "9" * 5_000, "\u00b2"])
def test_a_length_that_is_a_lie_is_not_believed(declared: str) -> None:
    """The bytes are counted as they come, and reading stops at the limit."""
    chunks = [b"x" * 65_536] * 100
    inner, status, _, left = sent(chunks, content_length=declared)
    assert (status, inner.body) == (413, None)
    assert len(left) >= 100 - MAX_BODY_BYTES // 65_536 - 1


def test_what_a_vendor_sends_arrives_as_it_was_sent() -> None:
    """Its signature is over these bytes, and is checked before anybody reads them; they are counted all the same."""
    inner, status, _, _ = sent([b"{no", b" json"], path="/v1/adapters/a/events", content_type="text/plain")
    assert (status, inner.body, inner.headers[b"content-type"]) == (200, b"{no json", b"text/plain")
    chunks = [b"x" * 1024 * 1024] * 20
    inner, status, _, left = sent(chunks, path="/v1/adapters/a")
    assert (status, inner.body) == (413, None)
    assert len(left) <= 3
    for method, path in (("PUT", "/v1/adapters/a"), ("POST", "/v1/adapters"), ("POST", "/v1/agents/v1/adapters/a")):
        assert sent([b"{no json"], method, path)[1] == 400


def test_a_caller_that_hangs_up_halfway_is_not_served() -> None:
    """Half a body is none."""
    inner = Inner()
    messages = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    out: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        out.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/x", "headers": [], "state": {}}
    asyncio.run(Intake(inner, anybody)(scope, receive, send))
    assert (inner.body, out[0]["status"]) == (None, 400)


@pytest.mark.parametrize("begun", [False, True])
def test_who_waits_when_the_server_ends_hears_so(begun: bool) -> None:  # noqa: FBT001 (pytest's own)
    """A cancelled call is answered, not logged with a traceback; an answer that was begun breaks off."""
    out: list[Any] = []

    async def waits(_scope: Any, _receive: Any, send: Any) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise asyncio.CancelledError

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Any) -> None:
        out.append(message)

    async def served() -> None:
        scope = {"type": "http", "method": "POST", "path": "/v1/x", "headers": [], "state": {}}
        await Intake(waits, anybody)(scope, receive, send)

    if begun:
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(served())
    else:
        asyncio.run(served())
        assert json.loads(out[1]["body"])["code"] == "shutting_down"
    assert out[0]["status"] == (200 if begun else 503)


def test_a_get_is_passed_on_unread() -> None:
    """It has no body that anybody looks at."""
    inner, status, _, _ = sent([b"not json"], method="GET")
    assert (status, inner.body) == (200, b"not json")


def test_answers_are_ascii_and_take_no_number_that_json_has_not() -> None:
    """Half a surrogate pair is written as an escape."""
    assert AsciiJsonResponse({"a": "\ud800\u00e9"}).body == b'{"a":"\\ud800\\u00e9"}'
    with pytest.raises(ValueError, match="JSON"):
        AsciiJsonResponse({"a": float("inf")})


def test_every_error_that_is_the_callers_has_a_status_and_every_status_a_title() -> None:
    """What is not listed is a 500."""
    assert set(STATUSES.values()) <= set(TITLES)
    assert status_of(NameTaken()) == 409
    assert status_of(NoOutcome()) == 504
    assert status_of(MidcallError()) == 500
    clients = {errors.InvalidInput, errors.BadJson, errors.TooLarge, errors.Unauthenticated, errors.Forbidden}
    assert {status_of(kind()) // 100 for kind in clients} == {4}


# The key, and time -------------------------------------------------------------------------------------------------


class Slow:
    """A client that sends a byte, and then nothing for as long as it is let."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = list(parts)
        self.out: list[Any] = []

    async def receive(self) -> Any:
        """Send the next part, or nothing ever."""
        if not self.parts:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": self.parts.pop(0), "more_body": True}

    async def send(self, message: Any) -> None:
        """Keep what is answered."""
        self.out.append(message)

    def calls(
        self, app: Any, path: str = "/v1/x", *, admit: Any = anybody, quota: ByteQuota | None = None
    ) -> dict[str, Any]:
        """Send a request whose body does not end; returns what it is answered, with the status."""
        announced = [(b"content-length", b"10000")]
        scope = {"type": "http", "method": "POST", "path": path, "headers": announced, "state": {}}
        pace = Pace(grace_s=0.01)
        asyncio.run(Intake(app, admit, quota=quota, pace=pace)(scope, self.receive, self.send))
        body = b"".join(message["body"] for message in self.out[1:])
        return {"status": self.out[0]["status"], **json.loads(body or b"{}")}


async def nobody(_scope: Any) -> Caller:
    """Let nobody in."""
    raise errors.Unauthenticated


async def reads(_scope: Any, receive: Any, send: Any) -> None:
    """Read the body, and answer a 500 to whatever goes wrong, as apps do that know no better."""
    try:
        while (await receive()).get("more_body"):
            pass
    except MidcallError:
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body", "body": b"oh"})


async def untouched(*_: Any) -> None:
    """Be not reached."""
    raise AssertionError


def test_without_a_key_nothing_is_read() -> None:
    """The answer is there before anything of the body is taken; the app is not asked."""
    client, quota = Slow(b"x"), ByteQuota()
    assert client.calls(untouched, admit=nobody, quota=quota)["code"] == "unauthenticated"
    assert dict(client.out[0]["headers"])[b"connection"] == b"close"
    assert quota.held == 0


@pytest.mark.parametrize(("app", "path"), [(untouched, "/v1/x"), (reads, "/v1/adapters/a"), (reads, "/ui/sign-in")])
def test_a_body_that_does_not_come_in_time_is_refused(app: Any, path: str) -> None:
    """Whoever reads it, and whatever they make of it; what it held is given back."""
    quota = ByteQuota()
    found = Slow(b"x").calls(app, path, quota=quota)
    assert (found["status"], found["code"]) == (408, "too_slow")
    assert quota.held == 0


@pytest.mark.parametrize("path", ["/v1/x", "/v1/adapters/a", "/ui/sign-in"])
def test_a_body_that_there_is_no_room_for_is_refused(path: str) -> None:
    """Until others are answered."""
    app = untouched if path == "/v1/x" else reads
    found = Slow(b"x" * 11).calls(app, path, quota=ByteQuota(most=10))
    assert (found["status"], found["code"]) == (503, "bodies_full")


def test_what_is_for_everybody_takes_no_body() -> None:
    """Nothing there reads one; if something did, it would be refused."""
    assert Slow(b"x").calls(reads, "/healthz")["status"] == 413


def test_a_body_may_take_longer_as_it_comes_and_not_for_ever() -> None:
    """A drip is over with the grace; a large body has its time, with an end to it."""
    pace = Pace()
    assert pace.seconds(10) < pace.grace_s + 1
    assert pace.seconds(1024 * 1024) == pace.grace_s + 32
    assert pace.seconds(2**40) == pace.most_s


def test_a_key_is_asked_for_again_after_a_slow_body() -> None:
    """It may have been revoked while the body came."""
    asked = []

    async def once(_scope: Any) -> Caller:
        asked.append(1)
        if len(asked) > 1:
            raise errors.Unauthenticated
        return CALLER

    out: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Any) -> None:
        out.append(message)

    scope = {"type": "http", "method": "POST", "path": "/v1/x", "headers": [], "state": {}}
    asyncio.run(Intake(untouched, once, sure_s=-1.0)(scope, receive, send))
    assert (len(asked), out[0]["status"]) == (2, 401)
