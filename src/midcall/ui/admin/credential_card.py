"""The values of a credential for one environment: a form, a test, and their end."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import anyio.to_thread
from nicegui import ui

from midcall.domain.credential import ANY_ENVIRONMENT
from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.workspace import Scope
from midcall.service.access.access import Caller
from midcall.service.actions.credential_check import CredentialTest, takes_url
from midcall.service.admin.forms import PutCredential, TestCredential
from midcall.service.credentials.credentials import CredentialView
from midcall.ui.admin.credential_form import CredentialForm, hosts_field
from midcall.ui.admin.credential_words import HOSTS, ValueWords, words_of
from midcall.ui.admin.fields import FormErrors, TextField
from midcall.ui.confirmations import Confirmation, each_fact
from midcall.ui.page_context import PageContext
from midcall.ui.parts.attributes import named
from midcall.ui.parts.buttons import danger, primary, quiet
from midcall.ui.parts.confirm_page import confirmed_on_page
from midcall.ui.parts.times import duration

#: Draws the page anew, and says what was done.
Again = Callable[[str | None], Awaitable[None]]
#: Asks, and deletes the values of an environment; tells whether it did.
DeleteValues = Callable[[str | None], Awaitable[bool]]

UNREADABLE = "No key of this installation opens these values. Enter all of them again, or delete them."


class ValuesCard:
    """One environment's values; `environment` is None for one that is still to be named."""

    def __init__(
        self, context: PageContext, view: CredentialView, environment: str | None, *, again: Again, delete: DeleteValues
    ) -> None:
        self._context = context
        self._view = view
        self._environment = environment
        self._again = again
        self._delete = delete

    def draw(self) -> None:
        """Make the card's elements anew."""
        shown = {} if self._environment is None else self._view.values[self._environment]
        title = _title(self._environment)
        with named(ui.element("section").classes("mc-card"), title):
            ui.label(title).classes("mc-card-title").props('role="heading" aria-level=2')
            if shown is None:
                ui.label(UNREADABLE).classes("mc-banner")
            if self._context.may(Scope.WRITE):
                self._form(shown or {})
            else:
                self._values(shown or {})
            if self._environment is not None and self._context.may(Scope.WRITE):
                self._test()

    def _values(self, shown: Mapping[str, Any]) -> None:
        with ui.element("dl").classes("mc-facts"):
            for name, value in shown.items():
                with ui.element("dt"):
                    ui.label(words_of(self._view.credential.type, name).label)
                with ui.element("dd"):
                    ui.label(", ".join(value) if isinstance(value, Mapping) else str(value))
            with ui.element("dt"):
                ui.label(HOSTS.label)
            with ui.element("dd"):
                ui.label(", ".join(self._hosts()) or "no host")

    def _hosts(self) -> Sequence[str]:
        return () if self._environment is None else self._view.hosts.get(self._environment, ())

    def _form(self, shown: Mapping[str, Any]) -> None:
        credential = self._view.credential
        name: TextField | None = None
        with ui.element("form").props("autocomplete=off").classes("mc-stack") as box:
            if self._environment is None:
                words = ValueWords("Environment", "Such as staging: lower case letters, digits, - and _")
                name = TextField("environment", words)
            form = CredentialForm(credential.type, shown)
            hosts = hosts_field(credential.type, self._hosts())
            form.errors.fields.append(hosts)
            if name is not None:
                form.errors.fields.append(name)
            with ui.element("div").classes("mc-actions"):
                button = primary("Save").props("type=submit")
                if self._environment is not None and len(self._view.values) > 1:
                    danger("Delete these values", self._drop)

        async def save() -> None:
            wanted = form.values()
            place = name.value if name is not None else self._environment

            if name is not None and not place:
                form.errors.show(InvalidInput(faults=[Fault("environment", "name one")]))
                return
            given = {"type": credential.type, "values": wanted, "environment": place or None, "hosts": hosts.value}
            body = await self._context.read_form(PutCredential, given, form.errors)
            if body is None:
                return

            def put(caller: Caller) -> None:
                self._context.services.credentials.put(
                    caller, credential.name, body.type, body.values, body.environment, hosts=body.hosts
                )

            facts = {"Credential": credential.name, "Environment": place or "all", "Values": ", ".join(wanted)}
            facts |= each_fact("May be sent to", hosts.value or ["no host"])
            if not await confirmed_on_page(self._context, Confirmation("Save a credential", "Save", facts)):
                return
            done = await self._context.run(Scope.WRITE, put, busy=button, errors=form.errors)
            if done is not None:
                # Drawn anew, so that nothing of what was typed stays behind.
                await self._again("Saved")

        box.on("submit.prevent", save, [])

    async def _drop(self) -> None:
        if await self._delete(self._environment):
            await self._again(None)

    def _test(self) -> None:
        credential, context = self._view.credential, self._context
        url: TextField | None = None
        with ui.element("form").classes("mc-test") as box:
            if takes_url(credential.type):
                if not context.may(Scope.ADMIN):
                    ui.label("To test it takes an address, and a key with the scope admin: the secret goes there.")
                    return
                words = ValueWords("Address to test it with", "Asked with GET, once. The secret is sent there.")
                url = TextField("url", words)
            with ui.element("div").classes("mc-row"):
                button = quiet("Test", icon="bolt").props("type=submit")
                ui.label("Tries out what is saved; takes 10 s at most.").classes("mc-quiet")
            errors = FormErrors(() if url is None else (url,))
            answer = ui.element("div").props("role=status")

        async def test() -> None:
            answer.clear()
            wanted = {"environment": self._environment or None, "url": url.value if url is not None else None}
            facts = {
                "Credential": credential.name,
                "Environment": self._environment or "all",
                "To": wanted["url"] or "",
            }
            asked = Confirmation("Send a credential to an address", "Send it", facts)
            body = await context.read_form(TestCredential, wanted, errors)
            if body is None:
                return
            # Without an address it goes to its own service, where it goes anyway.
            if wanted["url"] and not await confirmed_on_page(context, asked):
                return

            async def check(caller: Caller) -> CredentialTest:
                return await anyio.to_thread.run_sync(
                    lambda: context.services.credential_checks.test(
                        caller, credential.name, environment=body.environment, url=body.url
                    ),
                    limiter=context.site.app.state.test_threads,
                )

            done = await context.run_async(Scope.WRITE, check, busy=button, errors=errors)
            if done is not None:
                with answer:
                    _answer(done.value)

        box.on("submit.prevent", test, [])


def _title(environment: str | None) -> str:
    if environment is None:
        return "Another environment"
    return "All environments" if environment == ANY_ENVIRONMENT else f"Only {environment}"


def _answer(test: CredentialTest) -> None:
    with ui.element("div").classes("mc-answer mc-good" if test.ok else "mc-answer mc-bad"):
        ui.icon("check_circle" if test.ok else "error").props("aria-hidden=true")
        with ui.element("div"):
            refused = "It got no answer." if test.status is None else "It was not let in."
            ui.label("It works." if test.ok else refused).classes("mc-strong")
            ui.label(test.message)
            status = "" if test.status is None else f" answered with status {test.status}"
            ui.label(f"{test.asked or 'Nobody was asked'}{status}, after {duration(test.ms)}.")
