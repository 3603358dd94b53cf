"""A secret that is shown this one time."""

from collections.abc import Callable

from nicegui import ui

from midcall.ui.parts.attributes import named
from midcall.ui.parts.buttons import copy_button, primary


def shown_once(secret: str, *, what: str, text: str, done: Callable[[], object]) -> None:
    """Show a secret with a button that copies it, and what is to be done with it now; `done` forgets it."""

    def close() -> None:
        done()

    with named(ui.element("section").classes("mc-card mc-once").props("role=alert"), what):
        ui.label(f"Copy the {what} now").classes("mc-card-title").props('role="heading" aria-level=2')
        ui.label(text)
        with ui.element("div").classes("mc-once-line"):
            ui.label(secret).classes("mc-code-word mc-once-secret").props("tabindex=0")
            copy_button(secret, what=what)
        primary("I have stored it", close)
