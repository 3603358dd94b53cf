"""Errors beside their fields: each field says by which path the service calls it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from midcall.domain.errors import MidcallError
from midcall.ui.parts.errors import ErrorBanner


class SupportsError(Protocol):
    """An input that shows an error below itself."""

    error: str | None


@dataclass
class Faults:
    """Shows an error: what is about a field stands there, the whole in a banner. `ErrorPlace` of a page's context."""

    banner: ErrorBanner
    #: Brings the tab of a field to the front, if it is in one.
    reveal: Callable[[str], None]
    _fields: dict[str, tuple[SupportsError, str]] = field(default_factory=dict)

    def add(self, loc: str, element: SupportsError, tab: str) -> None:
        """Name the field of a path (`parameters`, `webhook.url`), and the tab that it is in."""
        self._fields[loc] = (element, tab)

    def show(self, error: MidcallError) -> None:
        """Show each fault of an error at its field, and reveal the tab of the first one."""
        self.clear()
        self.banner.show(error)
        first: str | None = None
        for fault in error.faults:
            known = self._of(fault.loc)
            if known is not None:
                element, tab = known
                element.error = fault.msg if element.error is None else f"{element.error}; {fault.msg}"
                first = first or tab
        if first is not None:
            self.reveal(first)

    def clear(self) -> None:
        """Take all faults away."""
        self.banner.clear()
        for element, _ in self._fields.values():
            element.error = None

    def _of(self, loc: str) -> tuple[SupportsError, str] | None:
        """Find the field of a path, or that of which it is a part."""
        while loc:
            if loc in self._fields:
                return self._fields[loc]
            loc = loc.rpartition(".")[0]
        return None
