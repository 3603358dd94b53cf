"""A list or page with nothing in it: what it is, and what to do next."""

from nicegui import ui


def empty(title: str, text: str, *, icon: str = "inbox") -> ui.element:
    """Show why there is nothing; make what to do next (a button, a link) inside the element that is returned."""
    with ui.element("div").classes("mc-empty") as box:
        ui.icon(icon).props("aria-hidden=true").classes("mc-empty-icon")
        ui.label(title).classes("mc-empty-title").props('role="heading" aria-level=2')
        ui.label(text).classes("mc-quiet mc-empty-text")
        actions = ui.element("div").classes("mc-empty-actions")
    box.mark("empty")
    return actions
