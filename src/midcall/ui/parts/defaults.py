"""How elements of every page are, unless a page says otherwise."""

from typing import Any

from nicegui import ui
from nicegui.awaitable_response import AwaitableResponse, NullResponse


def set_defaults() -> None:
    """Let lists, dialogs and what unfolds open and close at once, and fields keep what is typed while a page connects.

    While a list fades (300 ms), Quasar keeps back what wants the focus, and gives it the focus afterwards: who
    has gone on to the next field in the meantime types into the list that they came from, and loses the words. What
    unfolds (another 300 ms) moves under the pointer.
    """
    for kind in (ui.select, ui.menu, ui.dialog):
        kind.default_props("transition-duration=0")
    ui.expansion.default_props("duration=0")
    if not getattr(ui.input.run_method, "waits", False):
        ui.input.run_method = _once_connected(ui.input.run_method)  # type: ignore[method-assign]


def _once_connected(run: Any) -> Any:
    """Leave out what would put a field back to its value as the page was built: the page has it already.

    NiceGUI sends it once the socket is open, and until then somebody may have typed.
    """

    def waiting(element: ui.input, name: str, *arguments: Any, timeout: float = 1) -> AwaitableResponse:
        if name == "updateValue" and not element.client.has_socket_connection:
            return NullResponse()
        answer: AwaitableResponse = run(element, name, *arguments, timeout=timeout)
        return answer

    waiting.waits = True  # type: ignore[attr-defined]
    return waiting
