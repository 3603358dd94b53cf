"""What the database keeps, a Protocol for each noun; `midcall.storage` implements them.

Reads raise NotFound where a thing of that name or id is not in the workspace. Changes that several processes may try at
once are compare-and-swaps, and say whether they were the one.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from midcall.domain.activity import EndedRun
from midcall.domain.adapter import Adapter
from midcall.domain.agent import Agent
from midcall.domain.credential import Credential
from midcall.domain.events import Event, EventName
from midcall.domain.function import Function, Version, VersionStatus
from midcall.domain.function_config import Kind
from midcall.domain.invocation import Invocation, Outcome, Purpose
from midcall.domain.mock import Recording, Rehearsal
from midcall.domain.parts import BodyPart
from midcall.domain.phases import Phase
from midcall.domain.rereview import Rereview
from midcall.domain.run import RunReport
from midcall.domain.run_status import InvocationStatus
from midcall.domain.session import Session, SessionStatus
from midcall.domain.shares import WaitingWorkspace
from midcall.domain.test_case import TestCase
from midcall.domain.variables import Variable
from midcall.domain.workspace import Ceilings, Key, Workspace, WorkspaceSettings


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


class WorkspaceStore(Protocol):
    """Workspaces with their settings and limits."""

    def add(self, workspace: Workspace) -> None:
        """Store a new workspace; raises Conflict if the name is taken."""
        ...

    def get(self, workspace_id: str, *, lock: bool = False) -> Workspace:
        """Read one; raises NotFound. `lock` holds the row until the transaction ends."""
        ...

    def by_name(self, name: str) -> Workspace | None:
        """Read one by its name."""
        ...

    def all(self) -> Sequence[Workspace]:
        """Read every workspace: for the sweep alone."""
        ...

    def several(self) -> bool:
        """Tell whether there is more than one."""
        ...

    def set_ceilings(self, workspace_id: str, ceilings: Ceilings) -> None:
        """Replace what the operator allows."""
        ...

    def set_settings(self, workspace_id: str, settings: WorkspaceSettings) -> None:
        """Replace a workspace's settings as a whole."""
        ...


class KeyStore(Protocol):
    """API keys, without their secrets."""

    def add(self, key: Key) -> None:
        """Store a new key."""
        ...

    def find(self, key_id: str) -> Key | None:
        """Read one, of whatever workspace: for authentication alone."""
        ...

    def get(self, workspace_id: str, key_id: str) -> Key:
        """Read one of a workspace; raises NotFound."""
        ...

    def page(self, workspace_id: str, page: PageRequest) -> Sequence[Key]:
        """List a workspace's keys by id."""
        ...

    def replace(self, key: Key) -> None:
        """Write a key's changed hashes or revocation."""
        ...


class CredentialUse(NamedTuple):
    """A function that names a credential in its latest version, or in one that runs: published, or an agent's pin."""

    credential: str
    function: str
    runs: bool


@dataclass(frozen=True, slots=True)
class BriefVersion:
    """A version whose `config` has its small fields alone; of the others how they begin (`midcall.domain.preview`)."""

    version: Version
    cut: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Traits:
    """The features of a version that matter where it is attached; `timeout` in seconds."""

    kind: Kind
    #: Whether what it returns may end a session, as far as its document says.
    may_terminate: bool
    timeout: int
    background: bool


