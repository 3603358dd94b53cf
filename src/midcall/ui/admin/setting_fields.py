"""Fields of settings: numbers, switches and choices, of which only what was changed is sent."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from nicegui import ui
from nicegui.elements.mixins.validation_element import ValidationElement

from midcall.ui.admin.credential_words import ValueWords
from midcall.ui.admin.fields import complain_at


class Setting(ABC):
    """One setting; `loc` is its path in what is sent, such as `limits.max_in_flight`."""

    def __init__(self, loc: str, before: Any) -> None:
        self._loc = loc
        self._before = before

    @property
    @abstractmethod
    def value(self) -> Any:
        """The value that it is set to now."""

    @abstractmethod
    def complain(self, loc: str, text: str | None) -> bool:
        """Show a fault at its path, or (None) none any more; tells whether it was this one's."""

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


class _Written(Setting):
    """One that may be set wrongly: its faults stand at its element."""

    def __init__(self, loc: str, words: ValueWords, before: Any, element: ValidationElement[Any]) -> None:
        super().__init__(loc, before)
        self._element = element.classes("mc-field")
        element.props("outlined").props["hint"] = words.hint

    def complain(self, loc: str, text: str | None) -> bool:
        if text is not None and loc != self._loc:
            return False
        complain_at(self._element, text)
        return True


class NumberSetting(_Written):
    """A whole number, or none."""

    def __init__(self, loc: str, words: ValueWords, before: int | None, *, unit: str = "") -> None:
        super().__init__(loc, words, before, ui.number(words.label, value=before, format="%d", suffix=unit or None))

    @property
    def value(self) -> Any:
        """The number, as a whole one if it is."""
        number = self._element.value
        return int(number) if isinstance(number, float) and number.is_integer() else number


class TextSetting(_Written):
    """A text; empty means none."""

    def __init__(self, loc: str, words: ValueWords, before: str | None) -> None:
        super().__init__(loc, words, before, ui.input(words.label, value=before or "").props("autocomplete=off"))

    @property
    def value(self) -> Any:
        """The text, or None."""
        return (self._element.value or "").strip() or None


class ChoiceSetting(_Written):
    """One of a few words, each explained."""

    def __init__(self, loc: str, words: ValueWords, options: Mapping[str, str], before: str) -> None:
        super().__init__(loc, words, before, ui.select(dict(options), label=words.label, value=before))

    @property
    def value(self) -> Any:
        """The word that is chosen."""
        return self._element.value


class SwitchSetting(Setting):
    """A setting that is on or off."""

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
