"""Which addresses are closed, and what an operator opens."""

from ipaddress import IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.domain.errors import InvalidInput
from midcall.outbound.address import why_denied
from midcall.outbound.allow import Allowed
from midcall.outbound.errors import RefusedAddress

CLOSED = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24"),
    *("192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
    *("224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32", "168.63.129.16/32"),
    *("::/128", "::1/128", "::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64"),
    *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10"),
    *("ff00::/8", "4000::/2", "8000::/1"),
]
OPEN = [
    *("1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0"),
    *("169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0"),
    *("198.17.255.255", "198.20.0.0", "223.255.255.255", "168.63.129.15", "168.63.129.17"),
    *("2001:200::", "2001:4860:4860::8888", "2606:4700:4700::1111", "2a00:1450:4001::1", "2003::", "3ffd::1"),
]


@pytest.mark.parametrize("network", CLOSED)
def test_a_special_range_is_closed_from_end_to_end(network: str) -> None:
    """Its first and its last address, and one in between."""
    addresses = ip_network(network)
    for index in (0, addresses.num_addresses // 2, -1):
        assert why_denied(addresses[index]), addresses[index]


@pytest.mark.parametrize("address", OPEN)
def test_what_lies_next_to_a_special_range_is_open(address: str) -> None:
    """The table closes no more than it says."""
    assert why_denied(ip_address(address)) is None


@given(st.ip_addresses(v=4), st.sampled_from(["::", "::ffff:0:0", "::ffff:0:0:0", "64:ff9b::", "64:ff9b:1::"]))
def test_no_ipv4_address_is_reached_by_its_ipv6_form(inner: object, prefix: str) -> None:
    """Mapped, translated, compatible and NAT64 forms are closed whatever they carry."""
    carried = int(ip_address(str(inner)))
    assert why_denied(IPv6Address(int(IPv6Address(prefix)) | carried))
    assert why_denied(IPv6Address((0x2002 << 112) | (carried << 80)))


@pytest.mark.parametrize("address", ["2a00:1450::5efe:10.0.0.1", "2a00:1450::200:5efe:10.0.0.1", "fe80::1%eth0"])
def test_an_address_that_is_more_than_it_seems_is_closed(address: str) -> None:
    """ISATAP identifiers carry an IPv4 address under any prefix; a zone names an interface."""
    assert why_denied(ip_address(address))


def passes(entries: list[str], host: str, address: str, port: int = 443) -> bool:
    """Say whether the address may be reached, under these entries."""
    try:
        Allowed.parse(entries).check(ip_address(address), host=host, port=port)
    except RefusedAddress:
        return False
    return True


@pytest.mark.parametrize(
    ("entries", "host", "address", "port", "open_"),
    [
        ([], "crm.example.com", "93.184.215.14", 443, True),
        ([], "crm.example.com", "10.1.2.3", 443, False),
        (["10.0.0.0/8"], "crm.example.com", "10.1.2.3", 443, True),
        (["10.0.0.0/8"], "crm.example.com", "10.1.2.3", 8443, True),
        (["10.0.0.0/8"], "crm.example.com", "192.168.0.1", 443, False),
        (["10.1.2.3"], "10.1.2.3", "10.1.2.3", 443, True),
        (["10.1.2.3:8443"], "10.1.2.3", "10.1.2.3", 443, False),
        (["10.1.2.3:8443"], "10.1.2.3", "10.1.2.3", 8443, True),
        (["fd00::1"], "fd00::1", "fd00::1", 443, True),
        (["[fd00::1]:8443"], "fd00::1", "fd00::1", 8443, True),
        (["[fd00::1]:8443"], "fd00::1", "fd00::1", 443, False),
        (["CRM.internal"], "crm.internal", "10.1.2.3", 443, True),
        (["crm.internal"], "crm.internal", "127.0.0.1", 443, True),
        (["crm.internal"], "crm.internal", "fd00::5", 443, True),
        (["crm.internal"], "other.internal", "10.1.2.3", 443, False),
        (["crm.internal:8443"], "crm.internal", "10.1.2.3", 443, False),
        (["crm.internal"], "crm.internal", "169.254.169.254", 443, False),
        (["crm.internal"], "crm.internal", "169.254.7.7", 443, False),
        (["crm.internal"], "crm.internal", "100.100.100.200", 443, False),
        (["crm.internal"], "crm.internal", "::ffff:10.0.0.1", 443, False),
        (["100.64.0.0/10", "169.254.0.0/16"], "x.example.com", "100.100.100.200", 443, False),
        (["0.0.0.0/0"], "x.example.com", "169.254.169.254", 443, False),
        (["169.254.169.254"], "x.example.com", "169.254.169.254", 443, True),
        (["127.0.0.0/8"], "x.example.com", "::ffff:127.0.0.1", 443, False),
    ],
)
def test_an_entry_opens_what_it_names_and_no_more(
    entries: list[str], host: str, address: str, port: int, *, open_: bool
) -> None:
    """A name opens local addresses; a network opens itself; a metadata address opens by itself alone."""
    assert passes(entries, host, address, port) is open_


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "10.0.0.1/8",
        "10.0.0",
        "10.0.0.1:0",
        "10.0.0.1:65536",
        "a b",
        "http://x",
        "*.x.com",
        "x:y",
        "010.0.0.1",
        "-a",
    ],
)
def test_an_entry_that_means_nothing_is_refused_and_quoted(entry: str) -> None:
    """An operator learns at the start that an entry has no effect."""
    with pytest.raises(InvalidInput, match="no entry of an allow-list"):
        Allowed.parse([entry])
