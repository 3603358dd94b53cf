"""Tabs whose panels stay in the page while another is shown: an editor keeps its undo, an input its text."""

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui

from midcall.ui.parts.attributes import named


class Tabs:
    """A row of tabs and their panels."""

    def __init__(self, label: str) -> None:
        self._panels: dict[str, ui.element] = {}
        self._row = ui.tabs(on_change=self._show).props("no-caps dense align=left outside-arrows mobile-arrows")
        named(self._row.classes("mc-fn-tabs"), label)
        self._box = ui.element("div").classes("mc-fn-panels")

    @contextmanager
    def panel(self, name: str, label: str) -> Iterator[None]:
        """Make a tab, and its panel of what is made inside; the first one is shown."""
        with self._row:
            ui.tab(name, label)
        with self._box, named(ui.element("div").classes("mc-fn-panel").props("role=tabpanel"), label) as panel:
            panel.set_visibility(not self._panels)
            self._panels[name] = panel
            if len(self._panels) == 1:
                self._row.value = name
            yield

    def reveal(self, name: str) -> None:
        """Show the panel of a tab, by the tab's name."""
        if name in self._panels:
            self._row.value = name

    def _show(self) -> None:
        for name, panel in self._panels.items():
            panel.set_visibility(name == self._row.value)