class FunctionStore(Protocol):
    """Functions, their versions, and what is published."""

    def add(self, function: Function) -> None:
        """Store a new function; raises NameTaken."""
        ...

    def get(self, workspace_id: str, name: str, *, lock: bool = False) -> Function:
        """Read one that is not archived; raises NotFound."""
        ...

    def named(self, workspace_id: str, names: Collection[str]) -> Mapping[str, Function]:
        """Read those of some names that are there and not archived, by name."""
        ...

    def by_id(self, function_id: str) -> Function:
        """Read one by id, archived or not; raises NotFound."""
        ...

    def page(self, workspace_id: str, page: PageRequest, *, search: str = "") -> Sequence[Function]:
        """List a workspace's functions by name, those whose name or display name has all words of `search`."""
        ...

    def replace(self, function: Function) -> None:
        """Write display name, tags, latest version number and time of update."""
        ...

    def archive(self, function_id: str, at: int) -> None:
        """Take the function out of every list; its versions and invocations stay."""
        ...

    def add_version(self, version: Version) -> None:
        """Store a new version."""
        ...

    def version(self, function_id: str, number: int) -> Version:
        """Read one version; raises NotFound."""
        ...

    def numbered(self, wanted: Collection[tuple[str, int]]) -> Mapping[tuple[str, int], Version]:
        """Read some versions, each wanted by function id and number, by the same two; whole but for their reviews."""
        ...

    def brief(self, wanted: Collection[tuple[str, int]]) -> Mapping[tuple[str, int], BriefVersion]:
        """Read some versions, with the small fields of their documents alone."""
        ...

    def versions_page(self, function_id: str, page: PageRequest) -> Sequence[Version]:
        """List versions, oldest first, without their `config` and `review`; the cursor is a number."""
        ...

    def versions_of(self, function_ids: Collection[str], *, latest: int) -> Mapping[str, Sequence[Version]]:
        """Read the `latest` versions of some functions, and those that are published somewhere.

        By function; each oldest first, without `config` and `review`.
        """
        ...

    def decide(self, version: Version) -> None:
        """Write a version's status, review and approval; never its config."""
        ...

    def latest_approved(self, function_id: str) -> int | None:
        """Return the highest approved version number."""
        ...

    def traits(self, wanted: Collection[tuple[str, int]]) -> Mapping[tuple[str, int], Traits]:
        """Return what is to be known of some versions, by function id and number, where they are attached."""
        ...

    def uses_of(self, workspace_id: str, credentials: Collection[str], *, most: int) -> Sequence[CredentialUse]:
        """Return which functions name some credentials, by name: at most so many of each, those that run first."""
        ...

    def publish(self, function_id: str, environment: str, number: int, *, principal: str, at: int) -> None:
        """Make one version the one that runs in an environment, and keep who did it when."""
        ...


class VersionId(NamedTuple):
    """Which version of which function."""

    function_id: str
    number: int


class RereviewStore(Protocol):
    """Reviews of approved versions under later policies; one for each version and policy, never changed once made."""

    def outdated(self, policy: str, *, now: int, limit: int) -> Sequence[VersionId]:
        """Return approved versions of another policy that are still to be reviewed under this one, and that nobody has.

        First those that are published somewhere, then those that an agent or a session that is not over holds on to,
        then the rest; the newest of each first. Functions that were archived are left out.
        """
        ...

    def take(self, version: VersionId, policy: str, *, now: int, until: int) -> int | None:
        """Take one to be reviewed; nobody else does before `until`. Returns the attempt's number, None if not free."""
        ...

    def postpone(self, version: VersionId, policy: str, *, attempt: int, until: int) -> None:
        """Leave one that was taken until later."""
        ...

    def record(self, version: VersionId, rereview: Rereview, *, attempt: int) -> bool:
        """Record what came of an attempt; False (and nothing changed) if it is not this attempt's any more."""
        ...

    def find(self, version: VersionId, policy: str) -> Rereview | None:
        """Read the one of a version under a policy."""
        ...

    def statuses_of(self, wanted: Collection[VersionId], policy: str) -> Mapping[str, Mapping[int, VersionStatus]]:
        """Return what came of some versions under a policy, by function and number; those without any are left out."""
        ...


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
class OpenCounts:
    """Invocations that are not final: of a session, of a workspace's calls of a kind that somebody waits for.

    `queued` counts the calls of that kind, of all workspaces, that wait for a worker; `queued_own` the workspace's own.
    """

    session: int
    workspace: int
    queued: int
    queued_own: int


class RehearsalStore(Protocol):
    """Mocks of runs, and the answers that their actions had; both end with their invocation."""

    def plan(self, invocation_id: str, rehearsal: Rehearsal) -> None:
        """Store how a new invocation is to be rehearsed."""
        ...

    def planned(self, invocation_id: str) -> Rehearsal | None:
        """Read how an invocation is rehearsed; None: it is none."""
        ...

    def keep(self, invocation_id: str, recording: Recording | None) -> None:
        """Store the recording of an invocation's last run, in place of what an earlier one left."""
        ...

    def kept(self, invocation_id: str) -> Recording | None:
        """Read an invocation's recording."""
        ...


