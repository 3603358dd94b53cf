"""A client for the tests' servers, which speak plain HTTP: any other reads a file of authorities when it is made."""

import ssl
from typing import Any

import httpx
from tests.support.patience import CLIENT_S

#: Trusts nobody, and is never asked.
_NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def plain_client(**options: Any) -> httpx.Client:
    """Make a client that is patient and knows no proxy; `options` as httpx takes them."""
    return httpx.Client(timeout=CLIENT_S, trust_env=False, verify=_NO_AUTHORITIES, **options)
