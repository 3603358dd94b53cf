"""What may be written about a test case: what the function is run with, and what is expected of it."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Discriminator, Field, JsonValue, StrictBool, Tag, ValidationError, model_validator

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.phases import Phase
from midcall.domain.run_status import ExpectedWord
from midcall.domain.test_case import MAX_CASE_BYTES, Expectation, ExpectKind, TestCase
from midcall.service.actions.mock_form import MockForms
from midcall.service.fields import Form, faults_of
from midcall.service.schemas.schemas import any_schema_faults, taken_schema
from midcall.service.session_fields import SessionFields

#: It stands in paths.
_NAME = r"^[A-Za-z0-9][A-Za-z0-9 ._:@+=~-]{0,99}$"
CaseName = Annotated[str, Field(pattern=_NAME)]


class _Expected(Form):
    """What every expectation may have beside what it compares."""

    variables: dict[str, JsonValue] = Field(
        default={}, description="part of the dynamic variables that the run has set, compared as a subset"
    )
    terminate_agent: StrictBool | None = Field(default=None, alias="terminateAgent")


class ExpectExact(_Expected):
    """The raw return value is this one."""

    exact: JsonValue


class ExpectSubset(_Expected):
    """The raw return value holds this: an object may have more names, at any depth; a list has as many items."""

    subset: JsonValue


def _servable(schema: dict[str, Any]) -> dict[str, Any]:
    schema = taken_schema(schema)
    faults = any_schema_faults(schema, "")
    if faults:
        raise ValueError("; ".join(f"{fault.loc.removeprefix('.')}: {fault.msg}".lstrip(": ") for fault in faults))
    return schema


class ExpectSchema(_Expected):
    """The raw return value fits this JSON Schema (2020-12), of any type."""

    schema_: Annotated[dict[str, Any], AfterValidator(_servable)] = Field(alias="schema")


class ExpectStatus(_Expected):
    """The run ends with this status, whatever it returns."""

    status: ExpectedWord


def _which(value: Any) -> str | None:
    # Pydantic asks of forms, too, when it writes them.
    names = (
        value if isinstance(value, Mapping) else {name.rstrip("_") for name in getattr(value, "model_fields_set", ())}
    )
    given = [kind.value for kind in ExpectKind if kind.value in names]
    return f"<{given[0]}>" if len(given) == 1 else None


# A tag in angle brackets is no part of a fault's path.
ExpectForm = Annotated[
    Annotated[ExpectStatus, Tag("<status>")]
    | Annotated[ExpectExact, Tag("<exact>")]
    | Annotated[ExpectSubset, Tag("<subset>")]
    | Annotated[ExpectSchema, Tag("<schema>")],
    Discriminator(
        _which,
        custom_error_type="one_expectation",
        custom_error_message="give exactly one of exact, subset, schema and status",
    ),
]


class CaseForm(Form):
    """A test case: what the function is run with, and what is expected of it."""

    session: SessionFields = SessionFields()
    params: dict[str, JsonValue] = Field(default={})
    mocks: MockForms = Field(default=[], description="answers that stand in for those of actions; the first that fits")
    dry: StrictBool | None = Field(
        default=None, description="what no mock answers fails, nothing leaves midcall; default: true if there are mocks"
    )
    expect: ExpectForm

    @model_validator(mode="after")
    def _not_too_large(self) -> Self:
        if self.case("", principal="", at=0).size > MAX_CASE_BYTES:
            raise ValueError(f"the case takes more than {MAX_CASE_BYTES // 1024} KiB; shorten its session or its mocks")
        return self

    def case(self, name: str, *, principal: str, at: int) -> TestCase:
        """Return the test case that is written here."""
        phase = {} if self.session.phase is None else {"phase": self.session.phase.value}
        mocks = tuple(form.mock() for form in self.mocks)
        return TestCase(
            name=name,
            session={**self.session.body(), **phase},
            params=self.params,
            mocks=mocks,
            dry=bool(mocks) if self.dry is None else self.dry,
            expect=_expectation(self.expect),
            principal=principal,
            updated_at=at,
        )


def checked_name(name: str) -> str:
    """Return a case's name; raises InvalidInput for one that no case can have."""
    if not re.fullmatch(_NAME, name):
        text = "1-100 letters, digits, spaces and . _ : @ + = ~ -, beginning with a letter or a digit"
        raise InvalidInput(faults=[Fault("name", text)])
    return name


def parse_case(document: Mapping[str, Any]) -> CaseForm:
    """Read a case from a document; raises InvalidInput with every fault's path."""
    try:
        return CaseForm.model_validate(document)
    except ValidationError as error:
        raise InvalidInput(faults=list(faults_of(error))) from error


def _expectation(form: ExpectStatus | ExpectExact | ExpectSubset | ExpectSchema) -> Expectation:
    value: Any
    match form:
        case ExpectStatus():
            kind, value = ExpectKind.STATUS, form.status
        case ExpectExact():
            kind, value = ExpectKind.EXACT, form.exact
        case ExpectSubset():
            kind, value = ExpectKind.SUBSET, form.subset
        case ExpectSchema():
            kind, value = ExpectKind.SCHEMA, form.schema_
    return Expectation(kind, value, form.variables, form.terminate_agent)


def phase_of(case: TestCase) -> Phase:
    """Return the phase that a case is run in."""
    return Phase(case.session.get("phase", Phase.DURING_SESSION))


def body_of(case: TestCase) -> dict[str, Any]:
    """Return the fields of the session body that a case is run with."""
    return {name: value for name, value in case.session.items() if name != "phase"}
