"""One key: what it may do, a new secret for it, and its end."""

from nicegui import ui

from midcall.domain.workspace import Key, Scope
from midcall.ui.admin.key_words import SCOPES
from midcall.ui.admin.shown_once import shown_once
from midcall.ui.confirmations import Confirmation
from midcall.ui.page_context import PageContext
from midcall.ui.parts.buttons import danger, quiet
from midcall.ui.parts.confirm import confirmed
from midcall.ui.parts.confirm_page import confirmed_on_page
from midcall.ui.parts.header import page_header
from midcall.ui.parts.status import badge
from midcall.ui.parts.times import time_label

#: How long the old secret stays good beside a new one: time to change it where it is used.
GRACE_S = 24 * 3_600


async def build(context: PageContext, key_id: str, *, once: str) -> None:
    """Show the page of one API key."""
    key = await context.call(Scope.ADMIN, lambda caller: context.services.access.get(caller, key_id))
    own = key.id == context.caller.key.id
    facts = {"Of": key.principal, "May": ", ".join(sorted(key.held)), "Id": key.id}

    async def revoke() -> None:
        text = "Whoever uses it gets a 401 from the next call on. It cannot be undone."
        if own:
            text = f"This is the key you are signed in with: you are signed out at once. {text}"
        asked = Confirmation("Revoke a key", "Revoke", facts)
        if await confirmed(f"Revoke the key of {key.principal}?", text, act="Revoke") and await confirmed_on_page(
            context, asked
        ):
            done = await context.run(
                Scope.ADMIN, lambda caller: context.services.access.revoke(caller, key.id), said="Revoked"
            )
            if done is not None:
                context.go("/keys")

    async def rotate() -> None:
        text = "The key gets a new secret, shown once. The one it has stays good for a day, so that you can replace it."
        if own:
            text += " You are signed in with it: sign in with the new one within the day."
        asked = Confirmation("Make a new secret for a key", "Make a new secret", facts)
        sure = await confirmed(f"A new secret for {key.principal}?", text, act="Make a new secret")
        if sure and await confirmed_on_page(context, asked):
            done = await context.run(
                Scope.ADMIN, lambda caller: context.services.access.rotate(caller, key.id, grace_s=GRACE_S)
            )
            if done is not None:
                place.clear()
                with place:
                    shown_once(done.value.token, what="key", text=once, done=place.clear)

    with page_header(key.principal, about="An API key.", back=(("Keys", "/keys"),)):
        if key.revoked_at is None:
            quiet("New secret", rotate, icon="autorenew")
            danger("Revoke", revoke, icon="block")
    place = ui.element("div")
    _facts(key, own=own)


def _facts(key: Key, *, own: bool) -> None:
    with ui.element("section").classes("mc-card"), ui.element("dl").classes("mc-facts"):
        _term("Status")
        with ui.element("dd").classes("mc-links"):
            badge("active" if key.revoked_at is None else "revoked")
            if key.revoked_at is not None:
                time_label(key.revoked_at)
            elif own:
                ui.label("the key you are signed in with").classes("mc-quiet")
        _term("May")
        with ui.element("dd"):
            for scope, about in SCOPES.items():
                if scope in key.held:
                    with ui.element("div").classes("mc-links"):
                        ui.label(scope.value).classes("mc-strong")
                        ui.label(about).classes("mc-quiet")
        _term("For agents")
        with ui.element("dd"):
            ui.label(", ".join(key.agents) or "all")
        _term("Created")
        with ui.element("dd"):
            time_label(key.created_at)
        _term("Id")
        with ui.element("dd"):
            ui.label(key.id).classes("mc-code-word")


def _term(label: str) -> None:
    with ui.element("dt"):
        ui.label(label)
