"""The box that a list is searched with; the key "/" goes there."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from midcall.ui.parts.attributes import attributed, named

#: Pause after the last key before the list is asked.
DEBOUNCE_MS = 250
MAX_CHARS = 100


def search_box(label: str, on_change: Callable[[str], Awaitable[None]]) -> ui.input:
    """Make a search box; `on_change` gets its text once typing pauses."""

    async def changed() -> None:
        await on_change((box.value or "").strip()[:MAX_CHARS])

    box = ui.input(placeholder=label).classes("mc-search")
    box.props("outlined dense clearable type=search data-search")
    attributed(named(box, label), debounce=DEBOUNCE_MS, maxlength=MAX_CHARS)
    with box.add_slot("prepend"):
        ui.icon("search").props("aria-hidden=true size=sm")
    box.on_value_change(changed)
    return box
