"""`midcall.service.ports.Outbound` over the guarded client."""

from collections.abc import Mapping

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.http import HttpReply, HttpRequest
from midcall.outbound.client import GuardedClient
from midcall.outbound.errors import OutboundError

#: Of an answer to a callback only the status counts.
MAX_ANSWER_BYTES = 16 * 1024


class Poster:
    """Posts to URLs that a workspace has set."""

    def __init__(self, client: GuardedClient) -> None:
        self._client = client

    def check(self, url: str, *, loc: str) -> None:
        """Raise InvalidInput at `loc` for a URL that could never be called; its addresses are checked at each call."""
        try:
            self._client.parse(url)
        except OutboundError as error:
            raise InvalidInput(faults=[Fault(loc, error.message)]) from error

    def send(self, request: HttpRequest) -> HttpReply:
        """Send a request and return the answer, whatever its status; raises an OutboundError where none came."""
        reply = self._client.request(
            request.method,
            request.url,
            timeout_s=request.timeout_ms / 1000,
            headers=request.headers,
            body=request.body,
            max_bytes=request.max_bytes,
            redirects=request.redirects,
        )
        return HttpReply(reply.status, reply.headers, reply.body, reply.truncated, reply.took_ms)

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes, timeout_ms: int) -> int:
        """POST once and return the status; raises an OutboundError where no answer came."""
        reply = self._client.request(
            "POST", url, timeout_s=timeout_ms / 1000, headers=headers, body=body, max_bytes=MAX_ANSWER_BYTES
        )
        return reply.status
