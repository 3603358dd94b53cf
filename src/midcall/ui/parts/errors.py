"""An error in words, on the page, as long as it matters."""

from nicegui import ui

from midcall.domain.errors import MidcallError


class ErrorBanner:
    """Shows an error with its faults, each with its field; hidden until there is one."""

    def __init__(self) -> None:
        self._box = ui.element("div").classes("mc-banner").props("role=alert")
        self._box.set_visibility(False)

    def show(self, error: MidcallError) -> None:
        """Show an error with all of its faults."""
        self._box.clear()
        with self._box:
            ui.icon("error").props("aria-hidden=true")
            with ui.element("div"):
                ui.label(error.message).classes("mc-strong")
                if error.faults:
                    with ui.element("ul"):
                        for fault in error.faults:
                            with ui.element("li"):
                                ui.label(fault.loc).classes("mc-code-word")
                                ui.label(fault.msg)
        self._box.set_visibility(True)

    def clear(self) -> None:
        """Hide the banner with all that it shows."""
        self._box.set_visibility(False)
