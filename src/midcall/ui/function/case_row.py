"""One test case in the list: what it expects, what came of it, what can be done with it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from nicegui import ui

from midcall.domain.test_case import ExpectKind, TestCase
from midcall.service.test_cases.case_runs import CaseResult
from midcall.ui.parts.status import badge
from midcall.ui.parts.times import duration

RowHandler = Callable[[], Any]
_SHORT = 140
#: By whether it passed.
_LOOKS: Mapping[bool | None, str] = {True: "mc-w-case-good", False: "mc-w-case-bad", None: ""}


class CaseRow:
    """A row that is green, red, under way, or has not been run here."""

    def __init__(
        self, case: TestCase, on_run: RowHandler | None, on_edit: RowHandler | None, on_delete: RowHandler | None
    ) -> None:
        self._buttons: list[ui.button] = []
        with ui.element("div").classes("mc-w-case").props('role="listitem"') as self._box:
            self._state = ui.element("div").classes("mc-w-case-state")
            with ui.element("div").classes("mc-w-case-what"):
                ui.label(case.name).classes("mc-strong mc-w-wrap")
                ui.label(expected(case)).classes("mc-quiet mc-w-small mc-w-wrap")
                self._why = ui.label().classes("mc-w-why mc-w-wrap")
                self._run = ui.element("div")
            with ui.element("div").classes("mc-w-case-acts"):
                for label, icon, handler in (
                    ("Run", "play_arrow", on_run),
                    ("Change", "edit", on_edit),
                    ("Delete", "delete", on_delete),
                ):
                    if handler is not None:
                        button = ui.button(icon=icon, on_click=handler).props("flat round dense").tooltip(label)
                        button.props["aria-label"] = f"{label} {case.name}"
                        self._buttons.append(button)

    def show(self, result: CaseResult | None) -> None:
        """Show what came of it; None: it has not been run here."""
        self._mark(None if result is None else result.passed)
        with self._state:
            if result is None:
                badge("not run")
            else:
                badge("passed" if result.passed else "failed", tone="good" if result.passed else "bad")
                if result.invocation_id is not None:
                    ui.label(duration(result.ms)).classes("mc-quiet mc-w-small")
        if result is not None and result.why is not None:
            self._why.text = result.why
            self._why.set_visibility(True)
            if result.invocation_id is not None:
                with self._run:
                    ui.link("Its run, on record", f"/invocations/{result.invocation_id}").classes("mc-w-small")

    def show_running(self) -> None:
        """Show that it is under way."""
        self._mark(None)
        with self._state:
            badge("running")

    def set_busy(self, *, busy: bool) -> None:
        """Take no clicks while cases run."""
        for button in self._buttons:
            button.set_enabled(not busy)

    def _mark(self, passed: bool | None) -> None:  # noqa: FBT001 (what came of it)
        self._box.classes(add=_LOOKS[passed], remove="mc-w-case-good mc-w-case-bad")
        self._state.clear()
        self._run.clear()
        self._why.set_visibility(False)


def expected(case: TestCase) -> str:
    """Say in a line what a case expects."""
    kind, value = case.expect.kind, case.expect.value
    text = value if kind is ExpectKind.STATUS else json.dumps(value, ensure_ascii=False)
    text = text if len(text) <= _SHORT else f"{text[:_SHORT]}…"
    said = {
        ExpectKind.EXACT: f"returns exactly {text}",
        ExpectKind.SUBSET: f"returns at least {text}",
        ExpectKind.SCHEMA: f"returns what fits the schema {text}",
        ExpectKind.STATUS: f"ends with {text}",
    }[kind]
    if case.expect.variables:
        said += f"; sets {', '.join(case.expect.variables)}"
    if case.expect.terminate is not None:
        said += "; terminates the session" if case.expect.terminate else "; does not terminate the session"
    if case.mocks:
        said += f"; {len(case.mocks)} mock{'' if len(case.mocks) == 1 else 's'}"
    return said
