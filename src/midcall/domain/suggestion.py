"""Code inside a review comment's suggestion: what can be copied, and what can be put into the source as it stands."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

#: Code in a suggestion stands in backticks.
_CODE = re.compile(r"`([^`\n]+)`")
_HANDLER = re.compile(r"^def handler\s*\(", re.MULTILINE)
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
    if code is None or list(_signatures(code)) != [(0, len(code))]:
        return None
    places = list(_signatures(source))
    if len(places) != 1:
        return None
    (start, end) = places[0]
    return None if source[start:end] == code else source[:start] + code + source[end:]


def _signatures(source: str) -> Iterator[tuple[int, int]]:
    """Yield where the signatures of functions named `handler` begin and end that stand in one line."""
    # A pattern of the whole would try each bracket of a long line against each other one.
    for match in _HANDLER.finditer(source):
        line_end = source.find("\n", match.end())
        last_colon = source.rfind(":", match.end(), len(source) if line_end < 0 else line_end)
        closed = source.rfind(")", match.end(), max(last_colon, match.end()))
        if closed >= 0:
            yield match.start(), source.index(":", closed) + 1
