"""`midcall.service.ports.Outbound` over the guarded client."""

from collections.abc import Callable, Mapping

from midcall.domain.egress import Egress
from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.http import Headers, HttpRequest, HttpResponse
from midcall.outbound.client import GuardedClient
from midcall.outbound.digest import DigestProof
from midcall.outbound.errors import NotInEgress, OutboundError, TlsRequired
from midcall.outbound.url import CheckedUrl

#: Of an answer to a callback only the status counts.
MAX_ANSWER_BYTES = 16 * 1024


class Poster:
    """Calls URLs that a workspace has set.

    `unverified` takes any certificate; None where the operator wants them checked always.
    """

    def __init__(self, client: GuardedClient, *, unverified: GuardedClient | None = None) -> None:
        self._client = client
        self._unverified = unverified

    def close(self) -> None:
        """Close all connections that are kept for later calls."""
        for client in (self._client, self._unverified):
            if client is not None:
                client.close()

    def check(self, url: str, *, loc: str) -> None:
        """Raise InvalidInput at `loc` for a URL that could never be called; its addresses are checked at each call."""
        try:
            self._client.parse(url)
        except OutboundError as error:
            raise InvalidInput(faults=[Fault(loc, error.message)]) from error

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request and return the answer, whatever its status; raises an OutboundError where none came.

        Raises NotInEgress and TlsRequired before anything is looked up.
        """
        client = self._client if request.verify else self._unverified
        if client is None:
            raise TlsRequired
        return client.request(
            request.method,
            request.url,
            timeout_s=request.timeout_ms / 1000,
            headers=request.headers if request.digest is None else _without_authorization(request.headers),
            body=request.body,
            max_bytes=request.max_bytes,
            redirects=request.redirects,
            near=request.near,
            permit=None if request.egress is None else _permit(request.egress),
            prove=None if request.digest is None else DigestProof(*request.digest),
            cancel=request.cancel,
        )

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes, timeout_ms: int) -> int:
        """POST once and return the status; raises an OutboundError where no answer came."""
        reply = self._client.request(
            "POST", url, timeout_s=timeout_ms / 1000, headers=headers, body=body, max_bytes=MAX_ANSWER_BYTES
        )
        return reply.status


def _permit(egress: Egress) -> Callable[[CheckedUrl], None]:
    def permit(target: CheckedUrl) -> None:
        if not egress.allows(target.name, target.port, default_port=target.default_port):
            raise NotInEgress(
                f"{target.authority} is not in this function's egress; add {target.authority!r} to `egress`"
            )

    return permit


def _without_authorization(headers: Headers) -> Headers:
    return tuple(pair for pair in headers if pair[0].lower() != "authorization")
