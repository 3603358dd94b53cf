"""Code inside a review comment's suggestion: what can be copied, and what can be put into the source as it stands."""

import re
from collections.abc import Mapping
from typing import Any

#: Code in a suggestion stands in backticks.
_CODE = re.compile(r"`([^`\n]+)`")
_HANDLER = re.compile(r"^def handler\s*\([^\n]*\)[^\n:]*:", re.MULTILINE)
#: What is worth a button: not a mere word, nor something that stands for more.
_MIN_CHARS = 6


def snippet(suggestion: str) -> str | None:
    """Return the first piece of code in a suggestion that is more than a word; None if there is none."""
    found = (match[1] for match in _CODE.finditer(suggestion))
    return next((code for code in found if len(code) >= _MIN_CHARS and "..." not in code and " " in code), None)


def applied(source: str, comment: Mapping[str, Any]) -> str | None:
    """Return the source with a comment's suggestion in it, where there is one way to do that; else None.

    That is so of another signature for `handler`, which is written out and has one place.
    """
    code = snippet(str(comment.get("suggestion", "")))
    if code is None or not _HANDLER.fullmatch(code):
        return None
    places = list(_HANDLER.finditer(source))
    if len(places) != 1 or places[0][0] == code:
        return None
    return source[: places[0].start()] + code + source[places[0].end() :]
