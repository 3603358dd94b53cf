"""Save a run as a test case of its function."""

from nicegui import ui

from midcall.domain.errors import MidcallError
from midcall.domain.invocation import Invocation
from midcall.domain.test_case import TestCase
from midcall.domain.workspace import Scope
from midcall.service.access.access import Caller
from midcall.service.test_cases.case_of_run import RunToSave
from midcall.service.test_cases.form import checked_name
from midcall.ui.function.json_field import FieldErrors
from midcall.ui.function.opened import OpenFunction
from midcall.ui.page_context import PageContext
from midcall.ui.parts.buttons import primary, quiet
from midcall.ui.parts.errors import ErrorBanner

EXPECTATIONS = {
    "exact": "Exactly this result",
    "subset": "At least what is in this result",
    "status": "That it ends in the same way, whatever the result",
}


def save_case_button(context: PageContext, opened: OpenFunction, invocation: Invocation) -> None:
    """Offer to save a run, where there is something to expect of it again."""
    if invocation.report is None or not context.may(Scope.WRITE):
        return

    async def ask() -> None:
        await _Dialog(context, opened, invocation).open()

    with ui.element("div").classes("mc-w-run"):
        quiet("Save as test case", ask, icon="playlist_add_check")


class _Dialog:
    """Asks for a name, for what is expected, and for the values that no record has."""

    def __init__(self, context: PageContext, opened: OpenFunction, invocation: Invocation) -> None:
        self.context, self.opened, self.invocation = context, opened, invocation
        self.secrets: dict[str, ui.input] = {}
        word = invocation.run_status
        with ui.dialog() as self.dialog, ui.card().classes("mc-dialog mc-w-dialog-wide").props('role="dialog"'):
            ui.label("Save as test case").classes("mc-dialog-title").props('role="heading" aria-level=2')
            ui.label(
                "It keeps what this run was given, and what its actions were answered. From then on, a version is "
                "published only if its test cases pass."
            ).classes("mc-quiet")
            self.errors = FieldErrors(ErrorBanner())
            with ui.element("form").classes("mc-w-fields") as form:
                form.on("submit.prevent", self._save)
                self.name = ui.input("Name", placeholder="an order that has shipped")
                self.name.props("outlined dense stack-label autofocus maxlength=100")
                options = EXPECTATIONS if word.ok else {"status": f"That it ends with “{word}” again"}
                ui.label("What is expected when it runs again").classes("mc-strong")
                self.expect = ui.radio(options, value=next(iter(options))).props("dense")
                self.more = ui.element("div").classes("mc-w-fields")
                with ui.element("div").classes("mc-dialog-actions"):
                    quiet("Cancel", lambda: self.dialog.submit(None))
                    self.button = primary("Save").props("type=submit")
        self._name_fields()

    async def open(self) -> None:
        """Ask until it is saved or given up."""
        try:
            name = await self.dialog
        finally:
            if not self.dialog.is_deleted:  # with the page, if that is what was closed
                self.dialog.delete()
        if name is not None:
            self.context.say(f"Saved as test case “{name}”")
            await self.opened.tell()

    def show(self, error: MidcallError) -> None:
        """Show an error; for sensitive parameters, of which no record has the value, there are fields from then on."""
        missing = [fault.loc.removeprefix("params.") for fault in error.faults if fault.loc.startswith("params.")]
        with self.more:
            for name in missing:
                if name not in self.secrets:
                    self.secrets[name] = ui.input(f"{name}: a value to test with").props("outlined dense stack-label")
        self._name_fields()
        self.errors.show(error)

    def clear(self) -> None:
        self.errors.clear()

    def _name_fields(self) -> None:
        self.errors.of({"name": self.name, **{f"params.{name}": field for name, field in self.secrets.items()}})

    async def _save(self) -> None:
        values = {name: field.value for name, field in self.secrets.items() if field.value}

        def save(caller: Caller) -> TestCase:
            name = checked_name((self.name.value or "").strip())
            wanted = RunToSave(self.invocation.id, name, self.expect.value, values)
            return self.context.services.cases_of_runs.save(caller, wanted)

        done = await self.context.run(Scope.WRITE, save, busy=self.button, errors=self)
        if done is not None:
            self.dialog.submit(done.value.name)
