"""Names to addresses, within a time bound, every address checked."""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from typing import TypeAlias

from midcall.outbound.address import IPAddress
from midcall.outbound.allow import Allowed
from midcall.outbound.errors import RefusedAddress, TimedOut, UnresolvedHost

#: Looks a name up and returns its addresses as text, in order of preference; raises OSError where it has none.
Resolve: TypeAlias = Callable[[str], Sequence[str]]

#: Lookups at a time. Each costs a thread, and one against a dead name server lasts for as long as the system lets it.
MAX_LOOKUPS = 64


def system_resolve(host: str) -> Sequence[str]:
    """Ask the system's resolver, hosts file included."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [str(sockaddr[0]) for *_, sockaddr in found]


class Resolver:
    """Resolves names to addresses that may be reached. Safe to use from many threads; remembers nothing."""

    def __init__(
        self, *, resolve: Resolve = system_resolve, allowed: Allowed | None = None, lookups: int = MAX_LOOKUPS
    ) -> None:
        self._resolve = resolve
        self._allowed = allowed or Allowed()
        self._slots = threading.BoundedSemaphore(lookups)

    def addresses(self, host: str, port: int, *, within_s: float) -> tuple[IPAddress, ...]:
        """Return all addresses of a host (a name, or an address itself), each checked, in order, at least one.

        One lookup, and the caller connects to what it returns: a name that answers differently the next time gains
        nothing. Raises RefusedAddress if any one address may not be reached, UnresolvedHost, TimedOut.
        """
        texts = self.lookup(host, within_s=within_s)
        addresses = tuple(dict.fromkeys(to_address(text, host) for text in texts))
        for address in addresses:
            self._allowed.check(address, host=host, port=port)
        return addresses

    def lookup(self, host: str, *, within_s: float) -> Sequence[str]:
        """Return a host's addresses, unchecked, at least one; raises UnresolvedHost, TimedOut."""
        if _is_address(host):
            return [host]
        until = time.monotonic() + within_s
        if not self._slots.acquire(timeout=within_s):
            raise TimedOut(f"too many names are being resolved at once to resolve {host} in time")
        answer: SimpleQueue[Sequence[str] | Exception] = SimpleQueue()
        # A daemon thread: getaddrinfo cannot be interrupted, and must hold up neither the call nor the process's end.
        try:
            threading.Thread(target=self._look_up, args=(host, answer), name="midcall-lookup", daemon=True).start()
        except RuntimeError:  # the system has none to give
            self._slots.release()
            raise TimedOut(f"there was no thread to resolve {host} in time") from None
        try:
            found = answer.get(timeout=max(0.0, until - time.monotonic()))
        except Empty:
            raise TimedOut(f"{host} was not resolved in time") from None
        if isinstance(found, OSError | UnicodeError):
            raise UnresolvedHost(f"{host} does not resolve") from found
        if isinstance(found, Exception):
            raise found
        if not found:
            raise UnresolvedHost(f"{host} does not resolve")
        return found

    def _look_up(self, host: str, answer: "SimpleQueue[Sequence[str] | Exception]") -> None:
        try:
            answer.put(self._resolve(host))
        except Exception as error:  # the thread's edge: whatever it is, the caller raises it
            answer.put(error)
        finally:
            self._slots.release()


def to_address(text: str, host: str) -> IPAddress:
    """Read an address that a resolver gave for a host; raises RefusedAddress where it is none."""
    try:
        return ip_address(text)
    except ValueError:
        raise RefusedAddress(f"{host} resolves to something that is no address") from None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
