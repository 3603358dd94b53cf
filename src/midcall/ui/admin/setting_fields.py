"""Fields of settings: numbers, switches and choices, of which only what was changed is sent."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from midcall.ui.admin.credential_words import ValueWords
from midcall.ui.admin.fields import complain_at


class _Setting:
    """One setting; `loc` is its path in what is sent, such as `limits.max_in_flight`."""

    def __init__(self, loc: str, before: Any) -> None:
        self._loc = loc
        self._before = before

    @property
    def value(self) -> Any:
        """What it is set to."""
        raise NotImplementedError

    def put(self, values: dict[str, Any]) -> None:
        """Add it if it was changed."""
        if self.value == self._before:
            return
        *places, name = self._loc.split(".")
        for place in places:
            values = values.setdefault(place, {})
        values[name] = self.value

    def kept(self) -> None:
        """Take what stands in it for what is saved."""
        self._before = self.value


class NumberSetting(_Setting):
    """A whole number; with `optional` it may be empty, which means none."""

    def __init__(self, loc: str, words: ValueWords, before: int | None, *, unit: str = "") -> None:
        super().__init__(loc, before)
        self._element = ui.number(words.label, value=before, format="%d", suffix=unit or None).classes("mc-field")
        self._element.props("outlined").props["hint"] = words.hint

    @property
    def value(self) -> Any:
        """The number, as a whole one if it is."""
        number = self._element.value
        return int(number) if isinstance(number, float) and number.is_integer() else number

    def complain(self, loc: str, text: str | None) -> bool:
        """Show a fault."""
        if text is not None and loc != self._loc:
            return False
        complain_at(self._element, text)
        return True


class TextSetting(_Setting):
    """A text; empty means none."""

    def __init__(self, loc: str, words: ValueWords, before: str | None) -> None:
        super().__init__(loc, before)
        self._element = ui.input(words.label, value=before or "").classes("mc-field")
        self._element.props("outlined autocomplete=off").props["hint"] = words.hint

    @property
    def value(self) -> Any:
        """The text, or None."""
        return (self._element.value or "").strip() or None

    def complain(self, loc: str, text: str | None) -> bool:
        """Show a fault."""
        if text is not None and loc != self._loc:
            return False
        complain_at(self._element, text)
        return True


class SwitchSetting(_Setting):
    """On or off."""

    def __init__(self, loc: str, words: ValueWords, *, before: bool) -> None:
        super().__init__(loc, before)
        with ui.element("div").classes("mc-switch"):
            self._element = ui.switch(words.label, value=before)
            ui.label(words.hint).classes("mc-quiet")

    @property
    def value(self) -> Any:
        """Whether it is on."""
        return bool(self._element.value)

    def complain(self, _loc: str, text: str | None) -> bool:
        """Show nothing: on and off are both right."""
        return text is None


class ChoiceSetting(_Setting):
    """One of a few words, each explained."""

    def __init__(self, loc: str, words: ValueWords, options: Mapping[str, str], before: str) -> None:
        super().__init__(loc, before)
        self._element = ui.select(dict(options), label=words.label, value=before).classes("mc-field")
        self._element.props("outlined").props["hint"] = words.hint

    @property
    def value(self) -> Any:
        """The word."""
        return self._element.value

    def complain(self, loc: str, text: str | None) -> bool:
        """Show a fault."""
        if text is not None and loc != self._loc:
            return False
        complain_at(self._element, text)
        return True
