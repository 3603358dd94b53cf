"""The style sheet: a brace too few hides every page's looks that come after it."""

import re
from collections import defaultdict
from collections.abc import Iterator

from midcall.ui.assets import FOLDER

#: What pages are made by.
CODE = [file for kind in ("*.py", "*.js") for file in FOLDER.parent.rglob(kind)]
#: Names in the same form that are no classes.
EVENTS = {"mc-visible"}
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
#: A comment behind an empty line begins the part of a page, or of several.
SECTION = re.compile(r"\n\n/\* ")


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
    assert used - defined == set(), "classes without a rule; one that is put together is written out in a table"
    assert defined - used == set(), "rules that no page uses"


def test_no_rule_of_one_page_changes_another_page() -> None:
    """Of two rules for one selector the later one wins on every page; each page's parts have names of their own."""
    sections: dict[str, set[int]] = defaultdict(set)
    alone: dict[str, list[int]] = defaultdict(list)
    for section, line, selectors in top_level_rules():
        for selector in selectors:
            sections[selector].add(section)
            alone[selector] += [line] if len(selectors) == 1 else []
    assert len(sections) > 300
    faults = {selector for selector, found in sections.items() if len(found) > 1}
    faults |= {selector for selector, lines in alone.items() if len(lines) > 1}
    assert not faults, f"name one of each for its page, or make one rule of both: {sorted(faults)}"


def top_level_rules() -> Iterator[tuple[int, int, list[str]]]:
    """Yield each rule outside of conditions: the number of its section, its line, its selectors."""
    sheet = css()
    begins = [found.start() for found in SECTION.finditer(sheet)]
    plain = COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), sheet)
    depth = start = 0
    for found in re.finditer(r"[{}]", plain):
        before = plain[start : found.start()].strip()
        if found[0] == "{" and depth == 0 and not before.startswith("@"):
            section = sum(begin < found.start() for begin in begins)
            yield (
                section,
                plain.count("\n", 0, found.start()) + 1,
                [" ".join(each.split()) for each in before.split(",")],
            )
        depth += 1 if found[0] == "{" else -1
        start = found.end()


def css() -> str:
    """Return the sheet."""
    return (FOLDER / "midcall.css").read_text(encoding="utf-8")
