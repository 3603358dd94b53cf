"""Headers of requests that midcall sends for others: what a name and a value may be."""

import re

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")
_VALUE = re.compile(r"(?:[^\x00-\x20\x7f](?:[^\x00-\x08\x0a-\x1f\x7f]*[^\x00-\x20\x7f])?)?")

#: Where the request goes, how long it is and how it is read: whoever writes these decides what the server takes for a
#: request.
OWN_NAMES = frozenset(
    {
        *("accept-encoding", "connection", "content-length", "expect", "host", "http2-settings", "keep-alive"),
        *("proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding"),
        "upgrade",
    }
)


#: midcall writes these into every webhook call; written by others as well, they would stand there twice.
_SIGNED_NAMES = frozenset(
    {
        *("idempotency-key", "traceparent", "webhook-id", "webhook-signature", "webhook-timestamp"),
        "x-retell-signature",
    }
)
_OWN_PREFIX = "x-midcall-"

#: The scheme's word before a token, as it stands where a whole `Authorization` was copied.
_BEARER_WORD = re.compile(r"(?:[Bb][Ee][Aa][Rr][Ee][Rr] +)+")


def is_reserved(name: str) -> bool:
    """Tell whether midcall writes a header itself, so that nobody else may."""
    name = name.lower()
    return name in OWN_NAMES or name in _SIGNED_NAMES or name.startswith(_OWN_PREFIX)


def is_name(text: str) -> bool:
    """Tell whether a text is a token (RFC 9110), which a header's name has to be."""
    return _NAME.fullmatch(text) is not None


def is_value(text: str) -> bool:
    """Tell whether a text is a header's value: no control character but tabs inside, no blanks at its ends."""
    return _VALUE.fullmatch(text) is not None


def bare_token(text: str) -> str:
    """Return a bearer token without the word Bearer before it, which whoever sends it puts there."""
    return _BEARER_WORD.sub("", text, count=1) if _BEARER_WORD.match(text) else text
