"""Buttons: one main action on a page, the others quiet; and what copies a text."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from midcall.ui.parts import scripts
from midcall.ui.parts.attributes import named

Clicked = Callable[[], Awaitable[None] | None]


class Button(ui.button):
    """A button that shows that its work is under way, and takes no second click meanwhile."""

    def set_busy(self, *, busy: bool) -> None:
        """Show it, or no longer."""
        self.props(add="loading disable") if busy else self.props(remove="loading disable")


def primary(label: str, on_click: Clicked | None = None, *, icon: str | None = None) -> Button:
    """Make the page's main action."""
    return _button(label, on_click, icon, color=None).props("unelevated").classes("mc-primary")


def quiet(label: str, on_click: Clicked | None = None, *, icon: str | None = None) -> Button:
    """Make a button of an action beside the main one."""
    return _button(label, on_click, icon).props("outline")


def danger(label: str, on_click: Clicked | None = None, *, icon: str | None = None) -> Button:
    """Make an action that destroys something; have it ask first (see parts/confirm.py)."""
    return _button(label, on_click, icon, color="negative").props("outline")


def link_button(label: str, path: str, *, icon: str | None = None) -> ui.button:
    """Make a main action that is another page: a real link, which opens in a new tab as well."""
    # Quasar's own `href` gets no prefix, so the click asks the server's side for it.
    return (
        _button(label, lambda: ui.navigate.to(path), icon, color=None)
        .classes("mc-primary")
        .props("unelevated role=link")
    )


def copy_button(text: str, *, what: str = "text") -> ui.button:
    """Make a button that puts a text on the clipboard, without asking the server."""
    button = named(ui.button(icon="content_copy").props("flat round dense size=sm"), f"Copy {what}")
    return button.on("click", js_handler=scripts.handler("mcCopy", text)).classes("mc-copy").tooltip(f"Copy {what}")


def _button(label: str, on_click: Clicked | None, icon: str | None, color: str | None = "primary") -> Button:
    return Button(label, on_click=on_click, icon=icon, color=color).props("no-caps")
