"""One part that midcall stands on: whether it answers, how fast, and its figures."""

from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui

from midcall.ui.parts.attributes import named
from midcall.ui.parts.times import duration

#: What readiness calls errors, for people.
ERRORS: Mapping[str, str] = {
    "SandboxUnavailable": "No pool answers. Is “midcall pool” running?",
    "NotReady": "It answers, but cannot do its work; see its log.",
    "QueueUnavailable": "No Redis answers.",
}


class PartCard:
    """Shows one check, and the next."""

    def __init__(self, title: str, about: str, figures: Sequence[str]) -> None:
        self._figures: dict[str, ui.label] = {}
        with named(ui.element("section").classes("mc-card mc-health-part"), title):
            with ui.element("div").classes("mc-health-part-head"):
                ui.label(title).classes("mc-card-title").props('role="heading" aria-level=2')
                self._state = ui.label("asking").classes("mc-badge mc-busy")
                self._ms = ui.label().classes("mc-quiet")
            self._about = ui.label(about).classes("mc-quiet")
            self._usual = about
            if figures:
                with ui.element("dl").classes("mc-numbers"):
                    for figure in figures:
                        with ui.element("div"):
                            with ui.element("dt"):
                                ui.label(figure)
                            with ui.element("dd"):
                                self._figures[figure] = ui.label("?")

    def show(self, check: Mapping[str, Any]) -> None:
        """Show what a check found."""
        ok = bool(check["ok"])
        self._state.set_text("answers" if ok else "no answer")
        self._state.classes(remove="mc-busy mc-good mc-bad", add="mc-good" if ok else "mc-bad")
        self._ms.set_text(f"in {duration(check['ms'])}" if check.get("ms", 0) >= 1 else "in under 1 ms" if ok else "")
        error = str(check.get("error", ""))
        self._about.set_text(self._usual if ok else ERRORS.get(error, f"It failed with {error}; see midcall's log."))
        for name, label in self._figures.items():
            label.set_text(str(check.get(name, "?")))
