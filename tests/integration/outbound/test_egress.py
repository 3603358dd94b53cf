"""What a request's egress does not name is not called, not even looked up, wherever the request came from."""

import ssl

import pytest
from tests.integration.outbound.hosts import Names, answering, calling, hosting, respond

from midcall.domain.egress import Egress
from midcall.domain.http import HttpRequest
from midcall.outbound.client import GuardedClient, unverified_context
from midcall.outbound.errors import NotInEgress, OutboundError, RefusedAddress, TlsFailed, TlsRequired
from midcall.outbound.poster import Poster


def _open(*entries: str) -> Egress:
    return Egress.parse(entries)


def test_a_host_that_is_not_named_is_not_looked_up() -> None:
    """The text names the host and the cure, and nothing of the path."""
    names = Names()
    with hosting(answering(respond())) as host, calling(host, names=names) as client:
        url = f"http://api.example.com:{host.port}/geheim?token=geheim"
        with pytest.raises(NotInEgress) as caught:
            Poster(client).send(HttpRequest("GET", url, egress=_open("*.example.org", "api.example.com")))
        assert host.hits == 0
    assert caught.value.code == "egress_refused"
    assert f"'api.example.com:{host.port}'" in caught.value.message
    assert "geheim" not in caught.value.message
    assert names.lookups == []


def test_what_is_named_is_called() -> None:
    """By name and port, or by what lies below a name."""
    with hosting(answering(respond(body=b"ok"))) as host, calling(host) as client:
        for entry in (f"api.example.com:{host.port}", f"*.example.com:{host.port}"):
            url = f"http://api.example.com:{host.port}/"
            assert Poster(client).send(HttpRequest("GET", url, egress=_open(entry))).body == b"ok"


def test_a_redirect_leads_to_no_other_host() -> None:
    """The operator opened both hosts, the function's author only one: the second sees nothing, its name neither."""
    names = Names()
    with hosting(answering(respond(body=b"secret"))) as other:
        moved = respond("302 Found", Location=f"http://b.example.com:{other.port}/geheim")
        with hosting(answering(moved)) as first, calling(first, other, names=names) as client:
            url = f"http://a.example.com:{first.port}/"
            inside = _open(f"a.example.com:{first.port}")
            with pytest.raises(NotInEgress, match=r"b\.example\.com") as caught:
                Poster(client).send(HttpRequest("GET", url, redirects=5, egress=inside))
            assert first.hits == 1
            both = _open(f"*.example.com:{first.port}", f"*.example.com:{other.port}")
            assert Poster(client).send(HttpRequest("GET", url, redirects=5, egress=both)).body == b"secret"
        assert other.hits == 1
    assert "geheim" not in caught.value.message
    assert names.lookups[0] == "a.example.com"
    assert names.lookups.count("b.example.com") == 1


@pytest.mark.parametrize(
    ("url", "entry", "named"),
    [
        ("https://[2606:4700::1]:9443/", "[2606:4700::1]:9443", True),
        ("https://[2606:4700:0::1]:9443/", "[2606:4700::1]:9443", True),
        ("https://[2606:4700::2]:9443/", "[2606:4700::1]:9443", False),
        ("https://[2606:4700::1]:9443/", "[2606:4700::1]", False),
        ("https://API.example.com/", "api.example.com", True),
        ("http://api.example.com/", "api.example.com", True),
        ("http://api.example.com:443/", "api.example.com", False),
        ("https://api.example.com:80/", "api.example.com:80", True),
        ("https://93.184.216.34/", "93.184.216.34", True),
    ],
)
def test_hosts_are_compared_as_urls_have_them(url: str, entry: str, *, named: bool) -> None:
    """IPv6 in brackets, names in lower case, the scheme's own port where none is written."""

    def nobody(*_: object, **__: object) -> None:
        raise OSError

    client = GuardedClient(http=True, resolve=lambda _: ["93.184.216.34"], dial=nobody)  # type: ignore[arg-type]
    with client, pytest.raises(OutboundError) as caught:
        Poster(client).send(HttpRequest("GET", url, egress=_open(entry)))
    assert isinstance(caught.value, NotInEgress) is not named


def test_egress_opens_nothing_that_the_operator_has_not() -> None:
    """It is a limit, not a key: an author cannot name the metadata service."""
    with GuardedClient(http=True) as client, pytest.raises(RefusedAddress):
        Poster(client).send(HttpRequest("GET", "http://169.254.169.254/", egress=_open("169.254.169.254")))


def test_certificates_are_checked_unless_the_operator_lets_them_be(
    server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """Asking for it is not enough; and where it is allowed, only who asks goes without."""
    with hosting(answering(respond(body=b"ok")), tls=server_tls) as host, calling(host) as strict:
        url = f"https://api.example.com:{host.port}/"
        with pytest.raises(TlsFailed):
            Poster(strict).send(HttpRequest("GET", url))
        with pytest.raises(TlsRequired, match="MIDCALL_OUTBOUND_IGNORE_SSL") as caught:
            Poster(strict).send(HttpRequest("GET", url, verify=False))
        assert caught.value.code == "tls_required"
        with calling(host, ssl_context=unverified_context()) as loose:
            both = Poster(strict, unverified=loose)
            assert both.send(HttpRequest("GET", url, verify=False)).body == b"ok"
            with pytest.raises(TlsFailed):
                both.send(HttpRequest("GET", url))
            with pytest.raises(RefusedAddress):
                both.send(HttpRequest("GET", "https://127.0.0.1/", verify=False))
