"""What strangers wrote is printed on a terminal, and does nothing there."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from midcall.domain.terminal import lines, one_line

#: Marks, overrides and isolates that change in which order a line is read.
DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@given(st.text(st.characters()))
@example("\x1b[2J\x9b31m\x00\x07\x7f\r\n\t\u2028\u202e\ud800")
def test_nothing_that_acts_is_left(text: str) -> None:
    """No control character, no change of direction, nothing that cannot be written; printed twice it is the same."""
    for shown, kept in ((one_line(text), ""), (lines(text), "\t\n")):
        acting = [letter for letter in shown if unicodedata.category(letter) in {"Cc", "Zl", "Zp", "Cs"}]
        assert set(acting) <= set(kept)
        assert not set(shown) & set(DIRECTIONS)
        shown.encode()
        assert one_line(one_line(text)) == one_line(text)


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"])))
@example("می‌خواهم 👩‍💻 naïve 漢字")  # joiners belong to how these are written
def test_what_does_nothing_is_as_it_was(text: str) -> None:
    """Letters, marks, numbers and signs of all scripts."""
    assert one_line(text) == lines(text) == text


@pytest.mark.parametrize(
    ("text", "line", "several"),
    [
        ("\x1b]0;owned\x07", r"\x1b]0;owned\x07", r"\x1b]0;owned\x07"),
        ("a\nb\tc", r"a\nb\tc", "a\n  b\tc"),
        ("safe\r2026 [error] forged", r"safe\r2026 [error] forged", r"safe\r2026 [error] forged"),
        ("admin\u202etxt.exe", r"admin\u202etxt.exe", r"admin\u202etxt.exe"),
        ("\x9b1m\x85", r"\x9b1m\x85", r"\x9b1m\x85"),
    ],
)
def test_what_would_act_is_written_out(text: str, line: str, several: str) -> None:
    """A reader sees what was there; line feeds stay where several lines may be."""
    assert one_line(text) == line
    assert lines(text, "  ") == several
