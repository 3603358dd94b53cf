"""Where connectors live instead of at their vendor, as the operator says."""

import pytest

from midcall.bootstrap.connector_urls import connector_urls
from midcall.bootstrap.settings import BadSetting, Settings

KNOWN = ("airtable", "slack")


def test_each_name_gets_its_url() -> None:
    """Without the slash at its end: what connectors ask for is appended."""
    given = ["airtable=http://127.0.0.1:9000", " slack = https://slack.internal/api/ "]
    assert connector_urls(given, KNOWN) == {
        "airtable": "http://127.0.0.1:9000",
        "slack": "https://slack.internal/api",
    }
    assert connector_urls(["airtable=http://[::1]:9000//"], KNOWN) == {"airtable": "http://[::1]:9000"}
    assert connector_urls([], KNOWN) == {}


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (["airtable"], "name=url"),
        (["=https://a.example.com"], "name=url"),
        (["stripe=https://a.example.com"], "airtable, slack"),
        (["slack=https://a.example.com", "slack=https://b.example.com"], "twice"),
        (["slack="], "slack"),
        (["slack=a.example.com"], "slack"),
        (["slack=ftp://a.example.com"], "slack"),
        (["slack=https://u:geheim@a.example.com"], "slack"),
        (["slack=https://a.example.com/?key=geheim"], "slack"),
        (["slack=https://a.example.com/#geheim"], "slack"),
        (["slack=https://a.example.com:99999"], "slack"),
        (["slack=https://{shop_domain}"], "slack"),
    ],
    ids=str,
)
def test_what_cannot_be_a_base_is_refused(given: list[str], word: str) -> None:
    """In words that name the connector and hold nothing of the URL."""
    with pytest.raises(ValueError, match=word) as caught:
        connector_urls(given, KNOWN)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("name", ["http", "nobody"])
def test_the_setting_takes_only_connectors_that_have_a_base(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests of `http` name whole addresses."""
    monkeypatch.setenv("MIDCALL_CONNECTOR_URLS", f"{name}=https://a.example.com")
    with pytest.raises(BadSetting, match=r"^MIDCALL_CONNECTOR_URLS must be a list"):
        Settings()


def test_there_are_none_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connectors then call their vendors."""
    monkeypatch.setenv("MIDCALL_CONNECTOR_URLS", " , ")
    assert Settings().connector_urls == {}
