"""A webhook as a form. Literal secrets go in and never come out: what is kept stands there as its mask."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from midcall.domain.function import Kind
from midcall.domain.parameters import MASK
from midcall.ui.function.actions import Known
from midcall.ui.function.opened import Json
from midcall.ui.function.sheet import Sheet
from midcall.ui.parts.attributes import attributed, named
from midcall.ui.parts.buttons import quiet

KEPT = "kept, for the host above alone; another host needs it typed again"

METHODS = {method: method for method in ("GET", "POST", "PUT", "PATCH", "DELETE")}
PAYLOADS = {
    "session": "The session, with the parameters",
    "call": "The call and its parameters",
    "args": "The parameters alone",
    "template": "The body below",
}
#: Each kind of auth: how it is shown, and its fields (name, label, whether it is secret).
AUTHS: Mapping[str, tuple[str, tuple[tuple[str, str, bool], ...]]] = {
    "none": ("None", ()),
    "credential": ("A credential of this workspace", ()),
    "bearer": ("Bearer token", (("token", "Token", True),)),
    "basic": ("Name and password", (("username", "Name", True), ("password", "Password", True))),
    "header": ("A header", (("name", "Header", False), ("value", "Value", True))),
    "query": ("A query parameter", (("name", "Parameter", False), ("value", "Value", True))),
    "body": ("A field of the body", (("name", "Field", False), ("value", "Value", True))),
    "oauth2": (
        "OAuth2 client credentials",
        (
            ("token_url", "Token URL", False),
            ("client_id", "Client id", True),
            ("client_secret", "Client secret", True),
            ("scope", "Scope", False),
            ("audience", "Audience", False),
        ),
    ),
}


class Kept:
    """An input for a value that may be kept already: then it is empty, and empty means that it stays."""

    def __init__(self, element: ui.input, value: str) -> None:
        self._element = element
        self._mask = MASK if value.startswith(MASK) else ""
        element.value = "" if self._mask else value
        if self._mask:
            attributed(element.props("stack-label"), placeholder=MASK, hint=KEPT)

    def value(self) -> str:
        """Return the value, or the mask that keeps the one there is."""
        return self._element.value or self._mask


class Pairs:
    """Names with values: headers, the query."""

    def __init__(self, sheet: Sheet, what: str, loc: str) -> None:
        self._sheet, self._what, self._loc = sheet, what, loc
        self._rows: list[tuple[Any, Kept]] = []
        self._box = ui.element("div").classes("mc-fn-form-one mc-fn-wide")

    def show(self, pairs: Mapping[str, str]) -> None:
        """Show them."""
        self._draw(list(pairs.items()))

    def value(self) -> dict[str, str]:
        """Return them; a row without a name is none."""
        return {name.value.strip(): kept.value() for name, kept in self._rows if (name.value or "").strip()}

    def _draw(self, pairs: list[tuple[str, str]]) -> None:
        self._box.clear()
        self._rows = []
        with self._box:
            for name, value in pairs:
                self._row(name, value)
            quiet(f"Add a {self._what}", self._add, icon="add").classes("mc-fn-start")

    def _row(self, name: str, value: str) -> None:
        index, label = len(self._rows), self._what.capitalize()
        with named(ui.element("div").classes("mc-fn-pair").props("role=group"), f"{label} {name}"):
            first = self._sheet.text(label, f"{self._loc}.{name or index}")
            first.value = name
            second = Kept(self._sheet.text("Value", f"{self._loc}.{name or index}"), value)
            self._rows.append((first, second))
            remove = ui.button(icon="delete", on_click=lambda: self._remove(index)).classes("mc-quiet")
            named(remove.props("flat round dense"), f"Remove {name}")

    def _pairs(self) -> list[tuple[str, str]]:
        return [(name.value or "", kept.value()) for name, kept in self._rows]

    def _add(self) -> None:
        self._draw([*self._pairs(), ("", "")])
        self._sheet.touched()

    def _remove(self, index: int) -> None:
        pairs = self._pairs()
        del pairs[index]
        self._draw(pairs)
        self._sheet.touched()


class Webhook:
    """All fields of a webhook."""

    def __init__(self, sheet: Sheet, known: Known) -> None:
        self._sheet, self._known = sheet, known
        self._auth_fields: dict[str, Any] = {}
        self._auth_before: Mapping[str, Any] = {}
        with ui.element("section").classes("mc-fn-form").props('aria-label="Webhook"'):
            with ui.element("div").classes("mc-fn-url mc-fn-wide"):
                self._method = sheet.choice("Method", "webhook.method", METHODS)
                self._url = sheet.text("URL", "webhook.url", hint="{{name}} puts a parameter or variable in")
            self._payload = sheet.choice("What is sent", "webhook.payload", PAYLOADS)
            self._body = sheet.json("Body, as JSON", "webhook.body", hint='{"order": "{{order}}"}')
            self._follow = sheet.switch(
                "Follow redirects", "Within its origin, and from http to https on the same host"
            )
            _title("Headers")
            self._headers = Pairs(sheet, "header", "webhook.headers")
            _title("Query")
            self._query = Pairs(sheet, "query parameter", "webhook.query")
            _title("Who calls")
            words = {kind: label for kind, (label, _) in AUTHS.items()}
            self._auth = sheet.choice("Authentication", "webhook.auth", words)
            self._auth_box = ui.element("div").classes("mc-fn-form mc-fn-wide")
            self._auth.on_value_change(self._draw_auth)
            ui.label("Values are kept encrypted and never shown again.").classes("mc-quiet mc-fn-wide")

    def write(self, document: Json) -> None:
        """Show one."""
        webhook = document.get(Kind.WEBHOOK) or {}
        self._method.value = webhook.get("method", "POST")
        self._url.value = webhook.get("url", "")
        self._payload.value = webhook.get("payload", "session")
        self._body.show(webhook.get("body"))
        self._follow.value = bool(webhook.get("follow_redirects"))
        self._headers.show(webhook.get("headers") or {})
        self._query.show(webhook.get("query") or {})
        self._auth_before = webhook.get("auth") or {"type": "none"}
        self._auth.value = self._auth_before["type"]
        self._draw_auth()

    async def read(self, document: Json) -> None:
        """Read it."""
        document["webhook"] = {
            "url": (self._url.value or "").strip(),
            "method": self._method.value,
            "headers": self._headers.value(),
            "query": self._query.value(),
            "body": self._body.value(),
            "payload": self._payload.value,
            "auth": self._auth_value(),
            "follow_redirects": bool(self._follow.value),
        }

    def _auth_value(self) -> Json:
        given = {
            name: each.value() if isinstance(each, Kept) else each.value for name, each in self._auth_fields.items()
        }
        return {"type": self._auth.value, **given}

    def _draw_auth(self) -> None:
        kind = str(self._auth.value)
        before = self._auth_before if self._auth_before.get("type") == kind else {}
        self._auth_box.clear()
        self._auth_fields = {}
        with self._auth_box:
            if kind == "credential":
                options = {name: f"{name} ({type_})" for name, type_ in self._known.items()}
                chosen = before.get("credential")
                if chosen and chosen not in options:
                    options[chosen] = f"{chosen} (not there)"
                none = "There is none yet; save one under Credentials"
                hint = "It goes to its own hosts alone; an admin adds others" if options else none
                select = self._sheet.choice("Credential", "webhook.auth.credential", options, hint=hint)
                select.value = chosen
                self._auth_fields["credential"] = select
            for name, label, secret in AUTHS[kind][1]:
                made = self._sheet.text(label, f"webhook.auth.{name}", password=secret)
                if secret:
                    made.props("autocomplete=new-password")
                self._auth_fields[name] = Kept(made, str(before.get(name) or ""))


def _title(text: str) -> None:
    ui.label(text).classes("mc-section-title mc-fn-wide").props('role="heading" aria-level=2')
