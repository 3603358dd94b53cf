"""What may be written about a function, as pydantic models: the API's bodies and the result of every merge."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    StrictBool,
    StrictInt,
    Tag,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.function import NAME_PATTERN, name_problem
from midcall.domain.function_config import DEFAULT_RESULT_CHARS, DEFAULT_TIMEOUT_S, FunctionConfig, Kind
from midcall.domain.isolation import Isolation
from midcall.domain.jsonvalue import canonical
from midcall.domain.parameters import field_faults, schema_of_fields
from midcall.domain.phases import Phase
from midcall.domain.variables import MAX_NAME
from midcall.service.code_form import Code
from midcall.service.fields import AnyValue, Description, Form, Line, Message, faults_of, storable
from midcall.service.runs.response_variables import path_problem
from midcall.service.schemas.schemas import result_schema_faults, schema_faults, taken_schema
from midcall.service.webhooks.form import Webhook

MAX_CONFIG_BYTES = 256 * 1024
#: What is no part of a version: it may change without one.
NO_PART = frozenset({"display_name", "tags"})
#: Where a draft is to be attached.
_PHASES = "phases"
#: Networks fail for a moment more often than code does.
WEBHOOK_RETRIES = 2


def _known_name(name: str) -> str:
    problem = name_problem(name)
    if problem:
        raise ValueError(problem)
    return name


FunctionName = Annotated[str, AfterValidator(_known_name)]


def _identifier(name: str) -> str:
    if not re.fullmatch(NAME_PATTERN, name):
        raise ValueError("start with a letter or underscore, then up to 62 letters, digits or underscores (ASCII)")
    return name


ParameterName = Annotated[str, AfterValidator(_identifier), WithJsonSchema({"type": "string", "pattern": NAME_PATTERN})]


class ParameterField(Form):
    """One parameter, in the form of a list; `type` is string, integer, …, or custom with a `jsonSchema`."""

    name: ParameterName
    type: str
    description: Message = ""
    required: StrictBool = False
    example: Any = None
    default: Any = None
    json_schema: dict[str, Any] | None = Field(default=None, alias="jsonSchema")
    strict: StrictBool = Field(default=False, description="take what is sent as it is, or refuse it: convert nothing")


def _shape(value: Any) -> str:
    return "<fields>" if isinstance(value, list) else "<schema>"


Parameters = Annotated[
    Annotated[dict[str, Any], Tag("<schema>")]
    | Annotated[list[ParameterField], Field(max_length=200), Tag("<fields>")],
    Discriminator(_shape),
]


def _text_or_map(value: Any) -> str:
    return "<map>" if isinstance(value, dict) else "<text>"


ErrorMessage = Annotated[
    Annotated[Message, Tag("<text>")]
    | Annotated[
        dict[Annotated[str, Field(pattern=r"^([1-5][0-9x]{2}|default)$")], Message],
        Field(max_length=50),
        Tag("<map>"),
    ],
    Discriminator(_text_or_map),
]


class Messages(Form):
    """What the agent says. `error` is a text, or texts by HTTP status with a `default`."""

    started: list[Message] = Field(default=[], max_length=20)
    error: ErrorMessage | None = None
    returned: Message | None = None


def _findable(path: str) -> str:
    problem = path_problem(path)
    if problem:
        raise ValueError(problem)
    return path


VariableName = Annotated[str, AfterValidator(storable), Field(min_length=1, max_length=MAX_NAME)]
ResultPath = Annotated[str, AfterValidator(_findable)]


class Requirement(Form):
    """A gate: `function` must have set `variable` to `equals` in this session, in a run with the same `same_params`."""

    function: Annotated[str, Field(pattern=NAME_PATTERN)]
    variable: VariableName
    equals: AnyValue = True
    same_params: list[Annotated[str, Field(pattern=NAME_PATTERN)]] = Field(default=[], max_length=10)


class FunctionForm(Form):
    """A whole function as its author writes it; all but display name and tags belongs to the version."""

    #: Schemas are looked through, their patterns compiled.
    costly = True

    name: FunctionName
    display_name: Line | None = None
    tags: list[Annotated[Line, Field(min_length=1, max_length=50)]] = Field(default=[], max_length=20)
    description: Description
    kind: Kind
    parameters: Parameters = Field(default={"type": "object", "properties": {}})
    output_schema: Parameters | None = None
    strict_output: StrictBool = False
    timeout: StrictInt = Field(
        default=DEFAULT_TIMEOUT_S, ge=1, le=600, description="seconds; one deadline for the whole call"
    )
    attempt_timeout: StrictInt | None = Field(
        default=None, ge=1, le=600, description="seconds; of a webhook's one attempt"
    )
    retries: StrictInt = Field(default=0, ge=0, le=5, description="default: 0 for code, 2 for webhooks")
    background: StrictBool = Field(
        default=False, description="answer at once with messages.returned; the result comes later"
    )
    response_variables: dict[VariableName, ResultPath] = Field(default={}, max_length=50)
    requires: list[Requirement] = Field(default=[], max_length=20)
    speak_during_execution: StrictBool = False
    speak_after_execution: StrictBool = True
    max_result_chars: StrictInt = Field(default=DEFAULT_RESULT_CHARS, ge=1, le=256 * 1024)
    messages: Messages = Messages()
    isolation: Isolation = Field(
        default=Isolation.CONTAINER,
        description="of code: a container for each run, or a jail for each within a container of the workspace; "
        "that is faster and weaker, and takes the workspace's allow_jail",
    )
    code: Code | None = None
    webhook: Webhook | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill_retries(cls, document: Any) -> Any:
        if isinstance(document, Mapping) and document.get("kind") == Kind.WEBHOOK and "retries" not in document:
            return {**document, "retries": WEBHOOK_RETRIES}
        return document

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        other = Kind.WEBHOOK if self.kind is Kind.CODE else Kind.CODE
        faults = []
        if getattr(self, self.kind) is None:
            faults.append(Fault(self.kind.value, f'required for kind "{self.kind}"; add it'))
        if getattr(self, other) is not None:
            faults.append(Fault(other.value, f'a function of kind "{self.kind}" has none; remove it'))
        if self.kind is Kind.CODE and self.attempt_timeout is not None:
            faults.append(Fault("attempt_timeout", "bounds the attempts of a webhook; use timeout for code"))
        if self.kind is Kind.WEBHOOK and self.isolation is not Isolation.CONTAINER:
            faults.append(Fault("isolation", "a webhook runs no code here that could be kept in anything; remove it"))
        if faults:
            raise InvalidInput(faults=faults)
        return self

    @model_validator(mode="after")
    def _check_schemas(self) -> Self:
        faults = [*_parameter_faults("parameters", self.parameters)]
        if self.output_schema is not None:
            faults += _parameter_faults("output_schema", self.output_schema)
        if not faults:  # what no schema can be made of has no parameters to compare either
            faults += _gate_faults(self.requires, _schema(self.parameters))
        if faults:
            raise InvalidInput(faults=faults)
        return self

    def config(self) -> FunctionConfig:
        """Return the whole executable document; its digest is what gets approved.

        Every default is written out, but for what is newer than documents whose digests are approved.
        """
        other = Kind.WEBHOOK if self.kind is Kind.CODE else Kind.CODE
        document = self.model_dump(mode="json", by_alias=True, exclude={*NO_PART, _PHASES, other.value})
        if self.isolation is Isolation.CONTAINER:
            del document["isolation"]
        document["parameters"] = _schema(self.parameters)
        document["output_schema"] = None if self.output_schema is None else _schema(self.output_schema)
        if len(canonical(document)) > MAX_CONFIG_BYTES:
            raise InvalidInput(faults=[Fault("", f"larger than {MAX_CONFIG_BYTES // 1024} KiB in all; shorten it")])
        return FunctionConfig.from_stored(document)


class Draft(FunctionForm):
    """A function to be reviewed without saving: name and description may be missing."""

    name: str = Field(default="draft", pattern=NAME_PATTERN)
    description: Description = "A draft that is being reviewed."
    kind: Kind = Kind.CODE
    phases: list[Phase] = Field(
        default=[], max_length=3, description="those that it is to be attached to, if it is not attached yet"
    )


_AnyForm = TypeVar("_AnyForm", bound=FunctionForm)


def parse_draft(document: Mapping[str, Any]) -> Draft:
    """Read a function that somebody is writing: what is empty yet is left out; raises InvalidInput."""
    begun = {name: value for name, value in document.items() if value != "" or name not in {"name", "description"}}
    return parsed(Draft, begun)


def parse_function(document: Mapping[str, Any]) -> FunctionForm:
    """Read a function from a document; raises InvalidInput with every fault's path."""
    return parsed(FunctionForm, document)


