"""What a vendor's error body says, in its own words."""

from collections.abc import Mapping
from typing import Any

MAX_CHARS = 500

#: Where vendors keep the text, the most telling first.
_TEXTS = ("message", "error_description", "detail", "title", "error_message", "error_summary", "error", "msg")
#: Where they keep a word for it: shown before the text, or alone.
_WORDS = ("type", "status", "error", "code")
_DEPTH = 3


def explain(value: Any) -> str | None:
    """Return what an error's body says, on one line of at most MAX_CHARS, or None where it says nothing.

    `value` is the body as JSON, in any of these shapes:

    - Airtable: `{"error": {"type", "message"}}`, `{"error": "NOT_FOUND"}`, `{"errors": [{"error", "message"}]}`
    - Google: `{"error": {"code", "message", "status"}}`; Meta: `{"error": {"message", "type", "code"}}`
    - Slack: `{"ok": false, "error": "channel_not_found"}`
    - Shopify: `{"errors": "text"}`, `{"errors": {"field": ["text"]}}`, GraphQL's `{"errors": [{"message"}]}`
    - OAuth 2 (RFC 6749): `{"error", "error_description"}`; problem documents (RFC 9457): `{"title", "detail"}`
    - `{"message"}`, `{"detail"}` or a text
    """
    found = _found(value, _DEPTH)
    return None if found is None else " ".join(found.split())[:MAX_CHARS] or None


def _found(value: Any, depth: int) -> str | None:
    if isinstance(value, str):
        # A page of HTML explains nothing.
        return None if value.lstrip().startswith("<") else value.strip() or None
    if depth == 0 or not isinstance(value, Mapping | list):
        return None
    if isinstance(value, list):
        return next((found for found in (_found(one, depth - 1) for one in value[:5]) if found), None)
    return _of_object(value, depth)


def _of_object(value: Mapping[str, Any], depth: int) -> str | None:
    for inner in ("error", "errors"):
        if isinstance(value.get(inner), Mapping | list):
            found = _found(value[inner], depth - 1)
            if found:
                return found
    text, word = _first(value, _TEXTS), _first(value, _WORDS)
    if text is not None:
        return f"{word}: {text}" if word and "message" in value else text
    return word or _first(value, ("errors",)) or _of_fields(value)


def _first(value: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """Return the first text that is not blank."""
    for name in names:
        text = value.get(name)
        if isinstance(text, str) and text.strip():
            return text
    return None


def _of_fields(value: Mapping[str, Any]) -> str | None:
    """Read `{"field": ["text"]}`."""
    for name, texts in value.items():
        if isinstance(texts, list) and texts and isinstance(texts[0], str):
            return f"{name}: {texts[0]}"
    return None
