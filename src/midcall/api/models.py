"""Bodies that are read, beyond a function's own form."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, StrictBool, StrictInt, model_validator

from midcall.domain.adapter import Vendor
from midcall.domain.assistant import ChatMessage, Role
from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.function import DEFAULT_ENVIRONMENT
from midcall.domain.session_body import KNOWN
from midcall.domain.test_case import MAX_CASES
from midcall.service.agents.adapters import AdapterInput
from midcall.service.agents.form import PathName
from midcall.service.assistant.assist import MAX_DESCRIPTION, MAX_MESSAGE, MAX_MESSAGES
from midcall.service.assistant.events import Question
from midcall.service.credentials.signing import MAX_OVERLAP_S
from midcall.service.fields import Environment, Form, Line, Message
from midcall.service.functions.form import Draft, FunctionName
from midcall.service.runs.form import RunForm, VersionNumber
from midcall.service.session_fields import BodyForm, SessionFields
from midcall.service.test_cases.form import CaseName
from midcall.vendors.imports.readers import ImportVendor


class Describe(Form):
    """What is no part of a version."""

    display_name: Annotated[Line, Field(min_length=1)] | None = None
    tags: list[Annotated[Line, Field(min_length=1, max_length=50)]] | None = Field(default=None, max_length=20)


class Publish(Form):
    """Which version to publish where; test cases must pass, unless it is forced for a reason that goes on record."""

    version: VersionNumber
    environment: Environment = DEFAULT_ENVIRONMENT
    force: StrictBool = Field(default=False, description="publish it although test cases fail")
    reason: Annotated[Line, Field(max_length=500)] | None = Field(default=None, description="why it is forced")

    @model_validator(mode="after")
    def _check_reason(self) -> Self:
        if self.force and not (self.reason or "").strip():
            raise InvalidInput(faults=[Fault("reason", "say in 1-500 characters why it is forced; it goes on record")])
        if self.reason is not None and not self.force:
            raise InvalidInput(faults=[Fault("reason", "goes with force; leave it out, or send force: true")])
        return self


class Decision(Form):
    """Why a person approves or rejects."""

    comment: Message = ""


class Said(Form):
    """One message of the conversation so far."""

    role: Role
    text: Annotated[str, Field(max_length=MAX_MESSAGE)]


class AskAssistant(Form):
    """What is wanted of the Code Assistant; nothing is saved."""

    description: Annotated[str, Field(min_length=1, max_length=MAX_DESCRIPTION, description="what the code should do")]
    function: Draft | None = Field(default=None, description="the function as it stands, of kind code")
    messages: list[Said] = Field(default=[], max_length=MAX_MESSAGES, description="what was said before, oldest first")

    def question(self) -> Question:
        """Return the question that is put to the Code Assistant."""
        return Question(
            self.description, self.function, tuple(ChatMessage(each.role, each.text) for each in self.messages)
        )


class ImportFunction(Form):
    """A function as another vendor has it. Without `save` nothing is kept: the answer says what would become of it."""

    vendor: ImportVendor = Field(description="retell (UponAI too), vocobase, itellico, subverse or vapi")
    config: dict[str, Any] = Field(description="the vendor's JSON of one function")
    save: StrictBool = Field(default=False, description="create the function; its version 1 is a draft")
    name: FunctionName | None = Field(default=None, description="what to call it instead")


class Test(RunForm):
    """Try a version out; `version` defaults to the latest approved one."""


class RunTests(Form):
    """Which test cases to run, and of which version; `version` defaults to the latest approved one."""

    version: VersionNumber | None = None
    cases: list[CaseName] | None = Field(default=None, max_length=MAX_CASES, description="default: all of them")
    environment: Environment = Field(default=DEFAULT_ENVIRONMENT, description="whose values of credentials are used")


class SaveRun(Form):
    """A finished run that is to become a test case."""

    name: CaseName
    expect: Literal["exact", "subset", "status"] = Field(description="what of the run is expected again")
    params: dict[str, Any] = Field(
        default={}, description="values of the sensitive parameters, which are never copied from the record"
    )


class Invoke(Form):
    """Call the published version."""

    params: dict[str, Any] = Field(default={})
    session: SessionFields = SessionFields()
    environment: Environment = DEFAULT_ENVIRONMENT


#: What stands in a header as it is; shorter ones can be guessed.
Secret = Annotated[str, Field(pattern=r"^[\x21-\x7e]{8,500}$")]


class PutAdapter(Form):
    """An adapter, whole. A secret that is left out, or sent as its mask, is kept."""

    vendor: Vendor
    agent: PathName = Field(description="the agent whose functions the vendor may call")
    environment: Environment = DEFAULT_ENVIRONMENT
    secret: Secret | None = Field(
        default=None,
        repr=False,
        description="retell: the API key that signs; vapi, elevenlabs: what a header brings, 8-500 visible characters",
    )
    signing_secret: Secret | None = Field(
        default=None, repr=False, description="elevenlabs: the post-call webhook's secret, if it is another one"
    )
    overlap_s: StrictInt = Field(
        default=0,
        ge=0,
        le=MAX_OVERLAP_S,
        description="seconds for which a secret that is replaced now is taken as well; default: none",
    )
    vendor_agent: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,128}$")] | None = Field(
        default=None, description="retell: override_agent_id of calls that are let in; vapi: assistantId"
    )

    def wanted(self) -> AdapterInput:
        """Return what is wanted."""
        return AdapterInput(**{name: getattr(self, name) for name in type(self).model_fields})


class StartSession(BodyForm):
    """A session to start: the session body as far as it is known. Unknown fields pass through to the functions."""

    model_config = ConfigDict(extra="allow", frozen=True)

    agent: PathName
    session_id: PathName | None = Field(default=None, alias="sessionId")
    environment: Environment = DEFAULT_ENVIRONMENT
    direction: str = KNOWN["direction"].empty
    medium: str = KNOWN["medium"].empty
    dynamic_variables: dict[str, Any] = Field(default={}, alias="dynamicVariables")

    def fields(self) -> dict[str, Any]:
        """Return the body's fields, without those that midcall keeps apart."""
        apart = {"agent", "session_id", "environment", "dynamic_variables"}
        return self.model_dump(mode="json", by_alias=True, exclude=apart)


class ChangeSession(BodyForm):
    """What a runtime learns while the session runs: the transcript grows, contact and variables are merged."""

    transcript: list[Any] = Field(default=[])
    contact: dict[str, Any] = Field(default={})
    dynamic_variables: dict[str, Any] = Field(default={}, alias="dynamicVariables")


class CallFunction(BodyForm):
    """A call that the agent makes. `transcript` and `call` are for this call alone."""

    params: dict[str, Any] = Field(default={})
    transcript: list[Any] | None = None
    call: dict[str, Any] | None = None

    def overrides(self) -> dict[str, Any]:
        """Return the fields of the session body that the call brought along."""
        return self.model_dump(exclude={"params"}, exclude_unset=True)


class EndSession(BodyForm):
    """What is known once a session is over; more may come in a later `end` until post-session functions start."""

    analysis: dict[str, Any] | None = None
    recording_url: str | None = Field(default=None, alias="recordingUrl", max_length=2_048)
    transcript: list[Any] | None = None
    llm_response: str | None = Field(default=None, alias="llmResponse")

    def late(self) -> dict[str, Any]:
        """Return what was sent, by the session body's names; null says that it is not known yet."""
        return self.model_dump(by_alias=True, exclude_none=True)
