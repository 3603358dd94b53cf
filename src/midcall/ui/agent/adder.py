"""Choose a function to attach: a dialog that searches all of them."""

from collections.abc import Callable

from nicegui import ui

from midcall.domain.phases import Phase
from midcall.domain.workspace import Scope
from midcall.storage.listings import PageRequest
from midcall.ui.page_context import PageContext
from midcall.ui.parts.buttons import link_button, quiet
from midcall.ui.parts.empty import empty
from midcall.ui.parts.errors import ErrorBanner
from midcall.ui.parts.search import search_box

#: As many as fit a screen; a search finds the others.
SHOWN = 12


async def choose_function(
    context: PageContext, phase: Phase, heading: str, *, taken: Callable[[str, Phase], bool]
) -> str | None:
    """Ask for a function; returns its name, or None."""
    turn = 0

    async def show(text: str) -> None:
        nonlocal turn
        turn += 1
        mine = turn
        found = await context.run(
            Scope.READ,
            lambda caller: context.services.overview.functions(caller, PageRequest(SHOWN), search=text),
            errors=errors,
        )
        if found is None or mine != turn or dialog.is_deleted:
            return
        results.clear()
        with results:
            for line in found.value:
                _choice(line.function.name, line.function.display_name, line.description, phase, taken, dialog)
            if not found.value:
                _nothing(text)

    with ui.dialog() as dialog, ui.card().classes("mc-dialog mc-chooser"):
        ui.label(heading).classes("mc-dialog-title").props('role="heading" aria-level=2')
        search_box("Search functions to attach", show).props("autofocus")
        errors = ErrorBanner()
        results = ui.element("div").classes("mc-chooser-results").props('role=list aria-label="Functions found"')
        with ui.element("div").classes("mc-dialog-actions"):
            quiet("Cancel", lambda: dialog.submit(None))
    dialog.open()
    await show("")
    try:
        chosen = await dialog
    finally:
        if not dialog.is_deleted:  # with the page, if that is what was closed
            dialog.delete()
    return chosen if isinstance(chosen, str) else None


def _choice(
    name: str, title: str, about: str, phase: Phase, taken: Callable[[str, Phase], bool], dialog: ui.dialog
) -> None:
    with ui.element("div").props("role=listitem"):
        button = ui.button(on_click=lambda: dialog.submit(name), color=None).props("flat no-caps align=left")
        with button.classes("mc-chooser-result"), ui.element("div").classes("mc-chooser-result-text"):
            ui.label(title).classes("mc-strong")
            ui.label(name if title != name else about).classes("mc-quiet mc-one-line")
            if title != name:
                ui.label(about).classes("mc-quiet mc-one-line")
        if taken(name, phase):
            button.disable()
            button.tooltip("Attached already")


def _nothing(text: str) -> None:
    if text:
        ui.label(f"Nothing matches “{text}”.").classes("mc-quiet")
        return
    with empty("No functions yet", "Write one first; then attach it here.", icon="code"):
        link_button("New function", "/new-function", icon="add")
