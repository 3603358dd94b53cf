"""What an operator opens in spite of the rules: named hosts, addresses, networks, each with or without a port."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from midcall.domain.errors import InvalidInput
from midcall.outbound.address import LOCAL_KINDS, METADATA, IPAddress, Network, why_denied
from midcall.outbound.errors import RefusedAddress

_PORT = r"(?::(?P<port>[1-9][0-9]{0,4}))?"
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME_ENTRY = re.compile(rf"(?P<name>(?:{_LABEL}\.)*[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?){_PORT}")
_V4_ENTRY = re.compile(rf"(?P<address>[0-9.]+){_PORT}")
_V6_ENTRY = re.compile(rf"\[(?P<address>[0-9a-fA-F:.]+)\]{_PORT}")
_MAX_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Opening:
    """One entry: a name or a network, on one port or (None) on every port that is not denied."""

    name: str | None
    network: Network | None
    port: int | None

    def is_for(self, port: int) -> bool:
        """Say whether this entry is for that port."""
        return self.port is None or self.port == port


@dataclass(frozen=True, slots=True)
class Allowed:
    """An operator's allow-list. Empty by default: nothing but what is public."""

    openings: tuple[Opening, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> "Allowed":
        """Read entries such as `crm.internal`, `crm.internal:8443`, `10.1.2.3:8080`, `[fd00::1]:443`, `10.0.0.0/8`.

        Raises InvalidInput that quotes the entry.
        """
        return cls(tuple(_opening(entry.strip()) for entry in entries))

    def names(self, host: str, port: int) -> bool:
        """Say whether an entry names this very host (lower case): it may then be short, internal or odd."""
        return any(opening.name == host and opening.is_for(port) for opening in self.openings)

    def opens_port(self, host: str, port: int, address: IPAddress | None) -> bool:
        """Say whether an entry opens this very port for the host, or for the address that the URL names."""
        return any(opening.port == port and _fits(opening, host, address) for opening in self.openings)

    def check(self, address: IPAddress, *, host: str, port: int) -> None:
        """Let an address pass that may be reached, or that the operator opened; else raise RefusedAddress.

        A named host opens what is local (loopback, private, shared), and never link-local or metadata addresses.
        A network opens all that is in it, but a metadata address only by an entry for that address alone.
        """
        kind = why_denied(address)
        if kind is None or any(_lifts(opening, kind, address, host, port) for opening in self.openings):
            return
        raise RefusedAddress(f"{host} is, or resolves to, an address that may not be reached ({kind})")


def _opening(entry: str) -> Opening:
    try:
        if "/" in entry:
            return Opening(None, ip_network(entry), None)
        if entry.count(":") > 1 and not entry.startswith("["):
            return Opening(None, ip_network(ip_address(entry)), None)
        if match := _V4_ENTRY.fullmatch(entry) or _V6_ENTRY.fullmatch(entry):
            return Opening(None, ip_network(ip_address(match["address"])), _port(match["port"]))
        if match := _NAME_ENTRY.fullmatch(entry.lower()):
            return Opening(match["name"], None, _port(match["port"]))
    except ValueError:
        pass
    raise InvalidInput(
        f"{entry!r} is no entry of an allow-list: write host, host:port, address, address:port or a CIDR"
    )


def _port(text: str | None) -> int | None:
    if text is None:
        return None
    if int(text) > _MAX_PORT:
        raise ValueError
    return int(text)


def _fits(opening: Opening, host: str, address: IPAddress | None) -> bool:
    if opening.network is not None:
        return address is not None and address in opening.network
    return opening.name == host


def _lifts(opening: Opening, kind: str, address: IPAddress, host: str, port: int) -> bool:
    if not (opening.is_for(port) and _fits(opening, host, address)):
        return False
    if opening.network is None:
        return kind in LOCAL_KINDS
    return kind != METADATA or opening.network.num_addresses == 1
