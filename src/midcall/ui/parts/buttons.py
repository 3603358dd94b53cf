"""Buttons: one main action on a page, the others quiet; and what copies a text."""

import json
from collections.abc import Awaitable, Callable

from nicegui import ui

Clicked = Callable[[], Awaitable[None] | None]


class Button(ui.button):
    """A button that shows that its work is under way, and takes no second click meanwhile."""

    def set_busy(self, *, busy: bool) -> None:
        """Show it, or no longer."""
        self.props(add="loading disable") if busy else self.props(remove="loading disable")


def primary(label: str, on_click: Clicked | None = None, *, icon: str | None = None) -> Button:
    """Make the page's main action."""
    return _button(label, on_click, icon, "unelevated", color=None).classes("mc-primary")


def quiet(label: str, on_click: Clicked | None = None, *, icon: str | None = None) -> Button:
    """Make another action."""
    return _button(label, on_click, icon, "outline")


def danger(label: str, on_click: Clicked | None = None, *, icon: str | None = None) -> Button:
    """Make an action that destroys something; have it ask first (see parts/confirm.py)."""
    return _button(label, on_click, icon, "outline", color="negative")


def link_button(label: str, path: str, *, icon: str | None = None) -> ui.button:
    """Make a main action that is another page: a real link, which opens in a new tab as well."""
    # Quasar's own `href` gets no prefix, so the click asks the server's side for it.
    return (
        _button(label, lambda: ui.navigate.to(path), icon, "unelevated", color=None)
        .classes("mc-primary")
        .props("role=link")
    )


def copy_button(text: str, *, what: str = "text") -> ui.button:
    """Make a button that puts a text on the clipboard, without asking the server."""
    script = f"() => mcCopy({json.dumps(text)})".replace("<", "\\u003c")
    button = ui.button(icon="content_copy").props(f'flat round dense size=sm aria-label="Copy {what}"')
    return button.on("click", js_handler=script).classes("mc-copy").tooltip(f"Copy {what}")


def _button(
    label: str, on_click: Clicked | None, icon: str | None, props: str, color: str | None = "primary"
) -> Button:
    return Button(label, on_click=on_click, icon=icon, color=color).props(f"no-caps {props}")
