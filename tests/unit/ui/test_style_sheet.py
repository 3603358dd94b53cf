"""The style sheet: a brace too few hides every page's looks that come after it."""

import re

from midcall.ui.assets import FOLDER

#: What pages are made by.
CODE = [file for kind in ("*.py", "*.js") for file in FOLDER.parent.rglob(kind)]
#: Names in the same form that are no classes.
EVENTS = {"mc-visible"}
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


def test_every_block_is_closed_where_it_ends() -> None:
    """Rules stand at the left edge; a block that is still open there was never closed."""
    depth = 0
    for number, line in enumerate(COMMENT.sub(lambda found: "\n" * found[0].count("\n"), css()).splitlines(), 1):
        assert depth == 0 or not re.match(r"[.#@:a-z*]", line), f"line {number} stands inside of a block: {line[:60]}"
        depth += line.count("{") - line.count("}")
    assert depth == 0


def test_every_class_of_a_page_has_its_looks_and_no_looks_are_left_over() -> None:
    """A rule that was lost shows nowhere but on the screen: the sign-in page stood in its corner for weeks."""
    code = "".join(file.read_text(encoding="utf-8") for file in CODE)
    used = set(re.findall(r"(?<!--)\bmc-[a-z0-9-]+", code)) - EVENTS
    defined = set(re.findall(r"\.(mc-[a-z0-9-]+)", COMMENT.sub("", css())))
    made = {name for name in defined if any(name.startswith(start) for start in used if start.endswith("-"))}
    assert {name for name in used - defined if not name.endswith("-")} == set()
    assert defined - used - made == set()


def css() -> str:
    """Return the sheet."""
    return (FOLDER / "midcall.css").read_text(encoding="utf-8")
