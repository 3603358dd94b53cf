"""URLs: one strict reading of them, or none."""

from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from midcall.outbound.allow import Allowed
from midcall.outbound.errors import BadUrl, RefusedAddress
from midcall.outbound.url import parse_url

PIECES = st.sampled_from(
    [
        *(
            "http",
            "https",
            "HTTPS",
            "://",
            ":",
            "//",
            "/",
            "\\",
            "@",
            "#",
            "?",
            "%",
            "%2e",
            "%00",
            "[",
            "]",
            "::1",
            ".",
        ),
        *(
            "127.0.0.1",
            "0x7f",
            "1",
            "0177",
            "example.com",
            "a",
            "xn--",
            "xn--bcher-kva",
            "bücher",
            "。",
            "\uff0e",
            "①",
            "\u017f",
        ),
        *(
            "\u212a",
            "\u200d",
            "\u202e",
            "\x00",
            "\r\n",
            "\t",
            " ",
            "443",
            ":8443",
            "-1",
            "_",
            "-",
            "{",
            "}",
            "localhost",
        ),
        *("user", "2606:2800:21f::1", "\u0660", "ß", "İ", "\ud800", "😀", "á", "\u0663.com"),
    ]
)
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(PIECES, max_size=14).map("".join),
    st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=8).map(lambda parts: "https://" + "".join(parts)),
    st.tuples(
        st.from_regex(r"[a-zßäü\d_-]{1,8}(\.[a-z\d-]{1,8}){1,3}", fullmatch=True), st.lists(PIECES, max_size=4)
    ).map(lambda pair: "https://" + pair[0] + "".join(pair[1])),
)


@settings(max_examples=1_000, deadline=None)
@given(text=TEXTS, http=st.booleans())
@example(text="https://xn--a.com/", http=False)
@example(text="https://\u212aelvin.com/", http=False)
@example(text="https://a" + "\u0301" * 300 + ".com/", http=False)
def test_whatever_is_accepted_names_the_same_host_to_every_library(text: str, *, http: bool) -> None:
    """Nothing but midcall's own errors is raised, and httpx and urllib read what is written back as midcall did."""
    with suppress(BadUrl, RefusedAddress):
        target = parse_url(text, http=http)
        theirs = httpx.URL(target.url)
        assert theirs.raw_host.decode().strip("[]") == target.host
        assert theirs.scheme == target.scheme
        assert (theirs.port or {"https": 443, "http": 80}[target.scheme]) == target.port
        assert urlsplit(target.url).hostname == target.host
        assert theirs.userinfo == b""
        assert target.url.isascii()
        assert target.url.isprintable()
        assert parse_url(target.url, http=http) == target


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("HTTPS://API.Example.COM", "https://api.example.com/"),
        ("https://api.example.com:443/a?b=c#d", "https://api.example.com/a?b=c"),
        ("https://api.example.com:8443?x=%20", "https://api.example.com:8443/?x=%20"),
        ("https://api.example.com/a/../b//c?x[]=1|2", "https://api.example.com/a/../b//c?x[]=1|2"),
        ("https://bücher.example.com/", "https://xn--bcher-kva.example.com/"),
        ("https://xn--bcher-kva.example.com/", "https://xn--bcher-kva.example.com/"),
        ("https://[2606:2800:021f:cb07:0:0:0:1]:8443/x", "https://[2606:2800:21f:cb07::1]:8443/x"),
    ],
)
def test_a_url_is_written_again_from_its_parts(text: str, url: str) -> None:
    """One form for each, without what is never sent."""
    assert parse_url(text).url == url


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("https://api.example.com/a b", "blank"),
        ("https://api.example.com/a\nb", "control character"),
        ("https://api.example.com\\x", "backslash"),
        ("api.example.com/x", "absolute"),
        ("mailto:a@b.c", "absolute"),
        ("ftp://api.example.com/", "scheme"),
        ("http://api.example.com/", "use https"),
        ("https://user:geheim@api.example.com/", "user or password"),
        ("https://api.example.com/{{name}}", "well-formed"),
        ("https://api.example.com/%zz", "well-formed"),
        ("https://api.example.com:0443/", "well-formed"),
        ("https://api.example.com:70000/", "65535"),
        ("https://api.example.com:25/", "port 25"),
        ("https://api.example.com:5432/", "port 5432"),
        ("https://intranet/", "single word"),
        ("https://db.local/", "internal"),
        ("https://1.2.3.4.5/", "neither"),
        ("https://256.1.1.1/", "IPv4"),
        ("https://[1:2]/", "IPv6"),
        ("https://api..com/", "label"),
        ("https://-api.com/", "label"),
        ("https://bücher\u0301\u0301.①.com/", "international"),
        ("https://xn--a.example.com/", "international"),
        ("https://BÜCHER.example.com/", "international"),
        ("https://api.example.com/" + "a" * 2_048, "longer"),
    ],
)
def test_a_refusal_says_why_and_quotes_no_secret(text: str, says: str) -> None:
    """Whoever wrote it learns what to write instead; passwords and paths stay out of the message."""
    with pytest.raises(BadUrl, match=says) as caught:
        parse_url(text)
    assert "geheim" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("crm", "https://crm/x"),
        ("crm.internal", "https://crm.internal/x"),
        ("crm.internal:5432", "https://crm.internal:5432/x"),
        ("crm.internal:22", "https://crm.internal:22/x"),
        ("10.1.2.3:22", "https://10.1.2.3:22/x"),
        ("10.0.0.0/8", "https://10.1.2.3/x"),
        ("[fd00::1]:9200", "https://[fd00::1]:9200/x"),
    ],
)
def test_an_operator_opens_internal_names_addresses_and_ports(entry: str, url: str) -> None:
    """Each is refused without the entry and accepted with it."""
    with pytest.raises((BadUrl, RefusedAddress)):
        parse_url(url)
    assert parse_url(url, allowed=Allowed.parse([entry])).url == url


@pytest.mark.parametrize(
    ("entry", "url"), [("crm.internal", "https://crm.internal:22/"), ("crm.internal:8443", "https://crm.internal/")]
)
def test_an_entry_opens_a_denied_port_only_by_naming_it(entry: str, url: str) -> None:
    """A name alone opens the web's ports; a name with a port opens that port."""
    with pytest.raises(BadUrl):
        parse_url(url, allowed=Allowed.parse([entry]))


def test_a_path_never_shows_in_a_repr() -> None:
    """Paths and queries carry secrets."""
    assert "geheim" not in repr(parse_url("https://api.example.com/hook/geheim?key=geheim"))
