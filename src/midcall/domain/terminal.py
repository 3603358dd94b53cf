"""Text of strangers on a terminal: it is printed there, and does nothing."""

import re

#: What acts on a terminal or on the order of what is read: C0, DEL and C1 (ESC and CSI among them), marks, overrides
#: and isolates of direction, line and paragraph separators; and half surrogate pairs, which cannot be written at all.
_ACTS = "\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ud800-\udfff"
_IN_LINES = re.compile(f"[{_ACTS}]")
_IN_A_LINE = re.compile(f"[\t\n{_ACTS}]")


def one_line(text: str) -> str:
    """Return a text as one line that a terminal only prints: ESC, a line feed and their like are written out."""
    return _IN_A_LINE.sub(_written_out, text)


def lines(text: str, indent: str = "") -> str:
    """Return a text that a terminal only prints, line feeds and tabs left; further lines are indented.

    With an indent, no line of it can be taken for one of somebody else's.
    """
    return _IN_LINES.sub(_written_out, text).replace("\n", "\n" + indent)


def _written_out(character: re.Match[str]) -> str:
    return character[0].encode("unicode_escape").decode("ascii")
