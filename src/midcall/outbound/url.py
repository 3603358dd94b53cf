"""The one parser of outbound URLs: a strict pattern for the whole text, then the host by rules of its own.

What it accepts is written again from its parts, so nothing later reads the text that somebody wrote. urllib, httpx and
getaddrinfo disagree about odd hosts; hosts on which they could disagree are refused.
"""

import re
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv6Address

import idna

from midcall.outbound.address import IPAddress
from midcall.outbound.allow import Allowed
from midcall.outbound.errors import BadUrl

MAX_URL_CHARS = 2_048
MAX_HOST_CHARS = 253
_MAX_PORT = 65_535
_FIRST_HIGH_PORT = 1_024
_DEFAULT_PORTS = {"https": 443, "http": 80}

#: Of the ports below 1,024 only the web's own are open; of those above, all but these services'.
_DENIED_PORTS = frozenset(
    {
        *(1080, 1433, 1521, 1719, 1720, 1723, 1883, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190),
        *(4369, 5060, 5061, 5432, 5671, 5672, 5900, 5984, 5985, 5986, 6000, 6379, 6380, 6443, 6566, *range(6665, 6670)),
        *(6679, 6697, 7000, 7001, 8200, 8300, 8301, 8500, 9042, 9092, 9100, 9200, 9300, 10080, 10250, 10255, 10256),
        *(11211, 15672, 16379, 25672, 26379, 27017, 27018, 27019, 28015, 50070),
    }
)

#: Last labels of names that mean something only inside somebody's network, or nothing at all (RFC 6761, 6762, 8375).
_INTERNAL_TLDS = frozenset(
    {
        *("alt", "arpa", "cluster", "consul", "corp", "docker", "domain", "example", "home", "internal", "intranet"),
        *(
            "invalid",
            "kube",
            "lan",
            "local",
            "localdomain",
            "localhost",
            "localnet",
            "nomad",
            "onion",
            "priv",
            "private",
        ),
        *("svc", "test", "workgroup"),
    }
)

_UNRESERVED = r"A-Za-z0-9\-._~!$&'()*+,;=:@"
_PATH = rf"(?:[{_UNRESERVED}/\[\]|]|%[0-9A-Fa-f]{{2}})*"
_TAIL = rf"(?:[{_UNRESERVED}/?\[\]|]|%[0-9A-Fa-f]{{2}})*"
# A fragment needs a path or a query before it: some read `https://a#@b` as the host b.
_URL = re.compile(
    r"(?P<scheme>[hH][tT][tT][pP][sS]?)://"
    r"(?P<host>\[[0-9A-Fa-f:.]{2,45}\]|[^\x00-\x20\x7f/?#@:\\\[\]%]{1,253})"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
    rf"(?:(?P<target>/{_PATH}(?:\?{_TAIL})?|\?{_TAIL})(?:\#{_TAIL})?)?"
)
_OCTET = r"(?:0|[1-9][0-9]{0,2})"
_DOTTED_QUAD = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
# A letter first: a last label of digits, or 0x…, makes some libraries read the whole as an IPv4 address.
_LAST_LABEL = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True, slots=True)
class CheckedUrl:
    """A checked URL, in parts: `host` is lower-case ASCII (IPv6 without brackets), `path` begins with `/`.

    `path` holds the query too and never shows in a repr: it may carry a secret. A fragment is dropped.
    """

    scheme: str
    host: str
    port: int
    path: str = field(repr=False)
    address: IPAddress | None = None

    @property
    def name(self) -> str:
        """The host as a URL has it: IPv6 in brackets."""
        return f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host

    @property
    def default_port(self) -> int:
        """The scheme's own port."""
        return _DEFAULT_PORTS[self.scheme]

    @property
    def authority(self) -> str:
        """Host and, unless it is the scheme's own, port, as the Host header has them."""
        return self.name if self.port == self.default_port else f"{self.name}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port as one text: equal only where they all are."""
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        """The whole URL, as it is called."""
        return self.origin + self.path


