"""Origins: what is one place, what is another, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.domain.origin import allows, beyond, origin_of, origins_of_egress, read_origin
from midcall.outbound.allow import Allowed
from midcall.outbound.errors import BadUrl, RefusedAddress
from midcall.outbound.url import parse_url

A = "https://api.example.com"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.example.com", A),
        ("HTTPS://API.Example.com:443/a?b#c", A),
        ("https://api.example.com?x", A),
        ("https://api.example.com:8443/", f"{A}:8443"),
        ("http://api.example.com:80/", "http://api.example.com"),
        ("http://[::1]:8080/x", "http://[::1]:8080"),
        ("https://api.example.com.", f"{A}."),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    """In one spelling; the scheme's own port is left out."""
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        *("", "api.example.com", "//api.example.com", "ftp://a.b", "https://", "https:///x", "https://a b/"),
        *("https://user@api.example.com", "https://api.example.com\\@evil.test", "https://api.example.com:0/"),
        *(
            "https://{{x}}.example.com",
            "https://a\n.example.com",
            "https://*.example.com",
            "https://a:1:2/",
            "x" * 5_000,
        ),
    ],
)
def test_what_could_be_read_in_two_ways_has_no_origin(url: str) -> None:
    """So nothing is sent there."""
    assert origin_of(url) == ""
    assert not allows([A, ""], origin_of(url))


@pytest.mark.parametrize(
    ("origin", "good"),
    [
        (A, True),
        ("https://x.wild.example.com", True),
        ("https://x.y.wild.example.com", True),
        ("https://wild.example.com", False),
        ("https://.wild.example.com", False),
        ("https://xwild.example.com", False),
        ("http://x.wild.example.com", False),
        ("https://x.wild.example.com:8443", False),
        ("https://x.wild.example.com.evil.test", False),
        (f"{A}.evil.test", False),
        ("http://api.example.com", False),
        (f"{A}:8443", False),
    ],
)
def test_what_is_bound_is_that_place_and_no_other(origin: str, good: bool) -> None:  # noqa: FBT001 (a table)
    """`*.` stands for labels, and for nothing else."""
    assert allows([A, "https://*.wild.example.com"], origin) is good


def test_hosts_are_read_as_people_write_them() -> None:
    """Without a scheme it is https."""
    assert read_origin("api.example.com") == A
    assert read_origin(" https://API.example.com/ ") == A
    assert read_origin("*.example.com:8443") == "https://*.example.com:8443"
    for bad in (
        "",
        "https://a.b/c",
        "https://a.b?x",
        "*.com",
        "a.*.com",
        "https://*",
        "javascript://a",
        "https://a.b/ c",
    ):
        with pytest.raises(ValueError, match=r"is no host|stands before"):
            read_origin(bad)


def test_what_is_wanted_beyond_what_is_bound() -> None:
    """One with `*.` is bound only as it stands."""
    bound = (A, "https://*.wild.example.com")
    wanted = [A, "https://x.wild.example.com", "https://*.wild.example.com", "https://*.example.com", "https://b.test"]
    assert beyond(bound, wanted) == ["https://*.example.com", "https://b.test"]


def test_egress_opens_plain_http_inside_a_network_alone() -> None:
    """It names no scheme."""
    assert origins_of_egress("api.example.com") == (A,)
    assert origins_of_egress("*.example.com") == ("https://*.example.com",)
    assert origins_of_egress("crm:8080") == ("https://crm:8080", "http://crm:8080")
    assert origins_of_egress("10.0.0.1") == ("https://10.0.0.1", "http://10.0.0.1")
    assert origins_of_egress("[::1]:99") == ("https://[::1]:99", "http://[::1]:99")


PARTS = st.sampled_from(
    (
        *("https://", "HTTP://", "api.example.com", "evil.test", "@", ":", "443", "8443", "/", "\\", "?", "#"),
        *("%2f", "[::1]", "{{x}}", " ", "\t", "。", "é", "..", "*.", "a"),
    )
)


@given(st.lists(PARTS, max_size=8).map("".join))
def test_no_url_is_called_at_another_place_than_its_origin_says(url: str) -> None:
    """Whatever the way out reads in a text, it is what was looked at: the host, the port and the scheme."""
    try:
        target = parse_url(url, allowed=Allowed.parse(["evil.test", "::1", "a"]), http=True)
    except (BadUrl, RefusedAddress):
        return
    origin = origin_of(url)
    assert origin in {"", target.origin} or not origin.isascii()
