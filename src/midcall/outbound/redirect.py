"""Where a redirect leads, and what of the request may go there."""

import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urljoin

from midcall.outbound.errors import RefusedRedirect
from midcall.outbound.message import Outgoing
from midcall.outbound.url import Target

STATUSES = frozenset({301, 302, 303, 307, 308})
MAX_HOPS = 5
_SEE_OTHER = 303
_MOVED = frozenset({301, 302})

#: What goes to another origin. Any other header may be a credential or a signature, whatever its name.
_HARMLESS = frozenset({"accept", "accept-language", "content-language", "content-type", "user-agent"})
_OF_A_BODY = frozenset({"content-language", "content-type", "content-encoding"})
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
# Before anything splits it: urljoin drops control characters, and what it drops could hide a host.
_PLAIN = re.compile(r"[\x21-\x5b\x5d-\x7e]+")


def next_request(sent: Outgoing, status: int, location: str, parse: Callable[[str], Target]) -> Outgoing:
    """Return the request that follows a redirect; its target is parsed and checked as the first one was.

    As browsers do, 303, and 301 or 302 after POST, go on as GET without the body. Across origins only harmless headers
    go along, and a body never does. Raises RefusedRedirect, and what `parse` raises.
    """
    target = parse(_absolute(sent.target, location))
    if sent.target.scheme == "https" and target.scheme != "https":
        raise RefusedRedirect("the answer redirects from https to http")
    following = replace(sent, target=target)
    if (status == _SEE_OTHER and sent.method != "HEAD") or (status in _MOVED and sent.method == "POST"):
        kept = tuple(pair for pair in sent.headers if pair[0].lower() not in _OF_A_BODY)
        following = replace(following, method="GET", body=b"", headers=kept)
    if target.origin == sent.target.origin:
        return following
    if following.body:
        raise RefusedRedirect("the answer redirects the request's body to another origin")
    return replace(following, headers=tuple(pair for pair in following.headers if pair[0].lower() in _HARMLESS))


def _absolute(base: Target, location: str) -> str:
    if not _PLAIN.fullmatch(location):
        raise RefusedRedirect("the answer redirects to something that is no URL")
    if _SCHEME.match(location):
        return location
    if location.startswith("//"):
        return f"{base.scheme}:{location}"
    # Only the path is joined; the origin stays as it was checked, whatever comes of it.
    path = urljoin(base.path, location)
    return base.origin + (path if path.startswith("/") else f"/{path}")
