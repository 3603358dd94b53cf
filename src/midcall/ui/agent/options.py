"""The options of one attachment: what fails whom, which version, how long, and what is said."""

from collections.abc import Callable
from typing import Any

from nicegui import ui

from midcall.domain.agent import OnFailure
from midcall.domain.errors import MidcallError
from midcall.domain.function import VersionStatus
from midcall.domain.phases import Phase
from midcall.domain.workspace import Scope
from midcall.ui.agent.draft import AttachmentDraft
from midcall.ui.page_context import PageContext

FOLLOWS = "Follow what is published"
ON_FAILURE = {
    OnFailure.CONTINUE: "The conversation goes on without it",
    OnFailure.TERMINATE: "The session ends: this function guards it",
}


async def versions_of(context: PageContext, row: AttachmentDraft) -> dict[int, str]:
    """Return the versions that a row may be pinned to."""
    try:
        view = await context.call(Scope.READ, lambda caller: context.services.catalog.get(caller, row.function))
    except MidcallError:
        return {}  # archived: the page's warnings say so
    approved = [each for each in view.versions if each.status is VersionStatus.APPROVED]
    return {each.number: f"Always version {each.number}" for each in reversed(approved)}


class AttachmentOptions:
    """The fields, each named by its path below the attachment, so that a fault finds its field."""

    def __init__(
        self, row: AttachmentDraft, versions: dict[int, str], *, changed: Callable[[], None], may_write: bool
    ) -> None:
        self.row = row
        self.fields: dict[str, Any] = {}
        self._changed = changed
        with ui.element("div").classes("mc-options"):
            known = {0: FOLLOWS, **versions}
            if row.version is not None:
                known.setdefault(row.version, f"Always version {row.version}")
            self._add("version", ui.select(known, label="Version", value=row.version or 0), lambda value: value or None)
            if row.phase is Phase.PRE_SESSION:
                self._add("on_failure", ui.select(ON_FAILURE, label="If it fails", value=row.on_failure))
            self._add(
                "timeout",
                ui.number(label="Timeout in seconds", value=row.timeout, placeholder="as the function has it"),
            )
            started = self._add("started", ui.textarea(label="Say at once, one of these lines", value=row.started))
            started.props('placeholder="as the function has it"')
            self._add("returned", ui.input(label="Say when it goes on in the background", value=row.returned))
            error = self._add("error", ui.textarea(label="Say if it fails", value=row.error))
            error.props("""placeholder='one text, or by status: {"404": "…", "default": "…"}'""")
        for each in self.fields.values():
            each.set_enabled(may_write)

    def _add(self, name: str, element: Any, read: Callable[[Any], Any] = lambda value: value) -> Any:
        def changed(event: Any) -> None:
            value = read(event.value)
            setattr(self.row, name, "" if value is None and isinstance(getattr(self.row, name), str) else value)
            element.error = None
            self._changed()

        element.props("outlined dense stack-label" + (" autogrow" if isinstance(element, ui.textarea) else ""))
        element.on_value_change(changed)
        self.fields[name] = element
        return element

    def show_fault(self, path: str, text: str) -> bool:
        """Show a fault beside its field; False if there is none for it."""
        parts = path.split(".")
        name = parts[1] if parts[0] == "messages" and len(parts) > 1 else parts[0]
        if name not in self.fields:
            return False
        self.fields[name].error = text
        return True

    def clear_faults(self) -> None:
        """Take the faults away from all fields."""
        for each in self.fields.values():
            each.error = None
