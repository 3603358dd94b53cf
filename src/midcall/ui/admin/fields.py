"""Fields of forms that stand for values of a use case: each has a place (`loc`) that its fault is shown at."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from nicegui import ui
from nicegui.elements.mixins.validation_element import ValidationElement

from midcall.domain.errors import Fault, MidcallError
from midcall.domain.parameters import MASK
from midcall.ui.admin.credential_words import ValueWords
from midcall.ui.parts.attributes import named
from midcall.ui.parts.buttons import quiet
from midcall.ui.parts.errors import ErrorBanner

STORED = "Stored. Leave it empty to keep it."


def complain_at(element: ValidationElement[Any], text: str | None) -> None:
    """Show a fault below an element, to screen readers too; or with None no fault."""
    if text is None:
        element.props(remove="aria-invalid")
    else:
        element.props("aria-invalid=true")
    element.error = text


class FormField(Protocol):
    """One field of a form that says which path it fills, and shows the faults at it."""

    def put(self, values: dict[str, Any]) -> None:
        """Add what is to be sent, if anything is."""
        ...

    def complain(self, loc: str, text: str | None) -> bool:
        """Show a fault that belongs here, or with None no fault; false if it belongs elsewhere."""
        ...


class FormErrors:
    """Shows each fault beside its field, and what has none in a banner above: an `ErrorPlace` of `PageContext.run`."""

    def __init__(self, fields: Sequence[FormField], *, below: str = "") -> None:
        """`below`: what the faults' places begin with, such as `values.`."""
        self.fields = list(fields)
        self._below = below
        self._banner = ErrorBanner()

    def show(self, error: MidcallError) -> None:
        """Show each fault of an error beside its field, and the rest in the banner."""
        left = [fault for fault in error.faults if not self._placed(fault)]
        if left or not error.faults:
            banner = MidcallError(error.message, faults=left)
            self._banner.show(banner)

    def clear(self) -> None:
        """Take all faults away."""
        self._banner.clear()
        for field in self.fields:
            field.complain("", None)

    def _placed(self, fault: Fault) -> bool:
        loc = fault.loc.removeprefix(self._below)
        return any(field.complain(loc, fault.msg) for field in self.fields)


class _One:
    """A field that is one element."""

    def __init__(self, loc: str, element: Any, words: ValueWords) -> None:
        self.loc = loc
        self.element = element.classes("mc-field").props("outlined")
        if words.hint:
            element.props["hint"] = words.hint

    def complain(self, loc: str, text: str | None) -> bool:
        if text is not None and loc != self.loc:
            return False
        complain_at(self.element, text)
        return True


class TextField(_One):
    """A text that may be seen. Emptied, it is removed if it was stored."""

    def __init__(self, loc: str, words: ValueWords, value: str = "", *, required: bool = True) -> None:
        super().__init__(loc, ui.input(words.label, value=value).props("autocomplete=off"), words)
        self._before = value
        if not required:
            self.element.props("clearable")

    @property
    def value(self) -> str:
        """The text that stands in it, without blanks around it."""
        return (self.element.value or "").strip()

    def put(self, values: dict[str, Any]) -> None:
        """Put the text into what is sent; null where it was emptied."""
        if self.value:
            values[self.loc] = self.value
        elif self._before:
            values[self.loc] = None


class HostsField(_One):
    """Where secrets may be sent: one host after another, with blanks or commas between them."""

    def __init__(self, words: ValueWords, stored: Sequence[str]) -> None:
        element = ui.input(words.label, value=" ".join(stored)).props("autocomplete=off spellcheck=false")
        super().__init__("hosts", element, words)

    @property
    def value(self) -> list[str]:
        """The hosts that stand in it."""
        return (self.element.value or "").replace(",", " ").split()

    def put(self, values: dict[str, Any]) -> None:
        """Put the hosts into what is sent."""
        values["hosts"] = self.value

    def complain(self, loc: str, text: str | None) -> bool:
        """Show a fault of any of them."""
        head, _, place = loc.partition(".")
        if text is not None and head != self.loc:
            return False
        at = int(place) if place.isdigit() else -1
        which = f"{self.value[at]!r:.80} " if text and 0 <= at < len(self.value) else ""
        complain_at(self.element, None if text is None else f"{which}{text}")
        return True


