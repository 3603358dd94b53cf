"""A field that holds JSON, and where errors of several fields are shown: each beside its own."""

from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui
from nicegui.elements.mixins.validation_element import ValidationElement

from midcall.domain.errors import Fault, InvalidInput, MidcallError
from midcall.ui.function.inputs import as_text, from_text
from midcall.ui.parts.errors import ErrorBanner

#: Characters of one field; the page's connection takes 1 MB a message.
MAX_CHARS = 500_000
#: Lines that are seen of a text; people may drag the field larger.
_LEAST_ROWS, _MOST_ROWS = 2, 18


class JsonField:
    """A text of JSON; empty is `None` where that is allowed. Tab leaves it, as it leaves any field."""

    def __init__(self, label: str, loc: str, value: Any = None, *, hint: str = "", empty: Any = None) -> None:
        """`loc` is the path of its faults; `empty` the value of an empty text."""
        self.loc = loc
        self._empty = empty
        self.box = ui.textarea(label, value=as_text(value))
        self.box.props("outlined stack-label spellcheck=false autocapitalize=off debounce=150")
        self.box.props["maxlength"] = MAX_CHARS
        self.box.classes("mc-w-json")
        self._fit()
        if hint:
            self.box.props["hint"] = hint

    @property
    def text(self) -> str:
        """The text as it stands."""
        return self.box.value or ""

    def set(self, value: Any) -> None:
        """Put a value into it."""
        self.box.value = as_text(value)
        self._fit()

    def _fit(self) -> None:
        # Growing by itself measures the text, and in a tab that is not shown there is nothing to measure.
        self.box.props["rows"] = min(max(_LEAST_ROWS, self.text.count("\n") + 1), _MOST_ROWS)

    def read(self) -> Any:
        """Return the value; raises InvalidInput that says where its text is no JSON."""
        return from_text(self.text, self.loc) if self.text.strip() else self._empty


def read_all(fields: Sequence[JsonField]) -> dict[str, Any]:
    """Read several fields by their paths; raises InvalidInput with the faults of all of them."""
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for field in fields:
        try:
            values[field.loc] = field.read()
        except InvalidInput as error:
            faults.extend(error.faults)
    if faults:
        raise InvalidInput(faults=faults)
    return values


class FieldErrors:
    """Shows the faults of an error beside their fields, and what belongs to none of them in a banner."""

    def __init__(self, banner: ErrorBanner) -> None:
        self._banner = banner
        self._fields: Mapping[str, ValidationElement[Any]] = {}

    def of(self, fields: Mapping[str, ValidationElement[Any]]) -> None:
        """Say which field is shown for which path: the longest path that a fault's begins with."""
        self._fields = fields

    def show(self, error: MidcallError) -> None:
        """Show each fault of an error beside its field, and the rest in the banner."""
        rest: list[Fault] = []
        told: dict[str, list[str]] = {}
        for fault in error.faults:
            loc = self._place(fault.loc)
            if loc is None:
                rest.append(fault)
                continue
            inside = fault.loc.removeprefix(loc).removeprefix(".")
            told.setdefault(loc, []).append(f"{inside}: {fault.msg}" if inside else fault.msg)
        for loc, texts in told.items():
            self._fields[loc].error = "; ".join(texts)
        if not told or rest:
            self._banner.show(type(error)(error.message, faults=rest))

    def clear(self) -> None:
        """Take all faults away."""
        self._banner.clear()
        for element in self._fields.values():
            element.error = None

    def _place(self, loc: str) -> str | None:
        fits = (known for known in self._fields if loc == known or loc.startswith(f"{known}."))
        return max(fits, key=len, default=None)
