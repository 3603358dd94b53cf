"""Write a test case: what the function is run with, and what must come of it."""

from collections.abc import Mapping
from typing import Any, get_args

from nicegui import ui

from midcall.domain.errors import InvalidInput
from midcall.domain.function_config import Kind
from midcall.domain.phases import Phase
from midcall.domain.run_status import ExpectedWord, RunStatus
from midcall.domain.samples import sample_params, sample_session
from midcall.domain.test_case import ExpectKind, TestCase
from midcall.domain.workspace import Scope
from midcall.service.access.access import Caller
from midcall.service.test_cases.form import body_of, checked_name, parse_case, phase_of
from midcall.ui.function.json_field import FieldErrors, JsonField, read_all
from midcall.ui.function.opened import OpenFunction
from midcall.ui.function.run_inputs import PHASES
from midcall.ui.page_context import PageContext
from midcall.ui.parts.buttons import primary, quiet
from midcall.ui.parts.errors import ErrorBanner

_KINDS: Mapping[str, str] = {
    ExpectKind.SUBSET.value: "The result holds at least",
    ExpectKind.EXACT.value: "The result is exactly",
    ExpectKind.SCHEMA.value: "The result fits a JSON Schema",
    ExpectKind.STATUS.value: "The run ends with a status",
}
_TERMINATES: Mapping[str, str] = {"any": "terminateAgent: any", "true": "terminateAgent: true", "false": "… false"}


async def edit_case(
    context: PageContext, opened: OpenFunction, case: TestCase | None, *, is_new: bool = False
) -> str | None:
    """Ask for a case until it is saved; returns its name, or None if it was given up.

    `case` is the one to change, or with `is_new` one to begin from.
    """
    dialog = _CaseDialog(context, opened, case, is_new=is_new or case is None)
    try:
        name: str | None = await dialog.dialog
    finally:
        if not dialog.dialog.is_deleted:  # with the page, if that is what was closed
            dialog.dialog.delete()
    return name


class _CaseDialog:
    """A form of a whole case."""

    def __init__(self, context: PageContext, opened: OpenFunction, case: TestCase | None, *, is_new: bool) -> None:
        self.context, self.opened = context, opened
        self.kept_name = case.name if case and not is_new else None
        saved = opened.saved()
        schema: Mapping[str, Any] = saved.open.version.config.parameters if saved else {}
        phase = phase_of(case) if case else Phase.DURING_SESSION
        expect = case.expect.document() if case else {"subset": {}}
        kind = case.expect.kind if case else ExpectKind.SUBSET
        # What is typed is not lost by a click beside it.
        with ui.dialog().props("persistent") as self.dialog:
            card = ui.card().classes("mc-dialog mc-w-dialog-case").props('role="dialog"')
        with card:
            title = f"Change “{self.kept_name}”" if self.kept_name else "New test case"
            ui.label(title).classes("mc-dialog-title").props('role="heading" aria-level=2')
            self.errors = FieldErrors(ErrorBanner())
            with ui.element("form").classes("mc-w-fields") as form:
                form.on("submit.prevent", self._save)
                form.on("keydown.esc", lambda: self.dialog.submit(None))
                self.name = ui.input("Name", value=self.kept_name or "")
                self.name.props("outlined dense stack-label maxlength=100 autofocus").set_enabled(is_new)
                _title("It is run with")
                self.params = JsonField(
                    "Parameters", "params", case.params if case else sample_params(schema), empty={}
                )
                self.phase = ui.select(dict(PHASES), label="When it runs", value=phase.value)
                self.phase.props("outlined dense stack-label")
                body = body_of(case) if case else sample_session(schema, phase)
                self.session = JsonField("Session body", "session", body, empty={})
                self.fields = [self.params, self.session]
                if opened.kind is Kind.CODE:
                    mocks = [mock.document() for mock in case.mocks] if case else []
                    self.mocks = JsonField("Mocks", "mocks", mocks or None, empty=[])
                    self.dry = ui.switch(
                        "Dry: what no mock answers fails, nothing leaves midcall", value=case.dry if case else True
                    )
                    self.fields.append(self.mocks)
                else:
                    ui.label("Each run of it really calls the webhook.").classes("mc-w-note mc-w-small")
                _title("What must come of it")
                self.kind = ui.select(dict(_KINDS), label="Expectation", value=kind.value)
                self.kind.props("outlined dense stack-label").on_value_change(self._kind_chosen)
                self.status = ui.select(
                    list(get_args(ExpectedWord)),
                    label="Status",
                    value=expect["status"] if kind is ExpectKind.STATUS else RunStatus.OK.value,
                ).props("outlined dense stack-label")
                value = {} if kind is ExpectKind.STATUS else expect[kind.value]
                self.value = JsonField("Expected, as JSON", "expect", value)
                self.variables = JsonField(
                    "Variables it must set (optional)", "expect.variables", expect.get("variables"), empty={}
                )
                said = {None: "any", True: "true", False: "false"}[expect.get("terminateAgent")]
                self.terminate = ui.select(dict(_TERMINATES), label="Ends the session", value=said)
                self.terminate.props("outlined dense stack-label")
                with ui.element("div").classes("mc-dialog-actions"):
                    quiet("Cancel", lambda: self.dialog.submit(None))
                    self.button = primary("Save").props("type=submit")
        self.errors.of(
            {"name": self.name, "expect": self.value.box}
            | {field.loc: field.box for field in (*self.fields, self.variables)}
        )
        self._kind_chosen()

    def _kind_chosen(self) -> None:
        is_status = self.kind.value == ExpectKind.STATUS.value
        self.status.set_visibility(is_status)
        self.value.box.set_visibility(not is_status)

    async def _save(self) -> None:
        def save(caller: Caller) -> str:
            function = self.opened.name
            if function is None:
                raise InvalidInput("save the function first")
            name = self.kept_name or checked_name((self.name.value or "").strip())
            stored, _ = self.context.services.test_cases.put(caller, function, name, parse_case(self._document()))
            return stored.name

        done = await self.context.run(Scope.WRITE, save, busy=self.button, errors=self.errors)
        if done is not None:
            self.dialog.submit(done.value)

    def _document(self) -> dict[str, Any]:
        """Return the case as it is written in JSON (see `service.case_form.CaseForm`)."""
        is_status = self.kind.value == ExpectKind.STATUS.value
        values = read_all([*self.fields, self.variables, *(() if is_status else (self.value,))])
        expect: dict[str, Any] = {self.kind.value: self.status.value if is_status else values["expect"]}
        expect["variables"] = values["expect.variables"]
        if self.terminate.value != "any":
            expect["terminateAgent"] = self.terminate.value == "true"
        session = values["session"]
        if isinstance(session, Mapping):
            session = {**session, "phase": self.phase.value}
        document = {"params": values["params"], "session": session, "expect": expect}
        if self.opened.kind is Kind.CODE:
            document |= {"mocks": values["mocks"], "dry": self.dry.value}
        return document


def _title(text: str) -> None:
    ui.label(text).classes("mc-w-part-title").props('role="heading" aria-level=3')
