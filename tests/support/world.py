"""The use cases wired over one storage and fakes, with shortcuts to the states that tests begin from."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine
from tests.support.fakes import POLICY, Clock, FakeOutbound, FakeQueue, FakeReviewer, FakeSandbox, FakeTokens, FakeWakes

from midcall.domain.agent import Attachment
from midcall.domain.function_config import Kind
from midcall.domain.ids import new_id
from midcall.domain.invocation import Invocation, Purpose
from midcall.domain.phases import Phase
from midcall.domain.run_status import InvocationStatus
from midcall.domain.session import Session
from midcall.domain.workspace import Scope
from midcall.service.access.access import Access, Caller
from midcall.service.access.audit_trail import AuditTrail
from midcall.service.access.workspaces import Workspaces
from midcall.service.actions.action_executor import Means
from midcall.service.actions.action_gateway import ActionGateways
from midcall.service.agents.adapters import Adapters
from midcall.service.agents.agents import Agents, AgentView
from midcall.service.agents.tools import Tools
from midcall.service.claimed_run import ClaimedRuns
from midcall.service.credentials.credentials import Credentials
from midcall.service.credentials.secrets import Secrets
from midcall.service.credentials.signing import Signing
from midcall.service.functions.catalog import Catalog, FunctionView
from midcall.service.functions.form import parse_function
from midcall.service.functions.rereview import Rereviews
from midcall.service.functions.review_version import Reviews
from midcall.service.releases.publish import Publishing
from midcall.service.releases.write_and_publish import Releases
from midcall.service.runs.execute import Executor
from midcall.service.runs.finish import Finish
from midcall.service.runs.leases import Leases
from midcall.service.runs.phases import Phases
from midcall.service.runs.replay import Replays
from midcall.service.runs.run_code import CodeAttempts
from midcall.service.runs.submit import InvocationRequest, Invocations
from midcall.service.runs.sweep import Sweep
from midcall.service.runs.turns import Turns
from midcall.service.runs.wait import OutcomeWaiter
from midcall.service.sessions.retention import RetentionSweep
from midcall.service.sessions.session_call import SessionCall, SessionCalls
from midcall.service.sessions.sessions import Sessions
from midcall.service.sessions.sweep import SessionSweep
from midcall.service.test_cases.case_of_run import CasesOfRuns
from midcall.service.test_cases.case_runs import CaseRuns
from midcall.service.test_cases.test_cases import TestCases
from midcall.storage.database import Storage
from midcall.storage.listings import AuditLine, PageRequest
from midcall.vault.cipher import FernetCipher

APPROVAL_KEY = bytes(range(32))
#: Keys for secrets: the world encrypts under the first one.
SECRET_KEYS = [base64.urlsafe_b64encode(bytes([number] * 32)).decode() for number in range(3)]

#: Pauses between the attempts of background runs.
DELAYS_MS = (10_000, 60_000)

SOURCE = 'def handler(session):\n    return {"echo": session["params"]}\n'


def function(name: str = "lookup", **changes: Any) -> dict[str, Any]:
    """Return the body of a function that is fine, with changed fields."""
    return {
        "name": name,
        "description": "Looks an order up by its number.",
        "kind": "code",
        "parameters": {"type": "object", "properties": {"order": {"type": "integer"}}},
        "code": {"source": SOURCE},
        **changes,
    }


@dataclass
class World:
    """All use cases of one installation, over fakes where the world begins."""

    engine: Engine
    clock: Clock = field(default_factory=Clock)
    queue: FakeQueue = field(default_factory=FakeQueue)
    sandbox: FakeSandbox = field(default_factory=FakeSandbox)
    reviewer: FakeReviewer = field(default_factory=FakeReviewer)
    outbound: FakeOutbound = field(default_factory=FakeOutbound)
    tokens: FakeTokens = field(default_factory=FakeTokens)
    cipher: FernetCipher = field(default_factory=lambda: FernetCipher(SECRET_KEYS[:1]))
    #: Reviews again, under POLICY, what was approved under another one.
    background: FakeReviewer = field(default_factory=FakeReviewer)
    rests: list[int] = field(default_factory=list)
    max_queued: int = 200
    #: Who acts, where the database has its workspace already.
    known: Caller | None = None

    def __post_init__(self) -> None:
        """Wire the use cases."""
        self.storage = Storage(self.engine)
        self.access = Access(storage=self.storage, clock=self.clock)
        self.secrets = Secrets(cipher=self.cipher, clock=self.clock)
        self.workspaces = Workspaces(storage=self.storage, access=self.access, clock=self.clock, outbound=self.outbound)
        self.catalog = Catalog(
            storage=self.storage, secrets=self.secrets, outbound=self.outbound, clock=self.clock, policy=POLICY
        )
        self.reviews = Reviews(
            storage=self.storage,
            reviewer=self.reviewer,
            outbound=self.outbound,
            approval_key=APPROVAL_KEY,
            clock=self.clock,
        )
        self.invocations = Invocations(
            storage=self.storage,
            queue=self.queue,
            clock=self.clock,
            max_queued=self.max_queued,
            background_attempts=1 + len(DELAYS_MS),
        )
        self.replays = Replays(storage=self.storage, queue=self.queue, clock=self.clock, max_queued=self.max_queued)
        self.phases = Phases(queue=self.queue, clock=self.clock, delays_ms=DELAYS_MS)
        self.finish = Finish(storage=self.storage, queue=self.queue, phases=self.phases, clock=self.clock)
        self.sweep = Sweep(storage=self.storage, queue=self.queue, finish=self.finish, clock=self.clock)
        self.test_cases = TestCases(storage=self.storage, clock=self.clock)
        self.cases_of_runs = CasesOfRuns(storage=self.storage, clock=self.clock)
        waiting = OutcomeWaiter(
            storage=self.storage, queue=self.queue, sweep=self.sweep, wakes=FakeWakes(), clock=self.clock
        )
        self.case_runs = CaseRuns(storage=self.storage, invocations=self.invocations, waiting=waiting, clock=self.clock)
        self.publishing = Publishing(catalog=self.catalog, case_runs=self.case_runs)
        self.releases = Releases(catalog=self.catalog, reviews=self.reviews, publishing=self.publishing)
        self.credentials = Credentials(
            storage=self.storage, cipher=self.cipher, outbound=self.outbound, clock=self.clock
        )
        self.gateways = ActionGateways(
            storage=self.storage,
            credentials=self.credentials,
            means=Means(outbound=self.outbound, tokens=self.tokens, clock=self.clock),
            base_urls={},
        )
        self.tools = Tools(storage=self.storage, public_url="https://midcall.example.com", public_url_set=True)
        self.agents = Agents(storage=self.storage, clock=self.clock)
        self.signing = Signing(storage=self.storage, secrets=self.secrets, key=bytes(32), clock=self.clock)
        self.adapters = Adapters(storage=self.storage, cipher=self.cipher, clock=self.clock)
        self.sessions = Sessions(storage=self.storage, queue=self.queue, phases=self.phases, clock=self.clock)
        self.session_calls = SessionCalls(
            storage=self.storage, queue=self.queue, phases=self.phases, clock=self.clock, max_queued=self.max_queued
        )
        self.session_sweep = SessionSweep(storage=self.storage, sessions=self.sessions, clock=self.clock)
        self.retention_sweep = RetentionSweep(storage=self.storage, clock=self.clock)
        self.trail = AuditTrail(storage=self.storage)
        self.rereviews = self.rereviewer()
        self.caller = self.known or self.workspace("first")

    @classmethod
    def again(cls, engine: Engine, clock: Clock) -> "World":
        """Wire the use cases on a database that has its workspace already."""
        with Storage(engine).read() as tx:
            workspace = tx.workspaces.all()[0]
            key = tx.keys.page(workspace.id, PageRequest())[0]
        return cls(engine, clock=clock, known=Caller(workspace.id, key.principal, key))

    def executor(self, owner: str = "worker-1", turns: Turns | None = None) -> Executor:
        """Make a worker's use case."""
        return Executor(
            storage=self.storage,
            kinds={Kind.CODE: CodeAttempts(self.sandbox, self.gateways, clock=self.clock, sleep=self.clock.sleep)},
            claimed_runs=ClaimedRuns(storage=self.storage, approval_key=APPROVAL_KEY, policy=POLICY, clock=self.clock),
            finish=self.finish,
            leases=Leases(self.storage, self.clock),
            clock=self.clock,
            sleep=self.clock.sleep,
            owner=owner,
            turns=turns,
        )

    def rereviewer(self) -> Rereviews:
        """Make what reviews approved versions again, as one process has it: under POLICY."""
        return Rereviews(
            storage=self.storage,
            reviewer=self.background,
            approval_key=APPROVAL_KEY,
            clock=self.clock,
            rest=lambda: self.rests.append(self.clock.now),
        )

    def workspace(self, name: str) -> Caller:
        """Make a workspace; returns its admin."""
        return self.access.authenticate(self.workspaces.create(name, principal=f"{name}-admin").token)

    def colleague(self, principal: str, *scopes: Scope, agents: tuple[str, ...] = ()) -> Caller:
        """Make another key in the first workspace; returns its caller."""
        new = self.access.create(self.caller, principal=principal, scopes=frozenset(scopes), agents=agents)
        return self.access.authenticate(new.token)

    def draft(self, name: str = "lookup", *, caller: Caller | None = None, **changes: Any) -> FunctionView:
        """Create a function, whose version 1 is a draft."""
        return self.catalog.create(caller or self.caller, parse_function(function(name, **changes)))

    def approved(self, name: str = "lookup", *, caller: Caller | None = None, **changes: Any) -> FunctionView:
        """Create a function whose version 1 is approved."""
        self.draft(name, caller=caller, **changes)
        self.reviews.submit(caller or self.caller, name, 1)
        return self.catalog.get(caller or self.caller, name)

    def published(self, name: str = "lookup", *, caller: Caller | None = None, **changes: Any) -> FunctionView:
        """Create a function whose version 1 is published in production."""
        self.approved(name, caller=caller, **changes)
        return self.catalog.publish(caller or self.caller, name, 1, "production")

    def working(self) -> None:
        """Have whatever is queued from now on carried out at once."""
        self.queue.on_enqueue = lambda invocation: self.executor().execute(invocation.id)

    def admitted(self, name: str = "lookup", *, caller: Caller | None = None, **changes: Any) -> Invocation:
        """Admit a live call of a published function."""
        call = {"params": {}, "session": {}, "purpose": Purpose.LIVE, **changes}
        return self.invocations.admit(caller or self.caller, InvocationRequest(id=new_id("inv"), function=name, **call))

    def told(self, kind: str | None = None, function: str | None = None) -> list[AuditLine]:
        """Read the audit trail of the first workspace, oldest first."""
        return self.trail.page(self.caller, PageRequest(200), function=function, kind=kind)[::-1]

    def read(self, invocation_id: str) -> Invocation:
        """Read an invocation as it stands."""
        with self.storage.read() as tx:
            found = tx.invocations.find(invocation_id)
        assert found is not None
        return found

    # Sessions -----------------------------------------------------------------------------------------------------

    def agent(self, *attached: tuple[str, Phase] | Attachment, name: str = "front_desk") -> AgentView:
        """Put an agent with these functions, in this order."""
        functions = [
            each if isinstance(each, Attachment) else Attachment(function=each[0], phase=each[1], order=place)
            for place, each in enumerate(attached)
        ]
        return self.agents.put(self.caller, name, version="v9", number="+49301234", attachments=functions)

    def started(self, session_id: str | None = "s1", **changes: Any) -> Session:
        """Start a session; its pre-session functions are queued, not run."""
        wanted = {"agent": "front_desk", "environment": "production", "fields": {}, "variables": {}, **changes}
        return self.sessions.start(self.caller, key=new_id("ses"), session_id=session_id, **wanted)[0]

    def called(self, function: str, session_id: str = "s1", **changes: Any) -> Invocation:
        """Admit a call of a session."""
        wanted = {"params": {}, "overrides": {}, **changes}
        call = SessionCall(id=new_id("inv"), session_id=session_id, function=function, **wanted)
        return self.session_calls.admit(self.caller, call)

    def session(self, session_id: str = "s1") -> Session:
        """Read a session as it stands."""
        return self.sessions.view(self.caller, session_id).session

    def body(self, session_id: str = "s1") -> Mapping[str, Any]:
        """Read what is kept of a session's body."""
        return self.sessions.view(self.caller, session_id).body or {}

    def runs(self, session_id: str = "s1") -> list[Invocation]:
        """Read a session's invocations, oldest first."""
        view = self.sessions.view(self.caller, session_id)
        return [self.read(found.line.id) for found in view.invocations]

    def run_all(self, session_id: str = "s1") -> list[Invocation]:
        """Carry out whatever of a session may be claimed now, and what that queues, to the end."""
        executor = self.executor()
        while True:
            waiting = [
                run
                for run in self.runs(session_id)
                if run.status is InvocationStatus.QUEUED and (run.due_at or 0) <= self.clock.now
            ]
            if not waiting:
                return self.runs(session_id)
            for run in waiting:
                executor.execute(run.id)

    def events(self, session: Session, after: int = 0) -> list[tuple[str, Any]]:
        """Read a session's events: names and data."""
        found, _ = self.sessions.events_after(session.id, after, 10_000)
        return [(event.name.value, event.data) for event in found]