@dataclass(frozen=True, slots=True)
class BriefCase:
    """A test case in a list: the fields of its document that are small, and how the others begin."""

    name: str
    whole: Mapping[str, Any]
    cut: Mapping[str, str]
    principal: str
    updated_at: int


class TestCaseStore(Protocol):
    """Test cases of functions, by name. Whoever changes one has read the function with `lock`."""

    def of(self, function_id: str) -> Sequence[TestCase]:
        """Read all of a function's, by name."""
        ...

    def page(self, function_id: str, page: PageRequest) -> Sequence[BriefCase]:
        """List a function's by name, without what is large."""
        ...

    def find(self, function_id: str, name: str) -> TestCase | None:
        """Read one test case by its name, or return None."""
        ...

    def sizes(self, function_id: str) -> Mapping[str, int]:
        """Return the JSON bytes of each of a function's, by name."""
        ...

    def fingerprint(self, function_id: str) -> str:
        """Return the fingerprint of a function's set of cases; the empty text where there are none."""
        ...

    def put(self, function_id: str, case: TestCase) -> bool:
        """Store one, in place of the one of that name; True if there was none."""
        ...

    def delete(self, function_id: str, name: str) -> bool:
        """Delete one; False if there is none."""
        ...

    def clear(self, function_id: str) -> None:
        """Delete all of a function's."""
        ...


