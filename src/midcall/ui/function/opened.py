"""The function that a page has open, as the page's parts see it: what is saved, what the editor holds."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from midcall.domain.function_config import Kind
from midcall.domain.jsonvalue import Json
from midcall.service.functions.catalog import SavedFunction

#: Called, in the page's own slot, after anything saved has changed.
Listener = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class OpenFunction:
    """A handle on the open function; it lives as long as the page. All of it is called on the event loop."""

    #: None on /new-function, until it is created: then the page goes to /functions/{name}, with a handle of its own.
    name: str | None
    kind: Kind
    #: What is saved as far as this page knows; None if nothing is. A new value after each change.
    saved: Callable[[], SavedFunction | None]
    #: Whether the editor holds something else than the open version.
    is_changed: Callable[[], bool]
    #: The whole document that the editor holds (as `FunctionForm` takes it, display_name and tags too; secrets of a
    #: webhook as their mask). It asks the browser for the source. Raises InvalidInput, with the fields' paths, for
    #: parts that cannot be read, such as JSON with a missing comma.
    draft: Callable[[], Awaitable[Json]]
    #: Put changes into the editor, as a merge patch (RFC 7396) onto the draft; nothing is saved:
    #: `await apply({"code": {"source": "…"}, "parameters": {…}})`. Fields of name and kind are ignored.
    #: Lists are replaced whole, and so is `parameters`.
    apply: Callable[[Mapping[str, Any]], Awaitable[None]]
    #: Save the editor's content as the next version if it is changed. Returns the number of the version that is then
    #: open; None if that failed (the page has said why) or nothing can be saved yet.
    save: Callable[[], Awaitable[int | None]]
    #: Read what is saved anew, and show the latest version; the editor's content is kept if it is changed.
    reload: Callable[[], Awaitable[None]]
    #: Bring a line of the source (from 1) to the front and focus it; nothing happens where there is no such line.
    show_line: Callable[[int], None]
    _listeners: list[Listener] = field(default_factory=list)

    @property
    def version(self) -> int | None:
        """Number of the version that is open."""
        saved = self.saved()
        return None if saved is None else saved.open.version.number

    def on_saved(self, listener: Listener) -> None:
        """Call `listener` after a save, a review, a publication and a reload."""
        self._listeners.append(listener)

    async def tell(self) -> None:
        """Call the listeners; the page's business."""
        for listener in list(self._listeners):
            await listener()
