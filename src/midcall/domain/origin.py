"""Origins: the scheme, host and port that a secret may be sent to, and no other."""

import re
from collections.abc import Iterable, Sequence

MAX_CHARS = 300
_DEFAULT_PORTS = {"https": "443", "http": "80"}
_HOST = r"\[[0-9A-Fa-f:.]{2,45}\]|[^\x00-\x20\x7f/?#@:\\\[\]%{}*,\"'<>]{1,253}"
_URL = re.compile(rf"(?P<scheme>[hH][tT][tT][pP][sS]?)://(?P<host>{_HOST})(?::(?P<port>[1-9][0-9]{{0,4}}))?(?=[/?#]|$)")
#: `*.` stands for any labels, and never before a single one: that would be a whole top-level domain.
_WILD = re.compile(r"(?P<before>https?://)\*\.(?P<below>[^/:*\[\]]+\.[^/:*\[\]]+(?::[0-9]+)?)")
_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def origin_of(url: str) -> str:
    """Return `scheme://host[:port]`, in lower case and without the scheme's own port; empty if there is none.

    Two URLs with one origin are called at one place. What is written in another way may have another origin though it
    is the same place: then a secret does not go there, which is the safe mistake.
    """
    match = _URL.match(url)
    if match is None:
        return ""
    scheme, host, port = match["scheme"].translate(_LOWER), match["host"].translate(_LOWER), match["port"]
    return f"{scheme}://{host}" if port in (None, _DEFAULT_PORTS[scheme]) else f"{scheme}://{host}:{port}"


def read_origin(text: str) -> str:
    """Read where a secret may go: `api.example.com`, `https://api.example.com:8443`, `https://*.example.com`.

    Without a scheme it is https. Raises ValueError for what is no origin, a path among them.
    """
    whole = text.strip() if "://" in text else f"https://{text.strip()}"
    wild = "://*." in whole
    plain = whole.removesuffix("/").replace("://*.", "://", 1)
    origin = origin_of(plain)
    if not origin or len(text) > MAX_CHARS or len(plain) != len(_URL.match(plain)[0]):  # type: ignore[index]
        raise ValueError("is no host; write https://api.example.com, with the port if it has its own, without a path")
    if not wild:
        return origin
    found = origin.replace("://", "://*.", 1)
    if not _WILD.fullmatch(found):
        raise ValueError("*. stands before a domain of one's own: https://*.example.com")
    return found


def allows(bound: Iterable[str], origin: str) -> bool:
    """Tell whether an origin is among those that something is bound to, or below one that begins with `*.`."""
    return bool(origin) and any(_covers(each, origin) for each in bound)


def beyond(bound: Sequence[str], wanted: Iterable[str]) -> list[str]:
    """Return which of the origins that are wanted something is not bound to; one with `*.` is bound as it stands."""
    return [each for each in wanted if each not in bound and ("*" in each or not allows(bound, each))]


def origins_of_egress(entry: str) -> tuple[str, ...]:
    """Return the origins that an entry of a function's egress opens, which names no scheme.

    Plain http is among them only where names are a network's own, or a port is named: elsewhere no secret goes by it.
    """
    host = entry.removeprefix("*.")
    own = ":" in host or "." not in host or host.replace(".", "").isdigit()
    schemes = ("https", "http") if own else ("https",)
    wild = "*." if entry.startswith("*.") else ""
    found = (origin_of(f"{scheme}://{host}") for scheme in schemes)
    return tuple(each.replace("://", f"://{wild}", 1) for each in found if each)


def _covers(entry: str, origin: str) -> bool:
    wild = _WILD.fullmatch(entry)
    if wild is None:
        return entry == origin
    before, below = wild["before"], wild["below"]
    return origin.startswith(before) and origin.endswith(f".{below}") and len(origin) > len(before) + len(below) + 1
