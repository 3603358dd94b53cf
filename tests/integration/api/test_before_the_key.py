"""What reaches the server before anybody has shown a key: nothing of it is read, kept or waited for."""

import contextlib
import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from tests.integration.api.sessions import Play
from tests.integration.api.vendors import SECRET, connect
from tests.support.contract import flat, routes_of
from tests.support.patience import wait_for
from tests.support.raw import Answer, answered, connected, head
from tests.support.serving import Client, Served

from midcall.app import create_app
from midcall.bootstrap.settings import Settings
from midcall.web.intake import MAX_END_BYTES, EntryPoint, entry_point_of
from midcall.web.routes import JsonRoute
from midcall.web.streams import PER_KEY

APP = create_app(Settings())
ROUTES = list(routes_of(APP))
OPEN = {"GET /healthz", "GET /readyz"}
KEYED = [route for route in ROUTES if str(route) not in OPEN]
SOURCE = "def handler(session):\n    return 1\n" + "# long enough for a thread of its own\n" * 1_000
UNKNOWN = f"mc_{'0' * 32}_{'a' * 43}"


def filled(path: str) -> str:
    """Fill the parameters of a path."""
    for name, value in {"number": "1", "version": "1"}.items():
        path = path.replace(f"{{{name}}}", value)
    return "/".join("some" if part.startswith("{") else part for part in path.split("/"))


def half_sent(served: Served, method: str, path: str, first: bytes = b"{", /, **headers: object) -> Answer:
    """Announce a body, send a byte of it and no more; returns what comes until the server closes the connection."""
    with connected(served.url) as connection:
        connection.sendall(head(method, path, **headers) + first)
        return answered(connection)


@pytest.mark.parametrize("authorization", [None, "Bearer x", f"Bearer {UNKNOWN}", f"Basic {UNKNOWN}"])
def test_every_route_with_a_key_refuses_a_body_that_never_comes(served: Served, authorization: str | None) -> None:
    """Whatever is wrong with the key, and however the body is announced: 401, with what to do, and closed."""
    ways: dict[str, tuple[bytes, dict[str, object]]] = {
        "length": (b"{", {"content_length": 15 * 2**20}),
        "chunked": (b"1\r\n{\r\n", {"transfer_encoding": "chunked"}),
    }
    with contextlib.ExitStack() as kept:
        sent = {}
        for route, way in itertools.product(KEYED, ways):
            first, announced = ways[way]
            connection = sent[f"{route} {way}"] = kept.enter_context(connected(served.url))
            path = filled(route.path)
            connection.sendall(head(route.method, path, authorization=authorization, **announced) + first)
        assert len(sent) > 100
        for name, connection in sent.items():
            answer = answered(connection)
            assert (answer.status, answer.headers["connection"]) == (401, "close"), name
            told = answer.json.get("error", answer.json)
            assert told["code"] == "unauthenticated", name
            assert told.get("detail") or told.get("message"), name


def test_a_key_that_is_revoked_is_none(served: Served, admin: Client) -> None:
    """It is known, and lets nobody's body in."""
    new = admin.ok("POST", "/v1/keys", {"principal": "gone", "scopes": ["admin"]}, status=201)
    admin.ok("DELETE", f"/v1/keys/{new['id']}")
    answer = half_sent(served, "POST", "/v1/review", authorization=f"Bearer {new['secret']}", content_length=1_000_000)
    assert answer.status == 401


def test_who_asks_before_sending_is_told_no(served: Served) -> None:
    """`Expect: 100-continue` is answered by the 401 itself."""
    waits = {"content_length": 15 * 2**20, "expect": "100-continue"}
    assert half_sent(served, "POST", "/v1/review", b"", **waits).status == 401


def test_every_route_that_takes_a_body_takes_it_as_the_intake_has_parsed_it() -> None:
    """FastAPI would parse it again, on the event loop, and by rules of its own."""
    routes = [route for route in flat(APP.routes) if route.body_field is not None]
    assert len(routes) > 20
    assert [str(route.path) for route in routes if not isinstance(route, JsonRoute)] == []


def test_every_route_is_behind_a_door(served: Served) -> None:
    """Whatever is not known to be for everybody asks for a key or a proof before a body is read."""
    del served
    doors = {str(route): entry_point_of({"method": route.method, "path": filled(route.path)}) for route in ROUTES}
    assert {route for route, door in doors.items() if door is EntryPoint.OPEN} == OPEN
    assert all(isinstance(route, APIRoute) for route in flat(APP.routes))
    vendors = {route for route, door in doors.items() if door is EntryPoint.VENDOR}
    assert all(route.startswith("POST /v1/adapters/{adapter_id}") for route in vendors)


