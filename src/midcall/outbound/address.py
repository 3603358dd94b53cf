"""Which addresses may never be reached, as data; no lookups, no sockets.

The table is midcall's own: `ipaddress.is_global` says True for multicast, NAT64, 6to4, site-local and the Azure
platform address, and its answers change between patch releases of Python. IPv4 is closed by the table; IPv6 is closed
but for 2000::/3, with the table's exceptions inside it.

Sources: the IANA special-purpose address registries (RFC 6890 and its successors) and the clouds' own documents.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import TypeAlias

IPAddress: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

METADATA = "cloud metadata"
LOOPBACK = "loopback"
PRIVATE = "private network"
SHARED = "shared address space"

#: What an allow-list entry that is a *name* opens. Anything else it has to open by address.
LOCAL_KINDS = frozenset({LOOPBACK, PRIVATE, SHARED})

#: Range -> what it is; the first that fits counts, so single addresses come before the ranges around them.
_DENIED: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(text), kind)
    for text, kind in (
        ("169.254.169.254/32", METADATA),  # AWS, GCP, Azure, Oracle, OpenStack and most others
        ("169.254.170.2/32", METADATA),  # AWS ECS tasks
        ("169.254.170.23/32", METADATA),  # AWS EKS pods
        ("100.100.100.200/32", METADATA),  # Alibaba
        ("168.63.129.16/32", METADATA),  # Azure's platform address: public by its range
        ("192.0.0.192/32", METADATA),  # Oracle, classic
        ("fd00:ec2::254/128", METADATA),  # AWS
        ("fd00:ec2::23/128", METADATA),  # AWS EKS pods
        ("fd20:ce::254/128", METADATA),  # GCP
        ("0.0.0.0/8", "this host"),
        ("10.0.0.0/8", PRIVATE),
        ("100.64.0.0/10", SHARED),
        ("127.0.0.0/8", LOOPBACK),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", PRIVATE),
        ("192.0.0.0/24", "protocol assignments"),
        ("192.0.2.0/24", "documentation"),
        ("192.31.196.0/24", "AS112"),
        ("192.52.193.0/24", "multicast tunnelling"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", PRIVATE),
        ("192.175.48.0/24", "AS112"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("255.255.255.255/32", "broadcast"),
        ("240.0.0.0/4", "reserved"),
        ("::1/128", LOOPBACK),
        ("::/128", "this host"),
        ("::ffff:0:0/96", "IPv4-mapped"),
        ("::ffff:0:0:0/96", "IPv4-translated"),
        ("::/96", "IPv4-compatible"),
        ("64:ff9b::/96", "NAT64"),
        ("64:ff9b:1::/48", "NAT64"),
        ("100::/64", "discard"),
        ("2001::/32", "Teredo"),
        ("2001::/23", "protocol assignments"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("2620:4f:8000::/48", "AS112"),
        ("3ffe::/16", "6bone"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", PRIVATE),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
_DENIED_V4 = tuple((network, kind) for network, kind in _DENIED if isinstance(network, IPv4Network))
_DENIED_V6 = tuple((network, kind) for network, kind in _DENIED if isinstance(network, IPv6Network))
_GLOBAL_UNICAST = IPv6Network("2000::/3")

#: RFC 5214: an interface identifier of this form carries an IPv4 address, whatever the prefix before it. The bit that
#: is cleared says whether that address is globally unique; either way the packet is tunnelled to it.
_ISATAP_MARK = 0x0000_5EFE
_ISATAP_MASK = 0xFDFF_FFFF


def why_denied(address: IPAddress) -> str | None:
    """Say what kind of address this is, where it may not be reached; None where it may."""
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in _DENIED_V4 if address in network), None)
    if address.scope_id is not None:
        return "address with a zone"
    found = next((kind for network, kind in _DENIED_V6 if address in network), None)
    if found is not None:
        return found
    if address not in _GLOBAL_UNICAST:
        return "not global unicast"
    if (int(address) >> 32) & _ISATAP_MASK == _ISATAP_MARK:
        return "ISATAP"
    return None
