"""Where a redirect leads, and what of the request may go there."""

import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urljoin

from midcall.outbound.errors import RefusedRedirect
from midcall.outbound.message import OutboundRequest
from midcall.outbound.url import CheckedUrl

STATUSES = frozenset({301, 302, 303, 307, 308})
MAX_HOPS = 5
_SEE_OTHER = 303
_MOVED = frozenset({301, 302})
_FOUND = 302

#: What goes to another origin. Any other header may be a credential or a signature, whatever its name.
_HARMLESS = frozenset({"accept", "accept-language", "content-language", "content-type", "user-agent"})
_OF_A_BODY = frozenset({"content-language", "content-type", "content-encoding"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
# Before anything splits it: urljoin drops control characters, and what it drops could hide a host.
_PLAIN = re.compile(r"[\x21-\x5b\x5d-\x7e]+")


def next_request(
    sent: OutboundRequest, status: int, location: str, parse: Callable[[str], CheckedUrl]
) -> OutboundRequest:
    """Return the request that follows a redirect; its target is parsed and checked as the first one was.

    As browsers do, 303, and 301 or 302 after POST, go on as GET without the body. Across origins only harmless headers
    go along, and a body never does. Raises RefusedRedirect, and what `parse` raises.
    """
    target = parse(_absolute(sent.target, location))
    if sent.target.scheme == "https" and target.scheme != "https":
        raise RefusedRedirect("the answer redirects from https to http")
    following = replace(sent, target=target)
    if (status == _SEE_OTHER and sent.method != "HEAD") or (status in _MOVED and sent.method == "POST"):
        following = _as_get(following)
    if target.origin == sent.target.origin:
        return following
    if following.body:
        raise RefusedRedirect("the answer redirects the request's body to another origin")
    return replace(following, headers=tuple(pair for pair in following.headers if pair[0].lower() in _HARMLESS))


def near_request(
    sent: OutboundRequest, status: int, location: str, parse: Callable[[str], CheckedUrl]
) -> OutboundRequest | None:
    """Return the request that follows a redirect within its origin, or from http to https on one host; else None.

    Everything goes along: who redirects has been sent it, and there it goes to the same host, if not over a safer way.
    The method and the body stay, but for 303, and for 302 after POST, which most servers mean as 303. Raises what
    `parse` raises for a target that is near.
    """
    try:
        absolute = _absolute(sent.target, location)
    except RefusedRedirect:
        return None
    if not _is_near(sent.target, absolute):
        return None
    target = parse(absolute)
    # The parser has the last word on what the host is.
    if target.origin != sent.target.origin and (sent.target.scheme, target.scheme, target.host) != (
        *("http", "https"),
        sent.target.host,
    ):
        return None
    following = replace(sent, target=target)
    seen_elsewhere = status == _SEE_OTHER or (status == _FOUND and sent.method == "POST")
    return _as_get(following) if seen_elsewhere and sent.method != "HEAD" else following


def _as_get(sent: OutboundRequest) -> OutboundRequest:
    kept = tuple(pair for pair in sent.headers if pair[0].lower() not in _OF_A_BODY)
    return replace(sent, method="GET", body=b"", headers=kept)


def _is_near(base: CheckedUrl, url: str) -> bool:
    """Tell whether a URL begins as one that may be followed does, before anything else looks at it."""
    scheme, _, rest = url.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].lower()
    return scheme.lower() in {base.scheme, "https"} and (host == base.name or host.startswith(f"{base.name}:"))


def _absolute(base: CheckedUrl, location: str) -> str:
    if not _PLAIN.fullmatch(location):
        raise RefusedRedirect("the answer redirects to something that is no URL")
    if _SCHEME.match(location):
        return location
    if location.startswith("//"):
        return f"{base.scheme}:{location}"
    # Only the path is joined; the origin stays as it was checked, whatever comes of it.
    path = urljoin(base.path, location)
    return base.origin + (path if path.startswith("/") else f"/{path}")