# Vendors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("", {"x-vapi-secret": "wrong"}),
        ("/initiation", {"x-midcall-secret": "wrong"}),
        ("/initiation", {"authorization": f"Bearer {UNKNOWN}"}),
        ("/functions/lookup", {"x-midcall-secret": "wrong"}),
        ("/inbound", {"x-retell-signature": "v=1,d=" + "0" * 64}),
        ("/events", {"x-retell-signature": "nonsense"}),
        ("/post-call", {"elevenlabs-signature": "t=1,v0=" + "0" * 64}),
        # One that is good for another route's proof alone.
        ("/post-call", {"x-midcall-secret": SECRET}),
    ],
)
def test_a_delivery_whose_headers_can_be_no_proof_is_refused_unread(
    served: Served, path: str, headers: dict[str, str]
) -> None:
    """Whether there is such an adapter or not."""
    play = Play(served, served.tenant())
    play.agent()
    adapters = [connect(play, vendor).adapter for vendor in ("vapi", "retell", "elevenlabs")]
    with contextlib.ExitStack() as kept:
        sent = [kept.enter_context(connected(served.url)) for _ in [*adapters, "nobody-has-this-one"]]
        for adapter, connection in zip([*adapters, "nobody-has-this-one"], sent, strict=True):
            announced = head("POST", f"/v1/adapters/{adapter}{path}", content_length=15 * 2**20, **headers)
            connection.sendall(announced + b"{")
        for connection in sent:
            answer = answered(connection)
            assert (answer.status, answer.headers["connection"]) == (401, "close")


def test_a_delivery_whose_signature_is_over_its_body_is_read_no_further_than_its_length(served: Served) -> None:
    """It has to be read before anything is known, whether there is such an adapter or not; a longer one never is."""
    fresh = {"x-retell-signature": f"v={round(time.time() * 1000)},d={'0' * 64}"}
    path = "/v1/adapters/nobody-has-this-one/events"
    with connected(served.url) as connection:
        connection.sendall(head("POST", path, content_length=2, connection="close", **fresh) + b"{")
        connection.sendall(b"}")
        assert answered(connection).status == 401
    answer = half_sent(served, "POST", path, content_length=MAX_END_BYTES + 1, **fresh)
    assert answer.status == 413


# Bytes in flight ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def sending(client: Client, path: str, count: int) -> Iterator[Any]:
    """Have sent so many bytes of a body, and not the last one."""
    with connected(client.served.url) as connection:
        key = f"Bearer {client.token}"
        connection.sendall(head("POST", path, content_length=count + 1, authorization=key, connection="close"))
        with contextlib.suppress(ConnectionError):  # refused meanwhile; the answer is there
            connection.sendall(b" " * count)
        yield connection


def test_a_workspace_holds_no_more_bytes_than_its_share(served: Served, admin: Client) -> None:
    """What goes beyond is told to wait; another workspace goes on, and so does this one once it holds less."""
    other = served.tenant()
    end = "/v1/sessions/none/end"
    large = MAX_END_BYTES - 1
    with sending(admin, end, large), sending(admin, end, large), sending(admin, end, large) as third:
        refused = answered(third)
        assert (refused.status, refused.json["code"]) == (429, "workspace_bodies_full")
        assert refused.headers["retry-after"]
        assert other.create(code={"source": SOURCE})["code"]["source"] == SOURCE
    for _ in range(3):
        with sending(admin, end, large) as connection:
            connection.sendall(b" ")
            assert answered(connection).status == 400


@pytest.mark.parametrize("body", [b"[" + b"0," * 500_000 + b"0]", b"[" * 900_000, b'{"a":' * 150_000])
def test_a_body_of_many_values_or_levels_is_refused(admin: Client, body: bytes) -> None:
    """Before any of them is made."""
    problem = admin.problem(400, "POST", "/v1/functions", content=body)
    assert problem["code"] == "bad_json"
    assert "flatten it" in problem["detail"] or "send less of it" in problem["detail"]


# Event streams -----------------------------------------------------------------------------------------------------


def test_a_key_follows_no_more_streams_than_it_may(served: Served) -> None:
    """One too many is told to close one; once one is closed there is room."""
    play = Play(served, served.tenant())
    play.agent()
    session = play.start()["sessionId"]
    path, key = f"/v1/sessions/{session}/events", f"Bearer {play.admin.token}"
    with contextlib.ExitStack() as kept:
        open_ones = [kept.enter_context(connected(served.url)) for _ in range(PER_KEY)]
        for connection in open_ones:
            connection.sendall(head("GET", path, authorization=key))
        for connection in open_ones:
            assert b" 200 OK" in connection.recv(4096)
        (key_id,) = (each["id"] for each in play.admin.ok("GET", "/v1/keys")["items"])
        problem = play.admin.problem(429, "GET", path)
        assert problem["code"] == "too_many_streams"
        called = {"headers": {"accept": "text/event-stream"}}
        assert play.admin.problem(429, "POST", f"/v1/sessions/{session}/functions/x", {}, **called)
    assert wait_for(lambda: not served.app.state.streams.held(key_id))
