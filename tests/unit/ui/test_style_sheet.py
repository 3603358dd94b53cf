"""The style sheet: a brace too few hides every page's looks that come after it."""

import re

from midcall.ui.assets import FOLDER

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def test_every_block_is_closed_where_it_ends() -> None:
    """Rules stand at the left edge; a block that is still open there was never closed."""
    depth = 0
    for number, line in enumerate(COMMENT.sub(lambda found: "\n" * found[0].count("\n"), css()).splitlines(), 1):
        assert depth == 0 or not re.match(r"[.#@:a-z*]", line), f"line {number} stands inside of a block: {line[:60]}"
        depth += line.count("{") - line.count("}")
    assert depth == 0


def css() -> str:
    """Return the sheet."""
    return (FOLDER / "midcall.css").read_text(encoding="utf-8")
