"""Parts of the queue's tests: a private Redis, a database with an approved function, a sandbox that only pretends."""

import os
import signal
import subprocess
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import redis
from cryptography.fernet import Fernet
from tests.support.fakes import FakeOutbound
from tests.support.gateways import idle_gateways
from tests.support.patience import PATIENCE_S, wait_for

from midcall.cli.redis_server import find_redis_server, redis_argv
from midcall.domain.errors import QueueUnavailable
from midcall.domain.function_config import Kind
from midcall.domain.ids import new_id
from midcall.domain.invocation import Invocation, Purpose
from midcall.domain.review import ReviewReport, Subject, WebhookSubject
from midcall.domain.run import RunReport, RunRequest
from midcall.domain.run_status import InvocationStatus, RunStatus
from midcall.domain.times import now_ms
from midcall.queue.connection import enqueueing
from midcall.queue.rq_queue import RqQueue
from midcall.service.access.access import Access, Caller
from midcall.service.access.workspaces import Workspaces
from midcall.service.claimed_run import ClaimedRuns
from midcall.service.credentials.secrets import Secrets
from midcall.service.functions.catalog import Catalog
from midcall.service.functions.form import parse_function
from midcall.service.functions.review_version import Reviews
from midcall.service.ports import ActionHandler, Queue
from midcall.service.runs.execute import Executor
from midcall.service.runs.finish import Finish
from midcall.service.runs.leases import Leases
from midcall.service.runs.phases import Phases
from midcall.service.runs.run_code import CodeAttempts
from midcall.service.runs.submit import InvocationRequest, Invocations
from midcall.service.runs.sweep import Sweep
from midcall.storage.database import Storage
from midcall.storage.engine import open_engine
from midcall.storage.migrate import migrate
from midcall.vault.cipher import FernetCipher

KEY = bytes(range(32))
POLICY = "test-policy"
SOURCE = "def handler(session):\n    return 1\n"


class PrivateRedis:
    """The Redis of `midcall up`: its command line, as a child of the test."""

    def __init__(self, directory: Path) -> None:
        self.socket = directory / "redis.sock"
        self.url = f"unix://{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of its present life."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers."""
        argv = redis_argv(find_redis_server(), self.socket)
        self._process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        assert wait_for(self._answers)

    def client(self) -> "redis.Redis":
        """Connect as whoever has got at the socket."""
        return redis.Redis(unix_socket_path=str(self.socket))

    def send(self, number: signal.Signals) -> None:
        """Signal it."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, without a chance to save or to say good-bye."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        with self.client() as client:
            try:
                return bool(client.ping())
            except redis.exceptions.RedisError:
                return False


class Clean:
    """A reviewer that finds nothing."""

    policy = POLICY

    def review(self, subject: Subject) -> ReviewReport:  # noqa: ARG002 (the port's signature)
        """Approve."""
        return ReviewReport(comments=(), policy=POLICY, took_ms=1.0)

    def review_webhook(self, subject: WebhookSubject) -> ReviewReport:  # noqa: ARG002 (the port's signature)
        """Approve."""
        return ReviewReport(comments=(), policy=POLICY, took_ms=1.0)


class SilentQueue:
    """A queue that wakes nobody, but remembers what it was asked; `away` makes it unavailable."""

    def __init__(self) -> None:
        self.enqueued: list[str] = []
        self.announced: list[str] = []
        self.away = False

    def enqueue(self, invocation: Invocation) -> None:
        """Remember."""
        if self.away:
            raise QueueUnavailable
        self.enqueued.append(invocation.id)

    def alive(self) -> bool:
        """Tell whether it answers."""
        return not self.away

    def announce(self, invocation_id: str) -> None:
        """Remember."""
        self.announced.append(invocation_id)


@dataclass
class Pretended:
    """A sandbox that returns what the test says, when the test says so."""

    reports: list[RunReport | Exception] = field(default_factory=list)
    requests: list[RunRequest] = field(default_factory=list)
    #: Set by a test that wants the run to take its time.
    gate: threading.Event | None = None
    entered: threading.Event = field(default_factory=threading.Event)

    def run(self, request: RunRequest, act: ActionHandler) -> RunReport:  # noqa: ARG002 (the port's signature)
        """Run nothing."""
        self.requests.append(request)
        self.entered.set()
        if self.gate is not None:
            assert self.gate.wait(PATIENCE_S)
        answer = self.reports.pop(0) if self.reports else RunReport(RunStatus.OK, result=len(self.requests))
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Clock:
    """The time of day, which a test may put forward."""

    ahead_ms: int = 0

    def __call__(self) -> int:
        """Tell the time."""
        return now_ms() + self.ahead_ms


