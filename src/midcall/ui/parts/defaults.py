"""How elements of every page are, unless a page says otherwise."""

from nicegui import ui


def set_defaults() -> None:
    """Let lists and dialogs open and close at once.

    While one fades in or out (300 ms), Quasar keeps back what wants the focus, and gives it the focus afterwards: who
    has gone on to the next field in the meantime types into the list that they came from, and loses the words.
    """
    for kind in (ui.select, ui.menu, ui.dialog):
        kind.default_props("transition-duration=0")
