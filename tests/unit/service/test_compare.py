"""Comparing versions."""

from typing import Any

from midcall.domain.parameters import MASK
from midcall.service.functions.compare import MAX_LINES, DiffLine, compare


def code(source: str, **more: Any) -> dict[str, Any]:
    """Return a version's document."""
    return {"kind": "code", "code": {"source": source, "actions": []}, **more}


def test_source_and_settings_are_compared_apart() -> None:
    """Each part that changed has its lines; the source does not stand in the settings."""
    source, settings = compare(code("a\nb\n", timeout=1), code("a\nc\n", timeout=2))
    assert source.lines[1:] == (DiffLine(" ", "a"), DiffLine("-", "b"), DiffLine("+", "c"))
    assert [line.text.strip() for line in settings.lines if line.mark in "+-"] == ['"timeout": 1', '"timeout": 2']
    assert compare(code("a"), code("a")) == ()


def test_a_replaced_secret_is_told_and_not_shown() -> None:
    """Two kept values look the same; that one took the place of the other is said, their ids are not."""

    def webhook(secret: str) -> dict[str, Any]:
        return {"kind": "webhook", "webhook": {"url": "u", "headers": {"k": MASK + secret}, "query": {}, "auth": {}}}

    (part,) = compare(webhook("id1"), webhook("id2"))
    assert part.lines == ()
    assert "secret was replaced" in part.note


def test_lines_that_look_like_marks_and_very_long_sources_are_no_trouble() -> None:
    """A line that begins with ++ or -- is a line; what has too many lines is not compared."""
    (part,) = compare(code("-- a"), code("++ a"))
    assert [(line.mark, line.text) for line in part.lines[1:]] == [("-", "-- a"), ("+", "++ a")]
    (long,) = compare(code("x\n" * (MAX_LINES + 1)), code("y\n" * (MAX_LINES + 1)))
    assert long.lines == ()
    assert "not compared" in long.note
