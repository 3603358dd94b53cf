"""API keys: who may call this workspace's API, and what they may do."""

from collections.abc import Sequence

from nicegui import ui

from midcall.domain.errors import InvalidInput
from midcall.domain.workspace import Key, Scope
from midcall.service.access.access import Caller, NewSecret, check_limits
from midcall.service.admin.forms import NewKey
from midcall.storage.listings import PageRequest
from midcall.ui.admin.credential_words import ValueWords
from midcall.ui.admin.fields import FormErrors, TextField
from midcall.ui.admin.key_page import build as show_one
from midcall.ui.admin.key_words import SCOPES
from midcall.ui.admin.scope_fields import AgentsField, ScopesField
from midcall.ui.admin.shown_once import shown_once
from midcall.ui.confirmations import Confirmation
from midcall.ui.page import Page
from midcall.ui.page_context import PageContext
from midcall.ui.parts.buttons import link_button, primary
from midcall.ui.parts.confirm_page import confirmed_on_page
from midcall.ui.parts.header import page_header
from midcall.ui.parts.table import Cell, Column, EmptyState, PagedTable, link_cell, text_cell, time_cell

NEW = "/new-key"
ONCE = (
    "It is shown this once: midcall keeps only a digest of it. Put it where the caller reads it from, such as a secret "
    "store. Whoever has it may do what the key may do; if it is lost or seen, give the key a new secret."
)

COLUMNS = (
    Column("principal", "Key"),
    Column("scopes", "May"),
    Column("agents", "For agents", none="all"),
    Column("created", "Created"),
    Column("status", "Status"),
)
#: Agents that can be chosen from; others can be typed.
_AGENTS = PageRequest(limit=200)


async def build(context: PageContext) -> None:
    """Show the list of API keys."""
    with page_header("Keys", about="Who may call this workspace's API, and what they may do."):
        link_button("New key", NEW, icon="add")

    async def page(part: PageRequest) -> Sequence[Key]:
        return await context.call(Scope.READ, lambda caller: context.services.access.page(caller, part))

    table = PagedTable(
        context=context,
        columns=COLUMNS,
        source=page,
        row=lambda key: _row(context, key),
        cursor=lambda key: key.id,
        empty=EmptyState("No keys", "A key lets a program or a person call this workspace's API."),
        label="Keys",
    )
    await table.open()


def _row(context: PageContext, key: Key) -> dict[str, Cell]:
    own = "the key you are signed in with" if key.id == context.caller.key.id else key.id
    scopes = [scope.value for scope in SCOPES if scope in key.held]
    status: Cell = {"text": "active", "tone": "good"}
    if key.revoked_at is not None:
        revoked = time_cell(key.revoked_at)
        more = str(revoked["text"]) if isinstance(revoked, dict) else ""
        status = {"text": "revoked", "tone": "bad", "more": more}
    return {
        "principal": link_cell(key.principal, context.href(f"/keys/{key.id}"), more=own),
        "scopes": text_cell(", ".join(scopes)),
        "agents": text_cell(", ".join(key.agents)) if key.agents else None,
        "created": time_cell(key.created_at),
        "status": status,
    }


async def new(context: PageContext) -> None:
    """Make a new key; its secret is shown once."""
    with page_header("New key", back=(("Keys", "/keys"),)):
        pass
    agents = await context.call(Scope.READ, lambda caller: context.services.agents.page(caller, _AGENTS))
    box = ui.element("div")
    with box, ui.element("form").classes("mc-form").props("autocomplete=off") as element:
        words = ValueWords("For whom or what", "The audit trail names it: a person, or a system such as voice-prod.")
        principal = TextField("principal", words)
        scopes = ScopesField()
        names = AgentsField([view.agent.name for view in agents])
        errors = FormErrors((principal, scopes, names))
        with ui.element("div").classes("mc-actions"):
            button = primary("Create key").props("type=submit")

    async def save() -> None:
        given: dict[str, object] = {"principal": principal.value}
        scopes.put(given)
        names.put(given)

        wanted = await context.read_form(NewKey, given, errors)
        if wanted is None:
            return
        try:
            check_limits(wanted.scopes, wanted.agents)
        except InvalidInput as error:
            errors.show(error)
            return

        def create(caller: Caller) -> NewSecret:
            return context.services.access.create(
                caller, principal=wanted.principal, scopes=frozenset(wanted.scopes), agents=tuple(wanted.agents)
            )

        facts = {
            name: ", ".join(map(str, value)) if isinstance(value, list) else str(value) for name, value in given.items()
        }
        if not await confirmed_on_page(context, Confirmation("Create a key", "Create key", facts)):
            return
        done = await context.run(Scope.ADMIN, create, busy=button, errors=errors)
        if done is not None:
            box.clear()
            with box:
                shown_once(done.value.token, what="key", text=ONCE, done=lambda: context.go("/keys"))

    element.on("submit.prevent", save, [])


async def one(context: PageContext, key_id: str) -> None:
    """Show the page of one API key."""
    await show_one(context, key_id, once=ONCE)


PAGES = (
    Page("/keys", "Keys", build, needs=(Scope.ADMIN,)),
    Page(NEW, "New key", new, needs=(Scope.ADMIN,)),
    Page("/keys/{key_id}", "Key", one, needs=(Scope.ADMIN,)),
)
