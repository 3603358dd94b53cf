"""Connections to checked addresses: the only place in midcall that connects to what somebody else chose."""

import os
import socket
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import httpcore

from midcall.outbound.address import IPAddress
from midcall.outbound.budget import CallBudget
from midcall.outbound.errors import ConnectFailed, TimedOut
from midcall.outbound.proxy import Proxy
from midcall.outbound.resolver import Resolver, to_address
from midcall.outbound.stream import BudgetedStream

#: Connects to (address, port) from a source address or any, within seconds; raises OSError.
Dial: TypeAlias = Callable[[IPAddress, int, IPAddress | None, float], socket.socket]

#: Addresses of one host that are tried; all are checked.
MAX_TRIED = 4
#: Seconds for one connection to be made. A host that is there answers within one; a call of many minutes must not spend
#: them all on one that swallows packets.
CONNECT_S = 10.0


def tcp_dial(address: IPAddress, port: int, source: IPAddress | None, within_s: float) -> socket.socket:
    """Connect a TCP socket; the address is numeric, so nothing is looked up."""
    sock = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)  # noqa: PLR2004
    try:
        sock.settimeout(within_s)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source is not None:
            sock.bind((str(source), 0))
        sock.connect((str(address), port))
    except BaseException:
        sock.close()
        raise
    return sock


class GuardedBackend(httpcore.NetworkBackend):
    """Resolves, checks every address, and connects to one that was checked. TLS and the Host header keep the name."""

    def __init__(
        self, *, resolver: Resolver, dial: Dial = tcp_dial, proxy: Proxy | None = None, source: IPAddress | None = None
    ) -> None:
        self._resolver = resolver
        self._dial = dial
        self._proxy = proxy
        self._source = source

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - httpcore's; ours is the constructor's
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> BudgetedStream:
        """Connect to a host; raises RefusedAddress, UnresolvedHost, ConnectFailed, TimedOut."""
        budget = CallBudget.of(timeout)
        addresses = self._resolver.addresses(host, port, within_s=budget.left("resolving the host"))
        if self._proxy is not None:
            return BudgetedStream(self._through(self._proxy, addresses[0], port, budget))
        return BudgetedStream(self._connect(host, port, addresses, budget))

    def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> BudgetedStream:
        """Never: nothing outside is behind a path."""
        raise ConnectFailed("unix sockets are not called")

    def _through(self, proxy: Proxy, address: IPAddress, port: int, budget: CallBudget) -> socket.socket:
        texts = self._resolver.lookup(proxy.host, within_s=budget.left())
        proxies = tuple(to_address(text, proxy.host) for text in texts)
        sock = self._connect("the egress proxy", proxy.port, proxies, budget)
        try:
            proxy.tunnel(sock, address, port, budget)
        except BaseException:
            sock.close()
            raise
        return sock

    def _connect(self, host: str, port: int, addresses: tuple[IPAddress, ...], budget: CallBudget) -> socket.socket:
        usable = [a for a in addresses if self._source is None or a.version == self._source.version][:MAX_TRIED]
        fault = "no address of the source address's family"
        for tried, address in enumerate(usable):
            # An address that swallows packets leaves the others their share of the time.
            share = min(budget.left("connecting") / (len(usable) - tried), CONNECT_S)
            try:
                return self._dial(address, port, self._source, share)
            except TimeoutError:
                fault = "no answer"
            except OSError as error:
                fault = os.strerror(error.errno).lower() if error.errno else "failed"
        if fault == "no answer":
            raise TimedOut(f"no connection to {host} port {port} in time")
        raise ConnectFailed(f"no connection to {host} port {port}: {fault}")
