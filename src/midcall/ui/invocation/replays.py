"""Run again: for good, what has failed for good in the background; dry, any code on its recorded answers."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from midcall.domain.function_config import Kind
from midcall.domain.ids import new_id
from midcall.domain.invocation import Invocation, Purpose
from midcall.domain.workspace import Scope
from midcall.service.access.access import Caller
from midcall.ui.invocation.report import result_of, same, section
from midcall.ui.page_context import PageContext
from midcall.ui.parts import scripts
from midcall.ui.parts.buttons import quiet
from midcall.ui.parts.code import code_view, json_view
from midcall.ui.parts.confirm import confirmed
from midcall.ui.parts.errors import ErrorBanner
from midcall.ui.parts.status import badge
from midcall.ui.parts.times import duration


class ReplayButtons:
    """The buttons that fit an invocation; a dry replay is shown in `place`."""

    def __init__(
        self, context: PageContext, errors: ErrorBanner, place: ui.element, *, queued: Callable[[], Awaitable[None]]
    ) -> None:
        self._context = context
        self._errors = errors
        self._place = place
        self._queued = queued
        self._invocation: Invocation | None = None
        self._again = quiet("Run again", self._run_again, icon="replay")
        self._again.tooltip("It has failed for good: give it another series of attempts")
        self._dry = quiet("Replay dry", self._run_dry, icon="science")
        self._dry.tooltip(
            "The same code on the same input, its actions answered from the record: nothing leaves midcall"
        )

    def show(self, invocation: Invocation) -> None:
        """Offer what fits it."""
        self._invocation = invocation
        may = self._context.may(Scope.WRITE)
        dead = invocation.purpose is Purpose.BACKGROUND and invocation.status.given_up
        ran = invocation.final and not (invocation.status.refused and invocation.report is None)
        self._again.set_visibility(may and dead)
        self._dry.set_visibility(may and ran and invocation.kind is Kind.CODE)

    async def _run_again(self) -> None:
        invocation = self._invocation
        if invocation is None:
            return
        text = "What it has done outside already, it may do a second time."
        if not await confirmed(f"Run {invocation.function} again?", text, act="Run again"):
            return
        done = await self._context.run(
            Scope.WRITE,
            lambda caller: self._context.services.invocations.replay(caller, invocation.id),
            busy=self._again,
            errors=self._errors,
            said="Queued again",
        )
        if done is not None:
            await self._queued()

    async def _run_dry(self) -> None:
        past = self._invocation
        if past is None:
            return
        services, replay_id = self._context.services, new_id("inv")

        async def replay(caller: Caller) -> Invocation:
            return await services.waiting.run(
                lambda: services.replays.dry(caller, past.id, replay_id), replay_id, self._context.in_thread
            )

        done = await self._context.run_async(Scope.WRITE, replay, busy=self._dry, errors=self._errors)
        if done is None or self._place.is_deleted:
            return
        # What is shown is masked, as any invocation that is read.
        shown = await self._context.run(
            Scope.READ, lambda caller: services.invocations.find(caller, done.value.id), errors=self._errors
        )
        if shown is not None:
            self._place.clear()
            with self._place:
                _beside(past, shown.value)
            scripts.run(self._context.client, "mcScrollTo", self._place.id)


def came_alike(past: Invocation, replayed: Invocation) -> bool:
    """Tell whether a replay came to what the run came to: `dead` is what the last failure of some is called."""
    return past.run_status is replayed.run_status and same(result_of(past), result_of(replayed))


def _beside(past: Invocation, replayed: Invocation) -> None:
    with section("Dry replay"):
        alike = came_alike(past, replayed)
        with ui.element("div").classes("mc-row").props("role=status"):
            badge("same outcome" if alike else "another outcome", tone="good" if alike else "warn")
            ui.label("Nothing left midcall: actions were answered from the record.").classes("mc-quiet")
        with ui.element("div").classes("mc-beside"):
            for title, invocation in (("Then", past), ("Now, dry", replayed)):
                with ui.element("div").classes("mc-beside-half"):
                    _half(title, invocation)


def _half(title: str, invocation: Invocation) -> None:
    report, outcome = invocation.report, invocation.outcome
    with ui.element("div").classes("mc-row"):
        ui.label(title).classes("mc-strong")
        badge(invocation.status.value)
        ui.label(duration(report.sandbox_ms) if report else "").classes("mc-quiet")
    if outcome and outcome.error:
        where = f"line {outcome.error.line}: " if outcome.error.line else ""
        ui.label(f"{outcome.error.type}: {where}{outcome.error.message}").classes("mc-entry-error mc-wrap")
    json_view(result_of(invocation), what=f"the result, {title.lower()}")
    for action in report.actions if report else ():
        ui.label(f"{action.action}: {action.outcome}").classes("mc-code-word mc-wrap")
    if report and report.logs:
        code_view(report.logs, what=f"the logs, {title.lower()}")
