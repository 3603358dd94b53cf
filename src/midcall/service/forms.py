"""What may be written about a function, as pydantic models: the API's bodies and the result of every merge."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Strict,
    Tag,
    ValidationError,
    model_validator,
)

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.function import NAME_PATTERN, Kind, name_problem, source_problem
from midcall.domain.jsonvalue import canonical
from midcall.domain.parameters import field_faults, schema_of_fields
from midcall.domain.variables import MAX_NAME
from midcall.service.response_variables import path_problem
from midcall.service.schemas import schema_faults

MAX_CONFIG_BYTES = 256 * 1024


class Form(BaseModel):
    """A body in which every unknown field is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


def _storable(text: str) -> str:
    # PostgreSQL's text takes neither, and no caller means them.
    if "\0" in text:
        raise ValueError("contains a NUL character; remove it")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("contains half of a surrogate pair; remove it")
    return text


#: Numbers and flags as JSON has them: "5", true and 5.0 are no whole numbers, "yes" is no flag.
Whole = Annotated[int, Strict()]
Flag = Annotated[bool, Strict()]

Line = Annotated[str, AfterValidator(_storable), Field(max_length=200)]
Message = Annotated[str, AfterValidator(_storable), Field(max_length=1_000)]
Description = Annotated[str, AfterValidator(_storable), Field(min_length=1, max_length=1_024)]


def _known_name(name: str) -> str:
    problem = name_problem(name)
    if problem:
        raise ValueError(problem)
    return name


def _storable_source(source: str) -> str:
    problem = source_problem(source)
    if problem:
        raise ValueError(problem)
    return source


def _code_alone(kind: object) -> object:
    if kind != Kind.CODE:
        raise ValueError('this release runs functions of kind "code" alone')
    return kind


def _none_yet(names: list[str]) -> list[str]:
    if names:
        raise ValueError("this release has no actions; leave the list empty")
    return names


FunctionName = Annotated[str, AfterValidator(_known_name)]
Environment = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]


class ParameterField(Form):
    """One parameter, in the form of a list; `type` is string, integer, …, or custom with a `jsonSchema`."""

    name: Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]{0,62}$")]
    type: str
    description: Message = ""
    required: Flag = False
    example: Any = None
    default: Any = None
    json_schema: dict[str, Any] | None = Field(default=None, alias="jsonSchema")


def _shape(value: Any) -> str:
    return "<fields>" if isinstance(value, list) else "<schema>"


Parameters = Annotated[
    Annotated[dict[str, Any], Tag("<schema>")]
    | Annotated[list[ParameterField], Field(max_length=200), Tag("<fields>")],
    Discriminator(_shape),
]


class Code(Form):
    """Python source with `def handler(session)` or `def handler(session, actions)`."""

    source: Annotated[str, AfterValidator(_storable_source)]
    actions: Annotated[list[str], AfterValidator(_none_yet)] = []
    egress: Annotated[list[str], AfterValidator(_none_yet)] = []


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


VariableName = Annotated[str, AfterValidator(_storable), Field(min_length=1, max_length=MAX_NAME)]
ResultPath = Annotated[str, AfterValidator(_findable)]


class Requirement(Form):
    """A gate: `function` must have set `variable` to `equals` in this session, in a run with the same `same_params`."""

    function: Annotated[str, Field(pattern=NAME_PATTERN)]
    variable: VariableName
    equals: Any = True
    same_params: list[Annotated[str, Field(pattern=NAME_PATTERN)]] = Field(default=[], max_length=10)


class FunctionForm(Form):
    """A whole function as its author writes it; all but display name and tags belongs to the version."""

    name: FunctionName
    display_name: Line | None = None
    tags: list[Annotated[Line, Field(min_length=1, max_length=50)]] = Field(default=[], max_length=20)
    description: Description
    kind: Annotated[Literal[Kind.CODE], BeforeValidator(_code_alone)]
    parameters: Parameters = Field(default={"type": "object", "properties": {}})
    output_schema: Parameters | None = None
    strict_output: Flag = False
    timeout: Whole = Field(default=120, ge=1, le=600, description="seconds; one deadline for the whole call")
    retries: Whole = Field(default=0, ge=0, le=5)
    background: Flag = Field(default=False, description="answer at once with messages.returned; the result comes later")
    response_variables: dict[VariableName, ResultPath] = Field(default={}, max_length=50)
    requires: list[Requirement] = Field(default=[], max_length=20)
    speak_during_execution: Flag = False
    speak_after_execution: Flag = True
    max_result_chars: Whole = Field(default=15_000, ge=1, le=256 * 1024)
    messages: Messages = Messages()
    code: Code

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

    def config(self) -> dict[str, Any]:
        """Return the whole executable document, every default written out; its digest is what gets approved."""
        document = self.model_dump(mode="json", by_alias=True, exclude={"display_name", "tags"})
        document["parameters"] = _schema(self.parameters)
        document["output_schema"] = None if self.output_schema is None else _schema(self.output_schema)
        if len(canonical(document)) > MAX_CONFIG_BYTES:
            raise InvalidInput(faults=[Fault("", f"larger than {MAX_CONFIG_BYTES // 1024} KiB in all; shorten it")])
        return document


def parse_function(document: Mapping[str, Any]) -> FunctionForm:
    """Read a function from a document; raises InvalidInput with every fault's path."""
    try:
        return FunctionForm.model_validate(document)
    except ValidationError as error:
        raise InvalidInput(faults=list(faults_of(error))) from error


def faults_of(error: ValidationError) -> Iterator[Fault]:
    """Turn pydantic's errors into faults whose paths are those of the input."""
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        yield Fault(path_of(item["loc"]), text_of(item["type"], item["msg"]))


def path_of(loc: tuple[int | str, ...]) -> str:
    """Write a path; the names of a union's branches, and the word for a key itself, are no part of it."""
    return ".".join(str(part) for part in loc if not str(part).startswith("<") and part != "[key]")


def text_of(kind: str, message: str) -> str:
    """Write a fault's text so that it says what to do."""
    if kind == "extra_forbidden":
        return "unknown field; remove it or check its spelling"
    if kind == "missing":
        return "required; add it"
    return message.removeprefix("Value error, ")


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
    return list(schema_faults(_schema(given), loc))


def _schema(given: dict[str, Any] | list[ParameterField]) -> dict[str, Any]:
    if isinstance(given, list):
        return schema_of_fields([field.model_dump(by_alias=True) for field in given])
    return given
