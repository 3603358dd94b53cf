"""OAuth2 tokens: asked for as the standards say, refused in words that hold no secret."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from midcall.domain.errors import TimedOut, TokenRefused
from midcall.domain.http import AssertionRequest, FetchedToken, HttpRequest, HttpResponse, TokenRequest
from midcall.outbound.token_endpoint import DEFAULT_LIFE_S, MAX_LIFE_S, TokenEndpoint

WANTED = TokenRequest("https://id.example.com/token", "me:you", "s3cret&more", scope="read write", audience="crm")
KEY = rsa.generate_private_key(65537, 2048)


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """Write a private key as Google's files have it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


ACCOUNT = AssertionRequest(
    "https://id.example.com/token", "robot@example.com", pem(KEY), key_id="k1", scopes=("sheets", "drive")
)


class Endpoint:
    """A token endpoint that counts."""

    def __init__(self, body: Any = None, status: int = 200) -> None:
        self.requests: list[HttpRequest] = []
        self.status, self.body = status, body

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer."""
        self.requests.append(request)
        body = (
            self.body
            if self.body is not None
            else {"access_token": f"t{len(self.requests)}", "token_type": "Bearer", "expires_in": 600}
        )
        return HttpResponse(self.status, (), body if isinstance(body, bytes) else json.dumps(body).encode())


def test_client_and_secret_go_where_they_belong() -> None:
    """Form-encoded and joined in the header (RFC 6749 section 2.3.1), or in the body if that is asked for."""
    endpoint = Endpoint()
    tokens = TokenEndpoint(endpoint)
    assert tokens.fetch(WANTED, timeout_ms=1000) == FetchedToken("t1", 600.0)
    assert tokens.fetch(replace(WANTED, in_body=True), timeout_ms=1000) == FetchedToken("t2", 600.0)
    first, second = endpoint.requests
    assert dict(first.headers)["Authorization"] == "Basic bWUlM0F5b3U6czNjcmV0JTI2bW9yZQ=="
    asked = {"grant_type": ["client_credentials"], "scope": ["read write"], "audience": ["crm"]}
    assert parse_qs(first.body.decode()) == asked
    assert "Authorization" not in dict(second.headers)
    own = {"client_id": ["me:you"], "client_secret": ["s3cret&more"]}
    assert parse_qs(second.body.decode()) == asked | own


@pytest.mark.parametrize(
    ("given", "life"),
    [
        (60, 60.0),
        ("60", 60.0),
        (None, DEFAULT_LIFE_S),
        (0, DEFAULT_LIFE_S),
        (-5, 0.0),
        (10**12, MAX_LIFE_S),
    ],
)
def test_a_life_has_bounds(given: Any, life: float) -> None:
    """An endpoint may say anything."""
    answer = {"access_token": "t", "token_type": "Bearer"} | ({} if given is None else {"expires_in": given})
    assert TokenEndpoint(Endpoint(answer)).fetch(WANTED, timeout_ms=1000).life_s == life


def test_an_assertion_is_signed_by_the_service_account() -> None:
    """RFC 7523, with Google's audience; the signature holds under the account's public key."""
    endpoint = Endpoint()
    fetched = TokenEndpoint(endpoint).fetch(ACCOUNT, timeout_ms=1234)
    assert replace(fetched, life_s=1.0) == FetchedToken("t1", 1.0)
    assert 590 < fetched.life_s <= 600
    (request,) = endpoint.requests
    assert (request.method, request.url, request.timeout_ms) == ("POST", ACCOUNT.token_url, 1234)
    sent = parse_qs(request.body.decode())
    assert sent["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    signed, _, signature = sent["assertion"][0].rpartition(".")
    KEY.public_key().verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    header, claims = (json.loads(_decoded(part)) for part in signed.split("."))
    assert header == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    assert claims["iss"] == "robot@example.com"
    assert claims["scope"] == "sheets drive"
    assert claims["aud"] == "https://oauth2.googleapis.com/token"
    assert claims["exp"] - claims["iat"] == 3600
    assert abs(claims["iat"] - datetime.now(UTC).timestamp()) < 5


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize("status", [400, 401, 429, 500, 503])
def test_an_account_is_asked_for_once_whatever_comes(status: int) -> None:
    """google-auth repeats such requests after naps of its own; the deadline is ours."""
    endpoint = Endpoint({"error": "unavailable", "error_description": "html"}, status)
    with pytest.raises(TokenRefused, match=f"answered {status}; check the service account") as caught:
        TokenEndpoint(endpoint).fetch(ACCOUNT, timeout_ms=1000)
    assert len(endpoint.requests) == 1
    assert "html" not in str(caught.value)


def test_what_the_way_out_raises_comes_through() -> None:
    """A timeout is a timeout, and may be tried again."""

    def late(_: HttpRequest) -> HttpResponse:
        raise TimedOut

    for wanted in (WANTED, ACCOUNT):
        with pytest.raises(TimedOut):
            TokenEndpoint(late).fetch(wanted, timeout_ms=1000)


@pytest.mark.parametrize(
    "key",
    ["", "no key", pem(ec.generate_private_key(ec.SECP256R1()))[:80], "-----BEGIN"],
    ids=["empty", "words", "cut off", "a beginning"],
)
def test_a_key_that_cannot_sign_is_refused_before_anything_is_sent(key: str) -> None:
    """In words that hold nothing of it."""
    endpoint = Endpoint()
    with pytest.raises(TokenRefused, match="private key") as caught:
        TokenEndpoint(endpoint).fetch(replace(ACCOUNT, private_key=key), timeout_ms=1000)
    assert endpoint.requests == []
    assert not key or key not in str(caught.value)


def test_no_environment_leads_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that Google's libraries know point at files and hosts that are not there."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GCE_METADATA_HOST", "GOOGLE_CLOUD_QUOTA_PROJECT"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("GOOGLE_CLOUD_UNIVERSE_DOMAIN", "example.org")
    endpoint = Endpoint()
    TokenEndpoint(endpoint).fetch(ACCOUNT, timeout_ms=1000)
    assert [request.url for request in endpoint.requests] == [ACCOUNT.token_url]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"error": "invalid_client"}),
        (200, {"error": "x"}),
        (200, b"<html>"),
        (200, {"access_token": ""}),
        (200, []),
        (200, b'"t"'),
        (200, b"null"),
        (200, b"\xff"),
        (200, b'{"access_token": "t", "token_type": "Bearer", "expires_in": Infinity}'),
        (200, b"[" * 60_000),
    ],
)
@pytest.mark.parametrize("wanted", [WANTED, ACCOUNT], ids=["secret", "assertion"])
def test_what_is_no_token_is_refused_without_quoting(status: int, body: Any, wanted: TokenRequest) -> None:
    """The text names the status at most: an endpoint's answer may hold anything."""
    with pytest.raises(TokenRefused) as caught:
        TokenEndpoint(Endpoint(body, status)).fetch(wanted, timeout_ms=1000)
    assert "s3cret" not in str(caught.value)
    assert "html" not in str(caught.value)


def test_a_request_never_shows_its_secret() -> None:
    """Neither in a repr nor, therefore, in a log of locals."""
    assert "s3cret" not in repr(WANTED)
    assert "me:you" not in repr(WANTED)
    assert "PRIVATE" not in repr(ACCOUNT)
    assert "t1" not in repr(FetchedToken("t1", 1.0))
