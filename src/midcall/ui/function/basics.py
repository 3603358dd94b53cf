"""What a function is called and what it is for."""

from nicegui import ui

from midcall.domain.function import LONG_DESCRIPTION, SHORT_DESCRIPTION
from midcall.domain.jsonvalue import Json
from midcall.ui.function.inputs import InputFactory


class BasicsSection:
    """Name, display name, description."""

    def __init__(self, inputs: InputFactory, *, new: bool) -> None:
        with ui.element("section").classes("mc-basics").props('aria-label="About this function"'):
            self._display = inputs.text("Display name", "display_name", hint="For people: Look up an order")
            self._name = inputs.text("Name", "name", hint="For the agent and your code: lookup_order")
            if not new:
                self._name.props('readonly hint="A function keeps its name"')
            self._description = inputs.area(
                "Description: when should the agent call it?", "description", hint="A sentence or two"
            ).classes("mc-fn-wide")
            self._description.on_value_change(self._count)

    def write(self, document: Json) -> None:
        """Show a document's name, display name and description."""
        self._name.value = document.get("name", "")
        self._display.value = document.get("display_name") or ""
        self._description.value = document.get("description", "")
        self._description.props["rows"] = 2
        self._count()

    async def read(self, document: Json) -> None:
        """Put name, display name and description into a document."""
        document["name"] = (self._name.value or "").strip()
        document["display_name"] = (self._display.value or "").strip() or document["name"]
        document["description"] = (self._description.value or "").strip()

    def _count(self) -> None:
        count = len((self._description.value or "").strip())
        if SHORT_DESCRIPTION <= count <= LONG_DESCRIPTION:
            word = "a good length"
        else:
            word = f"best is {SHORT_DESCRIPTION} to {LONG_DESCRIPTION}: an agent chooses by it"
        self._description.props["hint"] = f"{count} characters, {word}"