class InvocationStore(Protocol):
    """Invocations. Every change is a compare-and-swap, so that any number of processes may try it."""

    def add(self, invocation: Invocation) -> None:
        """Store a new invocation."""
        ...

    def find(self, invocation_id: str) -> Invocation | None:
        """Read one, of whatever workspace: for workers alone."""
        ...

    def get(self, workspace_id: str, invocation_id: str) -> Invocation:
        """Read one of a workspace; raises NotFound."""
        ...

    def status(self, invocation_id: str) -> InvocationStatus | None:
        """Read the status alone: the cheapest look there is."""
        ...

    def attempt_running(self, invocation_id: str) -> int | None:
        """Read the number of the attempt that runs; None: none does."""
        ...

    def page(self, workspace_id: str, where: InvocationFilter, page: PageRequest) -> Sequence[ListedInvocation]:
        """List a workspace's invocations, newest first, with a preview of what is large."""
        ...

    def lines(self, workspace_id: str, where: InvocationFilter, page: PageRequest) -> Sequence[InvocationLine]:
        """List the same in brief."""
        ...

    def lines_of(self, invocation_ids: Collection[str]) -> Mapping[str, InvocationLine]:
        """Read some invocations in brief, by id; those that are not there are left out."""
        ...

    def count_by_session(self, session_keys: Collection[str]) -> Mapping[str, int]:
        """Count the invocations of some sessions; those without any are left out."""
        ...

    def at_a_glance(self, function_ids: Collection[str], *, recent: int) -> Mapping[str, RunsAtAGlance]:
        """Sum up the `recent` latest invocations of each of some functions; those without any are left out."""
        ...

    def ended_since(self, workspace_id: str, since: int, *, limit: int) -> Sequence[EndedRun]:
        """List the runs of a workspace that ended at `since` or later, latest first."""
        ...

    def of_session(self, session_key: str, *, limit: int) -> Sequence[ListedInvocation]:
        """Return the latest invocations of a session, oldest first, with a preview of what is large."""
        ...

    def count_final(self, session_key: str) -> int:
        """Count a session's invocations that are final."""
        ...

    def has_position(self, session_key: str, phase: Phase, *, at_least: int) -> bool:
        """Tell whether an invocation of a phase stands at a position, or after it."""
        ...

    def by_idempotency_key(self, session_key: str, key: str) -> Invocation | None:
        """Read the call of a session that came with a key."""
        ...

    def succeeded(self, session_key: str, functions: Collection[str], *, limit: int) -> Sequence[Invocation]:
        """Return a session's latest succeeded invocations of some functions, in the order they ended."""
        ...

    def count_open_of_session(self, session_key: str) -> int:
        """Count a session's invocations that are not final."""
        ...

    def count_open_background(self, workspace_id: str, *, most: int) -> int:
        """Count the workspace's queued and running invocations that nobody waits for, up to `most`."""
        ...

    def heads(self, like: str, *, group: str, now: int) -> tuple[Sequence[WaitingWorkspace], int]:
        """Return the oldest due invocation of each workspace, of the purpose and kind that one has; none if it is gone.

        `held` counts what the workers of a group run for each workspace, of whatever purpose; the second value what
        they run in all. Until the transaction ends, no other process is told the same.
        """
        ...

    def count_all_open(self, workspace_id: str, kind: Kind, session_key: str | None) -> OpenCounts:
        """Count what is queued and running, for the admission of one more."""
        ...

    def outlived(
        self, workspace_id: str, *, before: int | None, refused_before: int | None, limit: int
    ) -> Sequence[str]:
        """Return ids of invocations that ended before a moment: of those without a session, and of refused ones.

        None: they are kept. A refused call of a session that is active is left out.
        """
        ...

    def delete_all(self, invocation_ids: Sequence[str]) -> None:
        """Delete invocations with what hangs on them."""
        ...

    def revive(self, invocation_id: str, *, now: int, deadline_at: int, attempts: int) -> bool:
        """Queue an invocation again that had failed for good, with so many more attempts; False if it had not."""
        ...

    def claim(self, invocation_id: str, *, owner: str, now: int, lease_until: int) -> bool:
        """Take a queued invocation: running, one attempt more. False if it is not queued any more."""
        ...

    def renew(self, invocation_id: str, *, attempt: int, lease_until: int) -> bool:
        """Lengthen the lease; False if the invocation is not this attempt's any more."""
        ...

    def record(
        self,
        invocation_id: str,
        *,
        session: str | None = None,
        attempt: int,
        outcome: Outcome,
        report: RunReport | None,
        ended_at: int,
    ) -> bool:
        """Record the outcome of a running attempt; False (and nothing changed) if it is not this attempt's any more.

        `session` is our own id of its session, here and below: large variables are stored once for all its calls.
        """
        ...

    def close_lost(
        self, invocation_id: str, *, session: str | None = None, attempt: int, outcome: Outcome, ended_at: int
    ) -> bool:
        """Record the outcome of a running attempt whose lease is over; False if it came back or somebody was faster."""
        ...

    def close_queued(self, invocation_id: str, *, session: str | None = None, outcome: Outcome, ended_at: int) -> bool:
        """Record the outcome of an invocation that no worker took; False if one did."""
        ...

    def requeue(self, invocation_id: str, *, attempt: int, enqueued_at: int) -> bool:
        """Put a running attempt whose lease is over back to queued; False if somebody was faster."""
        ...

    def postpone(
        self, invocation_id: str, *, session: str | None = None, attempt: int, due_at: int, outcome: Outcome
    ) -> bool:
        """Put a running attempt that failed back to queued until `due_at`; False if it is not this attempt's now."""
        ...

    def give_back(
        self, invocation_id: str, *, session: str | None = None, attempt: int, due_at: int, outcome: Outcome
    ) -> bool:
        """Put a running attempt that was not made back to queued until `due_at`, as if it had never been claimed.

        `outcome` says why. False if it is not this attempt's now.
        """
        ...

    def touch_queued(self, invocation_id: str, *, seen: int, enqueued_at: int) -> bool:
        """Note another wake of a queued invocation last woken at `seen`; False if somebody was faster."""
        ...

    def stale_queued(self, *, enqueued_before: int, now: int, limit: int) -> Sequence[Invocation]:
        """Return queued invocations whose last wake is long ago, or that are due and were not woken yet.

        Here and below without what may be large: without params, session, report and outcome.
        """
        ...

    def overdue_queued(self, *, deadline_before: int, limit: int) -> Sequence[Invocation]:
        """Return queued invocations whose deadline has passed."""
        ...

    def lost_running(self, *, lease_before: int, limit: int) -> Sequence[Invocation]:
        """Return running invocations whose lease is over."""
        ...


