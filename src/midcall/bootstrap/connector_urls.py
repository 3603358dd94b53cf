"""Where connectors live instead of at their vendor: `airtable=http://127.0.0.1:9000,slack=…`."""

import re
from collections.abc import Collection, Mapping, Sequence
from urllib.parse import urlsplit

#: No user, no query, no fragment; what connectors ask for is appended.
_BASE = re.compile(r"https?://[A-Za-z0-9.:\[\]_-]+(?:/[A-Za-z0-9._~%/-]*)?")


def connector_urls(entries: Sequence[str], known: Collection[str]) -> Mapping[str, str]:
    """Read entries `name=url` with names among `known`; URLs lose the slash at their end.

    Raises ValueError that says what is wrong, and quotes no URL, which may hold a password.
    """
    urls: dict[str, str] = {}
    for entry in entries:
        name, equals, url = (part.strip() for part in entry.partition("="))
        if not equals or name not in known:
            names = ", ".join(sorted(known)) or "none"
            raise ValueError(f"must be a list of name=url, separated by commas; the names there are: {names}")
        if name in urls:
            raise ValueError(f"names {name} twice; leave one of them out")
        if not _is_base(url):
            raise ValueError(
                f"must give {name} a URL such as http://127.0.0.1:9000/v0, without query, fragment and password"
            )
        urls[name] = url.rstrip("/")
    return urls


def _is_base(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and (parts.port is None or parts.port > 0) and _BASE.fullmatch(url) is not None
    except ValueError:
        return False
