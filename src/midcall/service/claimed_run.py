"""What a worker is about to run: the claimed invocation with everything it needs, checked once more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from midcall.connectors.enabled import operations_enabled
from midcall.domain.approval import check_approved, is_renewed
from midcall.domain.errors import ApprovalBroken, NotFound
from midcall.domain.function import Function, Version, VersionId, VersionStatus
from midcall.domain.function_config import FunctionConfig, Kind
from midcall.domain.ids import RunId
from midcall.domain.invocation import Invocation, Purpose
from midcall.domain.isolation import Isolation
from midcall.domain.mock import Rehearsal
from midcall.domain.parameters import sensitive_values
from midcall.domain.redaction import Redaction
from midcall.domain.rereview import Rereview, VersionFlag, flags_of
from midcall.domain.run import RunRequest
from midcall.domain.session import Session
from midcall.domain.session_body import body_alone
from midcall.domain.variables import values
from midcall.domain.workspace import ApprovalMode, WorkspaceSettings
from midcall.storage.database import Storage, Transaction
from midcall.storage.functions import Called

#: How long a run that nobody waits for may wait in the pool for a sandbox: as long as a boot takes on a bad day. Its
#: worker stands still meanwhile, so what still has none by then is made later (`Finish.not_run`).
SANDBOX_PATIENCE_MS = 20_000
#: Said on the record of a run whose function asks for a jail.
JAIL_NOT_ALLOWED = "the workspace does not allow jails any more (allow_jail); it ran in a container of its own"


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """One claimed invocation. `config` is its version's document with the attachment's own messages and timeout."""

    invocation: Invocation
    version: Version
    session: Session | None
    #: What is kept of the session's body.
    body: Mapping[str, Any]
    config: FunctionConfig
    #: For whoever waits the call's one deadline; for background runs that of this attempt.
    deadline_at: int
    #: Of that, what waiting for a sandbox may take without taking it from the code; 0 where it does.
    wait_ms: int = 0
    #: What is to be known of the version.
    flags: tuple[VersionFlag, ...] = ()
    #: What is mocked, of what is only tried out.
    rehearsal: Rehearsal | None = None
    #: Whether the answers of its actions are kept.
    records: bool = False
    #: Whether its workspace allows jails now, whatever it did when the version was written.
    jail_allowed: bool = False

    @property
    def variables(self) -> Mapping[str, Any]:
        """Dynamic variables as the run sees them."""
        return values(self.session.variables) if self.session else self.invocation.variables

    @property
    def runs(self) -> int:
        """How often it may be run in this one claim: background runs come back as rows, with longer pauses."""
        return 1 if self.invocation.purpose is Purpose.BACKGROUND else 1 + self.config.retries

    @property
    def redaction(self) -> Redaction:
        """What masks the values of this call's sensitive parameters."""
        return redaction_of(self.config.parameters, self.invocation.params)

    @property
    def isolation(self) -> Isolation:
        """What its runs are to be kept in."""
        return self.config.isolation if self.jail_allowed else Isolation.CONTAINER

    @property
    def isolation_note(self) -> str:
        """Why that is not what its function asks for; empty where it is."""
        return "" if self.isolation is self.config.isolation else JAIL_NOT_ALLOWED

    @property
    def unkept(self) -> frozenset[str]:
        """Fields of the session body that the invocation's row does not keep as the run sees them."""
        times = {"createdAt", "time"}
        return frozenset(times if self.session is None else {*times, "dynamicVariables"})

    def left(self, now: int) -> int:
        """Return the milliseconds that a run which begins now has."""
        return self.config.timeout * 1000 if self.wait_ms else self.deadline_at - now

    def request(self, attempt: int, *, now: int) -> RunRequest:
        """Make the request of one attempt."""
        code = self.version.config.code
        return RunRequest(
            run_id=str(RunId(self.invocation.id, self.invocation.attempt, attempt)),
            source=code.source,
            session=self.session_body(now=now),
            deadline_ms=self.left(now),
            actions=operations_enabled(code.entries),
            wait_ms=self.wait_ms,
            owner=self.invocation.workspace_id,
            isolation=self.isolation,
        )

    def session_body(self, *, now: int) -> dict[str, Any]:
        """Make the session body as the run sees it, with what is left of its deadline."""
        invocation, left = self.invocation, self.left(now)
        if self.session is not None:
            return self.session.body(
                self.body,
                phase=invocation.phase,
                params=invocation.params,
                deadline_ms=left,
                overrides=invocation.session,
            )
        session_id = invocation.session.get("sessionId")
        return body_alone(
            invocation.session,
            session_id=session_id if isinstance(session_id, str) else invocation.id,
            phase=invocation.phase,
            environment=invocation.environment,
            params=invocation.params,
            now=now,
            deadline_ms=left,
        )