@dataclass(frozen=True, slots=True)
class BriefAgent:
    """An agent in a list. Where its attachments are large, they lack what is said, and `cut` has how they begin."""

    agent: Agent
    cut: Mapping[str, str]


class AgentStore(Protocol):
    """Agents, with their attachments."""

    def put(self, agent: Agent) -> None:
        """Store an agent, or replace the one that has its id; raises Conflict if another one has its name."""
        ...

    def find(self, workspace_id: str, name: str, *, lock: bool = False) -> Agent | None:
        """Read one by its name."""
        ...

    def get(self, workspace_id: str, name: str) -> Agent:
        """Read one by its name; raises NotFound."""
        ...

    def page(self, workspace_id: str, page: PageRequest, *, among: Sequence[str] | None = None) -> Sequence[BriefAgent]:
        """List a workspace's agents by name; `among` names those that may be shown."""
        ...

    def phases_of(self, workspace_id: str, function: str) -> frozenset[str]:
        """Return the phases that a function is attached to, by any of a workspace's agents."""
        ...


@dataclass(frozen=True, slots=True)
class SealedAdapter:
    """An adapter, and the token that its secrets are encrypted in."""

    adapter: Adapter
    token: str


class AdapterStore(Protocol):
    """Adapters, with their secrets, encrypted."""

    def add(self, adapter: Adapter, token: str) -> None:
        """Store a new one; raises Conflict if any workspace has the id."""
        ...

    def find(self, adapter_id: str, *, lock: bool = False) -> SealedAdapter | None:
        """Read one, of whatever workspace: a vendor's call names none. `lock` holds the row until the end."""
        ...

    def page(self, workspace_id: str, page: PageRequest, *, among: Sequence[str] | None = None) -> Sequence[Adapter]:
        """List a workspace's adapters by id; `among` names the agents whose adapters may be shown."""
        ...

    def replace(self, adapter: Adapter, token: str) -> None:
        """Write one that was read with `lock`."""
        ...

    def delete(self, adapter_id: str) -> None:
        """Delete one adapter; its sessions stay."""
        ...


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


class SessionMark(NamedTuple):
    """A session that a sweep has found: our own id, and when it was changed last."""

    id: str
    updated_at: int


class SessionStore(Protocol):
    """Sessions, and their bodies, which are kept in parts. Whoever changes one has read it with `lock`."""

    def add(self, session: Session, parts: Sequence[BodyPart]) -> Session:
        """Store a new session with its body; returns it as it then is."""
        ...

    def body(self, session_key: str) -> dict[str, Any]:
        """Read a session's body."""
        ...

    def grow(self, session: Session, parts: Sequence[BodyPart]) -> Session:
        """Store parts of the body behind those that are there; returns the session, which is to be written."""
        ...

    def overwrite(self, session: Session, parts: Sequence[BodyPart]) -> Session:
        """Store parts of the body in the place of those of the same fields; returns the session as above."""
        ...

    def find(self, workspace_id: str, session_id: str, *, lock: bool = False) -> Session | None:
        """Read one by its runtime's id."""
        ...

    def get(self, workspace_id: str, session_id: str, *, lock: bool = False) -> Session:
        """Read one by its runtime's id; raises NotFound."""
        ...

    def by_key(self, key: str, *, lock: bool = False) -> Session | None:
        """Read one by our own id."""
        ...

    def replace(self, session: Session) -> None:
        """Write a session that was read with `lock`."""
        ...

    def page(self, workspace_id: str, where: SessionFilter, page: PageRequest) -> Sequence[ListedSession]:
        """List a workspace's sessions, newest first, without what is large."""
        ...

    def lines(self, workspace_id: str, where: SessionFilter, page: PageRequest) -> Sequence[SessionLine]:
        """List the same in brief."""
        ...

    def forgotten(self, *, now: int, limit: int) -> Sequence[SessionMark]:
        """Return active sessions that are idle, or old, beyond what was set when they started."""
        ...

    def ended_before(self, workspace_id: str, moment: int, *, limit: int) -> Sequence[SessionMark]:
        """Return a workspace's sessions that ended before a moment."""
        ...

    def pre_overdue(self, *, deadline_before: int, limit: int) -> Sequence[SessionMark]:
        """Return sessions whose pre-session phase should be over."""
        ...

    def post_due(self, *, now: int, limit: int) -> Sequence[SessionMark]:
        """Return ended sessions whose post-session phase is to start."""
        ...

    def delete(self, session_key: str) -> None:
        """Delete a session with its events and invocations."""
        ...