def parse_url(text: str, *, allowed: Allowed | None = None, http: bool = False) -> CheckedUrl:
    """Read an absolute https URL (http too, if told so); raises BadUrl, or RefusedAddress for an address in it.

    `allowed` opens internal names, denied ports and private addresses that it lists. Nothing is looked up here.
    """
    allowed = allowed or Allowed()
    match = _URL.fullmatch(text) if len(text) <= MAX_URL_CHARS else None
    if match is None:
        raise BadUrl(_fault(text))
    scheme = match["scheme"].translate(_LOWER)
    if scheme == "http" and not http:
        raise BadUrl("plain http is not called here: use https")
    port = int(match["port"] or _DEFAULT_PORTS[scheme])
    host, address = _host(match["host"])
    _check_port(host, port, address, allowed)
    if address is not None:
        allowed.check(address, host=host, port=port)
    elif not allowed.names(host, port):
        _check_public_name(host)
    path = match["target"] or "/"
    return CheckedUrl(scheme, host, port, path if path.startswith("/") else f"/{path}", address)


def _host(text: str) -> tuple[str, IPAddress | None]:
    if text.startswith("["):
        try:
            address = IPv6Address(text[1:-1])
        except AddressValueError:
            raise BadUrl("the host is no valid IPv6 address") from None
        return str(address), address
    if _DOTTED_QUAD.fullmatch(text):
        try:
            quad = IPv4Address(text)
        except AddressValueError:
            raise BadUrl("the host is no valid IPv4 address") from None
        return str(quad), quad
    labels = [_label(label) for label in text.translate(_LOWER).split(".")]
    host = ".".join(labels)
    if len(host) > MAX_HOST_CHARS or not _LAST_LABEL.fullmatch(labels[-1]):
        raise BadUrl("the host is neither a domain name nor a dotted-quad address")
    return host, None


def _label(label: str) -> str:
    try:
        # IDNA 2008 without mapping: circled digits, full-width letters and other dots are refused, not translated.
        if not label.isascii():
            return idna.alabel(label).decode()
        if label.startswith("xn--"):
            idna.ulabel(label)
    except UnicodeError:
        raise BadUrl("the host has a label that is no valid international name (IDNA 2008)") from None
    if not _LABEL.fullmatch(label):
        raise BadUrl("the host has a label that is empty, longer than 63, or holds other than letters, digits and -")
    return label


def _check_port(host: str, port: int, address: IPAddress | None, allowed: Allowed) -> None:
    if port > _MAX_PORT:
        raise BadUrl("the port is above 65535")
    open_by_rule = port not in _DENIED_PORTS and (port >= _FIRST_HIGH_PORT or port in _DEFAULT_PORTS.values())
    if not open_by_rule and not allowed.opens_port(host, port, address):
        raise BadUrl(f"port {port} is not one that webhooks are served on")


def _check_public_name(host: str) -> None:
    labels = host.split(".")
    if len(labels) == 1:
        raise BadUrl("the host is a single word, which names something only inside a network")
    if labels[-1] in _INTERNAL_TLDS:
        raise BadUrl(f"names under .{labels[-1]} are internal and not called")


def _fault(text: str) -> str:
    """Say what is wrong with a text that the pattern refused, without quoting it."""
    if len(text) > MAX_URL_CHARS:
        return f"the URL is longer than {MAX_URL_CHARS:,} characters"
    if re.search(r"[\x00-\x20\x7f\\]", text):
        return "the URL holds a blank, a control character or a backslash: percent-encode it"
    scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*(?=:)", text)
    if scheme is None or not text[scheme.end() :].startswith("://"):
        return "the URL is not absolute: write https://host/path"
    if scheme[0].translate(_LOWER) not in _DEFAULT_PORTS:
        return "the URL's scheme is not https"
    if "@" in re.split(r"[/?#]", text[scheme.end() + 3 :], maxsplit=1)[0]:
        return "the URL holds a user or password: use the function's auth instead"
    return "the URL is not well-formed: https://host[:port]/path?query, anything unusual percent-encoded"
