"""Limits, what becomes of the result, and when a function may be called."""

from nicegui import ui

from midcall.domain.errors import MidcallError
from midcall.domain.function_config import Kind
from midcall.domain.isolation import WEAKER, Isolation
from midcall.domain.jsonvalue import Json
from midcall.domain.workspace import Scope
from midcall.ui.function.inputs import InputFactory
from midcall.ui.page_context import PageContext
from midcall.ui.parts.isolation import KEPT_IN


class TagsSection:
    """Words that people find functions by."""

    def __init__(self, inputs: InputFactory) -> None:
        with ui.element("section").classes("mc-fn-form").props('aria-label="Tags"'):
            _title("Tags")
            self._tags = inputs.text("Tags", "tags", hint="For you, separated by commas; they change no version")
            self._tags.classes("mc-fn-wide")

    def write(self, document: Json) -> None:
        """Show the tags of a document."""
        self._tags.value = ", ".join(document.get("tags") or ())

    async def read(self, document: Json) -> None:
        """Put the tags into a document."""
        document["tags"] = [tag.strip() for tag in (self._tags.value or "").split(",") if tag.strip()]


class LimitsSection:
    """Everything about a function that is a number, a switch or JSON."""

    def __init__(self, inputs: InputFactory, kind: Kind) -> None:
        self._kind = kind
        with ui.element("section").classes("mc-fn-form").props('aria-label="Limits"'):
            _title("Limits")
            self._timeout = inputs.number("Time for a call", "timeout", least=1, most=600, unit="s")
            self._retries = inputs.number("Tries again after a failure", "retries", least=0, most=5)
            self._attempt = None
            if kind is Kind.WEBHOOK:
                self._attempt = inputs.number(
                    "Time for one try", "attempt_timeout", least=1, most=600, unit="s", hint="Empty: all of the time"
                )
            self._chars = inputs.number("Longest result", "max_result_chars", least=1, most=262_144, unit="characters")
            self._background = inputs.switch(
                "Run in the background", "The call is answered at once, the result comes later"
            )
        with ui.element("section").classes("mc-fn-form").props('aria-label="Result"'):
            _title("Result")
            self._variables = inputs.json(
                "Variables from the result", "response_variables", hint='{"order_status": "$.order.status"}'
            )
            self._output = inputs.json(
                "JSON Schema of the result", "output_schema", hint="Empty: anything may be returned"
            )
            self._strict = inputs.switch(
                "Refuse other results", "A result that does not fit the schema counts as a failure"
            )
        with ui.element("section").classes("mc-fn-form").props('aria-label="Gates"'):
            _title("Gates")
            self._requires = inputs.json(
                "What must have happened before",
                "requires",
                hint='[{"function": "verify_customer", "variable": "verified"}]',
            )

    def write(self, document: Json) -> None:
        """Show a document's limits and switches."""
        webhook = self._kind is Kind.WEBHOOK
        self._timeout.value = document.get("timeout", 120)
        self._retries.value = document.get("retries", 2 if webhook else 0)
        self._chars.value = document.get("max_result_chars", 15_000)
        if self._attempt is not None:
            self._attempt.value = document.get("attempt_timeout")
        self._background.value = document.get("background", False)
        self._variables.show(document.get("response_variables") or None)
        self._output.show(document.get("output_schema"))
        self._strict.value = document.get("strict_output", False)
        self._requires.show(document.get("requires") or None)

    async def read(self, document: Json) -> None:
        """Read them; a number that is missing is left for the service to ask for."""
        document["timeout"] = _whole(self._timeout.value)
        document["retries"] = _whole(self._retries.value)
        document["max_result_chars"] = _whole(self._chars.value)
        if self._attempt is not None:
            document["attempt_timeout"] = _whole(self._attempt.value)
        document["background"] = bool(self._background.value)
        document["response_variables"] = self._variables.value() or {}
        document["output_schema"] = self._output.value()
        document["strict_output"] = bool(self._strict.value)
        document["requires"] = self._requires.value() or []


async def allows_jail(context: PageContext) -> bool:
    """Tell whether the workspace allows jails; False for a key that may not see its settings."""
    try:
        workspace = await context.call(Scope.READ, context.services.workspaces.get)
    except MidcallError:
        return False
    return workspace.settings.allow_jail


class IsolationSection:
    """What runs of code are kept in. Where the workspace allows no jails, one can only be taken back."""

    def __init__(self, inputs: InputFactory, *, allowed: bool) -> None:
        self._allowed = allowed
        with ui.element("section").classes("mc-fn-form").props('aria-label="Isolation"'):
            _title("Isolation")
            self._kept_in = inputs.choice("Each run is kept in", "isolation", dict(KEPT_IN))
            ui.label(f"A jail: {WEAKER[0].lower()}{WEAKER[1:]}").classes("mc-quiet mc-fn-wide")
            if not allowed:
                ui.label("This workspace allows no jails; an admin can, on the page Workspace.").classes("mc-fn-wide")

    def write(self, document: Json) -> None:
        """Show what a document asks for."""
        self._kept_in.value = document.get("isolation", Isolation.CONTAINER.value)
        self._kept_in.set_enabled(self._allowed or self._kept_in.value != Isolation.CONTAINER.value)

    async def read(self, document: Json) -> None:
        """Put it into a document, which leaves the default out."""
        document.pop("isolation", None)
        if self._kept_in.value != Isolation.CONTAINER.value:
            document["isolation"] = self._kept_in.value


def _title(text: str) -> None:
    ui.label(text).classes("mc-section-title mc-fn-wide").props('role="heading" aria-level=2')


def _whole(value: float | None) -> int | float | None:
    return int(value) if value is not None and float(value).is_integer() else value
