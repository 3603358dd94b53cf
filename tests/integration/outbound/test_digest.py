"""HTTP Digest against a server that checks every proof itself."""

import pytest
from tests.support.digest import DigestGate
from tests.support.target import Reply, Target, target

from midcall.domain.egress import Egress
from midcall.domain.http import HttpRequest, HttpResponse
from midcall.outbound.client import GuardedClient
from midcall.outbound.errors import BadReply
from midcall.outbound.poster import Poster

USER, PASSWORD = "ägnes", "pass: wörd"


def _send(to: Target, path: str = "/orders", **more: object) -> HttpResponse:
    given: dict[str, object] = {"method": "GET", "url": to.url + path, "digest": (USER, PASSWORD), **more}
    with GuardedClient(allow=["127.0.0.1"], http=True) as client:
        return Poster(client).send(HttpRequest(**given))  # type: ignore[arg-type]


@pytest.mark.parametrize("algorithms", [("MD5",), ("SHA-256",), ("SHA-256", "MD5"), ("SHA-512-256", "MD5")], ids=str)
@pytest.mark.parametrize(("method", "body"), [("GET", b""), ("POST", b'{"a": 1}')])
@pytest.mark.parametrize("path", ["/orders", "/o%20r/[1]|x;y?a=%41&b=[2]|c"])
def test_a_challenge_is_answered(algorithms: tuple[str, ...], method: str, body: bytes, path: str) -> None:
    """The proof covers the path as it was sent, and the same body goes with it; of several, the first that we know."""
    with target() as it:
        it.answer = gate = DigestGate(USER, PASSWORD, algorithms)
        reply = _send(it, path, method=method, body=body)
        assert (reply.status, reply.body) == (200, b'{"let": "in"}'), gate.refusals
        assert [request.body for request in it.received] == [body, body]
        assert PASSWORD not in repr(it.received)


def test_a_nonce_that_grew_stale_is_replaced() -> None:
    """Once: a server that calls every nonce stale gets no more proofs."""
    with target() as it:
        it.answer = DigestGate(USER, PASSWORD, stale=1)
        assert _send(it).status == 200
        assert len(it.received) == 3
        it.answer = DigestGate(USER, PASSWORD, stale=9)
        assert _send(it).status == 401
        assert len(it.received) == 6


def test_a_wrong_password_is_told_once() -> None:
    """The 401 is the answer: nobody's account gets locked for our repeating ourselves."""
    with target() as it:
        it.answer = DigestGate(USER, "another")
        assert _send(it).status == 401
        assert len(it.received) == 2


def test_another_kind_of_challenge_is_an_answer() -> None:
    """The password goes nowhere in another form."""
    with target() as it:
        it.answer = lambda _: Reply(401, b"", {"www-authenticate": 'Basic realm="a"'})
        assert _send(it, headers=(("Authorization", "Bearer mine"),)).status == 401
        assert "authorization" not in it.last.headers
        assert len(it.received) == 1


@pytest.mark.parametrize(
    "challenge", ["Digest a", 'Digest realm="a"', "Digest realm=a, nonce=b, algorithm=ROT13",
                  'Digest realm="a", nonce="b", qop="auth-int"', 'Digest realm="a", nonce="b", qop="ä"'],
)  # fmt: skip
def test_a_challenge_that_cannot_be_answered_is_a_bad_reply(challenge: str) -> None:
    """Whatever the server writes there."""
    with target() as it:
        it.answer = lambda _: Reply(401, b"", {"www-authenticate": challenge})
        with pytest.raises(BadReply, match="HTTP Digest"):
            _send(it)


def test_only_the_first_host_is_shown_a_proof() -> None:
    """One that it redirects to is another's, whatever that asks for."""
    with target() as it, target() as other:
        it.answer = lambda _: Reply(302, b"", {"location": f"{other.url}/orders"})
        other.answer = DigestGate(USER, PASSWORD)
        assert _send(it, redirects=1).status == 401
        assert [dict(request.headers).get("authorization") for request in other.received] == [None]


def test_a_redirect_within_the_host_is_proved_anew() -> None:
    """A proof is for one path alone."""
    with target() as it:
        gate = DigestGate(USER, PASSWORD)

        def answer(request):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            reply = gate(request)
            moved = reply.status == 200 and request.path == "/old"
            return Reply(307, b"", {"location": "/orders"}) if moved else reply

        it.answer = answer
        port = it.url.rpartition(":")[2]
        reply = _send(it, "/old", redirects=1, egress=Egress.parse([f"127.0.0.1:{port}"]))
        assert reply.status == 200
        assert [request.path for request in it.received] == ["/old", "/old", "/orders", "/orders"]
