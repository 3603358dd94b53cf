"""What the use cases need from the world, as Protocols; the adapters implement them.

Every method that can fail says how with an error of `midcall.domain.errors`.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from midcall.domain.invocation import Invocation
from midcall.domain.review import Findings, Subject
from midcall.domain.run import RunReport, RunRequest
from midcall.service.stores import (
    AgentStore,
    AuditStore,
    CallbackStore,
    EventStore,
    FunctionStore,
    InvocationStore,
    KeyStore,
    SessionStore,
    WorkspaceStore,
)


class Sandbox(Protocol):
    """Runs code in a throwaway container."""

    def run(self, request: RunRequest) -> RunReport:
        """Run once and report; returns within `deadline_ms` and a little more.

        Raises SandboxUnavailable or SandboxBusy (nothing was run), or SandboxLost (unknown what ran).
        """
        ...


class Reviewer(Protocol):
    """Reviews code in a place that can be killed."""

    def review(self, subject: Subject) -> Findings:
        """Review one source; raises ReviewUnavailable when the review itself could not be carried out."""
        ...


class Outbound(Protocol):
    """The one guarded way out: to no place that the operator has not opened."""

    def check(self, url: str, *, loc: str) -> None:
        """Raise InvalidInput at `loc` for a URL that could never be called."""
        ...

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes, timeout_ms: int) -> int:
        """POST once, following no redirect; returns the status. Raises a MidcallError where no answer came."""
        ...


class Queue(Protocol):
    """Wakes workers, and whoever waits for an outcome. It decides nothing: the database does."""

    def enqueue(self, invocation: Invocation) -> None:
        """Wake a worker for a committed invocation; raises QueueUnavailable."""
        ...

    def alive(self) -> bool:
        """Tell whether the queue answers."""
        ...

    def announce(self, invocation_id: str) -> None:
        """Tell who waits that the invocation's row has changed; a hint, lost without harm."""
        ...


class Transaction(Protocol):
    """One transaction; all it did is committed when its `with` block ends well, and none of it otherwise."""

    @property
    def workspaces(self) -> WorkspaceStore:
        """Workspaces."""
        ...

    @property
    def keys(self) -> KeyStore:
        """API keys."""
        ...

    @property
    def functions(self) -> FunctionStore:
        """Functions and versions."""
        ...

    @property
    def agents(self) -> AgentStore:
        """Agents."""
        ...

    @property
    def sessions(self) -> SessionStore:
        """Sessions."""
        ...

    @property
    def events(self) -> EventStore:
        """Events of sessions."""
        ...

    @property
    def callbacks(self) -> CallbackStore:
        """Callbacks that are still to be delivered."""
        ...

    @property
    def invocations(self) -> InvocationStore:
        """Invocations."""
        ...

    @property
    def audit(self) -> AuditStore:
        """The audit trail."""
        ...


class Storage(Protocol):
    """The database."""

    def read(self) -> AbstractContextManager[Transaction]:
        """Open a transaction that only reads."""
        ...

    def write(self, *, durable: bool = False) -> AbstractContextManager[Transaction]:
        """Open a transaction that writes; with `durable`, its commit survives even a power cut."""
        ...
