"""Publish a version, or an older one again: what it means is said first; test cases may stand against it."""

from nicegui import ui

from midcall.domain.errors import CasesFailed, MidcallError
from midcall.domain.function import DEFAULT_ENVIRONMENT, Function
from midcall.domain.workspace import Scope
from midcall.service.access.access import Caller
from midcall.service.fields import Environment, Line
from midcall.service.functions.catalog import FunctionView
from midcall.service.releases.publish import Publication
from midcall.ui.confirmations import Confirmation
from midcall.ui.function.inputs import checked
from midcall.ui.page_context import PageContext
from midcall.ui.parts.buttons import Button, danger, primary, quiet
from midcall.ui.parts.confirm_page import confirmed_on_page
from midcall.ui.parts.errors import ErrorBanner


class _Place:
    """Shows errors; failed test cases open the way around them."""

    def __init__(self, banner: ErrorBanner, force: ui.element) -> None:
        self._banner, self._force = banner, force

    def show(self, error: MidcallError) -> None:
        self._banner.show(error)
        self._force.set_visibility(isinstance(error, CasesFailed))

    def clear(self) -> None:
        self._banner.clear()


async def publish(context: PageContext, function: Function, number: int) -> FunctionView | None:
    """Ask where to, and publish; None if it did not come to that."""
    older = number < max(function.published.values(), default=0)
    act = "Roll back" if older else "Publish"
    with ui.dialog() as dialog, ui.card().classes("mc-dialog mc-fn-dialog"):
        ui.label(f"{act} to version {number}" if older else f"Publish version {number}").classes(
            "mc-dialog-title"
        ).props('role="heading" aria-level=2')
        known = sorted({DEFAULT_ENVIRONMENT, *function.published})
        place = ui.input("Environment", value=DEFAULT_ENVIRONMENT, autocomplete=known).props("outlined dense")
        ui.label().bind_text_from(place, "value", lambda name: _meaning(function, number, name or ""))
        banner = ErrorBanner()
        with ui.element("div").classes("mc-fn-form-one") as force:
            ui.label("You can publish it all the same; your reason goes on record.").classes("mc-quiet")
            reason = ui.input("Reason").props("outlined dense")
            forced = danger("Publish anyway", lambda: run(forced, str(reason.value).strip()))
            forced.bind_enabled_from(reason, "value", lambda text: bool((text or "").strip()))
        force.set_visibility(False)
        with ui.element("div").classes("mc-dialog-actions"):
            quiet("Cancel", lambda: dialog.submit(None))
            button = primary(act, lambda: run(button, None))

    errors = _Place(banner, force)

    async def run(busy: Button, why: str | None) -> None:
        environment = (place.value or "").strip()
        facts = {"Function": function.name, "Version": str(number), "In": environment, "Although": why or ""}
        if not await confirmed_on_page(context, Confirmation(f"{act} a version", act, facts)):
            return

        async def act_on(caller: Caller) -> FunctionView:
            wanted = Publication(
                function.name,
                number,
                checked(Environment, environment, "environment"),
                None if why is None else checked(Line, why, "reason"),
            )
            return await context.services.publishing.publish(caller, wanted, context.in_thread)

        done = await context.run_async(
            Scope.WRITE, act_on, busy=busy, errors=errors, said=f"Version {number} runs in {environment}"
        )
        if done is not None:
            dialog.submit(done.value)

    try:
        found: FunctionView | None = await dialog
    finally:
        dialog.delete()
    return found


def _meaning(function: Function, number: int, environment: str) -> str:
    before = function.published.get(environment)
    if before == number:
        return f"Version {number} runs in {environment} already."
    now = "Nothing runs there yet." if before is None else f"Version {before} runs there now."
    return f"{now} From the next call on it is version {number}. Test cases are run first, if there are any."
