"""Somebody else saved meanwhile: say so, and let the person choose."""

from enum import StrEnum

from nicegui import ui

from midcall.domain.errors import MidcallError, StaleVersion
from midcall.ui.page_context import ErrorPlace
from midcall.ui.parts.buttons import danger, primary, quiet


class Choice(StrEnum):
    """The version to go on with: one's own, or the other's."""

    MINE = "mine"
    THEIRS = "theirs"


class StaleVersionFilter:
    """Hands errors on, but for a stale version, which is asked about."""

    def __init__(self, place: ErrorPlace) -> None:
        self._place = place
        self.is_stale = False

    def show(self, error: MidcallError) -> None:
        """Show an error, or note that the version is stale."""
        self.is_stale = isinstance(error, StaleVersion)
        if not self.is_stale:
            self._place.show(error)

    def clear(self) -> None:
        """Take the error away."""
        self.is_stale = False
        self._place.clear()


async def choose(author: str, theirs: int, based_on: int) -> Choice | None:
    """Ask; None: neither yet."""
    with ui.dialog() as dialog, ui.card().classes("mc-dialog").props('role="alertdialog"'):
        ui.label("Somebody else has saved meanwhile").classes("mc-dialog-title").props('role="heading" aria-level=2')
        ui.label(
            f"{author} saved version {theirs} while you were changing version {based_on}. Nothing is lost: both stay. "
            f"Saving yours makes version {theirs + 1} of it, without what {author} changed."
        )
        with ui.element("div").classes("mc-dialog-actions"):
            quiet("Go on editing", lambda: dialog.submit(None)).props("autofocus")
            danger(f"Open version {theirs}, drop mine", lambda: dialog.submit(Choice.THEIRS))
            primary("Save mine", lambda: dialog.submit(Choice.MINE))
    try:
        found: Choice | None = await dialog
    finally:
        dialog.delete()
    return found
