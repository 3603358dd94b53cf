"""One run of one function version: the unit of the audit trail."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

from midcall.domain.function import Version
from midcall.domain.function_config import Kind
from midcall.domain.phases import Phase
from midcall.domain.rereview import VersionFlag
from midcall.domain.run import RunError, RunReport
from midcall.domain.run_status import InvocationStatus, RunStatus, run_status
from midcall.domain.session import Session


class Purpose(StrEnum):
    """Why a version is run; each has a queue of its own."""

    #: Somebody waits on the line.
    LIVE = "live"
    #: An author tries a version out.
    TEST = "test"
    #: Nobody waits: background functions and the post-session phase.
    BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an invocation, recorded once."""

    status: InvocationStatus
    result: Any = None
    truncated: bool = False
    #: Of a result that was cut: how much there was, such as `23,456 characters`; None if nobody knows.
    whole: str | None = None
    #: What the agent should say, if anything.
    message: str | None = None
    #: All dynamic variables after the merge, and the names this run set.
    variables: Mapping[str, Any] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    terminate: bool | None = None
    reason: str | None = None
    error: RunError | None = None
    warnings: tuple[str, ...] = ()
    #: Of the version, when it ran.
    flags: tuple[VersionFlag, ...] = ()

    @property
    def set_variables(self) -> dict[str, Any]:
        """The variables that this run set."""
        return {name: self.variables[name] for name in self.changed}


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation as it stands; times in milliseconds since the epoch."""

    id: str
    workspace_id: str
    function_id: str
    function: str
    version: int
    sha256: str
    purpose: Purpose
    phase: Phase
    environment: str
    status: InvocationStatus
    params: Mapping[str, Any]
    session: Mapping[str, Any]
    principal: str
    deadline_at: int
    #: Times a worker has claimed it, and how often it may be claimed at most.
    attempt: int
    max_attempts: int
    created_at: int
    enqueued_at: int
    kind: Kind = Kind.CODE
    trace_id: str | None = None
    owner: str | None = None
    lease_until: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    report: RunReport | None = None
    outcome: Outcome | None = None
    #: Of a session's invocations alone: our own id of the session and its runtime's, the place of the pin in its phase,
    #: and for calls that may come twice the key that tells and a digest of what was asked.
    session_key: str | None = None
    session_id: str | None = None
    position: int | None = None
    idempotency_key: str | None = None
    request_digest: str | None = None
    #: Not to be started before; None is at once.
    due_at: int | None = None
    #: What lists show of the parameters (`midcall.domain.preview`), the sensitive ones masked; None: nothing.
    asked: Mapping[str, Any] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def queued(
        cls,
        call_id: str,
        function: str,
        version: Version,
        purpose: Purpose,
        phase: Phase,
        *,
        workspace_id: str,
        environment: str,
        principal: str,
        now: int,
        deadline_at: int,
    ) -> Self:
        """Make one that waits for a worker from `now` on, with the attempts of its version.

        Whoever submits it adds what is asked of it.
        """
        return cls(
            id=call_id,
            workspace_id=workspace_id,
            function_id=version.function_id,
            function=function,
            version=version.number,
            sha256=version.sha256,
            purpose=purpose,
            phase=phase,
            environment=environment,
            status=InvocationStatus.QUEUED,
            params={},
            session={},
            principal=principal,
            deadline_at=deadline_at,
            attempt=0,
            max_attempts=1 + version.config.retries,
            created_at=now,
            enqueued_at=now,
            kind=version.config.kind,
        )

    def in_session(self, session: Session, position: int) -> Self:
        """Return it as a call of a session, of what stands at a position of its phase."""
        return replace(self, session_key=session.id, session_id=session.session_id, position=position)

    @property
    def final(self) -> bool:
        """True once its outcome is recorded."""
        return self.status.final

    @property
    def run_status(self) -> RunStatus:
        """How its run ended: the word of tests, which `midcall.domain.run_status` brings in line with its outcome."""
        return run_status(self.report.status if self.report else None, self.outcome.status if self.outcome else None)

    @property
    def told(self) -> Outcome:
        """What whoever called is told of it, once it is over."""
        return self.outcome or Outcome(InvocationStatus.FAILED)

    @property
    def variables(self) -> Mapping[str, Any]:
        """Dynamic variables as they were when the call came in."""
        variables = self.session.get("dynamicVariables")
        return variables if isinstance(variables, Mapping) else {}
