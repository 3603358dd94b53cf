"""A code editor whose text stays in the browser until it is asked for."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Self

from nicegui import ui

from midcall.domain.errors import MidcallError
from midcall.ui.parts import scripts
from midcall.ui.parts.attributes import named

#: The browser gives the text within this time, or is gone.
ANSWER_S = 10.0

EditorHandler = Callable[[], Awaitable[None] | None]


class SourceEditor(ui.codemirror, default_classes="nicegui-codemirror mc-editor"):
    """CodeMirror as a text that is read with `read` and set with `write`.

    NiceGUI's own sends every change as it is made, and sets its whole text anew when any property changes: what was
    typed meanwhile would be lost. So nothing listens to its changes, and decorations go to the browser by themselves.
    """

    def __init__(
        self,
        text: str,
        *,
        label: str,
        language: str,
        on_edit: EditorHandler,
        keys: Mapping[str, EditorHandler] | None = None,
    ) -> None:
        super().__init__(value=text, language=language, line_wrapping=language != "Python")  # type: ignore[arg-type]
        self._writes = 0
        for key, handler in (keys or {}).items():
            self.map_key(key, _without_arguments(handler))
        named(self, label)
        super().on("update:value", js_handler=scripts.handler("mcEdited", self.id))
        super().on("edited", _without_arguments(on_edit), args=[])
        scripts.run(self.client, "mcEditor", self.id)

    def on(self, type: str, *arguments: Any, **more: Any) -> Self:  # noqa: A002 (NiceGUI's own name)
        """Listen to an event, but not to each change of the text."""
        return self if type == "update:value" else super().on(type, *arguments, **more)

    async def read(self) -> str:
        """Fetch the text from the browser."""
        try:
            found = await scripts.ask(self.client, "mcSource", self.id, self._writes, timeout=ANSWER_S)
        except TimeoutError:
            raise MidcallError("The browser did not hand its text over; try again.") from None
        return str(found or "")

    def write(self, text: str) -> None:
        """Replace the text; only what differs, so that undo and the cursor survive."""
        # For a page that is not open yet; one that is gets it by the script.
        with self._props.suspend_updates():
            self._props[self.VALUE_PROP] = text
        self._writes += 1
        scripts.run(self.client, "mcWrite", self.id, text, self._writes)

    def comment(self, decorations: Sequence[Mapping[str, Any]], tooltips: Mapping[int, str]) -> None:
        """Decorate the text that was last read, unless it is another by now."""
        scripts.run(self.client, "mcComments", self.id, list(decorations), dict(tooltips))

    def show_line(self, line: int, column: int = 1) -> None:
        """Scroll to a line (from 1) and go there."""
        scripts.run(self.client, "mcShowLine", self.id, line, column)


def _without_arguments(handler: EditorHandler) -> Callable[[Any], Awaitable[None] | None]:
    return lambda _event: handler()