class EventStore(Protocol):
    """Events of sessions; written under the session's lock alone."""

    def add(self, session_key: str, name: EventName, at: int, data: Mapping[str, Any]) -> None:
        """Store an event at the end of its session's stream."""
        ...

    def add_all(self, session_key: str, name: EventName, at: int, data: Sequence[Mapping[str, Any]]) -> None:
        """Store several events of one name, in order."""
        ...

    def after(self, session_key: str, last: int, *, limit: int) -> Sequence[Event]:
        """Return a session's events after number `last`, oldest first."""
        ...

    def outlived(self, workspace_id: str, *, before: int, limit: int) -> Sequence[str]:
        """Return our own ids of sessions that ended before a moment and still have their events."""
        ...

    def delete_some(self, session_key: str, *, limit: int) -> int:
        """Delete the oldest events of a session; returns how many. With fewer than `limit`, none is left."""
        ...

    def last(self, session_key: str) -> int:
        """Return the number of a session's latest event, or 0."""
        ...


@dataclass(frozen=True, slots=True)
class Callback:
    """A message that the platform of a workspace is still to get; `attempt` counts those made.

    `id` is the row's number, which comes back once the row is gone; `message_id` is the receiver's.
    """

    id: int
    message_id: str
    workspace_id: str
    session: str
    body: Mapping[str, Any]
    attempt: int
    due_at: int


class CallbackStore(Protocol):
    """Callbacks that are still to be delivered."""

    def add(self, session_key: str, body: Mapping[str, Any], *, due_at: int) -> None:
        """Store one that is to be delivered."""
        ...

    def due(self, *, now: int, limit: int) -> Sequence[Callback]:
        """Return those that are due, oldest first."""
        ...

    def take(self, callback: Callback, *, until: int) -> bool:
        """Take one for an attempt; nobody else does before `until`. False if somebody was faster."""
        ...

    def postpone(self, callback_id: int, *, due_at: int) -> None:
        """Put one off until its next attempt."""
        ...

    def done(self, callback_id: int) -> None:
        """Forget one that was delivered or given up."""
        ...


@dataclass(frozen=True, slots=True)
class SealedRow:
    """An encrypted row: its id, and the token that a Cipher made."""

    id: str
    token: str


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A single secret, encrypted, and the origins that it may be sent to."""

    token: str
    origins: tuple[str, ...]


class SecretStore(Protocol):
    """Single secrets, encrypted; a row never changes but for the key it is encrypted under."""

    def add(self, secret_id: str, workspace_id: str, secret: SealedSecret, at: int) -> None:
        """Store a new one."""
        ...

    def get(self, workspace_id: str, secret_id: str) -> SealedSecret:
        """Return a workspace's secret; raises NotFound."""
        ...


@dataclass(frozen=True, slots=True)
class SealedValues:
    """A credential's values for one environment (`""`: for all others), encrypted, and where they may be sent.

    `hosts_by`: who named the hosts together with the secrets; None: an admin did, a reviewer, or an older release.
    """

    environment: str
    token: str
    hosts: tuple[str, ...] = ()
    hosts_by: str | None = None


