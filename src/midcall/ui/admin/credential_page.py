"""One credential: its values by environment, a test of each, and its end."""

from nicegui import ui

from midcall.domain.errors import CredentialInUse
from midcall.domain.workspace import Scope
from midcall.service.credentials.credentials import CredentialView
from midcall.ui.admin.captured_error import CapturedError
from midcall.ui.admin.credential_card import ValuesCard
from midcall.ui.admin.credential_words import TYPES
from midcall.ui.confirmations import Confirmation
from midcall.ui.page_context import PageContext
from midcall.ui.parts.buttons import danger, quiet
from midcall.ui.parts.confirm import confirmed
from midcall.ui.parts.confirm_page import confirmed_on_page
from midcall.ui.parts.header import page_header
from midcall.ui.parts.times import time_label


async def build(context: PageContext, name: str) -> None:
    """Show the page of one credential."""
    found = await context.call(Scope.READ, lambda caller: context.services.credentials.get(caller, name))
    about = TYPES[found.credential.type].about

    async def delete() -> None:
        await drop(None)

    async def drop(environment: str | None) -> bool:
        return await delete_values(context, name, environment)

    with page_header(name, about=about, back=(("Credentials", "/credentials"),)):
        if context.may(Scope.WRITE):
            danger("Delete", delete, icon="delete")
    box = ui.element("div").classes("mc-stack")

    async def again(text: str | None = None) -> None:
        done = await context.run(Scope.READ, lambda caller: context.services.credentials.get(caller, name), said=text)
        if done is not None:
            draw(done.value)

    def draw(view: CredentialView) -> None:
        box.clear()
        with box:
            _facts(view)
            for environment in sorted(view.values):
                ValuesCard(context, view, environment, again=again, delete=drop).draw()
            if not context.may(Scope.WRITE):
                return
            more = ui.element("div").classes("mc-stack")
            button = quiet("Values for another environment", icon="add")

        def add() -> None:
            button.set_visibility(False)
            with more:
                ValuesCard(context, view, None, again=again, delete=drop).draw()

        button.on_click(add)

    draw(found)


async def delete_values(context: PageContext, name: str, environment: str | None) -> bool:
    """Ask, and delete a credential or one environment's values; ask again where functions run with it."""
    what = f"{name} and all its values" if environment is None else f"the values of {name} for {environment}"
    if not await confirmed(
        "Delete it?", f"This deletes {what}. It cannot be undone; functions that name it will fail.", act="Delete"
    ):
        return False
    caught = CapturedError()

    async def act(*, force: bool) -> bool:
        asked = Confirmation(
            "Delete a credential", "Delete", {"What": what, "Although functions use it": "yes" if force else "no"}
        )
        if not await confirmed_on_page(context, asked):
            return False
        done = await context.run(
            Scope.WRITE,
            lambda caller: context.services.credentials.delete(caller, name, environment=environment, force=force),
            errors=caught,
            said="Deleted",
        )
        return done is not None

    deleted = await act(force=False)
    if isinstance(caught.error, CredentialInUse):
        view = await context.run(Scope.READ, lambda caller: context.services.credentials.get(caller, name))
        users = ", ".join(view.value.used_by) if view is not None else "Some functions"
        sure = await confirmed(
            "Functions use it",
            f"Named by: {users}. Those that run now would be left without it, and their calls fail. "
            "Better publish versions that do not name it first.",
            act="Delete it all the same",
            typed=name,
        )
        deleted = sure and await act(force=True)
    if caught.error is not None and not deleted and not isinstance(caught.error, CredentialInUse):
        context.say(caught.error.message)
    if deleted and environment is None:
        context.go("/credentials")
    return deleted


def _facts(view: CredentialView) -> None:
    with ui.element("dl").classes("mc-facts"):
        _fact("Type")
        with ui.element("dd"):
            ui.label(TYPES[view.credential.type].label)
        _fact("Used by")
        with ui.element("dd").classes("mc-links"):
            for function in view.used_by:
                ui.link(function, f"/functions/{function}")
            if not view.used_by:
                ui.label("no function yet; name it in a function's actions or webhook").classes("mc-quiet")
        _fact("Last used")
        with ui.element("dd"):
            time_label(view.credential.last_used_at)
        _fact("Changed")
        with ui.element("dd"):
            time_label(view.credential.updated_at)


def _fact(label: str) -> None:
    with ui.element("dt"):
        ui.label(label)
