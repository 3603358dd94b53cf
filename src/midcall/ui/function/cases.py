"""Test cases of a function: a table of green and red, run all at once, each with why it failed."""

from contextlib import aclosing
from functools import partial
from typing import Any

from nicegui import ui

from midcall.domain.errors import InvalidInput
from midcall.domain.test_case import TestCase
from midcall.domain.workspace import Scope
from midcall.service.access.access import Caller
from midcall.service.test_cases.case_runs import CaseResult, Suite, SuiteRequest
from midcall.ui.function.case_dialog import edit_case
from midcall.ui.function.case_row import CaseRow
from midcall.ui.function.opened import OpenFunction
from midcall.ui.function.run_inputs import approved
from midcall.ui.page_context import PageContext
from midcall.ui.parts.buttons import primary, quiet
from midcall.ui.parts.confirm import confirmed
from midcall.ui.parts.empty import empty
from midcall.ui.parts.errors import ErrorBanner


async def build(context: PageContext, opened: OpenFunction) -> None:
    """Make the panel, in the slot that is open; the cases are read once the page is there."""
    panel = CasesPanel(context, opened)
    opened.on_saved(panel.refresh)
    ui.timer(0, panel.refresh, once=True)


class CasesPanel:
    """The cases with what came of each when they were last run on this page."""

    def __init__(self, context: PageContext, opened: OpenFunction) -> None:
        self.context = context
        self.opened = opened
        self._rows: dict[str, CaseRow] = {}
        self._results: dict[str, CaseResult] = {}
        #: Documents that were last shown: a case that was changed has no result any more.
        self._known: dict[str, str] = {}
        self._running = False
        may = context.may(Scope.WRITE)
        with ui.element("div").classes("mc-w-part-head") as self._head:
            self._version = ui.select({}, label="Version").props("outlined dense stack-label").classes("mc-w-pick")
            self._version.on_value_change(self._other_version)
            self._run_all = primary("Run all", partial(self.run, None), icon="playlist_play")
            self._run_all.set_visibility(may)
            self._sum = ui.label().classes("mc-strong").props("role=status")
            ui.element("div").classes("mc-grow")
            if may:
                quiet("New test case", partial(self.edit, None), icon="add")
        self._hint = ui.label("No version is approved yet: test cases run approved versions.").classes("mc-w-note")
        self._progress = ui.linear_progress(value=0, show_value=False).props('aria-label="Cases that are over"')
        self._progress.set_visibility(False)
        self._errors = ErrorBanner()
        self._list = ui.element("div").classes("mc-w-cases").props('role="list" aria-label="Test cases"')

    async def refresh(self) -> None:
        """Read the cases anew, and which versions they can be run on."""
        name = self.opened.name
        if name is None or self._running or self.context.client.is_deleted:
            return
        self._show_versions()
        done = await self.context.run(
            Scope.READ, lambda caller: self.context.services.test_cases.all(caller, name), errors=self._errors
        )
        if done is not None and not self.context.client.is_deleted:
            self._show(done.value)

    async def run(self, only: str | None) -> None:
        """Run one case, or all of them side by side."""
        if self._running or not self._rows:
            return
        self._running = True
        names = list(self._rows) if only is None else [only]
        for each in names:
            self._results.pop(each, None)
            self._rows[each].show_running()
        self._count(names)
        await self.context.run_async(Scope.WRITE, partial(self._run, names=names), busy=self, errors=self._errors)
        self._running = False
        if self.context.client.is_deleted:
            return
        for each in names:
            self._rows[each].show(self._results.get(each))
        self._count(())

    async def edit(self, case: TestCase | None) -> None:
        """Write a new case, or change one."""
        name = await edit_case(self.context, self.opened, case)
        if name is not None:
            self._results.pop(name, None)
            self.context.say(f"Saved “{name}”")
            await self.refresh()

    async def delete(self, case: TestCase) -> None:
        """Delete a case, once it was asked."""
        function = self.opened.name
        if function is None or not await confirmed(
            f"Delete “{case.name}”?", "It no longer holds anything up that is published.", act="Delete"
        ):
            return
        done = await self.context.run(
            Scope.WRITE,
            lambda caller: self.context.services.test_cases.delete(caller, function, case.name),
            errors=self._errors,
            said=f"Deleted “{case.name}”",
        )
        if done is not None:
            await self.refresh()

    def set_busy(self, *, busy: bool) -> None:
        """Show that cases run."""
        self._run_all.set_busy(busy=busy)
        self._progress.set_visibility(busy)
        for row in self._rows.values():
            row.set_busy(busy=busy)

    async def _run(self, caller: Caller, *, names: list[str]) -> None:
        """Run cases, and show what came of each as it comes; whoever closes the page starts no more of them."""
        function, use = self.opened.name, self.context.services
        if function is None:
            raise InvalidInput("save the function first")
        wanted = SuiteRequest(function, self._version.value, names)
        suite: Suite = await self.context.in_thread(use.case_runs.suite, caller, wanted)
        async with aclosing(use.case_runs.results(caller, suite, self.context.in_thread)) as results:
            async for result in results:
                if self.context.client.is_deleted:
                    return
                if result is not None:
                    self._results[result.case] = result
                    self._rows[result.case].show(result)
                    self._count(names)

    def _show(self, cases: list[TestCase]) -> None:
        known = {case.name: case.sha256 for case in cases}
        self._results = {
            name: found for name, found in self._results.items() if known.get(name) == self._known.get(name)
        }
        self._known = known
        self._rows = {}
        self._list.clear()
        may = self.context.may(Scope.WRITE)
        with self._list:
            for case in cases:
                self._rows[case.name] = CaseRow(
                    case,
                    partial(self.run, case.name) if may else None,
                    partial(self.edit, case) if may else None,
                    partial(self.delete, case) if may else None,
                )
                self._rows[case.name].show(self._results.get(case.name))
            if not cases:
                with empty(
                    "No test cases yet",
                    "A test case is a call with what must come of it. Once there are some, a version is published only "
                    "if all of them pass. The quickest way: run the function under Test, and save the run.",
                    icon="rule",
                ):
                    if may:
                        primary("Write one", partial(self.edit, None), icon="add")
        self._head.set_visibility(bool(cases))
        self._show_versions()
        self._count(())

    def _show_versions(self) -> None:
        saved = self.opened.saved()
        names = approved(saved.view.versions, saved.view.function.published) if saved else {}
        open_number = self.opened.version
        chosen = open_number if open_number in names else next(iter(names), None)
        if self._version.value != chosen or self._version.options != names:
            self._version.set_options(names, value=chosen)
        self._hint.set_visibility(not names and bool(self._rows))
        self._run_all.set_enabled(bool(names))

    def _other_version(self) -> None:
        # What was seen of another version says nothing of this one.
        self._results = {}
        for row in self._rows.values():
            row.show(None)
        self._count(())

    def _count(self, running: Any) -> None:
        failed = sum(not result.passed for result in self._results.values())
        passed = len(self._results) - failed
        if running:
            over = sum(name in self._results for name in running)
            self._progress.value = over / len(running)
            self._sum.text = f"{over} of {len(running)} done"
        elif self._results:
            self._sum.text = f"{passed} passed, {failed} failed" if failed else f"{passed} passed"
        else:
            self._sum.text = ""
