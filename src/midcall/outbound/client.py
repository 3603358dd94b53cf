"""The client: HTTP requests to where others point, and to nowhere that they should not reach."""

import itertools
import math
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address
from typing import Self, TypeAlias

import httpcore
import httpx

from midcall.domain.errors import InvalidInput
from midcall.domain.http import Cancel, Headers, HttpResponse, first
from midcall.outbound.allow import Allowed
from midcall.outbound.budget import CallBudget
from midcall.outbound.dial import Dial, GuardedBackend, tcp_dial
from midcall.outbound.errors import BadReply, MalformedRequest, TimedOut, TooManyRedirects
from midcall.outbound.framing import ends_with
from midcall.outbound.message import OutboundRequest, read_body, read_headers
from midcall.outbound.proxy import Proxy
from midcall.outbound.redirect import MAX_HOPS, STATUSES, near_request, next_request
from midcall.outbound.resolver import Resolve, Resolver, system_resolve
from midcall.outbound.stream import BudgetedStream
from midcall.outbound.url import CheckedUrl, parse_url

KIB = 1024
MAX_BODY_BYTES = 256 * KIB
#: Above the 320 webhook calls that may run at a time, so that callers never wait for each other here.
MAX_CONNECTIONS = 400
MAX_IDLE_CONNECTIONS = 100
IDLE_S = 15.0
#: httpcore looks at every connection of a pool for every other one, at each request and each answer: with 300 under way
#: in one pool that was a second of processor time. Few threads use few of these, so that connections are still reused.
POOLS = 16
#: Times that one request is sent again to prove who calls: after a challenge, and after one whose nonce grew stale.
MAX_PROOFS = 2
_SWITCHING_PROTOCOLS = 101

#: From a request and its answer to the request that proves who calls, or None where that was not asked for.
Prove: TypeAlias = Callable[[OutboundRequest, HttpResponse], OutboundRequest | None]


