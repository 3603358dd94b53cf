"""The source as text: its lines, and the way from the parser's byte columns to characters."""

import ast
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from midcall.domain.review import Subject
from midcall.review.rule import Span

#: The largest source that is reviewed, in bytes of UTF-8.
MAX_BYTES = 64 * 1024
#: What ends a line for Python; `str.splitlines` knows more and would miscount.
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class SourceText:
    """A source and what was declared with it, before it is parsed."""

    subject: Subject

    @property
    def source(self) -> str:
        """The source, as it was sent."""
        return self.subject.source

    @cached_property
    def lines(self) -> list[str]:
        """The lines as Python counts them, without their ends."""
        return _LINE_END.split(self.source)

    @cached_property
    def _characters(self) -> dict[int, list[int]]:
        """For lines that were asked about and are not ASCII: the byte at which each character starts."""
        return {}

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.source))]

    def span_at(self, start: int, end: int | None = None) -> Span:
        """Return the place of the characters `start` up to `end` (default: one character), counted from 0."""
        line, column = self._position(start)
        end_line, end_column = self._position(start + 1 if end is None else end)
        if end is None:
            end_line, end_column = line, column + 1
        return Span(line, column, end_line, end_column)

    def _position(self, index: int) -> tuple[int, int]:
        low, high = 0, len(self._line_starts)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._line_starts[middle] <= index else (low, middle)
        return low + 1, index - self._line_starts[low] + 1

    def column(self, line: int, byte_offset: int) -> int:
        """Return the 1-based character column of a byte offset (from 0) within `line` (from 1)."""
        if not 1 <= line <= len(self.lines):
            return 1
        text = self.lines[line - 1]
        if text.isascii():
            return min(byte_offset, len(text)) + 1
        if line not in self._characters:
            sizes = (len(character.encode("utf-8", "surrogatepass")) for character in text)
            self._characters[line] = list(accumulate(sizes, initial=0))
        return bisect_right(self._characters[line], byte_offset)

    def span(self, where: ast.AST | Span) -> Span:
        """Return the place of a node; one without a position stands at the top."""
        if isinstance(where, Span):
            return where
        line = getattr(where, "lineno", None)
        if line is None:
            return Span()
        end_line = getattr(where, "end_lineno", None) or line
        start = getattr(where, "col_offset", 0)
        end = getattr(where, "end_col_offset", None)
        column = self.column(line, start)
        end_column = self.column(end_line, end) if end is not None else column + 1
        return Span(line, column, end_line, end_column)
