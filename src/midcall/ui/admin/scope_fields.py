"""Which scopes and agents a key has."""

from collections.abc import Sequence
from typing import Any

from nicegui import ui

from midcall.domain.workspace import Scope
from midcall.ui.admin.fields import complain_at
from midcall.ui.admin.key_words import SCOPES


class ScopesField:
    """A box for each scope."""

    def __init__(self) -> None:
        self._boxes: dict[Scope, ui.checkbox] = {}
        with ui.element("fieldset").classes("mc-scopes"):
            with ui.element("legend"):
                ui.label("May")
            for scope, about in SCOPES.items():
                with ui.element("div").classes("mc-scope"):
                    self._boxes[scope] = ui.checkbox(scope.value)
                    ui.label(about).classes("mc-quiet")
            self._fault = ui.label().classes("mc-field-error").props("role=alert")
            self._fault.set_visibility(False)

    def put(self, values: dict[str, Any]) -> None:
        """Put the chosen scopes into what is sent."""
        values["scopes"] = self.chosen()

    def chosen(self) -> list[str]:
        """Return those that are ticked."""
        return [scope.value for scope, box in self._boxes.items() if box.value]

    def complain(self, loc: str, text: str | None) -> bool:
        """Show a fault below the scopes, or with None no fault; false if it belongs elsewhere."""
        if text is not None and not loc.startswith("scopes"):
            return False
        self._fault.set_text(text if self.chosen() and text else "Choose at least one." if text else "")
        self._fault.set_visibility(text is not None)
        return True


class AgentsField:
    """Names of agents; none means all."""

    def __init__(self, names: Sequence[str]) -> None:
        self.element = ui.select(
            list(names), label="Only for agents", multiple=True, value=[], with_input=True, new_value_mode="add-unique"
        )
        self.element.classes("mc-field").props("outlined use-chips")
        self.element.props["hint"] = "Leave it empty for all. A key for some agents has run and read alone."

    def put(self, values: dict[str, Any]) -> None:
        """Put the names of the agents into what is sent."""
        values["agents"] = list(self.element.value or [])

    def complain(self, loc: str, text: str | None) -> bool:
        """Show a fault below the agents, or with None no fault; false if it belongs elsewhere."""
        if text is not None and not loc.startswith("agents"):
            return False
        complain_at(self.element, text)
        return True
