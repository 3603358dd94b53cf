"""`midcall.service.ports.TokenSource`: OAuth2 tokens fetched through the guarded way out, and not kept."""

import base64
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from google.auth import transport
from google.auth.exceptions import GoogleAuthError
from google.oauth2 import service_account
from oauthlib.oauth2 import BackendApplicationClient
from oauthlib.oauth2.rfc6749.errors import OAuth2Error

from midcall.domain.errors import TokenRefused
from midcall.domain.http import (
    AnyTokenRequest,
    AssertionRequest,
    FetchedToken,
    Headers,
    HttpRequest,
    HttpResponse,
    TokenRequest,
)

MAX_ANSWER_BYTES = 64 * 1024
#: A token that says nothing of its life is asked for anew after this long; none is kept for longer than a day.
DEFAULT_LIFE_S = 300.0
MAX_LIFE_S = 86_400.0
_OK = range(200, 300)

#: What parsers of an answer may raise, whatever it holds.
_UNREADABLE = (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError)
_NO_TOKEN = "the token endpoint's answer holds no access token"  # noqa: S105 (a message)

Send = Callable[[HttpRequest], HttpResponse]


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """Asks token endpoints; `send` is the guarded way out. Takes nothing from the environment."""

    send: Send

    def fetch(self, wanted: AnyTokenRequest, *, timeout_ms: int) -> FetchedToken:
        """Fetch a token within a time; raises TokenRefused, or another OutboundError where no answer came."""
        if isinstance(wanted, AssertionRequest):
            fetched = self._by_assertion(wanted, timeout_ms)
        else:
            fetched = self._by_secret(wanted, timeout_ms)
        if not fetched.token:
            raise TokenRefused("the token endpoint's answer holds an empty access token")
        return fetched

    def _by_secret(self, wanted: TokenRequest, timeout_ms: int) -> FetchedToken:
        client = BackendApplicationClient(client_id=wanted.client_id)
        extra = {"audience": wanted.audience} if wanted.audience else {}
        if wanted.in_body:
            extra["client_secret"] = wanted.client_secret
        body = client.prepare_request_body(scope=wanted.scope or None, include_client_id=wanted.in_body, **extra)
        headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]
        if not wanted.in_body:
            headers.append(("Authorization", _basic(wanted)))
        request = _asking(wanted.token_url, tuple(headers), body.encode(), timeout_ms)
        reply = _post(self.send, request, check="client id, secret and scope")
        try:
            parsed = client.parse_request_body_response(reply.body.decode("utf-8", "replace"))
            return FetchedToken(str(parsed["access_token"]), _life(parsed.get("expires_in")))
        except (OAuth2Error, Warning, *_UNREADABLE):
            raise TokenRefused(_NO_TOKEN) from None

    def _by_assertion(self, wanted: AssertionRequest, timeout_ms: int) -> FetchedToken:
        account = {
            "client_email": wanted.issuer,
            "private_key": wanted.private_key,
            "private_key_id": wanted.key_id or None,
            "token_uri": wanted.token_url,
        }
        try:
            credentials = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
                account, scopes=list(wanted.scopes)
            )
        except (GoogleAuthError, *_UNREADABLE):
            raise TokenRefused("the service account's private key is no RSA key in PEM; save the key anew") from None
        try:
            credentials.refresh(_Request(self.send, timeout_ms))
            life = (credentials.expiry - datetime.now(UTC).replace(tzinfo=None)).total_seconds()
            return FetchedToken(str(credentials.token or ""), _life(life))
        except (GoogleAuthError, *_UNREADABLE):
            raise TokenRefused(_NO_TOKEN) from None


class _Request(transport.Request):
    """google-auth's way out: ours. Refusals are raised here, so that it never repeats a request by itself."""

    def __init__(self, send: Send, timeout_ms: int) -> None:
        self._send = send
        self._timeout_ms = timeout_ms

    def __call__(
        self,
        url: str,
        method: str = "GET",  # noqa: ARG002 (its signature; a token is always asked for by POST)
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002 (the time is the caller's)
        **_: Any,
    ) -> "_Response":
        """Send one request; raises an OutboundError."""
        request = _asking(url, tuple((headers or {}).items()), body or b"", self._timeout_ms)
        return _Response(_post(self._send, request, check="the service account's key and what its project allows"))


@dataclass(frozen=True)
class _Response(transport.Response):
    """An answer, as google-auth reads one."""

    reply: HttpResponse

    @property
    def status(self) -> int:
        return self.reply.status

    @property
    def headers(self) -> Mapping[str, str]:
        return dict(self.reply.headers)

    @property
    def data(self) -> bytes:
        return self.reply.body


def _asking(url: str, headers: Headers, body: bytes, timeout_ms: int) -> HttpRequest:
    return HttpRequest("POST", url, headers, body, timeout_ms=timeout_ms, max_bytes=MAX_ANSWER_BYTES)


def _post(send: Send, request: HttpRequest, *, check: str) -> HttpResponse:
    """Send a request; raises TokenRefused, saying what to check, for an answer that is none of success."""
    reply = send(request)
    if reply.status not in _OK:
        raise TokenRefused(f"the token endpoint answered {reply.status}; check {check}")
    return reply


def _life(seconds: Any) -> float:
    """Return the seconds that a token lives, within bounds; raises ValueError and its like for what is no number."""
    life = float(seconds or DEFAULT_LIFE_S)
    if math.isnan(life):
        raise ValueError("no number")
    return min(max(life, 0.0), MAX_LIFE_S)


def _basic(wanted: TokenRequest) -> str:
    # RFC 6749 section 2.3.1: both are form-encoded before they are joined.
    pair = f"{quote(wanted.client_id, safe='')}:{quote(wanted.client_secret, safe='')}"
    return "Basic " + base64.b64encode(pair.encode()).decode("ascii")
