"""A form for the parameters of a call, made from their JSON Schema: the values that an agent would send."""

from collections.abc import Mapping
from typing import Any

from nicegui import ui
from nicegui.elements.mixins.validation_element import ValidationElement

from midcall.domain.conversion import convert
from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.parameters import hidden_names, sensitive_names
from midcall.ui.function.json_field import JsonField

_TEXTS = frozenset({"string", "integer", "number", None})
_MAX_CHOICES = 200


class ParamForm:
    """One field for each parameter that an agent sends; what is left empty is not sent."""

    def __init__(self, schema: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        self.schema = schema
        self._json: dict[str, JsonField] = {}
        self._plain: dict[str, ValidationElement[Any]] = {}
        #: Values that a choice stands for, by its place.
        self._choices: dict[str, list[Any]] = {}
        required, secret = set(schema.get("required", ())), sensitive_names(schema)
        properties = schema.get("properties", {})
        filled = hidden_names(schema)
        shown = {name: declared for name, declared in properties.items() if name not in filled}
        for name, declared in shown.items():
            options = declared if isinstance(declared, Mapping) else {}
            label = name if name in required else f"{name} (optional)"
            self._field(name, label, options, values.get(name))
            about = str(options.get("description", ""))
            hint = " ".join(filter(None, [about, "Masked wherever it is shown." if name in secret else ""]))
            if hint:
                self.fields[f"params.{name}"].props["hint"] = hint
        if not shown:
            ui.label("The agent sends no parameters: none are declared.").classes("mc-quiet")
        hidden = [name for name in properties if name not in shown]
        if hidden:
            ui.label(f"Filled by midcall itself: {', '.join(hidden)}.").classes("mc-quiet mc-w-small")

    @property
    def fields(self) -> dict[str, ValidationElement[Any]]:
        """The fields by the paths of their faults."""
        return {
            f"params.{name}": each
            for name, each in (*self._plain.items(), *((name, field.box) for name, field in self._json.items()))
        }

    def read(self) -> dict[str, Any]:
        """Return the parameters; raises InvalidInput for fields that hold no JSON."""
        values: dict[str, Any] = {}
        faults: list[Fault] = []
        properties = self.schema.get("properties", {})
        for name, element in self._plain.items():
            given = element.value
            if given is None or given == "":
                continue
            values[name] = self._choices[name][given] if name in self._choices else convert(properties[name], given)
        for name, field in self._json.items():
            try:
                if (value := field.read()) is not None:
                    values[name] = value
            except InvalidInput as error:
                faults.extend(error.faults)
        if faults:
            raise InvalidInput(faults=faults)
        return values

    def _field(self, name: str, label: str, declared: Mapping[str, Any], value: Any) -> None:
        kind, enum = declared.get("type"), declared.get("enum")
        if kind == "boolean" and not enum:
            enum = [True, False]
        if isinstance(enum, list) and 0 < len(enum) <= _MAX_CHOICES:
            self._choices[name] = enum
            words = {place: _word(choice) for place, choice in enumerate(enum)}
            chosen = enum.index(value) if value in enum else None
            self._plain[name] = ui.select(words, label=label, value=chosen, clearable=True)
        elif isinstance(kind, list | dict) or kind not in _TEXTS:
            self._json[name] = JsonField(f"{label}, as JSON", f"params.{name}", value)
            return
        else:
            self._plain[name] = ui.input(label, value="" if value is None else str(value))
        self._plain[name].props("outlined dense stack-label autocomplete=off")


def _word(choice: Any) -> str:
    if isinstance(choice, bool):
        return "yes" if choice else "no"
    return str(choice)
