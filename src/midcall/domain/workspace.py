"""Workspaces (tenants), their settings, and the API keys that act in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from midcall.domain.conversion import Locale
from midcall.domain.function_config import Kind


class Scope(StrEnum):
    """What a key may do."""

    #: All GETs.
    READ = "read"
    #: Invoke functions.
    RUN = "run"
    #: Write functions, submit and test them.
    WRITE = "write"
    #: Approve and reject; never a version whose author is the same principal.
    REVIEW = "review"
    #: All of it, keys and workspace settings too.
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Own:
    """A scope for what belongs to single agents: whose a thing is gets looked at, so limited keys may ask."""

    scope: Scope


#: Principals without a key: midcall itself, and whoever uses its command line.
ITSELF = "midcall"
OPERATOR = "operator"

#: What a key that is limited to agents can have, of what is theirs. Whatever else there is belongs to the workspace.
LIMITABLE = frozenset({Scope.READ, Scope.RUN})


class ApprovalMode(StrEnum):
    """Who decides after a clean review."""

    AUTO = "auto"
    HUMAN = "human"


@dataclass(frozen=True, slots=True)
class WorkspaceSettings:
    """The settings that a workspace decides for itself."""

    approval: ApprovalMode = ApprovalMode.AUTO
    #: Refuse to run versions that today's policy has not let through.
    enforce_current_policy: bool = False
    #: Let functions have their runs kept in jails, which are faster and weaker than containers.
    allow_jail: bool = False
    #: Calls of code that may be queued or running at once, and calls of webhooks: these only wait for a network.
    max_in_flight: int = 100
    max_webhooks_in_flight: int = 320
    #: An active session without a sign of life for this long ends by itself; and any session this long after its start.
    session_idle_s: int = 3_600
    session_max_age_s: int = 24 * 3_600
    #: The whole pre-session phase (Vapi waits 7.5 s for its answer).
    pre_session_timeout_ms: int = 7_000
    #: Post-session functions start this long after the first `end` if no analysis came.
    post_session_wait_s: int = 60
    #: Sessions and invocations are deleted this long after they ended; None keeps them.
    retention_days: int | None = None
    #: The same of what grows even where sessions are kept: calls that were refused, events of sessions that are over,
    #: and lines of the audit trail.
    refused_retention_days: int | None = 7
    event_retention_days: int | None = 30
    audit_retention_days: int | None = 365
    #: Keep what the actions of a run were answered, masked, so that it can be replayed.
    record_actions: bool = True
    #: Where callers are: the country (two letters) of phone numbers without one, the zone of times without an offset.
    default_region: str | None = None
    time_zone: str = "UTC"
    #: Where the platform hears of its sessions, if it wants to.
    callback_url: str | None = None
    #: Which signing secret is current, and until when (milliseconds) the one before is used beside it.
    signing_number: int = 1
    signing_overlap_until: int = 0
    #: Functions whose `X-Retell-Signature`, which has room for one, is made with the secret before until then.
    retell_previous_for: tuple[str, ...] = ()
    #: Secrets that the workspace brought along, kept under these ids, by their number; all others are derived.
    signing_kept: Mapping[str, str] = field(default_factory=dict)

    @property
    def locale(self) -> Locale:
        """How what callers say of phone numbers and times is read."""
        return Locale(self.default_region, self.time_zone)


@dataclass(frozen=True, slots=True)
class Ceilings:
    """The limits that the operator allows a workspace; its own settings cannot exceed them."""

    #: Counts for so many where workspaces share what is scarce.
    weight: int = 1
    #: The most that the settings of the same names may be.
    max_in_flight: int = 100
    max_webhooks_in_flight: int = 320
    #: Background calls that may be queued or running at once. A session's own post-session functions are not refused.
    max_background: int = 10_000


@dataclass(frozen=True, slots=True)
class Workspace:
    """One tenant: its name, settings and limits."""

    id: str
    name: str
    settings: WorkspaceSettings
    created_at: int
    ceilings: Ceilings = Ceilings()

    def max_in_flight(self, kind: Kind) -> int:
        """How many calls that somebody waits for may be queued or running at once."""
        if kind is Kind.CODE:
            return min(self.settings.max_in_flight, self.ceilings.max_in_flight)
        return min(self.settings.max_webhooks_in_flight, self.ceilings.max_webhooks_in_flight)


@dataclass(frozen=True, slots=True)
class Key:
    """An API key without its secret. `agents` empty means: not limited to named agents.

    `scopes` are as they were asked for; what they are good for is in `held`.
    """

    id: str
    workspace_id: str
    principal: str
    scopes: frozenset[Scope]
    agents: tuple[str, ...]
    secret_hash: str
    created_at: int
    #: The hash before the last rotation, good until `previous_until`.
    previous_hash: str | None = None
    previous_until: int | None = None
    revoked_at: int | None = None

    @property
    def held(self) -> frozenset[Scope]:
        """The scopes that count: older keys that are limited to agents may have been given more than such keys have."""
        return self.scopes & LIMITABLE if self.agents else self.scopes

    def may(self, wanted: Scope | Own) -> bool:
        """Tell whether the key has a scope; `admin` has them all, a key that is limited to agents only `Own` ones."""
        if isinstance(wanted, Own):
            return wanted.scope in self.held or Scope.ADMIN in self.held
        return not self.agents and (wanted in self.held or Scope.ADMIN in self.held)
