"""The top of a function's page: how far it has come, and what to do next."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from midcall.domain.function import DEFAULT_ENVIRONMENT, VersionStatus
from midcall.domain.workspace import Scope
from midcall.service.functions.catalog import SavedFunction
from midcall.ui.page_context import PageContext
from midcall.ui.parts.buttons import primary, quiet
from midcall.ui.parts.status import badge

HeaderHandler = Callable[[], Awaitable[None]]

_NEXT = {
    VersionStatus.DRAFT: "Next: submit it for review.",
    VersionStatus.CHANGES_REQUESTED: "The review found things to mend. Mend them, then submit again.",
    VersionStatus.PENDING_APPROVAL: "It waits for a person to approve it.",
    VersionStatus.REJECTED: "A person decided against it. Change it, then submit again.",
}


class FunctionHeader:
    """Buttons and the line below the title."""

    def __init__(
        self,
        context: PageContext,
        actions: ui.element,
        *,
        review: HeaderHandler,
        save: HeaderHandler,
        submit: HeaderHandler,
        publish: HeaderHandler,
    ) -> None:
        self._context = context
        with actions:
            writes = context.may(Scope.WRITE)
            self.review = quiet("Review", review, icon="fact_check")
            self.save = primary("Save", save, icon="save")
            self.submit = primary("Submit", submit, icon="send")
            self.publish = primary("Publish", publish, icon="rocket_launch")
            for button in (self.review, self.save, self.submit, self.publish):
                button.set_visibility(writes)
        self.save.props('title="Ctrl-S"')
        self.review.props('title="Ctrl-Enter in the code"')
        self._line = ui.element("div").classes("mc-fn-bar mc-fn-state").props('aria-live="polite"')

    def show(self, saved: SavedFunction | None, *, changed: bool) -> None:
        """Show what is saved, and whether the editor holds something else."""
        writes = self._context.may(Scope.WRITE)
        self._line.clear()
        with self._line:
            if saved is None:
                badge("new", tone="plain")
                ui.label("Nothing is saved yet. It begins with a small function that works.").classes("mc-quiet")
            else:
                self._state(saved, changed=changed)
        status = None if saved is None else saved.open.version.status
        ready = status is VersionStatus.APPROVED and not changed
        runs = saved is not None and saved.view.function.published.get(DEFAULT_ENVIRONMENT) == saved.open.version.number
        self.save.set_visibility(writes and (changed or saved is None))
        self.submit.set_visibility(writes and (changed or status in _SUBMIT))
        self.publish.set_visibility(writes and ready and not runs)

    def _state(self, saved: SavedFunction, *, changed: bool) -> None:
        version, function = saved.open.version, saved.view.function
        ui.label(f"Version {version.number}").classes("mc-strong")
        badge(version.status.value)
        if version.number != function.latest:
            ui.label(f"The latest is version {function.latest}.").classes("mc-quiet")
        if changed:
            badge("not saved", tone="warn")
            ui.label(f"Saving makes version {function.latest + 1}.").classes("mc-quiet")
        elif version.status in _NEXT:
            ui.label(_NEXT[version.status]).classes("mc-quiet")
        for place, number in sorted(function.published.items()):
            badge(f"version {number} in {place}", tone="good")
        if not function.published and version.status is VersionStatus.APPROVED and not changed:
            ui.label("Next: publish it.").classes("mc-quiet")


_SUBMIT = (None, VersionStatus.DRAFT, VersionStatus.CHANGES_REQUESTED)