def parsed(form: type[_AnyForm], document: Mapping[str, Any]) -> _AnyForm:
    """Read a function, or a draft of one, from a document; raises InvalidInput with every fault's path."""
    try:
        return form.model_validate(document)
    except ValidationError as error:
        raise InvalidInput(faults=list(faults_of(error))) from error


def _gate_faults(requires: list[Requirement], schema: dict[str, Any]) -> list[Fault]:
    """Find gates that could never open: they compare a parameter that nobody declared."""
    properties = schema.get("properties", {})
    return [
        Fault(f"requires.{index}.same_params.{place}", f"{name} is no parameter of this function; declare it")
        for index, gate in enumerate(requires)
        for place, name in enumerate(gate.same_params)
        if name not in properties
    ]


def _parameter_faults(loc: str, given: dict[str, Any] | list[ParameterField]) -> list[Fault]:
    if isinstance(given, list):
        faults = field_faults([field.model_dump(by_alias=True) for field in given])
        if faults:
            return [Fault(fault.loc.replace("parameters", loc, 1), fault.msg) for fault in faults]
    read = schema_faults if loc == "parameters" else result_schema_faults
    return list(read(_schema(given), loc))


def _schema(given: dict[str, Any] | list[ParameterField]) -> dict[str, Any]:
    if isinstance(given, list):
        return taken_schema(schema_of_fields([field.model_dump(by_alias=True) for field in given]))
    return taken_schema(given)
