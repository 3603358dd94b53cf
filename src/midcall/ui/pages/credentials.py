"""The credentials of a workspace: what each is for, who uses it, when it was last used."""

from collections.abc import Sequence

from nicegui import ui

from midcall.domain.credential import CredentialType
from midcall.domain.workspace import Scope
from midcall.service.access.access import Caller
from midcall.service.admin.forms import CredentialNameForm, PutCredential
from midcall.service.credentials.credentials import CredentialView
from midcall.storage.listings import PageRequest
from midcall.ui.admin.credential_form import CredentialForm, hosts_field
from midcall.ui.admin.credential_page import build as show_one
from midcall.ui.admin.credential_words import TYPES, ValueWords
from midcall.ui.admin.fields import HostsField, TextField
from midcall.ui.confirmations import Confirmation, each_fact
from midcall.ui.page import Page
from midcall.ui.page_context import PageContext
from midcall.ui.parts.buttons import link_button, primary
from midcall.ui.parts.confirm_page import confirmed_on_page
from midcall.ui.parts.header import page_header
from midcall.ui.parts.table import Cell, Column, EmptyState, PagedTable, link_cell, text_cell, time_cell

NEW = "/new-credential"

COLUMNS = (
    Column("name", "Credential"),
    Column("type", "Type"),
    Column("environments", "Values for"),
    Column("uses", "Used by", none="nothing yet"),
    Column("last", "Last used", none="never"),
)
#: Names of functions that a cell shows.
_FEW = 2


async def build(context: PageContext) -> None:
    """Show the list of credentials."""
    with page_header("Credentials", about="Keys to other services. Functions use them and never see them."):
        if context.may(Scope.WRITE):
            link_button("New credential", NEW, icon="add")

    async def page(part: PageRequest) -> Sequence[CredentialView]:
        return await context.call(Scope.READ, lambda caller: context.services.credentials.page(caller, part))

    table = PagedTable(
        context=context,
        columns=COLUMNS,
        source=page,
        row=lambda view: _row(context, view),
        cursor=lambda view: view.credential.name,
        empty=_none_yet(context),
        label="Credentials",
    )
    await table.open()


def _none_yet(context: PageContext) -> EmptyState:
    def actions() -> None:
        if context.may(Scope.WRITE):
            link_button("Add the first one", NEW, icon="add")

    return EmptyState(
        "No credentials yet",
        "A credential is the key to another service, such as Airtable or your own API. It is stored encrypted; "
        "functions name it, and midcall puts it into their calls.",
        actions,
        icon="key",
    )


def _row(context: PageContext, view: CredentialView) -> dict[str, Cell]:
    credential = view.credential
    places = sorted(each or "all environments" for each in view.values)
    more = len(view.used_by) - _FEW
    uses = ", ".join(view.used_by[:_FEW]) + (f" and {more} more" if more > 0 else "")
    return {
        "name": link_cell(credential.name, context.href(f"/credentials/{credential.name}")),
        "type": text_cell(TYPES[credential.type].label),
        "environments": text_cell(", ".join(places)),
        "uses": text_cell(uses, exact=", ".join(view.used_by)) if view.used_by else None,
        "last": time_cell(credential.last_used_at),
    }


async def new(context: PageContext) -> None:
    """Make a new one: what for, its name, its values."""
    with page_header("New credential", back=(("Credentials", "/credentials"),)):
        pass
    with ui.element("form").classes("mc-form").props("autocomplete=off") as element:
        options = {kind.value: words.label for kind, words in TYPES.items()}
        kind = ui.select(options, label="What is it for?", value=CredentialType.AIRTABLE.value)
        kind.classes("mc-field").props("outlined")
        about = ui.label().classes("mc-quiet")
        name = TextField("name", ValueWords("Name", "What functions call it: letters, digits and _, such as crm"))
        environment = TextField(
            "environment",
            ValueWords("Only for environment", "Leave it empty: the values are then good everywhere."),
            required=False,
        )
        box = ui.element("div")
        form: CredentialForm
        hosts: HostsField

        def choose() -> None:
            nonlocal form, hosts
            about.set_text(TYPES[CredentialType(kind.value)].about)
            box.clear()
            with box:
                form = CredentialForm(CredentialType(kind.value), {})
                hosts = hosts_field(CredentialType(kind.value), ())
                form.errors.fields.extend((name, environment, hosts))

        choose()
        kind.on_value_change(choose)
        with ui.element("div").classes("mc-actions"):
            button = primary("Save").props("type=submit")
        ui.label("It is encrypted before it is stored. Nobody can read it back, here or over the API.").classes(
            "mc-quiet mc-note-line"
        )

    async def save() -> None:
        wanted, place = form.values(), environment.value
        given = {"type": kind.value, "values": wanted, "environment": place or None, "hosts": hosts.value}
        called = await context.read_form(CredentialNameForm, {"name": name.value}, form.errors)
        body = await context.read_form(PutCredential, given, form.errors) if called is not None else None
        if called is None or body is None:
            return

        def put(caller: Caller) -> CredentialView:
            return context.services.credentials.put(
                caller,
                called.name,
                body.type,
                body.values,
                body.environment,
                hosts=body.hosts,
                new=True,
            )

        facts = {"Credential": called.name, "Environment": place or "all", "Values": ", ".join(wanted)}
        facts |= each_fact("May be sent to", hosts.value or ["no host"])
        if not await confirmed_on_page(context, Confirmation("Save a credential", "Save", facts)):
            return
        done = await context.run(Scope.WRITE, put, busy=button, errors=form.errors)
        if done is not None:
            context.go(f"/credentials/{done.value.credential.name}")

    element.on("submit.prevent", save, [])


async def one(context: PageContext, name: str) -> None:
    """Show the page of one credential."""
    await show_one(context, name)


PAGES = (
    Page("/credentials", "Credentials", build, needs=(Scope.READ,)),
    # No credential's name has a dash.
    Page(NEW, "New credential", new, needs=(Scope.WRITE,)),
    Page("/credentials/{name}", "Credential", one, needs=(Scope.READ,)),
)
