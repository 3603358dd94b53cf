"""Forms that take fields of the session body: what may be sent under the names that midcall knows."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import (
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError

from midcall.domain.errors import MAX_FAULTS
from midcall.domain.phases import Phase
from midcall.domain.session_body import KNOWN, BodyField
from midcall.service.fields import Form


class BodyForm(Form):
    """A form with fields of the session body. Null says that one is not known, as leaving it out does."""

    @classmethod
    def known(cls) -> Mapping[str, BodyField]:
        """Return the fields of the session body that it takes, by their names there."""
        if cls.model_config.get("extra") == "allow":
            return KNOWN
        taken = {field.alias or name for name, field in cls.model_fields.items()}
        return {name: field for name, field in KNOWN.items() if name in taken}

    @model_validator(mode="wrap")
    @classmethod
    def _check_known(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(given, Mapping):
            return handler(given)
        known = cls.known()
        faults = [fault for name in known if name in given for fault in known[name].faults(given[name], name)]
        wrong = {fault.loc.partition(".")[0] for fault in faults}
        unknown = {name for name in known if given.get(name) is None}
        rest = {name: value for name, value in given.items() if name not in wrong | unknown}
        errors = [
            InitErrorDetails(
                type=PydanticCustomError("session_body", fault.msg),
                loc=tuple(fault.loc.split(".")),
                input=None,
            )
            for fault in faults
        ]
        try:
            form = handler(rest)
        except ValidationError as error:
            if not errors or error.error_count() > MAX_FAULTS:
                raise
            errors += map(_again, error.errors(include_url=False, include_context=False, include_input=False))
        if errors:
            raise ValidationError.from_exception_data(cls.__name__, errors)
        return form

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe the known fields, for OpenAPI."""
        found = handler(core_schema)
        shown = handler.resolve_ref_schema(found)
        for name, field in cls.known().items():
            shown.setdefault("properties", {})[name] = field.schema
        return found


class SessionFields(BodyForm):
    """Fields of a session body for a run of the caller's own; unknown ones pass through to the function unchanged."""

    model_config = ConfigDict(extra="allow", frozen=True)

    phase: Phase | None = None
    session_id: str | None = Field(default=None, alias="sessionId", min_length=1, max_length=200)
    dynamic_variables: dict[str, Any] = Field(default={}, alias="dynamicVariables")

    def body(self) -> dict[str, Any]:
        """Return the fields as they were sent, but for the phase, which midcall sets itself."""
        return self.model_dump(by_alias=True, exclude={"phase"}, exclude_unset=True)


def _again(error: Any) -> InitErrorDetails:
    """Make the details of an error that was found already."""
    return InitErrorDetails(type=PydanticCustomError(error["type"], error["msg"]), loc=error["loc"], input=None)
