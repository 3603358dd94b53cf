"""What lists of stored things are asked, and what they answer: without what may be megabytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from midcall.domain.agent import Agent
from midcall.domain.function import Version
from midcall.domain.function_config import Kind
from midcall.domain.invocation import Purpose
from midcall.domain.phases import Phase
from midcall.domain.run_status import InvocationStatus
from midcall.domain.session import SessionStatus
from midcall.domain.variables import Variable


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which part of a list: at most `limit` rows that come after `cursor` (an opaque word of the row before)."""

    limit: int = 50
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class InvocationFilter:
    """Which invocations; None means any."""

    #: The runtime's id of a session.
    session: str | None = None
    function: str | None = None
    phase: str | None = None
    status: str | None = None
    #: In sessions of these agents alone.
    agents: tuple[str, ...] | None = None
    #: What this principal asked for alone.
    principal: str | None = None


@dataclass(frozen=True, slots=True)
class InvocationLine:
    """One invocation as lists show it: without what went in and what came out, which may be megabytes."""

    id: str
    function: str
    version: int
    purpose: Purpose
    phase: Phase
    kind: Kind
    status: InvocationStatus
    attempt: int
    created_at: int
    started_at: int | None
    ended_at: int | None
    due_at: int | None
    #: The runtime's id of its session, if it has one.
    session_id: str | None

    @property
    def final(self) -> bool:
        """True once its outcome is recorded."""
        return self.status.final


@dataclass(frozen=True, slots=True)
class ListedInvocation:
    """One invocation as the API lists it: what is large of it is a preview (`midcall.domain.preview`), or None."""

    line: InvocationLine
    workspace_id: str
    sha256: str
    environment: str
    principal: str
    idempotency_key: str | None
    trace_id: str | None
    asked: Mapping[str, Any] | None
    came: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class RunsAtAGlance:
    """How the latest runs of a function went."""

    last_status: InvocationStatus | None = None
    #: When it was admitted.
    last_at: int | None = None
    #: Half of those that succeeded took at most this long, from their start to their end.
    p50_ms: int | None = None
    #: How many of them there are.
    counted: int = 0


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """Which sessions; None means any."""

    agent: str | None = None
    status: str | None = None
    #: Of these agents alone.
    agents: tuple[str, ...] | None = None
    #: What this principal started alone.
    principal: str | None = None
    #: Part of the runtime's id.
    search: str | None = None


@dataclass(frozen=True, slots=True)
class SessionLine:
    """One session as lists show it: without its body, variables and pins, which may be megabytes."""

    id: str
    session_id: str
    agent: str
    environment: str
    status: SessionStatus
    reason: str | None
    created_at: int
    ended_at: int | None


@dataclass(frozen=True, slots=True)
class ListedSession:
    """One session as the API lists it; what is large of it is left out."""

    line: SessionLine
    updated_at: int
    #: Of its body (`midcall.domain.preview`).
    preview: Mapping[str, Any]
    #: None: they are large.
    variables: Mapping[str, Variable] | None


@dataclass(frozen=True, slots=True)
class BriefVersion:
    """A version whose `config` has its small fields alone; of the others how they begin (`midcall.domain.preview`)."""

    version: Version
    cut: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BriefAgent:
    """An agent in a list. Where its attachments are large, they lack what is said, and `cut` has how they begin."""

    agent: Agent
    cut: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BriefCase:
    """A test case in a list: the fields of its document that are small, and how the others begin."""

    name: str
    whole: Mapping[str, Any]
    cut: Mapping[str, str]
    principal: str
    updated_at: int


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines of the audit trail; None means any."""

    #: A function's name; one that was archived counts too.
    function: str | None = None
    #: An act (`version.submit`), or the noun that several begin with (`version`).
    kind: str | None = None
    #: Acts on these nouns alone.
    nouns: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what to what, when. `function` is the name of the function concerned, if any."""

    id: int
    at: int
    principal: str
    #: None: midcall itself, or the operator's command line.
    key_id: str | None
    act: str
    subject: str
    function: str | None
    detail: Mapping[str, Any]
