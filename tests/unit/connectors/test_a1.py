"""A1 notation says how many rows and columns there are, or that nobody can tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from midcall.connectors.a1 import MAX_COLUMNS, MAX_ROWS, Dimensions, dimensions

COLUMNS, ROWS = st.integers(1, MAX_COLUMNS), st.integers(1, MAX_ROWS)
DOLLARS = st.sampled_from(["", "$"])
#: What may stand before the cells: nothing, a name, a quoted name that may itself look like a range.
SHEETS = st.sampled_from(["", "Sheet1!", "Größe!"]) | st.text(min_size=1, max_size=20).map(
    lambda title: "'" + title.replace("'", "''") + "'!"
)


def letters(column: int) -> str:
    """Name a column, written independently of what is tested."""
    names = [chr(65 + number) for number in range(26)]
    if column <= 26:
        return names[column - 1]
    high, low = divmod(column - 1, 26)
    return letters(high) + names[low]


@given(SHEETS, COLUMNS, ROWS, COLUMNS, ROWS, DOLLARS)
def test_a_closed_range_has_both(sheet: str, left: int, top: int, right: int, bottom: int, sign: str) -> None:
    """From whichever corner to whichever, with or without dollar signs, in either case."""
    cells = f"{sign}{letters(left)}{sign}{top}:{sign}{letters(right)}{sign}{bottom}"
    wanted = Dimensions(abs(bottom - top) + 1, abs(right - left) + 1)
    assert dimensions(sheet + cells) == dimensions(sheet + cells.lower()) == wanted


@given(SHEETS, COLUMNS, COLUMNS, ROWS)
def test_a_range_may_be_open_below(sheet: str, left: int, right: int, top: int) -> None:
    """It has columns and any number of rows."""
    width = abs(right - left) + 1
    for cells in (f"{letters(left)}{top}:{letters(right)}", f"{letters(left)}:{letters(right)}"):
        assert dimensions(sheet + cells) == Dimensions(None, width)


@given(SHEETS, ROWS, ROWS, COLUMNS)
def test_a_range_may_be_open_to_the_right(sheet: str, top: int, bottom: int, left: int) -> None:
    """It has rows and any number of columns."""
    height = abs(bottom - top) + 1
    for cells in (f"{top}:{bottom}", f"{letters(left)}{top}:{bottom}"):
        assert dimensions(sheet + cells) == Dimensions(height, None)


@pytest.mark.parametrize(
    ("text", "rows", "columns"),
    [
        ("A1:A1", 1, 1),
        ("A1:C2", 2, 3),
        ("Z1:AA1", 1, 2),
        ("Orders!A2:C", None, 3),
        ("'Ann''s sheet'!B2:B9", 8, 1),
        ("'A1:B2'!C3:C3", 1, 1),
        ("'a!b'!A1:B1", 1, 2),
    ],
)
def test_examples(text: str, rows: int | None, columns: int | None) -> None:
    """As Google's guide writes them."""
    assert dimensions(text) == Dimensions(rows, columns)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            ":",
            "A1",
            "Orders!B7",
            "Orders",
            "'A1:B2'",
            "Prices_2026",
            "R1C1:R2C2",
            "A1:",
            ":B2",
            "A0:B2",
            "A1:B2:C3",
        ),
        *("AAAA1:B2", "ZZZ1:ZZZ99999999", "A1:B²", "'open!A1:B2", "''!A1:B2", "A 1:B2"),
    ],
)
def test_what_does_not_say_it_is_unknown(text: str) -> None:
    """A single cell, a whole sheet, a named range, R1C1 notation, and what is no range at all."""
    assert dimensions(text) == Dimensions(None, None)


@given(st.text(alphabet="AZaz019$:!'R ²\n") | st.text())
def test_it_raises_nothing(text: str) -> None:
    """Whatever comes; where it measures, there is at least one row and column."""
    found = dimensions(text)
    assert found.rows is None or 1 <= found.rows <= MAX_ROWS
    assert found.columns is None or 1 <= found.columns <= MAX_COLUMNS
