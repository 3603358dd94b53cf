"""Egress: the hosts that a function's actions may reach, as its author declared and review approved them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_PORT = r"(?::(?P<port>[1-9][0-9]{0,4}))?"
#: A host, one below `*.` (never a whole top-level domain), an IPv4 address or an IPv6 address in brackets.
_ENTRY = re.compile(
    rf"(?:(?P<wild>\*\.)(?P<below>{_LABEL}(?:\.{_LABEL})+)|(?P<host>{_LABEL}(?:\.{_LABEL})*)|(?P<v6>\[[0-9a-f:.]+\])){_PORT}"
)
_MAX_PORT = 65_535
MAX_ENTRIES = 50
MAX_ENTRY_CHARS = 260


@dataclass(frozen=True, slots=True)
class _Opening:
    host: str
    below: bool
    port: int | None

    def fits(self, host: str, port: int, default_port: int) -> bool:
        if port != (self.port or default_port):
            return False
        return host.endswith("." + self.host) if self.below else host == self.host


@dataclass(frozen=True, slots=True)
class Egress:
    """The hosts that code may reach; none at all by default."""

    openings: tuple[_Opening, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> "Egress":
        """Read entries such as `api.example.com`, `*.example.com`, `crm.internal:8443`; raises ValueError.

        `*.example.com` is every host below example.com and not example.com itself. Without a port, the scheme's own.
        """
        return cls(tuple(_opening(entry) for entry in entries))

    def allows(self, host: str, port: int, *, default_port: int) -> bool:
        """Tell whether a host (lower case, IPv6 in brackets) may be reached on a port."""
        return any(opening.fits(host, port, default_port) for opening in self.openings)


def egress_problem(entry: str) -> str | None:
    """Say what is wrong with an entry, or None."""
    try:
        _opening(entry)
    except ValueError as error:
        return str(error)
    return None


def _opening(entry: str) -> _Opening:
    match = _ENTRY.fullmatch(entry)
    if match is None or len(entry) > MAX_ENTRY_CHARS or int(match["port"] or 1) > _MAX_PORT:
        raise ValueError(
            "is no host; write it in lower case without scheme and path: api.example.com, *.example.com or "
            "crm.internal:8443"
        )
    host = match["below"] or match["host"] or _compressed(match["v6"])
    return _Opening(host, match["wild"] is not None, int(match["port"]) if match["port"] else None)


def _compressed(bracketed: str) -> str:
    """Write an IPv6 address as URLs that were checked have it; raises ValueError."""
    try:
        return f"[{IPv6Address(bracketed[1:-1])}]"
    except ValueError:
        raise ValueError("is no IPv6 address; write it in brackets: [2001:db8::1]") from None