class SecretField(_One):
    """A text that nobody may see again. What is stored shows as its mask, and stays unless something is typed."""

    def __init__(
        self, loc: str, words: ValueWords, *, stored: bool, removable: bool = False, multiline: bool = False
    ) -> None:
        words = replace(words, hint=STORED) if stored else words
        element = ui.textarea(words.label) if multiline else ui.input(words.label, password=True)
        # Browsers offer to keep passwords that people type; these are no passwords of theirs.
        element.props("autocomplete=new-password spellcheck=false")
        if multiline:
            element.classes("mc-secret-text").props("rows=5")
        if stored:
            element.props["placeholder"] = MASK
            element.props("stack-label")
        super().__init__(loc, element, words)
        self._fault = ui.label().classes("mc-field-error").props("role=alert")
        self._fault.set_visibility(False)
        self._remove = ui.checkbox(f"Remove the stored {words.label.lower()}") if stored and removable else None

    def put(self, values: dict[str, Any]) -> None:
        """Add it; nothing for what is to be kept."""
        if self.element.value:
            values[self.loc] = self.element.value
        elif self._remove is not None and self._remove.value:
            values[self.loc] = None

    def complain(self, loc: str, text: str | None) -> bool:
        """Show a fault beside it: an element that changes is sent anew, with what was typed into it."""
        if text is not None and loc != self.loc:
            return False
        self._fault.set_text(text or "")
        self._fault.set_visibility(text is not None)
        return True


class ChoiceField(_One):
    """One of a few words."""

    def __init__(self, loc: str, words: ValueWords, options: Sequence[str], value: str) -> None:
        super().__init__(loc, ui.select(list(options), label=words.label, value=value), words)

    def put(self, values: dict[str, Any]) -> None:
        """Put the choice into what is sent."""
        values[self.loc] = self.element.value


class PairsField:
    """Names, each with a secret value."""

    def __init__(self, loc: str, words: ValueWords, stored: Mapping[str, Any]) -> None:
        self.loc = loc
        self._words = words
        self._stored = set(stored)
        self._rows: dict[str, tuple[ui.input, ui.input]] = {}
        self._count = 0
        with ui.element("fieldset").classes("mc-pairs"):
            with ui.element("legend"):
                ui.label(words.label)
            if words.hint:
                ui.label(words.hint).classes("mc-quiet")
            self._box = ui.element("div").classes("mc-pairs-rows")
            self._fault = ui.label().classes("mc-field-error").props("role=alert")
            self._fault.set_visibility(False)
            named(quiet("Add", self._add, icon="add").props("dense"), f"Add to {words.label.lower()}")
        for name in stored:
            self._add(name)

    def _add(self, name: str = "") -> None:
        self._count += 1
        key = str(self._count)
        with self._box, ui.element("div").classes("mc-pair") as row:
            title = ui.input("Name", value=name).props("outlined dense autocomplete=off")
            value = ui.input("Value", password=True).props("outlined dense autocomplete=new-password")
            if name:
                title.props("readonly")
                value.props["placeholder"] = MASK
                value.props("stack-label")

            def drop() -> None:
                del self._rows[key]
                row.delete()

            button = ui.button(icon="close", on_click=drop).props("flat round dense")
            named(button, f"Remove {name or 'this one'}")
        self._rows[key] = (title, value)

    def put(self, values: dict[str, Any]) -> None:
        """Add what is new or typed anew; null for what was removed."""
        pairs: dict[str, str | None] = {}
        kept = set()
        for title, value in self._rows.values():
            name = (title.value or "").strip()
            kept.add(name)
            if value.value:
                pairs[name] = value.value
            elif name and name not in self._stored:
                pairs[name] = ""
        pairs |= dict.fromkeys(self._stored - kept)
        if pairs:
            values[self.loc] = pairs

    def complain(self, loc: str, text: str | None) -> bool:
        """Show a fault of any of them."""
        if text is not None and loc != self.loc and not loc.startswith(f"{self.loc}."):
            return False
        name = loc.removeprefix(self.loc).removeprefix(".")
        self._fault.set_text(f"{name}: {text}" if name else text or "")
        self._fault.set_visibility(text is not None)
        return True
