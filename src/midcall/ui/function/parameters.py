"""Parameters, as a form and as JSON Schema. The schema is what counts: the form shows it and changes it."""

from collections.abc import Callable
from typing import Any

from nicegui import ui

from midcall.domain.errors import Fault, InvalidInput, MidcallError
from midcall.domain.jsonvalue import Json
from midcall.domain.parameter_fields import KINDS, ParameterRow, beyond_rows, read_as, rows_of, with_rows, written
from midcall.ui.function.inputs import InputFactory, Lines, as_text, from_text
from midcall.ui.function.source import SourceEditor
from midcall.ui.parts.attributes import named
from midcall.ui.parts.buttons import quiet
from midcall.ui.parts.empty import empty

_WORDS = {
    "string": "Text",
    "integer": "Whole number",
    "number": "Number",
    "boolean": "Yes or no",
    "date": "Date",
    "email": "E-mail address",
    "phone": "Phone number",
    "string[]": "List of texts",
    "number[]": "List of numbers",
    "custom": "As the schema says",
}
FORM, SCHEMA = "Form", "JSON Schema"
_EMPTY = {"type": "object", "properties": {}}


class _Fields:
    """The inputs of one parameter."""

    def __init__(self, inputs: InputFactory, row: ParameterRow, index: int, remove: Callable[[], None]) -> None:
        self._origin, self._loc = row.origin, f"parameters.{index}"
        label = f"Parameter {row.name}" if row.name else "New parameter"
        with named(ui.element("div").classes("mc-parameter").props("role=group"), label):
            self.name = inputs.text("Name", f"{self._loc}.name")
            self.name.value = row.name
            self._kind = inputs.choice("Type", f"{self._loc}.type", {kind: _WORDS[kind] for kind in KINDS})
            self._kind.value = row.kind
            self._description = inputs.text("Description, for the agent", f"{self._loc}.description")
            self._description.value = row.description
            self._example = self._value(inputs, "Example", row.example)
            self._default = self._value(inputs, "If it is not given", row.default)
            self._required = inputs.switch("Required")
            self._required.value = row.required
            icon = ui.button(icon="delete", on_click=remove).props("flat round dense").classes("mc-quiet")
            named(icon, f"Remove {row.name}")
            if row.beyond:
                words = ", ".join(row.beyond)
                ui.label(f"The JSON Schema says more of it: {words}. It stays as it is.").classes("mc-quiet mc-beyond")
            if row.origin is not None:
                inputs.faults.add(f"parameters.properties.{row.origin}", self.name, inputs.tab)

    def _value(self, inputs: InputFactory, label: str, value: Any) -> Lines:
        loc = f"{self._loc}.{'example' if label == 'Example' else 'default'}"

        def read(text: str) -> Any:
            try:
                return read_as(text, str(self._kind.value))
            except ValueError as error:
                raise InvalidInput(faults=[Fault(loc, str(error))]) from error

        lines = Lines(inputs.text(label, loc), written, read)
        lines.show(value)
        return lines

    def row(self) -> ParameterRow:
        """Return what stands in them; raises InvalidInput."""
        return ParameterRow(
            name=(self.name.value or "").strip(),
            kind=str(self._kind.value),
            description=(self._description.value or "").strip(),
            required=bool(self._required.value),
            example=self._example.value(),
            default=self._default.value(),
            origin=self._origin,
        )


