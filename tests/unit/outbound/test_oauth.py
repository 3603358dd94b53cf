"""OAuth2 tokens: fetched once for many, kept as long as they are good, refused in words that hold no secret."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from midcall.domain.errors import TokenRefused
from midcall.domain.http import HttpReply, HttpRequest, TokenRequest
from midcall.outbound.oauth import MARGIN_S, OAuthTokens

WANTED = TokenRequest("https://id.example.com/token", "me:you", "s3cret&more", scope="read write", audience="crm")


class Endpoint:
    """A token endpoint that counts."""

    def __init__(self, body: Any = None, status: int = 200) -> None:
        self.requests: list[HttpRequest] = []
        self.status, self.body = status, body

    def __call__(self, request: HttpRequest) -> HttpReply:
        """Answer."""
        self.requests.append(request)
        body = (
            self.body
            if self.body is not None
            else {"access_token": f"t{len(self.requests)}", "token_type": "Bearer", "expires_in": 600}
        )
        return HttpReply(self.status, (), body if isinstance(body, bytes) else json.dumps(body).encode())


def test_client_and_secret_go_where_they_belong() -> None:
    """Form-encoded and joined in the header (RFC 6749 section 2.3.1), or in the body if that is asked for."""
    endpoint = Endpoint()
    tokens = OAuthTokens(endpoint)
    assert tokens.token(WANTED, timeout_ms=1000) == "t1"
    assert tokens.token(replace(WANTED, in_body=True), timeout_ms=1000) == "t2"
    first, second = endpoint.requests
    assert dict(first.headers)["Authorization"] == "Basic bWUlM0F5b3U6czNjcmV0JTI2bW9yZQ=="
    asked = {"grant_type": ["client_credentials"], "scope": ["read write"], "audience": ["crm"]}
    assert parse_qs(first.body.decode()) == asked
    assert "Authorization" not in dict(second.headers)
    own = {"client_id": ["me:you"], "client_secret": ["s3cret&more"]}
    assert parse_qs(second.body.decode()) == asked | own


def test_it_is_kept_until_shortly_before_it_expires() -> None:
    """And no longer; `forget` drops it at once."""
    endpoint, now = Endpoint(), [0.0]
    tokens = OAuthTokens(endpoint, clock=lambda: now[0])
    assert [tokens.token(WANTED, timeout_ms=1000) for _ in range(3)] == ["t1"] * 3
    now[0] = 600 - MARGIN_S - 1
    assert tokens.token(WANTED, timeout_ms=1000) == "t1"
    now[0] = 600 - MARGIN_S
    assert tokens.token(WANTED, timeout_ms=1000) == "t2"
    tokens.forget(WANTED)
    assert tokens.token(WANTED, timeout_ms=1000) == "t3"


def test_many_who_wait_share_one_request() -> None:
    """Twenty callers, one fetch."""
    let_go = threading.Event()
    endpoint = Endpoint()

    def slow(request: HttpRequest) -> HttpReply:
        let_go.wait(5)
        return endpoint(request)

    tokens = OAuthTokens(slow)
    with ThreadPoolExecutor(20) as callers:
        waiting = [callers.submit(tokens.token, WANTED, timeout_ms=5000) for _ in range(20)]
        let_go.set()
        assert {future.result() for future in waiting} == {"t1"}
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, {"error": "invalid_client"}),
        (200, {"error": "x"}),
        (200, b"<html>"),
        (200, {"access_token": ""}),
        (200, []),
    ],
)
def test_what_is_no_token_is_refused_without_quoting(status: int, body: Any) -> None:
    """The text names the status at most: an endpoint's answer may hold anything."""
    with pytest.raises(TokenRefused) as caught:
        OAuthTokens(Endpoint(body, status)).token(WANTED, timeout_ms=1000)
    assert "s3cret" not in str(caught.value)
    assert "html" not in str(caught.value)


def test_a_request_never_shows_its_secret() -> None:
    """Neither in a repr nor, therefore, in a log of locals."""
    assert "s3cret" not in repr(WANTED)
    assert "me:you" not in repr(WANTED)
