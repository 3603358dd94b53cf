"""The Test panel: run an approved version in the real sandbox, and see all that came of it."""

import time
from typing import Any

from nicegui import ui

from midcall.domain.errors import InvalidInput, MidcallError
from midcall.domain.function_config import Kind
from midcall.domain.ids import new_id
from midcall.domain.invocation import Invocation
from midcall.domain.mock import Recording
from midcall.domain.workspace import Scope
from midcall.service.access.access import Caller
from midcall.service.functions.catalog import SavedFunction
from midcall.service.runs.form import RunForm
from midcall.ui.function.json_field import FieldErrors
from midcall.ui.function.opened import OpenFunction
from midcall.ui.function.run_inputs import RunInputs, approved
from midcall.ui.function.run_result import Handlers, show_result
from midcall.ui.function.save_case import save_case_button
from midcall.ui.page_context import PageContext
from midcall.ui.parts import scripts
from midcall.ui.parts.buttons import primary
from midcall.ui.parts.empty import empty
from midcall.ui.parts.errors import ErrorBanner

#: Seconds between two looks at the clock while a run is under way.
_TICK_S = 0.2


async def build(context: PageContext, opened: OpenFunction) -> None:
    """Make the panel, in the slot that is open."""
    panel = TestPanel(context, opened)
    opened.on_saved(panel.refresh)
    await panel.refresh()


class TestPanel:
    """Inputs on one side, the last result on the other."""

    #: It is no test of pytest's.
    __test__ = False

    def __init__(self, context: PageContext, opened: OpenFunction) -> None:
        self.context = context
        self.opened = opened
        self._began = 0.0
        self._nothing = ui.element("div")
        self._whole = ui.element("div").classes("mc-w-halves")
        with self._whole:
            # Ctrl+Enter runs, wherever in the fields it is pressed.
            with ui.element("form").classes("mc-w-half").props('aria-label="What to test with"') as form:
                form.on("submit.prevent", self.run)
                form.on("keydown.ctrl.enter.prevent", self.run)
                form.on("keydown.meta.enter.prevent", self.run)
                self._version = ui.select({}, label="Version").props("outlined dense stack-label")
                self._version.on_value_change(self._version_chosen)
                self._unsaved = ui.label(
                    "The editor holds changes that are not part of it: save them and have them reviewed to test them."
                ).classes("mc-w-note mc-w-small")
                banner = ErrorBanner()
                self._errors = FieldErrors(banner)
                self._inputs = RunInputs(opened.kind, self._errors)
                with ui.element("div").classes("mc-w-run"):
                    self._button = primary("Run", icon="play_arrow").props('type=submit title="Ctrl+Enter"')
                    self._elapsed = ui.label().classes("mc-quiet").props("role=timer")
                if not context.may(Scope.WRITE):
                    self._button.props("disable")
                    self._elapsed.text = 'It takes a key with the scope "write" to run tests.'
            with ui.element("section").classes("mc-w-half").props('aria-label="Result" aria-live=polite'):
                self._progress = ui.linear_progress(show_value=False).props("indeterminate aria-hidden=true")
                self._progress.set_visibility(False)
                self._result = ui.element("div").classes("mc-w-result")
                with self._result:
                    empty(
                        "No result yet",
                        "Run it, and here is what it returned, logged, called, and how long each part took.",
                        icon="science",
                    )
        self._timer = ui.timer(_TICK_S, self._tick, active=False)

    async def refresh(self) -> None:
        """Show the versions that can be run by now, and the fields of the one that is open."""
        saved = self.opened.saved()
        names = approved(saved.view.versions, saved.view.function.published) if saved else {}
        self._whole.set_visibility(bool(names))
        self._nothing.clear()
        if not names or saved is None:
            with self._nothing:
                empty(
                    "Nothing to test yet",
                    "What runs has been approved first, tests too. Save this function and have it reviewed; an "
                    "approved version can be run here.",
                    icon="science",
                )
            return
        open_number = saved.open.version.number
        chosen = open_number if open_number in names else next(iter(names))
        self._version.set_options(names, value=chosen)
        await self._use(chosen, saved)

    async def run(self) -> None:
        """Run the version with the inputs as they stand, and show its result."""
        if not self.context.may(Scope.WRITE) or self._timer.active:
            return
        done = await self.context.run_async(Scope.WRITE, self._run, busy=self, errors=self._errors)
        if done is None or self.context.client.is_deleted:
            return
        invocation, recording = done.value
        self._result.clear()
        with self._result:
            show_result(
                invocation,
                recording,
                Handlers(self.opened.show_line if self.opened.kind is Kind.CODE else None, self._inputs.mock_with),
            )
            save_case_button(self.context, self.opened, invocation)
        scripts.run(self.context.client, "mcShow", self._result.id)

    def set_busy(self, *, busy: bool) -> None:
        """Show that a run is under way."""
        self._button.set_busy(busy=busy)
        self._progress.set_visibility(busy)
        self._result.classes(add="mc-w-faded") if busy else self._result.classes(remove="mc-w-faded")
        self._began = time.monotonic()
        self._timer.active = busy
        self._elapsed.text = "Running…" if busy else ""

    async def _run(self, caller: Caller) -> tuple[Invocation, Recording | None]:
        """Run what the fields say, as the API's route does."""
        form = RunForm.parse({"version": self._version.value, **self._inputs.document()})
        name = self.opened.name
        if name is None:
            raise InvalidInput("save the function first")
        call, use = form.call(new_id("inv"), name), self.context.services
        tried = await use.waiting.run(lambda: use.invocations.admit(caller, call), call.id, self.context.in_thread)
        recording: Recording | None = None
        if form.record:
            recording = await self.context.in_thread(use.replays.recording, tried)
        return tried, recording

    async def _version_chosen(self, event: Any) -> None:
        if event.value is not None and (saved := self.opened.saved()) is not None:
            await self._use(event.value, saved)

    async def _use(self, number: int, saved: SavedFunction) -> None:
        self._unsaved.set_visibility(self.opened.is_changed())
        version = saved.open.version
        if number != version.number:
            name = saved.view.function.name
            try:
                found = await self.context.call(
                    Scope.READ, lambda caller: self.context.services.catalog.version(caller, name, number)
                )
            except MidcallError as error:
                self._errors.show(error)
                return
            version = found.version
        self._inputs.use(version.config.parameters)

    def _tick(self) -> None:
        self._elapsed.text = f"Running… {time.monotonic() - self._began:.1f} s"