class ParametersSection:
    """Both views of the schema; one of them is shown, and is the one that counts."""

    def __init__(self, inputs: InputFactory) -> None:
        self._inputs = inputs
        self._schema: Json = dict(_EMPTY)
        self._fields: list[_Fields] = []
        with ui.element("section").classes("mc-fn-form-one").props('aria-label="Parameters"'):
            with ui.element("div").classes("mc-fn-bar"):
                ui.label("What the agent must find out before it calls this function.").classes("mc-quiet mc-grow")
                self._views = ui.toggle([FORM, SCHEMA], value=FORM).props('no-caps unelevated aria-label="Shown as"')
                self._views.on_value_change(self._switch)
            self._form = ui.element("div").classes("mc-fn-form-one")
            self._text_box = ui.element("div").classes("mc-fn-form-one")
            with self._text_box:
                self._editor = SourceEditor("", label="JSON Schema", language="JSON", on_edit=inputs.touched)
                self._error = ui.label().classes("mc-fn-field-error").props("role=alert")
            self._text_box.set_visibility(False)
            self._error.set_visibility(False)
            inputs.faults.add("parameters", _Below(self._error), inputs.tab)
        self._current = FORM

    def write(self, document: Json) -> None:
        """Show the parameters of a document."""
        self._schema = document.get("parameters") or dict(_EMPTY)
        self._draw()
        self._editor.write(as_text(self._schema))

    async def read(self, document: Json) -> None:
        """Read the view that is shown."""
        document["parameters"] = self._of_form() if self._current == FORM else await self._of_text()

    def _of_form(self) -> Json:
        rows = [fields.row() for fields in self._fields]
        names = [row.name for row in rows]
        faults = [
            Fault(f"parameters.{index}.name", "give it a name" if not name else f"{name} is there twice; rename one")
            for index, name in enumerate(names)
            if not name or name in names[:index]
        ]
        if faults:
            raise InvalidInput(faults=faults)
        return with_rows(self._schema, rows)

    async def _of_text(self) -> Json:
        found = from_text(await self._editor.read(), "parameters")
        if not isinstance(found, dict):
            raise InvalidInput(faults=[Fault("parameters", 'write an object: {"type": "object", "properties": {…}}')])
        return found

    async def _switch(self) -> None:
        wanted = self._views.value
        if wanted == self._current:
            return
        try:
            self._schema = self._of_form() if self._current == FORM else await self._of_text()
        except MidcallError as error:
            self._views.value = self._current
            self._inputs.faults.show(error)
            return
        self._inputs.faults.clear()
        self._current = str(wanted)
        self._form.set_visibility(wanted == FORM)
        self._text_box.set_visibility(wanted == SCHEMA)
        if wanted == SCHEMA:
            self._editor.write(as_text(self._schema))
        else:
            self._draw()

    def _draw(self, rows: tuple[ParameterRow, ...] | None = None) -> None:
        self._form.clear()
        shown = rows_of(self._schema) if rows is None else rows
        with self._form:
            if not shown:
                with empty("No parameters", "The agent calls it as it is. Add what it should ask for.", icon="tune"):
                    quiet("Add a parameter", self._add, icon="add")
                self._fields = []
            else:
                self._fields = [
                    _Fields(self._inputs, row, index, lambda index=index: self._remove(index))  # type: ignore[misc]
                    for index, row in enumerate(shown)
                ]
                quiet("Add a parameter", self._add, icon="add").classes("mc-fn-start")
            beyond = beyond_rows(self._schema)
            if beyond:
                words = ", ".join(beyond)
                ui.label(f"The JSON Schema says more than this form can: {words}. It stays as it is.").classes(
                    "mc-quiet"
                )

    def _rows(self) -> list[ParameterRow]:
        try:
            return [fields.row() for fields in self._fields]
        except MidcallError as error:
            self._inputs.faults.show(error)
            raise _NotNow from error

    def _add(self) -> None:
        try:
            rows = self._rows()
        except _NotNow:
            return
        self._draw(self._with_notes([*rows, ParameterRow("")]))
        self._fields[-1].name.run_method("focus")
        self._inputs.touched()

    def _remove(self, index: int) -> None:
        del self._fields[index]
        try:
            rows = self._rows()
        except _NotNow:
            return
        self._draw(self._with_notes(rows))
        self._inputs.touched()

    def _with_notes(self, rows: list[ParameterRow]) -> tuple[ParameterRow, ...]:
        """Put back what the schema says beyond each row, which inputs do not hold."""
        beyond = {row.name: row.beyond for row in rows_of(self._schema)}
        return tuple(
            ParameterRow(
                row.name,
                row.kind,
                row.description,
                row.required,
                row.example,
                row.default,
                row.origin,
                beyond.get(row.origin or "", ()),
            )
            for row in rows
        )


class _NotNow(Exception):
    """What stands in the form cannot be read yet; its person was told."""


class _Below:
    """A label as the place of an error."""

    def __init__(self, label: ui.label) -> None:
        self._label = label

    @property
    def error(self) -> str | None:
        return self._label.text if self._label.visible else None

    @error.setter
    def error(self, text: str | None) -> None:
        self._label.text = text or ""
        self._label.set_visibility(text is not None)