def redaction_of(schema: Mapping[str, Any], params: Mapping[str, Any]) -> Redaction:
    """Return what masks the sensitive parameters of one call of a version, by the schema of its parameters."""
    return Redaction(sensitive_values(schema, params))


@dataclass(frozen=True, slots=True)
class ClaimedRuns:
    """Makes tasks of claimed invocations."""

    storage: Storage
    approval_key: bytes
    #: Version of the review policy of this release.
    policy: str
    clock: Callable[[], int]

    def load(self, invocation: Invocation) -> ClaimedRun:
        """Load what is to run; raises ApprovalBroken for anything but the very bytes that were approved."""
        with self.storage.read() as tx:
            called = tx.functions.called(invocation.function_id, invocation.version)
            version, flags = called.version, self._checked(tx, called, invocation)
            session = _session(tx, invocation)
            body = tx.sessions.body(session.id) if session else {}
            rehearsal = tx.rehearsals.planned(invocation.id) if invocation.purpose is Purpose.TEST else None
            records, jail_allowed = _records(called, rehearsal), called.settings.allow_jail
        config = effective(version.config, session, invocation)
        deadline_at, wait_ms = invocation.deadline_at, 0
        if invocation.purpose is Purpose.BACKGROUND:
            wait_ms = SANDBOX_PATIENCE_MS if invocation.kind is Kind.CODE else 0
            deadline_at = self.clock() + wait_ms + config.timeout * 1000
        return ClaimedRun(
            invocation,
            version,
            session,
            body,
            config,
            deadline_at,
            wait_ms,
            flags,
            rehearsal,
            records,
            jail_allowed,
        )

    def _checked(self, tx: Transaction, called: Called, invocation: Invocation) -> tuple[VersionFlag, ...]:
        """Return what is to be known of a version; raises ApprovalBroken unless it is what was approved and called."""
        function, version = called.function, called.version
        if function.workspace_id != invocation.workspace_id or version.sha256 != invocation.sha256:
            raise ApprovalBroken("the stored version is not the one this call was admitted for; it was not run")
        check_approved(self.approval_key, function, version)
        if version.approval and version.approval.policy == self.policy:
            return ()
        rereview = tx.rereviews.find(VersionId(function.id, version.number), self.policy)
        if called.settings.enforce_current_policy:
            self._check_renewed(function, version, rereview, called.settings)
        return flags_of(version, rereview.status if rereview else None, policy=self.policy)

    def _check_renewed(
        self, function: Function, version: Version, rereview: Rereview | None, settings: WorkspaceSettings
    ) -> None:
        """Raise ApprovalBroken unless a submit under today's policy would approve these bytes by itself."""
        text = "approved under an older policy, which this workspace does not run"
        if rereview is None:
            raise ApprovalBroken(f"{text}; it is to be reviewed again shortly")
        if rereview.status is not VersionStatus.APPROVED:
            raise ApprovalBroken(f"{text}; today's refuses it: see its rereview, and submit a new version")
        asks_nobody = settings.approval is ApprovalMode.AUTO
        if not (asks_nobody and is_renewed(self.approval_key, function, version, rereview)):
            raise ApprovalBroken(f"{text}; a person must approve a new version of it")


def effective(config: FunctionConfig, session: Session | None, invocation: Invocation) -> FunctionConfig:
    """Return a version's document with what the attachment of this call overrides."""
    if session is None or invocation.position is None:
        return config
    pin = session.pins_of(invocation.phase)[invocation.position]
    return replace(config, messages=config.messages.overridden(pin.messages), timeout=pin.timeout or config.timeout)


def _records(called: Called, rehearsal: Rehearsal | None) -> bool:
    """Tell whether the answers of a run's actions are kept."""
    asked = rehearsal is not None and rehearsal.record
    return bool(called.version.config.code.entries) and (asked or called.settings.record_actions)


def _session(tx: Transaction, invocation: Invocation) -> Session | None:
    if invocation.session_key is None:
        return None
    session = tx.sessions.by_key(invocation.session_key)
    if session is None:
        raise NotFound("the session was deleted before its function ran")
    return session
