"""Where vendors reach the api: as the operator says, or where it listens."""

from typing import Any

import pytest

from midcall.bootstrap.settings import BadSetting, Settings


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "http://127.0.0.1:8787"),
        ({"host": "0.0.0.0", "port": 9000}, "http://127.0.0.1:9000"),  # noqa: S104
        ({"host": "::", "port": 9000}, "http://[::1]:9000"),
        ({"host": "fd00::5"}, "http://[fd00::5]:8787"),
        ({"host": "midcall.internal"}, "http://midcall.internal:8787"),
        ({"public_url": "https://midcall.example.com"}, "https://midcall.example.com"),
        ({"public_url": "https://example.com:8443/midcall/"}, "https://example.com:8443/midcall"),
        ({"public_url": "http://[fd00::5]:9000"}, "http://[fd00::5]:9000"),
    ],
    ids=str,
)
def test_the_public_url_is_the_setting_or_where_the_api_listens(given: dict[str, Any], url: str) -> None:
    """Without a slash at its end; every address of a machine is this machine."""
    assert Settings(**given).public == url


@pytest.mark.parametrize(
    "url",
    [
        "midcall.example.com",
        "ftp://midcall.example.com",
        "https://",
        "https://user:secret@midcall.example.com",
        "https://midcall.example.com/?a=b",
        "https://midcall.example.com/#a",
        "https://midcall.example.com:99999",
        "https://midcall.example.com:0",
        "https://midcall.example.com/a b",
        "https://midcall.example.com\n",
        "https://[fd00::5",
    ],
)
def test_what_vendors_could_not_call_is_refused(url: str) -> None:
    """In words that hold none of it: a password may be among it."""
    with pytest.raises(BadSetting, match=r"^MIDCALL_PUBLIC_URL must be a URL") as caught:
        Settings(public_url=url)
    assert "secret" not in str(caught.value)
