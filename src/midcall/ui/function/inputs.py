"""What the parts of the editor are made of: inputs that say when they change and where their errors stand."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from nicegui import ui
from nicegui.elements.mixins.validation_element import ValidationElement
from pydantic import TypeAdapter, ValidationError

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.jsonvalue import Json, NotJson, parse_text
from midcall.service.fields import faults_of
from midcall.ui.function.faults import Faults
from midcall.ui.page_context import PageContext

#: What is longer scrolls.
MAX_ROWS = 16

#: An input that can show an error below itself.
InputT = TypeVar("InputT", bound=ValidationElement[Any])


class Section(Protocol):
    """A part of the editor: one piece of the function's document."""

    def write(self, document: Json) -> None:
        """Show its piece of a document."""
        ...

    async def read(self, document: Json) -> None:
        """Put its piece into a document; raises InvalidInput for what cannot be read."""
        ...


@dataclass(frozen=True)
class InputFactory:
    """Makes inputs. `tab`: where they stand; `touched` hears of each change that a person makes."""

    context: PageContext
    faults: Faults
    tab: str
    touched: Callable[[], None]

    def text(self, label: str, loc: str, *, hint: str = "", password: bool = False) -> ui.input:
        """Make a line of text."""
        made = ui.input(label, password=password, password_toggle_button=password, on_change=self.touched)
        return self._field(made, loc, hint)

    def area(self, label: str, loc: str, *, hint: str = "", code: bool = False) -> ui.textarea:
        """Make a text of several lines; as high as what it is given (see Lines), since a hidden tab has no measures."""
        made = ui.textarea(label, on_change=self.touched).props("rows=1").classes("mc-fn-area")
        return self._field(made.classes("mc-mono-input") if code else made, loc, hint)

    def number(self, label: str, loc: str, *, least: int, most: int, hint: str = "", unit: str = "") -> ui.number:
        """Make a whole number."""
        made = ui.number(label, min=least, max=most, step=1, precision=0, suffix=unit or None, on_change=self.touched)
        return self._field(made, loc, hint or f"{least} to {most:,}")

    def choice(
        self, label: str, loc: str, options: dict[str, str], *, hint: str = "", several: bool = False
    ) -> ui.select:
        """Make a choice; words of `options` are shown."""
        start: Any = [] if several else None
        made = ui.select(options, label=label, value=start, multiple=several, on_change=self.touched)
        return self._field(made.props("options-dense" + (" use-chips" if several else "")), loc, hint)

    def switch(self, label: str, hint: str = "") -> ui.switch:
        """Make a yes or no, with what it means below."""
        with ui.element("div").classes("mc-fn-switch"):
            made = ui.switch(label, on_change=self.touched)
            if hint:
                ui.label(hint).classes("mc-quiet mc-fn-hint")
        return made

    def json(self, label: str, loc: str, *, hint: str = "") -> "JsonLines":
        """Make a JSON value."""
        return JsonLines(self.area(label, loc, hint=hint, code=True), loc)

    def _field(self, made: InputT, loc: str, hint: str) -> InputT:
        made.props("outlined dense" + (" hide-bottom-space" if not hint else "")).classes("mc-fn-field")
        if hint:
            made.props["hint"] = hint
        self.faults.add(loc, made, self.tab)
        return made


@dataclass
class Lines:
    """A text whose value is read from what stands in it; one that nobody changed gives back what it was made from.

    So a value that the text cannot show in full is not lost by looking at it.
    """

    area: Any
    write_as: Callable[[Any], str]
    read_as: Callable[[str], Any]
    _kept: Any = None
    _shown: str = ""

    def show(self, value: Any) -> None:
        """Show a value as its text, and remember it."""
        self._kept, self._shown = value, self.write_as(value)
        self.area.set_value(self._shown)
        if isinstance(self.area, ui.textarea):
            self.area.props["rows"] = min(max(self._shown.count("\n") + 1, 1), MAX_ROWS)

    def value(self) -> Any:
        """Return the value that was shown if its text is unchanged, else the one that the text says."""
        text = self.area.value or ""
        return self._kept if text == self._shown else self.read_as(text)


class JsonLines(Lines):
    """A JSON value as a text; nothing in it is null."""

    def __init__(self, area: ui.textarea, loc: str) -> None:
        super().__init__(area, as_text, lambda text: from_text(text, loc))


def as_text(value: Any) -> str:
    """Write a JSON value for people; nothing for null."""
    return "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)


def from_text(text: str, loc: str) -> Any:
    """Read a JSON value; raises InvalidInput."""
    if not text.strip():
        return None
    try:
        return parse_text(text)
    except NotJson as error:
        raise InvalidInput(faults=[Fault(loc, str(error))]) from error


def checked(kind: Any, value: Any, loc: str) -> Any:
    """Check a value by a field's type (`service/fields.py`), as the API's forms do; raises InvalidInput."""
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise InvalidInput(faults=[Fault(loc, fault.msg) for fault in faults_of(error)]) from error
