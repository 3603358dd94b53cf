"""A session's variables: name, value, where each came from, and when."""

import json
from collections.abc import Mapping

from nicegui import ui

from midcall.domain.variables import Variable
from midcall.ui.parts.attributes import attributed
from midcall.ui.parts.times import ago, exactly
from midcall.ui.session.timeline import source_words

#: A value that is longer is cut; the session body has all of it.
VALUE_CHARS = 2_000


class VariablesView:
    """The list; shown anew when it has changed."""

    def __init__(self) -> None:
        self._known: Mapping[str, Variable] = {}
        with ui.element("section").classes("mc-aside").props("aria-label=Variables"):
            ui.label("Variables").classes("mc-phase-title").props('role="heading" aria-level=2')
            self._list = ui.element("dl").classes("mc-variables")

    def show(self, variables: Mapping[str, Variable]) -> None:
        """Show them, the last one that was set first."""
        if variables == self._known:
            return
        self._known = dict(variables)
        self._list.clear()
        with self._list:
            for name, variable in sorted(variables.items(), key=lambda item: -item[1].at):
                with ui.element("div").classes("mc-variable"):
                    with ui.element("dt"):
                        ui.label(name).classes("mc-strong")
                    with ui.element("dd"):
                        ui.label(_written(variable)).classes("mc-code-word mc-variable-value")
                        source = ui.label(f"{source_words(variable.source)} · {ago(variable.at)}").classes("mc-quiet")
                        attributed(source, title=exactly(variable.at))


def _written(variable: Variable) -> str:
    value = variable.value
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= VALUE_CHARS else f"{text[:VALUE_CHARS]}…"
