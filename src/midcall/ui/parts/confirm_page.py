"""Ask for what a script in a page must not do by itself: who may run, what runs, and which secrets there are."""

import asyncio

from nicegui import ui

from midcall.domain.errors import Unauthenticated
from midcall.ui.confirmations import LIFE_S, PATH, Confirmation
from midcall.ui.page_context import PageContext
from midcall.ui.parts import scripts
from midcall.ui.parts.buttons import quiet


async def confirmed_on_page(context: PageContext, confirmation: Confirmation) -> bool:
    """Ask in a window of its own; true if the person confirmed it there.

    What is done then is what the question says: read fields before, not after.
    """
    try:
        context.enter()
    except Unauthenticated:
        return False
    pending = context.site.confirmations.ask(context.session, confirmation)
    address = f"{PATH}{pending.id}"
    with (
        context.client,
        ui.dialog(value=True).props("persistent") as dialog,
        ui.card().classes("mc-dialog").props('role="alertdialog"'),
    ):
        title = ui.label("Confirm it in the window that has opened").classes("mc-dialog-title")
        title.props('role="heading" aria-level=2')
        ui.label("It says what you are about to do, and no script of this page can reach it.").classes("mc-quiet")
        with ui.element("div").classes("mc-dialog-actions"):
            ui.link("Open the window", address, new_tab=True)
            quiet("Cancel", lambda: pending.decide(confirmed=False))
    scripts.run(context.client, "mcConfirm", context.href(address))
    try:
        return await asyncio.wait_for(asyncio.shield(pending.decided), LIFE_S)
    except TimeoutError:
        return False
    finally:
        context.site.confirmations.drop(pending)
        if not context.client.is_deleted:
            dialog.delete()
            scripts.run(context.client, "mcConfirmed")
