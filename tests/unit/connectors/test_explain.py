"""An error's body is read for what it says, whoever wrote it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.connectors.explain import MAX_CHARS, explain

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["error", "errors", "message", "type", "x"]), inner)
    ),
)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"type": "INVALID_REQUEST_UNKNOWN", "message": "bad"}}, "INVALID_REQUEST_UNKNOWN: bad"),
        ({"error": {"type": "UNAUTHORIZED"}}, "UNAUTHORIZED"),
        ({"error": "NOT_FOUND"}, "NOT_FOUND"),
        ({"errors": [{"error": "RATE_LIMIT_REACHED", "message": "Slow down"}]}, "RATE_LIMIT_REACHED: Slow down"),
        ({"error": {"code": 404, "message": "Not here.", "status": "NOT_FOUND"}}, "NOT_FOUND: Not here."),
        ({"error": {"message": "No", "type": "OAuthException", "code": 190}}, "OAuthException: No"),
        ({"ok": False, "error": "channel_not_found"}, "channel_not_found"),
        ({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, "Invalid JWT Signature."),
        ({"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}, "Throttled"),
        ({"errors": "[API] Invalid API key"}, "[API] Invalid API key"),
        ({"errors": {"base": ["is closed", "x"]}}, "base: is closed"),
        ({"type": "about:blank", "title": "Gone", "status": 410, "detail": "Sold out"}, "Sold out"),
        ({"message": "two\n  lines"}, "two lines"),
        ("plain text", "plain text"),
    ],
)
def test_it_finds_the_message(body: Any, said: str) -> None:
    """In the shapes of the vendors that there are connectors for, and those of the standards."""
    assert explain(body) == said


@pytest.mark.parametrize(
    "body", [None, "", "  ", [], {}, {"errors": []}, {"a": 1}, "<!doctype html><p>no", 5, {"error": " "}]
)
def test_what_says_nothing_is_none(body: Any) -> None:
    """A page of HTML is nothing that a person wants to read."""
    assert explain(body) is None


@given(JSON)
def test_it_raises_nothing_and_stays_short(body: Any) -> None:
    """The body comes from outside."""
    said = explain(body)
    assert said is None or 0 < len(said) <= MAX_CHARS


def test_a_deep_body_is_not_followed_down() -> None:
    """However deep it is."""
    body: Any = "x"
    for _ in range(500):
        body = {"error": body}
    assert explain(body) is None
