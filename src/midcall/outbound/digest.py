"""HTTP Digest (RFC 7616, RFC 2617) by httpx's own, which needs no socket to answer a challenge."""

import re
from dataclasses import dataclass, field, replace

import httpx

from midcall.domain.http import HttpResponse
from midcall.outbound.errors import BadReply
from midcall.outbound.message import OutboundRequest
from midcall.outbound.url import CheckedUrl

_UNAUTHORIZED = 401
_IS_DIGEST = re.compile(r"digest ", re.IGNORECASE)
_STALE = re.compile(r"""[ ,]stale\s*=\s*"?true""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DigestProof:
    """Answers HTTP Digest challenges, as `midcall.outbound.client.Prove`."""

    user: str = field(repr=False)
    password: str = field(repr=False)

    def __call__(self, sent: OutboundRequest, reply: HttpResponse) -> OutboundRequest | None:
        """Return the request again, proved, where its answer asks for that.

        A proof that was refused is made once more only for a nonce that grew stale. Raises BadReply where none of the
        challenges can be answered: an algorithm nobody knows, `auth-int` alone, or no challenge that can be read.
        """
        challenges = [value for name, value in reply.headers if name == "www-authenticate" and _IS_DIGEST.match(value)]
        if reply.status != _UNAUTHORIZED or not challenges:
            return None
        plain = tuple(pair for pair in sent.headers if pair[0].lower() != "authorization")
        if plain != sent.headers and not any(map(_STALE.search, challenges)):
            return None
        for challenge in challenges:  # in the order that the server prefers (RFC 7616 section 3.7)
            value = digest_header(sent.method, sent.target, challenge, self.user, self.password)
            if value is not None:
                return replace(sent, headers=(*plain, ("Authorization", value)))
        raise BadReply("the answer asks for HTTP Digest in a way that midcall cannot answer")


class _AsSent(httpx.URL):
    """A URL whose path is as it goes on the wire: httpx would percent-encode more of it, and the proof covers it."""

    def __init__(self, target: CheckedUrl) -> None:
        super().__init__(target.origin)
        self._sent = target.path.encode("ascii")

    @property
    def raw_path(self) -> bytes:
        return self._sent


def digest_header(method: str, target: CheckedUrl, challenge: str, user: str, password: str) -> str | None:
    """Return the value of `Authorization` that answers a challenge, or None where it cannot be answered."""
    request = httpx.Request(method, target.origin)
    request.url = _AsSent(target)
    flow = httpx.DigestAuth(user, password).auth_flow(request)
    next(flow)
    # As it came: header values are read as Latin-1, which any bytes are.
    headers = [(b"www-authenticate", challenge.encode("latin-1"))]
    challenged = httpx.Response(_UNAUTHORIZED, headers=headers, request=request)
    try:
        return flow.send(challenged).headers["authorization"]
    except (httpx.ProtocolError, NotImplementedError, KeyError, ValueError):
        # Whatever the server wrote: an unknown algorithm or quality of protection, a field without a value.
        return None
