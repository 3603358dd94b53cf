"""A webhook as a form. Secrets go in and never come out: what is kept stands there as its mask; all else is text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nicegui import ui

from midcall.domain.function_config import Kind
from midcall.domain.jsonvalue import Json
from midcall.domain.parameters import MASK
from midcall.domain.secret_names import is_secret_name
from midcall.domain.secret_reference import SecretReference
from midcall.ui.function.actions import Known
from midcall.ui.function.inputs import InputFactory
from midcall.ui.parts.attributes import attributed, named
from midcall.ui.parts.buttons import quiet

KEPT = "kept, for the host above alone; another host needs it typed again"
SECRETS = (
    "Secrets are kept encrypted and never shown again: what shows who calls, values under names such as Authorization, "
    "Cookie, …-Key, …-Token or password, and those that are marked as one."
)

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
    "basic": ("Name and password", (("username", "Name", False), ("password", "Password", True))),
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


class KeptValueInput:
    """An input for a value that may be kept already: then it is empty, and empty means that it stays."""

    def __init__(self, element: ui.input, value: str) -> None:
        self._element = element
        self._mask = MASK if SecretReference.of(value) else ""
        element.value = "" if self._mask else value
        if self._mask:
            attributed(element.props("stack-label"), placeholder=MASK, hint=KEPT)

    def value(self) -> str:
        """Return the value, or the mask that keeps the one there is."""
        return self._element.value or self._mask


@dataclass(frozen=True)
class PairEntry:
    """A value under a name, as it is written: `kept` says that there is one already that nobody reads again."""

    name: str = ""
    value: str = ""
    secret: bool = False
    kept: bool = False

    @classmethod
    def of(cls, name: str, written: Any) -> "PairEntry":
        """Read one of a document, marked or not."""
        value, secret = written, None
        if isinstance(written, Mapping):
            value, secret = written.get("value"), written.get("secret")
        text = str(value or "")
        kept = SecretReference.of(text) is not None
        return cls(name, text, secret=kept if secret is None else bool(secret), kept=kept or secret is False)

    def written(self) -> Any:
        """Write it into a document: marked where its name does not say it, or where it is to be no secret any more."""
        if is_secret_name(self.name) or self.secret == self.kept == (SecretReference.of(self.value) is not None):
            return self.value
        return {"value": self.value, "secret": True} if self.secret else self._plain()

    def _plain(self) -> Any:
        return {"value": self.value, "secret": False} if self.kept else self.value


class PairRow:
    """One entry that can be changed."""

    def __init__(self, name: ui.input, value: KeptValueInput, secret: ui.checkbox, *, kept: bool) -> None:
        self._name, self._value, self._secret, self._kept = name, value, secret, kept
        #: What was said of it before its name said it.
        self._said = kept
        name.on_value_change(self._judge)
        self._judge()

    def _judge(self) -> None:
        """Leave no choice where the name is plainly a secret's."""
        plainly = is_secret_name((self._name.value or "").strip())
        if plainly and self._secret.enabled:
            self._said = bool(self._secret.value)
            self._secret.value = True
        elif not plainly and not self._secret.enabled:
            self._secret.value = self._said
        self._secret.set_enabled(not plainly)

    def entry(self) -> PairEntry:
        """Return what stands in it."""
        name = (self._name.value or "").strip()
        return PairEntry(name, self._value.value(), secret=bool(self._secret.value), kept=self._kept)