@dataclass
class House:
    """A database with one workspace, and the use cases over it."""

    storage: Storage
    queue: Queue
    caller: Caller
    clock: Clock
    path: Path
    max_queued: int = 200

    @classmethod
    def build(cls, path: Path, queue: Queue) -> "House":
        """Make the database at `path`."""
        engine = open_engine(f"sqlite:///{path}")
        migrate(engine)
        storage, clock = Storage(engine), Clock()
        access = Access(storage=storage, clock=clock)
        token = (
            Workspaces(storage=storage, access=access, clock=clock, outbound=FakeOutbound())
            .create("test", principal="tester")
            .token
        )
        return cls(storage, queue, access.authenticate(token), clock, path)

    @property
    def sweep(self) -> Sweep:
        """The sweep of one process."""
        return Sweep(storage=self.storage, queue=self.queue, finish=self.finish, clock=self.clock)

    @property
    def finish(self) -> Finish:
        """What ends invocations."""
        phases = Phases(queue=self.queue, clock=self.clock, delays_ms=(1_000,))
        return Finish(storage=self.storage, queue=self.queue, phases=phases, clock=self.clock)

    def executor(self, sandbox: Pretended, *, owner: str = "worker", key: bytes = KEY) -> Executor:
        """Make what one worker process carries invocations out with."""
        return Executor(
            storage=self.storage,
            kinds={
                Kind.CODE: CodeAttempts(
                    sandbox, idle_gateways(self.storage, self.clock), clock=self.clock, sleep=lambda _seconds: None
                )
            },
            claimed_runs=ClaimedRuns(storage=self.storage, approval_key=key, policy=POLICY, clock=self.clock),
            finish=self.finish,
            leases=Leases(self.storage, self.clock),
            clock=self.clock,
            sleep=lambda _seconds: None,
            owner=owner,
        )

    def function(self, name: str, **fields: Any) -> None:
        """Create, approve and publish a function."""
        secrets = Secrets(cipher=FernetCipher([Fernet.generate_key().decode()]), clock=self.clock)
        catalog = Catalog(
            storage=self.storage, secrets=secrets, outbound=FakeOutbound(), clock=self.clock, policy=POLICY
        )
        reviews = Reviews(
            storage=self.storage, reviewer=Clean(), outbound=FakeOutbound(), approval_key=KEY, clock=self.clock
        )
        document = {"name": name, "description": "Test the queue.", "kind": "code", "code": {"source": SOURCE}}
        catalog.create(self.caller, parse_function({**document, **fields}))
        reviews.submit(self.caller, name, 1)
        catalog.publish(self.caller, name, 1, "production")

    def call(self, name: str, purpose: Purpose = Purpose.LIVE) -> InvocationRequest:
        """Make a call."""
        return InvocationRequest(id=new_id("inv"), function=name, purpose=purpose, params={}, session={})

    @property
    def invocations(self) -> Invocations:
        """The use cases of admission."""
        return Invocations(
            storage=self.storage,
            queue=self.queue,
            clock=self.clock,
            max_queued=self.max_queued,
            background_attempts=2,
        )

    def admit(self, name: str, purpose: Purpose = Purpose.LIVE) -> Invocation:
        """Admit a call."""
        return self.invocations.admit(self.caller, self.call(name, purpose))

    def row(self, invocation_id: str) -> Invocation:
        """Read an invocation as it stands."""
        with self.storage.read() as tx:
            found = tx.invocations.find(invocation_id)
        assert found is not None
        return found

    def status(self, invocation_id: str) -> InvocationStatus:
        """Read an invocation's status."""
        return self.row(invocation_id).status

    def on(self, queue: Queue) -> "House":
        """Give the same house with another queue."""
        return replace(self, queue=queue)


def rq_queue(url: str) -> RqQueue:
    """Make the real queue."""
    return RqQueue(enqueueing(url))
