"""What code may call: actions with their credentials, and the hosts that it may reach."""

from dataclasses import dataclass
from typing import Any

from nicegui import ui

from midcall.connectors import CONNECTORS, operations
from midcall.connectors.completion import completion
from midcall.connectors.enabled import operations_enabled
from midcall.domain.errors import MidcallError
from midcall.domain.jsonvalue import Json
from midcall.domain.workspace import Scope
from midcall.storage.listings import PageRequest
from midcall.ui.function.inputs import InputFactory, Lines
from midcall.ui.page_context import PageContext
from midcall.ui.parts.attributes import named
from midcall.ui.parts.buttons import copy_button, quiet
from midcall.ui.parts.empty import empty

_MOST_CREDENTIALS = 200
_TITLES = {"http": "HTTP", "google_sheets": "Google Sheets", "whatsapp": "WhatsApp"}

#: Names to types.
Known = dict[str, str]


async def credentials_of(context: PageContext) -> Known:
    """Return the workspace's credentials; none for a key that may not see them."""
    try:
        found = await context.call(
            Scope.READ, lambda caller: context.services.credentials.page(caller, PageRequest(_MOST_CREDENTIALS, None))
        )
    except MidcallError:
        return {}
    return {view.credential.name: view.credential.type.value for view in found}


@dataclass
class _Row:
    """The inputs of one entry."""

    name: Any
    credentials: Any


class ActionsSection:
    """Entries of `code.actions`, and `code.egress`."""

    def __init__(self, inputs: InputFactory, known: Known) -> None:
        self._inputs, self._known = inputs, known
        self._rows: list[_Row] = []
        groups = {name: f"{_TITLES.get(name, name.title())}: all of it" for name in CONNECTORS}
        self._choices = groups | {name: name for name in operations()}
        with ui.element("section").classes("mc-fn-form-one").props('aria-label="Actions"'):
            ui.label(
                "What your code may do outside of its sandbox. midcall makes each call, so the code sees no secret."
            ).classes("mc-quiet")
            self._list = ui.element("div").classes("mc-fn-form-one")
            self._egress = Lines(
                inputs.area(
                    "Hosts that HTTP may reach", "code.egress", hint="One a line: api.example.com, *.example.com"
                ),
                "\n".join,
                lambda text: [line.strip() for line in text.split("\n") if line.strip()],
            )
            self._calls = ui.element("div").classes("mc-fn-form-one")

    def write(self, document: Json) -> None:
        """Show the actions and hosts of a document."""
        code = document.get("code") or {}
        self._draw([_entry(each) for each in code.get("actions", ())])
        self._egress.show(list(code.get("egress", ())))

    async def read(self, document: Json) -> None:
        """Read them; an entry without credentials is its name alone."""
        entries = [(row.name.value, list(row.credentials.value or ())) for row in self._rows if row.name.value]
        actions = [{"name": name, "credentials": some} if some else name for name, some in entries]
        document["code"] = {**(document.get("code") or {}), "actions": actions, "egress": self._egress.value()}

    def _draw(self, entries: list[tuple[str | None, list[str]]]) -> None:
        self._list.clear()
        with self._list:
            self._rows = [self._row(index, *entry) for index, entry in enumerate(entries)]
            if entries:
                quiet("Add an action", self._add, icon="add").classes("mc-fn-start")
            else:
                with empty("No actions", "The code can compute, and reach nothing.", icon="power"):
                    quiet("Add an action", self._add, icon="add")
        self._show_calls()

    def _row(self, index: int, name: str | None, credentials: list[str]) -> _Row:
        loc = f"code.actions.{index}"
        with named(ui.element("div").classes("mc-action-row").props("role=group"), f"Action {index + 1}"):
            chosen = self._inputs.choice("Action", f"{loc}.name", self._choices | ({name: name} if name else {}))
            self._inputs.faults.add(loc, chosen, self._inputs.tab)
            some = self._inputs.choice("Credentials that it may use", f"{loc}.credentials", {}, several=True)
            row = _Row(chosen, some)
            chosen.value = name
            self._offer(row, credentials)

            def changed() -> None:
                self._offer(row, list(some.value or ()))
                self._show_calls()

            chosen.on_value_change(changed)
            remove = (
                ui.button(icon="delete", on_click=lambda: self._remove(row))
                .props("flat round dense")
                .classes("mc-quiet")
            )
            named(remove, f"Remove {name or 'this action'}")
        return row

    def _offer(self, row: _Row, chosen: list[str]) -> None:
        """Offer the credentials of types that the action takes, and those that are chosen already."""
        connector = CONNECTORS.get(str(row.name.value or "").partition(".")[0])
        types = {kind.value for kind in connector.credentials} if connector else set()
        fitting = {name: f"{name} ({kind})" for name, kind in self._known.items() if kind in types}
        missing = {name: f"{name} (not there)" for name in chosen if name not in self._known}
        others = {name: f"{name} ({self._known[name]})" for name in chosen if name in self._known}
        row.credentials.set_options(fitting | missing | others, value=chosen)
        if fitting:
            row.credentials.props.pop("hint", None)
            row.credentials.props(add="hide-bottom-space")
        else:
            row.credentials.props["hint"] = "No credential fits; save one under Credentials"

    def _show_calls(self) -> None:
        """List what the code can call, ready to be copied."""
        enabled = set(operations_enabled([row.name.value for row in self._rows if row.name.value]))
        self._calls.clear()
        if not enabled:
            return
        with self._calls, ui.expansion("What the code can call", icon="menu_book").classes("mc-fn-expansion"):
            for each in completion():
                if each["name"] in enabled:
                    with ui.element("div").classes("mc-fn-call"):
                        copy_button(each["example"], what="example")
                        ui.label(each["name"]).classes("mc-code-word mc-strong")
                        ui.label(each["summary"])
                        ui.label(each["example"]).classes("mc-code-word mc-quiet")

    def _entries(self) -> list[tuple[str | None, list[str]]]:
        return [(row.name.value, list(row.credentials.value or ())) for row in self._rows]

    def _add(self) -> None:
        self._draw([*self._entries(), (None, [])])
        self._inputs.touched()

    def _remove(self, row: _Row) -> None:
        self._rows.remove(row)
        self._draw(self._entries())
        self._inputs.touched()


def _entry(entry: Any) -> tuple[str | None, list[str]]:
    return (entry["name"], list(entry.get("credentials", ()))) if isinstance(entry, dict) else (entry, [])