class PairsInput:
    """Names with values: headers, the query. Each may be marked as a secret, and is one where its name says so."""

    def __init__(self, inputs: InputFactory, what: str, loc: str) -> None:
        self._inputs, self._what, self._loc = inputs, what, loc
        self._rows: list[PairRow] = []
        self._box = ui.element("div").classes("mc-fn-form-one mc-fn-wide")

    def show(self, pairs: Mapping[str, Any]) -> None:
        """Show names with values as rows that can be changed."""
        self._draw([PairEntry.of(name, written) for name, written in pairs.items()])

    def value(self) -> Json:
        """Return them; a row without a name is none."""
        return {entry.name: entry.written() for entry in self._entries() if entry.name}

    def _draw(self, entries: list[PairEntry]) -> None:
        self._box.clear()
        self._rows = []
        with self._box:
            for entry in entries:
                self._row(entry)
            quiet(f"Add a {self._what}", self._add, icon="add").classes("mc-fn-start")

    def _row(self, entry: PairEntry) -> None:
        index, label = len(self._rows), self._what.capitalize()
        with named(ui.element("div").classes("mc-fn-pair").props("role=group"), f"{label} {entry.name}"):
            name = self._inputs.text(label, f"{self._loc}.{entry.name or index}")
            name.value = entry.name
            value = KeptValueInput(self._inputs.text("Value", f"{self._loc}.{entry.name or index}"), entry.value)
            secret = ui.checkbox("Secret", value=entry.secret, on_change=self._inputs.touched)
            self._rows.append(PairRow(name, value, secret, kept=entry.kept))
            remove = ui.button(icon="delete", on_click=lambda: self._remove(index)).classes("mc-quiet")
            named(remove.props("flat round dense"), f"Remove {entry.name}")

    def _entries(self) -> list[PairEntry]:
        return [row.entry() for row in self._rows]

    def _add(self) -> None:
        self._draw([*self._entries(), PairEntry()])
        self._inputs.touched()

    def _remove(self, index: int) -> None:
        entries = self._entries()
        del entries[index]
        self._draw(entries)
        self._inputs.touched()


class WebhookSection:
    """All fields of a webhook."""

    def __init__(self, inputs: InputFactory, known: Known) -> None:
        self._inputs, self._known = inputs, known
        self._auth_fields: dict[str, Any] = {}
        self._auth_before: Mapping[str, Any] = {}
        with ui.element("section").classes("mc-fn-form").props('aria-label="Webhook"'):
            with ui.element("div").classes("mc-fn-url mc-fn-wide"):
                self._method = inputs.choice("Method", "webhook.method", METHODS)
                self._url = inputs.text("URL", "webhook.url", hint="{{name}} puts a parameter or variable in")
            self._payload = inputs.choice("What is sent", "webhook.payload", PAYLOADS)
            self._body = inputs.json("Body, as JSON", "webhook.body", hint='{"order": "{{order}}"}')
            self._follow = inputs.switch(
                "Follow redirects", "Within its origin, and from http to https on the same host"
            )
            _title("Headers")
            self._headers = PairsInput(inputs, "header", "webhook.headers")
            _title("Query")
            self._query = PairsInput(inputs, "query parameter", "webhook.query")
            _title("Who calls")
            words = {kind: label for kind, (label, _) in AUTHS.items()}
            self._auth = inputs.choice("Authentication", "webhook.auth", words)
            self._auth_box = ui.element("div").classes("mc-fn-form mc-fn-wide")
            self._auth.on_value_change(self._draw_auth)
            ui.label(SECRETS).classes("mc-quiet mc-fn-wide")

    def write(self, document: Json) -> None:
        """Show the webhook of a document."""
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
        """Put the webhook into a document."""
        document["webhook"] = {
            "url": (self._url.value or "").strip(),
            "method": self._method.value,
            "headers": self._headers.value(),
            "query": self._query.value(),
            "body": self._body.value(),
            "payload": self._payload.value,
            "auth": self._auth_value(),
            **({"follow_redirects": True} if self._follow.value else {}),
        }

    def _auth_value(self) -> Json:
        given = {
            name: each.value() if isinstance(each, KeptValueInput) else each.value
            for name, each in self._auth_fields.items()
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
                select = self._inputs.choice("Credential", "webhook.auth.credential", options, hint=hint)
                select.value = chosen
                self._auth_fields["credential"] = select
            for name, label, secret in AUTHS[kind][1]:
                made = self._inputs.text(label, f"webhook.auth.{name}", password=secret)
                if secret:
                    made.props("autocomplete=new-password")
                self._auth_fields[name] = KeptValueInput(made, str(before.get(name) or ""))


def _title(text: str) -> None:
    ui.label(text).classes("mc-section-title mc-fn-wide").props('role="heading" aria-level=2')
