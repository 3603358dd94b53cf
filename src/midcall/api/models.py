"""Bodies that are read, beyond a function's own form."""

from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.function import DEFAULT_ENVIRONMENT
from midcall.domain.phases import Phase
from midcall.domain.workspace import ApprovalMode, Scope
from midcall.service.access import MAX_ROTATION_GRACE_S
from midcall.service.forms import Description, Environment, Flag, Form, FunctionForm, Line, Message, Whole

VersionNumber = Annotated[Whole, Field(ge=1, le=2**31 - 1)]
Principal = Annotated[Line, Field(min_length=1)]


class Describe(Form):
    """What is no part of a version."""

    display_name: Annotated[Line, Field(min_length=1)] | None = None
    tags: list[Annotated[Line, Field(min_length=1, max_length=50)]] | None = Field(default=None, max_length=20)


class Publish(Form):
    """Which version to publish where."""

    version: VersionNumber
    environment: Environment = DEFAULT_ENVIRONMENT


class Decision(Form):
    """Why a person approves or rejects."""

    comment: Message = ""


class Draft(FunctionForm):
    """A function to be reviewed without saving: name and description may be missing."""

    name: str = Field(default="draft", pattern=r"^[a-zA-Z_][a-zA-Z0-9_]{0,62}$")
    description: Description = "A draft that is being reviewed."
    kind: Any = "code"


class SessionFields(Form):
    """Fields of a session body that midcall reads; all others pass through to the function unchanged."""

    model_config = ConfigDict(extra="allow", frozen=True)

    phase: Phase | None = None
    session_id: str | None = Field(default=None, alias="sessionId", min_length=1, max_length=200)
    dynamic_variables: dict[str, Any] = Field(default={}, alias="dynamicVariables")

    def body(self) -> dict[str, Any]:
        """Return the fields as they were sent, but for the phase, which midcall sets itself."""
        return self.model_dump(by_alias=True, exclude={"phase"}, exclude_unset=True)


class Test(Form):
    """Try a version out; `version` defaults to the latest approved one."""

    version: VersionNumber | None = None
    session: SessionFields = SessionFields()
    params: dict[str, Any] = Field(default={})


class Invoke(Form):
    """Call the published version."""

    params: dict[str, Any] = Field(default={})
    session: SessionFields = SessionFields()
    environment: Environment = DEFAULT_ENVIRONMENT


class NewKey(Form):
    """A key to be made."""

    principal: Principal
    scopes: set[Scope] = Field(min_length=1)
    agents: list[Annotated[Line, Field(min_length=1)]] = Field(default=[], max_length=100)


class Rotate(Form):
    """How long the old secret stays good, in seconds."""

    grace_s: Whole = Field(default=0, ge=0, le=MAX_ROTATION_GRACE_S)


class WorkspaceLimits(Form):
    """Limits of a workspace."""

    max_in_flight: Whole = Field(default=100, ge=1, le=10_000)


class WorkspaceChange(Form):
    """Settings to change; what is left out stays."""

    approval: ApprovalMode | None = None
    enforce_current_policy: Flag | None = None
    limits: WorkspaceLimits | None = None

    @model_validator(mode="after")
    def _check_nulls(self) -> Self:
        nulls = [name for name in self.model_fields_set if getattr(self, name) is None]
        if nulls:
            raise InvalidInput(faults=[Fault(name, "null is no value here; leave it out to keep it") for name in nulls])
        return self

    def changes(self) -> dict[str, Any]:
        """Return the settings to change, by the names the domain has."""
        changes = self.model_dump(exclude_unset=True, exclude={"limits"})
        if self.limits is not None:
            changes |= self.limits.model_dump(exclude_unset=True)
        return changes
