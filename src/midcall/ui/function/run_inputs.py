"""What a test run is made with: version, phase, parameters, session body, mocks."""

from collections.abc import Mapping, Sequence
from typing import Any

from nicegui import ui

from midcall.domain.errors import InvalidInput
from midcall.domain.function import Version, VersionStatus
from midcall.domain.function_config import Kind
from midcall.domain.phases import Phase
from midcall.domain.samples import sample_params, sample_session
from midcall.ui.function.json_field import FieldErrors, JsonField, read_all
from midcall.ui.function.param_form import ParamForm
from midcall.ui.parts.buttons import quiet

#: Phases in the words of people.
PHASES: Mapping[str, str] = {
    Phase.PRE_SESSION.value: "Before the conversation",
    Phase.DURING_SESSION.value: "During the conversation",
    Phase.POST_SESSION.value: "After the conversation",
}

_EXAMPLE = '[{"action": "http.get", "returns": {"responseCode": 200, "data": {}, "message": "OK"}}]'


def approved(versions: Sequence[Version], published: Mapping[str, int]) -> dict[int, str]:
    """Name the versions that can be run, the newest first."""
    names: dict[int, str] = {}
    for version in reversed(versions):
        if version.status is VersionStatus.APPROVED:
            where = ", ".join(sorted(place for place, number in published.items() if number == version.number))
            names[version.number] = f"Version {version.number}" + (f" ({where})" if where else "")
    return names


class RunInputs:
    """The fields, and the document that they make (see `service.run_form.RunForm`)."""

    def __init__(self, kind: Kind, errors: FieldErrors) -> None:
        self._errors = errors
        self._schema: Mapping[str, Any] | None = None
        self._sample: dict[str, Any] = {}
        with ui.element("section").classes("mc-w-part"):
            ui.label("Parameters").classes("mc-w-part-title").props('role="heading" aria-level=3')
            self._params_box = ui.element("div").classes("mc-w-fields")
        self._params: ParamForm | None = None
        with ui.element("section").classes("mc-w-part"):
            with ui.element("div").classes("mc-w-part-head"):
                ui.label("Session").classes("mc-w-part-title").props('role="heading" aria-level=3')
                quiet("Start over", self._start_over, icon="restart_alt").props('flat size=sm padding="2px 8px"')
            self._phase = ui.select(dict(PHASES), label="When it runs", value=Phase.DURING_SESSION.value)
            self._phase.props("outlined dense stack-label").on_value_change(self._phase_changed)
            self._session = JsonField("Session body", "session", {}, empty={})
        self._mocks: JsonField | None = None
        if kind is Kind.CODE:
            self._rehearsal()

    def use(self, schema: Mapping[str, Any]) -> None:
        """Show the fields of a version; what was typed stays where a parameter of that name is still there."""
        if schema == self._schema:
            return
        kept = self._kept() if self._params else {}
        first, self._schema = self._schema is None, schema
        self._params_box.clear()
        with self._params_box:
            self._params = ParamForm(schema, {**sample_params(schema), **kept})
        if first or not self._touched():
            self._fill_session()
        self._name_fields()

    def document(self) -> dict[str, Any]:
        """Return what is to be run, but for its version; raises InvalidInput for what is no JSON."""
        # Read first, so that faults of the parameters are told with those of the rest.
        fields = [self._session] if self._mocks is None else [self._session, self._mocks]
        values = read_all(fields)
        params = self._params.read() if self._params else {}
        session = values["session"]
        if isinstance(session, Mapping):
            session = {**session, "phase": self._phase.value}
        document: dict[str, Any] = {"params": params, "session": session}
        if self._mocks is not None:
            document |= {"mocks": values["mocks"], "dry": self._dry.value, "record": self._record.value}
        return document

    def mock_with(self, mocks: Sequence[Mapping[str, Any]]) -> None:
        """Answer the actions of the next run as given, and let nothing out."""
        if self._mocks is not None:
            self._mocks.set(list(mocks))
            self._dry.value = True
            self._record.value = False
            self._answers.value = True

    def _rehearsal(self) -> None:
        self._answers = ui.expansion("Actions: real, or mocked", icon="theater_comedy").classes("mc-w-expansion")
        with self._answers, ui.element("div").classes("mc-w-fields"):
            ui.label(
                "What this code sends is real, unless a mock answers in its place. To get mocks: record a real run, "
                "then choose “Use as mocks” in its result."
            ).classes("mc-quiet mc-w-small")
            self._record = ui.switch("Record what actions really answer")
            self._mocks = JsonField("Mocks", "mocks", hint=f"Such as {_EXAMPLE}", empty=[])
            self._dry = ui.switch("Dry: what no mock answers fails, nothing leaves midcall")

    def _name_fields(self) -> None:
        fields = {"session": self._session.box, **(self._params.fields if self._params else {})}
        if self._mocks is not None:
            fields["mocks"] = self._mocks.box
        self._errors.of(fields)

    def _kept(self) -> dict[str, Any]:
        try:
            return self._params.read() if self._params else {}
        except InvalidInput:
            return {}

    def _touched(self) -> bool:
        try:
            return bool(self._session.read() != self._sample)
        except InvalidInput:  # somebody is writing it
            return True

    def _fill_session(self) -> None:
        self._sample = sample_session(self._schema or {}, Phase(self._phase.value))
        self._session.set(self._sample)

    def _phase_changed(self) -> None:
        if not self._touched():
            self._fill_session()

    def _start_over(self) -> None:
        schema, self._schema, self._params = self._schema, None, None
        self.use(schema or {})