class GuardedClient:
    """Calls URLs, after checking each and every address behind it. Safe to use from many threads; make one a process.

    Takes nothing from the environment, keeps no cookies, follows no redirects unless told.
    `allow`: entries that open what is refused by default (`midcall.outbound.allow`). `http`: plain http too.
    `proxy`: `http://[user:password@]host:port`, an egress proxy. `source_address`: the local address to connect from.
    `pools`: connections are kept in so many pools, each thread using one of them; with few threads, one is best.
    `ssl_context`: one for all; by default the public certificate authorities. Raises InvalidInput for bad settings.
    """

    def __init__(
        self,
        *,
        allow: Iterable[str] = (),
        http: bool = False,
        proxy: str | None = None,
        source_address: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        pools: int = POOLS,
        resolve: Resolve = system_resolve,
        dial: Dial = tcp_dial,
    ) -> None:
        self._allowed = Allowed.parse(allow)
        self._http = http
        try:
            source = None if source_address is None else ip_address(source_address)
        except ValueError:
            raise InvalidInput(f"{source_address!r} is no source address") from None
        backend = GuardedBackend(
            resolver=Resolver(resolve=resolve, allowed=self._allowed),
            dial=dial,
            proxy=None if proxy is None else Proxy.parse(proxy),
            source=source,
        )
        context = ssl_context or httpx.create_ssl_context(trust_env=False)
        self._pools = [
            httpcore.ConnectionPool(
                ssl_context=context,
                max_connections=MAX_CONNECTIONS,
                max_keepalive_connections=MAX_IDLE_CONNECTIONS // pools,
                keepalive_expiry=IDLE_S,
                network_backend=backend,
            )
            for _ in range(pools)
        ]
        self._turns = itertools.count()
        self._own = threading.local()

    def parse(self, url: str) -> CheckedUrl:
        """Check a URL as `request` does before it looks anything up; raises BadUrl, RefusedAddress."""
        return parse_url(url, allowed=self._allowed, http=self._http)

    def request(
        self,
        method: str,
        url: str,
        *,
        timeout_s: float,
        headers: Mapping[str, str] | Headers | None = None,
        body: bytes = b"",
        max_bytes: int = MAX_BODY_BYTES,
        redirects: int = 0,
        near: bool = False,
        permit: Callable[[CheckedUrl], None] | None = None,
        prove: Prove | None = None,
        cancel: Cancel | None = None,
    ) -> HttpResponse:
        """Send a request and read the answer, whatever its status, within `timeout_s` seconds all told.

        A body over `max_bytes` is cut there (`truncated`) and the rest never read. `redirects` (0-5) are followed, each
        hop checked like the first, with nothing secret sent to another origin; 0 returns a redirect as the answer.
        `near` follows those within an origin, or from http to https on one host, with all that was sent; others are the
        answer.
        `permit` is asked about the first target and each redirect's before anything is looked up, and raises what this
        raises. `prove` is shown each answer of the first origin and may say how to ask once more, within the same time.
        `cancel` ends it before its time, from another thread.
        Raises an OutboundError: BadUrl and BadRequest before anything is looked up; RefusedAddress, UnresolvedHost,
        ConnectFailed and TlsFailed before anything is sent; TimedOut, BadReply, ReplyTooLarge, RefusedRedirect,
        TooManyRedirects.
        """
        if not (0 < timeout_s < math.inf and 0 <= redirects <= MAX_HOPS and max_bytes >= 0):
            raise ValueError("timeout_s has to be positive, redirects 0-5, max_bytes not negative")
        started = time.monotonic()
        budget = CallBudget(timeout_s, cancel)

        def aim(text: str) -> CheckedUrl:
            target = self.parse(text)
            if permit is not None:
                permit(target)
            return target

        outgoing = OutboundRequest(method, aim(url), _pairs(headers), body)
        origin = outgoing.target.origin
        for _ in range(redirects + 1):
            reply = self._exchange(outgoing, budget, max_bytes, started)
            sent: OutboundRequest | None = outgoing
            for _ in range(MAX_PROOFS):
                sent = prove(sent, reply) if prove and sent and sent.target.origin == origin else None
                if sent is not None:
                    reply = self._exchange(sent, budget, max_bytes, started)
            location = first(reply.headers, "location") if reply.status in STATUSES else None
            if location is None or not redirects:
                return reply
            follow = near_request if near else next_request
            following = follow(outgoing, reply.status, location, aim)
            if following is None:
                return reply
            outgoing = following
        raise TooManyRedirects(f"the answer redirects more than {redirects} times")

    def close(self) -> None:
        """Close all connections that are kept for later calls."""
        for pool in self._pools:
            pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _pool_of_this_thread(self) -> httpcore.ConnectionPool:
        if not hasattr(self._own, "pool"):
            self._own.pool = self._pools[next(self._turns) % len(self._pools)]
        pool: httpcore.ConnectionPool = self._own.pool
        return pool

    def _exchange(self, outgoing: OutboundRequest, budget: CallBudget, max_bytes: int, started: float) -> HttpResponse:
        budget.new_head()
        request = _on_the_wire(outgoing, budget)
        try:
            response = self._pool_of_this_thread().handle_request(request)
            try:
                headers = read_headers(response.headers)
                if response.status == _SWITCHING_PROTOCOLS:
                    raise BadReply("the answer switches protocols, which was not asked for")
                budget.head_done(max_bytes)
                content, truncated = read_body(response.iter_stream(), headers, max_bytes=max_bytes, budget=budget)
                _check_end(response, outgoing.method, headers)
            finally:
                response.close()
        except httpcore.PoolTimeout:
            raise TimedOut("too many calls are under way to start this one in time") from None
        except httpcore.LocalProtocolError:  # its text quotes the header it does not like
            raise MalformedRequest from None
        except httpcore.RemoteProtocolError:
            raise BadReply from None
        except httpcore.NetworkError:
            raise BadReply("the connection broke before the answer was complete") from None
        return HttpResponse(response.status, headers, content, truncated, round((time.monotonic() - started) * 1000))


def _check_end(response: httpcore.Response, method: str, headers: Headers) -> None:
    """Close the connection, before another call gets it, if more than this answer came.

    The parser keeps those bytes and would read the next answer from them: two calls would get each other's, and whoever
    writes one answer could write the next one.
    """
    stream = response.extensions.get("network_stream")
    if isinstance(stream, BudgetedStream) and not ends_with(
        stream.take_received(), method=method, status=response.status, headers=headers
    ):
        stream.close()


def unverified_context() -> ssl.SSLContext:
    """Make what secures connections with whoever answers: any certificate will do."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _pairs(headers: Mapping[str, str] | Headers | None) -> Headers:
    return tuple(headers.items()) if isinstance(headers, Mapping) else headers or ()


def _on_the_wire(outgoing: OutboundRequest, budget: CallBudget) -> httpcore.Request:
    target = outgoing.target
    # From parts, not from text: there is no second parser to disagree with the first.
    url = httpcore.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path)
    timeouts = {"pool": budget.left("waiting for a connection"), "connect": budget, "write": budget, "read": budget}
    return httpcore.Request(
        outgoing.method, url, headers=outgoing.wire_headers(), content=outgoing.body, extensions={"timeout": timeouts}
    )
