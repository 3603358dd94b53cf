"""OAuth2 tokens by client credentials, through the guarded way out."""

import base64
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from oauthlib.oauth2 import BackendApplicationClient
from oauthlib.oauth2.rfc6749.errors import OAuth2Error

from midcall.domain.errors import TokenRefused
from midcall.domain.http import AnyTokenRequest, AssertionRequest, HttpReply, HttpRequest, TokenRequest

MAX_ANSWER_BYTES = 64 * 1024
#: A token that says nothing of its life is asked for anew after this long.
DEFAULT_LIFE_S = 300.0
#: One that is about to expire is not used any more: the call takes its time too.
MARGIN_S = 30.0
MAX_TOKENS = 1_000
_OK = range(200, 300)


@dataclass(slots=True)
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    token: str = field(default="", repr=False)
    good_until: float = 0.0


class OAuthTokens:
    """`midcall.service.ports.Tokens`: in memory, of one process; a token is fetched once for all who wait for it."""

    def __init__(
        self, send: Callable[[HttpRequest], HttpReply], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._send = send
        self._clock = clock
        self._kept: OrderedDict[AnyTokenRequest, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def token(self, wanted: AnyTokenRequest, *, timeout_ms: int) -> str:
        """Return an access token; raises TokenRefused, or an OutboundError where no answer came."""
        with self._lock:
            kept = self._kept.setdefault(wanted, _Kept())
            self._kept.move_to_end(wanted)
            if len(self._kept) > MAX_TOKENS:
                self._kept.popitem(last=False)
        if not kept.lock.acquire(timeout=timeout_ms / 1000):
            raise TokenRefused("another call has been waiting for the token endpoint for too long")
        try:
            if not kept.token or self._clock() >= kept.good_until:
                kept.token, kept.good_until = self._fetch(wanted, timeout_ms)
            return kept.token
        finally:
            kept.lock.release()

    def forget(self, wanted: AnyTokenRequest) -> None:
        """Drop a token that its audience did not take."""
        with self._lock:
            self._kept.pop(wanted, None)

    def _fetch(self, wanted: AnyTokenRequest, timeout_ms: int) -> tuple[str, float]:
        if isinstance(wanted, AssertionRequest):
            raise TokenRefused("tokens for signed assertions are not fetched yet")
        client = BackendApplicationClient(client_id=wanted.client_id)
        extra = {"audience": wanted.audience} if wanted.audience else {}
        if wanted.in_body:
            extra["client_secret"] = wanted.client_secret
        body = client.prepare_request_body(scope=wanted.scope or None, include_client_id=wanted.in_body, **extra)
        headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]
        if not wanted.in_body:
            headers.append(("Authorization", _basic(wanted)))
        asked_at = self._clock()
        reply = self._send(
            HttpRequest(
                "POST",
                wanted.token_url,
                tuple(headers),
                body.encode(),
                timeout_ms=timeout_ms,
                max_bytes=MAX_ANSWER_BYTES,
            )
        )
        if reply.status not in _OK:
            raise TokenRefused(f"the token endpoint answered {reply.status}; check client id, secret and scope")
        try:
            parsed = client.parse_request_body_response(reply.body.decode("utf-8", "replace"))
            token, life = str(parsed["access_token"]), float(parsed.get("expires_in") or DEFAULT_LIFE_S)
        except (OAuth2Error, Warning, AttributeError, KeyError, RecursionError, TypeError, ValueError):
            raise TokenRefused("the token endpoint's answer holds no access token") from None
        if not token:
            raise TokenRefused("the token endpoint's answer holds an empty access token")
        return token, asked_at + max(0.0, life - MARGIN_S)


def _basic(wanted: TokenRequest) -> str:
    # RFC 6749 section 2.3.1: both are form-encoded before they are joined.
    pair = f"{quote(wanted.client_id, safe='')}:{quote(wanted.client_secret, safe='')}"
    return "Basic " + base64.b64encode(pair.encode()).decode("ascii")