class CredentialStore(Protocol):
    """Credentials, and their values, encrypted."""

    def add(self, credential: Credential) -> None:
        """Store a new one, without values; raises Conflict if the name is taken."""
        ...

    def find(self, workspace_id: str, name: str, *, lock: bool = False) -> Credential | None:
        """Read one by its name. `lock` holds the row until the transaction ends."""
        ...

    def get(self, workspace_id: str, name: str, *, lock: bool = False) -> Credential:
        """Read one by its name; raises NotFound."""
        ...

    def page(self, workspace_id: str, page: PageRequest) -> Sequence[Credential]:
        """List a workspace's credentials by name."""
        ...

    def replace(self, credential: Credential) -> None:
        """Write type and time of update."""
        ...

    def mark_used(self, credential_id: str, *, at: int, unless_since: int) -> None:
        """Note a use, unless one was noted after a moment."""
        ...

    def delete(self, credential_id: str) -> None:
        """Delete one with all its values."""
        ...

    def values(self, credential_ids: Collection[str]) -> Mapping[str, Sequence[SealedValues]]:
        """Return the values of some credentials by their ids, each by environment."""
        ...

    def put_values(self, credential_id: str, values: SealedValues, *, at: int) -> None:
        """Store the values for an environment, or replace them."""
        ...

    def set_hosts(self, credential_id: str, environment: str, hosts: Sequence[str]) -> None:
        """Write where the values for an environment may be sent."""
        ...

    def drop_values(self, credential_id: str, environment: str) -> None:
        """Delete the values for an environment."""
        ...


@dataclass(frozen=True, slots=True)
class TokenRow:
    """An OAuth2 token as all processes see it; times are milliseconds of the epoch.

    Whoever holds the lease fetches; others wait until it has lapsed. A refusal spares the endpoint those who queue.
    """

    #: Encrypted; None: there is none yet.
    token: str | None = field(default=None, repr=False)
    good_until: int = 0
    lease_until: int = 0
    refused_until: int = 0
    refusal: str = ""
    #: Whether asking again may go well a moment later.
    refusal_passing: bool = False


class TokenStore(Protocol):
    """OAuth2 tokens, encrypted, each under the digest of what was asked for."""

    def find(self, token_id: str) -> TokenRow | None:
        """Read one encrypted token, or return None."""
        ...

    def lease(self, token_id: str, *, owner: str, now: int, until: int) -> bool:
        """Take the right to fetch; False where somebody has it, or where there is a good token or a fresh refusal."""
        ...

    def keep(self, token_id: str, *, owner: str, token: str, good_until: int, at: int) -> bool:
        """Store a token and end the lease; False (and nothing changed) where the lease is another's by now."""
        ...

    def refuse(self, token_id: str, *, owner: str, refusal: str, passing: bool, until: int) -> bool:
        """Note that none was given, which counts until a moment, and end the lease; False where it is another's."""
        ...

    def drop(self, token_id: str, *, token: str, at: int, unless_since: int) -> bool:
        """Take a token away; False where another one is there by now, or one was dropped after a moment."""
        ...

    def sweep(self, *, before: int, limit: int) -> int:
        """Delete rows that have been good for nothing since a moment; returns how many."""
        ...


class SealedStore(Protocol):
    """A table with encrypted rows, as whoever changes keys sees it: of all workspaces, and without their meaning."""

    def after(self, row_id: str, *, limit: int) -> Sequence[SealedRow]:
        """Return the rows whose id comes after one, by id."""
        ...

    def swap(self, row: SealedRow, *, token: str) -> bool:
        """Write another token; False (and nothing changed) if the row has not the token any more that was read."""
        ...


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


#: Principals without a key: midcall itself, and whoever uses its command line.
ITSELF = "midcall"
OPERATOR = "operator"


class AuditStore(Protocol):
    """Who did what to what, when. Lines are added; none is ever changed, and none taken away before its time."""

    def add(
        self,
        *,
        workspace_id: str,
        at: int,
        principal: str,
        key_id: str | None,
        act: str,
        subject: str,
        detail: Mapping[str, Any],
        function_id: str | None = None,
    ) -> None:
        """Write one line, in the transaction that does what it tells of; `act` is `<noun>.<verb>`."""
        ...

    def outlived(self, workspace_id: str, *, before: int, limit: int) -> Sequence[int]:
        """Return the oldest lines of a workspace, as far as they were written before a moment."""
        ...

    def delete_all(self, lines: Sequence[int]) -> None:
        """Delete lines by their ids."""
        ...

    def page(self, workspace_id: str, where: AuditFilter, page: PageRequest) -> Sequence[AuditLine]:
        """List a workspace's lines, newest first; the cursor is a line's id."""
        ...
