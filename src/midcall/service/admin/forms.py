"""What administrators send: credentials, keys and settings of a workspace, read the same way wherever they send it."""

from collections.abc import Mapping
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, FailFast, Field, StrictBool, StrictInt, ValidationError, model_validator

from midcall.domain.credential import CredentialType
from midcall.domain.errors import Fault, InvalidInput
from midcall.domain.function import NAME_PATTERN
from midcall.domain.moments import is_zone
from midcall.domain.origin import MAX_CHARS as MAX_HOST_CHARS
from midcall.domain.parameters import MASK
from midcall.domain.phone import REGIONS
from midcall.domain.workspace import ApprovalMode, Scope
from midcall.service.access.access import MAX_ROTATION_GRACE_S
from midcall.service.credentials.signing import ALL, MAX_OVERLAP_S, OVERLAP_S
from midcall.service.credentials.types import VALUES_BY_TYPE
from midcall.service.fields import Environment, Form, Line, faults_of

#: Hosts of a credential in one environment.
MAX_HOSTS = 50

Principal = Annotated[Line, Field(min_length=1)]

AnyForm = TypeVar("AnyForm", bound=Form)


def read_form(form: type[AnyForm], given: Mapping[str, Any]) -> AnyForm:
    """Read a form from what was sent; raises InvalidInput with every fault's path."""
    try:
        return form.model_validate(given)
    except ValidationError as error:
        raise InvalidInput(faults=list(faults_of(error))) from None


class CredentialNameForm(Form):
    """The name of a credential, by which code and webhooks name it."""

    name: Annotated[str, Field(pattern=NAME_PATTERN)]


class TestCredential(Form):
    """How a credential is to be tried out."""

    environment: Environment | None = Field(default=None, description="whose values; default: those of all others")
    url: str | None = Field(
        default=None, max_length=2_048, description="asked with GET; for types that belong to no service of their own"
    )


class PutCredential(Form):
    """A credential's values, for all environments or for the one that is named."""

    type: CredentialType
    values: dict[str, Any] = Field(
        repr=False,
        description=f"by type; a question mark: may be missing. {VALUES_BY_TYPE}. "
        f'What is left out, or sent as "{MASK}", is kept; null removes it. Another type needs all values again.',
    )
    environment: Environment | None = Field(
        default=None, description="default: every environment that has no values of its own"
    )
    hosts: list[Annotated[str, Field(max_length=MAX_HOST_CHARS)]] | None = Field(
        default=None,
        max_length=MAX_HOSTS,
        description="where webhooks and http actions may send it: https://api.example.com, with the port if it has its "
        "own, or https://*.example.com; services that midcall knows are always open to their own types. Left out: "
        "those there are. A new host takes the scope admin, or all secrets again.",
    )


class NewKey(Form):
    """A key to be made."""

    principal: Principal
    scopes: Annotated[set[Scope], FailFast()] = Field(min_length=1)
    agents: list[Annotated[Line, Field(min_length=1)]] = Field(default=[], max_length=100)


class Rotate(Form):
    """How long the old secret stays good, in seconds."""

    grace_s: StrictInt = Field(default=0, ge=0, le=MAX_ROTATION_GRACE_S)


FunctionNames = Annotated[
    tuple[Annotated[str, Field(pattern=rf"{NAME_PATTERN}|^\*$")], ...],
    Field(
        max_length=1_000,
        description="functions whose X-Retell-Signature, which has room for one, is still made with the secret before "
        "the current one while that is used; * for all",
    ),
]


class NewSigningSecret(Form):
    """The next signing secret."""

    secret: Annotated[str, Field(max_length=128)] | None = Field(
        default=None,
        repr=False,
        description="one that receivers have already: whsec_ and base64, or 24-64 visible characters, such as an API "
        "key of Retell's. Left out: midcall makes one",
    )
    overlap_s: StrictInt = Field(
        default=OVERLAP_S, ge=0, le=MAX_OVERLAP_S, description="seconds for which the secret before is used as well"
    )
    retell_previous_for: FunctionNames = (ALL,)


class WorkspaceLimits(Form):
    """Limits of a workspace."""

    max_in_flight: StrictInt = Field(default=100, ge=1, le=10_000)
    max_webhooks_in_flight: StrictInt = Field(default=320, ge=1, le=10_000)


#: Settings that may be null.
NULLABLE = frozenset(
    {
        *("retention_days", "refused_retention_days", "event_retention_days", "audit_retention_days"),
        *("callback_url", "default_region"),
    }
)


def _region(name: str) -> str:
    if name not in REGIONS:
        raise ValueError("give a country by its two capital letters, such as DE or US; null for none")
    return name


def _time_zone(name: str) -> str:
    if not is_zone(name):
        raise ValueError("give a time zone by its IANA name, such as Europe/Berlin or UTC")
    return name


class WorkspaceChange(Form):
    """Settings to change; what is left out stays."""

    approval: ApprovalMode | None = None
    enforce_current_policy: StrictBool | None = None
    allow_jail: StrictBool | None = Field(
        default=None, description="let functions have their runs kept in jails, unless the operator forbids it"
    )
    limits: WorkspaceLimits | None = None
    session_idle_s: StrictInt | None = Field(default=None, ge=10, le=7 * 24 * 3600)
    session_max_age_s: StrictInt | None = Field(default=None, ge=60, le=30 * 24 * 3600)
    pre_session_timeout_ms: StrictInt | None = Field(default=None, ge=100, le=60_000)
    post_session_wait_s: StrictInt | None = Field(default=None, ge=0, le=24 * 3600)
    callback_url: Annotated[str, Field(max_length=2_048)] | None = None
    retention_days: StrictInt | None = Field(default=None, ge=1, le=3650)
    refused_retention_days: StrictInt | None = Field(default=None, ge=1, le=3650)
    # Post-session functions are tried for up to 7 days, and write events all the while.
    event_retention_days: StrictInt | None = Field(default=None, ge=8, le=3650)
    # Whoever has done something cannot take its line away the day after.
    audit_retention_days: StrictInt | None = Field(default=None, ge=30, le=3650)
    record_actions: StrictBool | None = None
    default_region: Annotated[str, AfterValidator(_region)] | None = None
    time_zone: Annotated[str, Field(max_length=64), AfterValidator(_time_zone)] | None = None
    retell_previous_for: FunctionNames | None = None

    @model_validator(mode="after")
    def _check_nulls(self) -> Self:
        # Null keeps data for ever, or calls nobody back; no other setting has a value for nothing.
        nulls = [name for name in self.model_fields_set - NULLABLE if getattr(self, name) is None]
        if nulls:
            raise InvalidInput(faults=[Fault(name, "null is no value here; leave it out to keep it") for name in nulls])
        return self

    def changes(self) -> dict[str, Any]:
        """Return the settings to change, by the names the domain has."""
        changes = self.model_dump(exclude_unset=True, exclude={"limits"})
        if self.limits is not None:
            changes |= self.limits.model_dump(exclude_unset=True)
        return changes
