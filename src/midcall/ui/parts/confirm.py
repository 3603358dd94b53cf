"""Ask before something is destroyed."""

from nicegui import ui

from midcall.ui.parts.buttons import danger, quiet


async def confirmed(title: str, text: str, *, act: str, typed: str | None = None) -> bool:
    """Ask; true if the person chose `act` (the button's word, such as "Revoke").

    With `typed`, they must type that word first: for what cannot be undone at all.
    """
    with ui.dialog() as dialog, ui.card().classes("mc-dialog").props('role="alertdialog"'):
        ui.label(title).classes("mc-dialog-title").props('role="heading" aria-level=2')
        ui.label(text)
        word = ui.input(f"Type {typed} to go on").props("outlined dense autofocus") if typed else None
        with ui.element("div").classes("mc-dialog-actions"):
            cancel = quiet("Cancel", lambda: dialog.submit(False))  # noqa: FBT003 (NiceGUI's signature)
            button = danger(act, lambda: dialog.submit(True))  # noqa: FBT003 (the same)
        if word is None:
            cancel.props("autofocus")
        else:
            button.bind_enabled_from(word, "value", lambda value: value == typed)
    try:
        return await dialog is True
    finally:
        if not dialog.is_deleted:  # with the page, if that is what was closed
            dialog.delete()
