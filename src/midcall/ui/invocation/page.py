"""One invocation, whole; live until it is final."""

from nicegui import ui

from midcall.domain.errors import MidcallError
from midcall.domain.function_config import Kind
from midcall.domain.invocation import Invocation
from midcall.domain.workspace import Scope
from midcall.service.access.access import Caller
from midcall.ui.invocation.replays import ReplayButtons
from midcall.ui.invocation.report import (
    section,
    show_actions,
    show_error,
    show_exchange,
    show_flags,
    show_logs,
    show_result,
)
from midcall.ui.invocation.timings import timings_bar
from midcall.ui.page_context import PageContext
from midcall.ui.parts.cells import PHASES
from midcall.ui.parts.code import json_view
from midcall.ui.parts.errors import ErrorBanner
from midcall.ui.parts.header import page_header
from midcall.ui.parts.isolation import KEPT_IN
from midcall.ui.parts.status import badge
from midcall.ui.parts.times import ago, time_label
from midcall.ui.session.page import path_of

_BACK = (("Invocations", "/invocations"),)
#: Seconds between two looks at one that is not final.
LOOK_EVERY_S = 1.5


async def show(context: PageContext, invocation_id: str) -> None:
    """Show an invocation, and follow it until it has ended."""
    await _InvocationPage(context, invocation_id).build()


class _InvocationPage:
    def __init__(self, context: PageContext, invocation_id: str) -> None:
        self._context = context
        self._id = invocation_id

    async def build(self) -> None:
        invocation = await self._context.call(Scope.READ, self._find)
        with page_header(invocation.function, back=_BACK) as actions:
            pass
        self._errors = ErrorBanner()
        self._body = ui.element("div").classes("mc-report")
        place = ui.element("div")
        with actions:
            self._replays = ReplayButtons(self._context, self._errors, place, queued=self._again)
        self._source = await self._source_of(invocation)
        self._show(invocation)
        self._timer = ui.timer(LOOK_EVERY_S, self._look, active=not invocation.final)

    def _find(self, caller: Caller) -> Invocation:
        return self._context.services.invocations.find(caller, self._id)

    async def _source_of(self, invocation: Invocation) -> str | None:
        """Read the code, to show the line that failed."""
        error = invocation.outcome.error if invocation.outcome else None
        if invocation.kind is not Kind.CODE or error is None or error.line is None:
            return None
        try:
            view = await self._context.call(
                Scope.READ,
                lambda caller: self._context.services.catalog.version(caller, invocation.function, invocation.version),
            )
        except MidcallError:
            return None  # archived
        if view.version.sha256 != invocation.sha256:
            return None  # another function has its name by now
        return view.version.config.code.source

    def _show(self, invocation: Invocation) -> None:
        self._replays.show(invocation)
        self._body.clear()
        outcome = invocation.outcome
        with self._body:
            self._facts(invocation)
            show_flags(invocation)
            if outcome and outcome.error:
                show_error(outcome.error, self._source, final=invocation.final)
            with ui.element("div").classes("mc-beside"):
                with ui.element("div").classes("mc-beside-half"), section("Parameters"):
                    if invocation.params:
                        json_view(dict(invocation.params), what="the parameters")
                    else:
                        ui.label("None.").classes("mc-quiet")
                with ui.element("div").classes("mc-beside-half"):
                    show_result(invocation)
            if invocation.final:
                with section("Time"):
                    timings_bar(invocation)
            show_logs(invocation)
            if invocation.report:
                show_actions(invocation.report.actions)
            show_exchange(invocation)
            self._details(invocation)

    def _facts(self, invocation: Invocation) -> None:
        with ui.element("div").classes("mc-run-facts"):
            badge(invocation.status.value)
            version = f"/functions/{invocation.function}?version={invocation.version}"
            ui.link(f"version {invocation.version}", version)
            ui.label(PHASES[invocation.phase]).classes("mc-quiet")
            if invocation.session_id is not None:
                ui.link("its session", path_of(invocation.session_id))
            time_label(invocation.created_at)
            if invocation.status.queued and invocation.due_at is not None:
                ui.label(f"tries again {ago(invocation.due_at)}").classes("mc-quiet")
            if not invocation.final:
                ui.spinner(size="sm").props('aria-label="Under way"')

    def _details(self, invocation: Invocation) -> None:
        report = invocation.report
        facts = {
            "Id": invocation.id,
            "Purpose": invocation.purpose.value,
            "Environment": invocation.environment,
            "Called by": invocation.principal,
            "Attempt": f"{invocation.attempt} of at most {invocation.max_attempts}",
            "SHA-256 of the version": invocation.sha256,
            "Sandbox": report.sandbox_id if report else "",
            "Kept in": KEPT_IN[report.isolation] if report and report.isolation else "",
            "Trace": invocation.trace_id or "",
            "Idempotency key": invocation.idempotency_key or "",
        }
        with section("Details"), ui.element("dl").classes("mc-details"):
            for name, value in facts.items():
                if value:
                    with ui.element("dt"):
                        ui.label(name).classes("mc-quiet")
                    with ui.element("dd"):
                        ui.label(value).classes("mc-code-word mc-wrap")

    async def _again(self) -> None:
        await self._look()
        self._timer.activate()

    async def _look(self) -> None:
        done = await self._context.run(Scope.READ, self._find, errors=self._errors, passive=True)
        if done is None or done.value.final:
            self._timer.deactivate()
        if done is not None:
            self._source = await self._source_of(done.value)
            self._show(done.value)
