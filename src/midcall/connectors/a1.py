"""A1 notation: how many rows and columns a range of a spreadsheet has, where the range itself says it.

Source: Google's guide to the Sheets API, "Cell" and A1 notation. A named range and R1C1 notation are read by Google
alone: here they have unknown dimensions, as a whole sheet has.
"""

import re
from dataclasses import dataclass

#: The number of ZZZ, and the most cells that a spreadsheet can have.
MAX_COLUMNS, MAX_ROWS = 18_278, 10_000_000

_QUOTED = re.compile(r"'(?:[^']|'')+'(?:!(?P<cells>.*))?", re.DOTALL)
_CORNER = re.compile(r"\$?(?P<column>[A-Za-z]{1,3})?(?:\$?(?P<row>[1-9][0-9]{0,7}))?")


@dataclass(frozen=True, slots=True)
class Dimensions:
    """Rows and columns; None: open, or not to be told from the range."""

    rows: int | None = None
    columns: int | None = None


_UNKNOWN = Dimensions()


def dimensions(cell_range: str) -> Dimensions:
    """Measure a range: `A1:C3`, `Sheet1!A2:C` (open below), `A:C`, `2:5`, `'Ann''s sheet'!B2:B9`.

    A single cell is where values begin, so that it has unknown dimensions. Raises nothing, whatever comes.
    """
    cells = _cells(cell_range)
    if cells is None:
        return _UNKNOWN
    first, colon, last = cells.partition(":")
    if not colon:
        return _UNKNOWN
    begin, end = _corner(first), _corner(last)
    if begin is None or end is None or (begin == (None, None)) or (end == (None, None)):
        return _UNKNOWN
    return Dimensions(_span(begin[1], end[1]), _span(begin[0], end[0]))


def _cells(cell_range: str) -> str | None:
    """Return what follows the name of the sheet."""
    if cell_range.startswith("'"):
        quoted = _QUOTED.fullmatch(cell_range)
        return quoted["cells"] if quoted else None
    return cell_range.rpartition("!")[2]


def _corner(text: str) -> tuple[int | None, int | None] | None:
    """Return column and row of a corner, each None where it is open; None for what is no corner."""
    corner = _CORNER.fullmatch(text)
    if corner is None:
        return None
    column, row = _column(corner["column"]), int(corner["row"]) if corner["row"] else None
    return None if (row or 1) > MAX_ROWS else (column, row)


def _column(letters: str | None) -> int | None:
    """Return a column's number: A is 1, Z is 26, AA is 27."""
    if letters is None:
        return None
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _span(begin: int | None, end: int | None) -> int | None:
    return None if begin is None or end is None else abs(end - begin) + 1
