"""Wiring of the api process."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from midcall.bootstrap.allowed import allow_list
from midcall.bootstrap.assistant import wire_writer
from midcall.bootstrap.execution import wire_executor
from midcall.bootstrap.parts import wire_parts
from midcall.bootstrap.settings import Settings
from midcall.bootstrap.store import (
    open_queue,
    open_storage,
    wire_workspaces,
)
from midcall.domain.errors import QueueUnavailable
from midcall.domain.times import now_ms
from midcall.queue.connection import listening
from midcall.queue.threads import ThreadedQueue
from midcall.queue.wakes import RedisWakes
from midcall.reviewer import SubprocessReviewer
from midcall.reviewer.process import ReviewProcess
from midcall.sandbox.client import PoolClient
from midcall.service.access.audit_trail import AuditTrail
from midcall.service.actions.credential_check import CredentialChecks
from midcall.service.agents.adapters import Adapters
from midcall.service.agents.agents import Agents
from midcall.service.agents.tools import Tools
from midcall.service.assistant.assist import Assist
from midcall.service.functions.catalog import Catalog
from midcall.service.functions.rereview import Rereviews
from midcall.service.functions.review_version import Reviews
from midcall.service.loops import Loop, health
from midcall.service.releases.import_function import FunctionImports
from midcall.service.releases.publish import Publishing
from midcall.service.releases.write_and_publish import Releases
from midcall.service.runs.callbacks import Callbacks
from midcall.service.runs.overview import Overview
from midcall.service.runs.replay import Replays
from midcall.service.runs.submit import Invocations
from midcall.service.runs.sweep import Sweep
from midcall.service.runs.turns import Weights
from midcall.service.runs.wait import OutcomeWaiter
from midcall.service.sessions.follow import SessionFollower
from midcall.service.sessions.retention import RetentionSweep
from midcall.service.sessions.session_call import SessionCalls
from midcall.service.sessions.sessions import Sessions
from midcall.service.sessions.sweep import SessionSweep
from midcall.service.sessions.timeline import Timelines
from midcall.service.test_cases.case_of_run import CasesOfRuns
from midcall.service.test_cases.case_runs import CaseRuns
from midcall.service.test_cases.test_cases import TestCases
from midcall.storage.database import Storage
from midcall.web.readiness import Readiness
from midcall.web.services import Services

#: Of the threads that carry webhooks out, so many do something at a time, half of them for one workspace; the others
#: wait for their target. All at once they would wait for each other alone, as would whatever else the process does.
AT_A_TIME = 8
#: One for each kind of sweep, so that none waits for another.
SWEEPERS = 5


@dataclass(frozen=True, slots=True)
class ApiProcess:
    """The use cases of an api process, the loops that it runs beside them, and how to let go of all of it."""

    services: Services
    wakes: RedisWakes
    #: What it does turn by turn, for its health to look at; whoever starts another adds it.
    loops: list[Loop]
    #: Where it sweeps: what is under way there when the process ends comes to its end before the storage is closed.
    sweepers: Executor
    start: Callable[[], None]
    close: Callable[[], None]


def wire_api(settings: Settings) -> ApiProcess:
    """Wire an api process; call it inside the event loop that will serve."""
    storage, allowed = open_storage(settings), allow_list(settings)
    reviewer = SubprocessReviewer(allowed=allowed)
    # It stands back for all others, so it gets more time on the clock; of the CPU's it gets no more.
    background = SubprocessReviewer(
        allowed=allowed, children=1, seconds=15.0, make_child=partial(ReviewProcess, niceness=5)
    )
    wakes = RedisWakes(listening(settings.redis))
    queue = ThreadedQueue(open_queue(settings), wakes, weigh=Weights(storage))
    parts = wire_parts(settings, storage, queue)
    outbound, phases, credentials, key = parts.outbound, parts.phases, parts.gateways.credentials, parts.approval_key
    sweep = Sweep(storage=storage, queue=queue, finish=parts.finish, clock=now_ms)
    sessions = Sessions(storage=storage, queue=queue, phases=phases, clock=now_ms)
    loops: list[Loop] = []
    sweepers = ThreadPoolExecutor(SWEEPERS, "sweep")
    catalog = Catalog(storage=storage, secrets=parts.secrets, outbound=outbound, clock=now_ms, policy=reviewer.policy)
    reviews = Reviews(storage=storage, reviewer=reviewer, outbound=outbound, approval_key=key, clock=now_ms)
    invocations = Invocations(
        storage=storage,
        queue=queue,
        clock=now_ms,
        max_queued=settings.max_queued,
        background_attempts=1 + len(settings.retry_delays_s),
    )
    waiting = OutcomeWaiter(storage=storage, queue=queue, sweep=sweep, wakes=wakes, clock=now_ms, here=queue.runs_here)
    case_runs = CaseRuns(storage=storage, invocations=invocations, waiting=waiting, clock=now_ms)
    publishing = Publishing(catalog=catalog, case_runs=case_runs)
    workspaces = wire_workspaces(settings, storage, outbound)
    services = Services(
        access=workspaces.access,
        workspaces=workspaces,
        catalog=catalog,
        overview=Overview(storage=storage),
        timelines=Timelines(storage=storage),
        reviews=reviews,
        assist=Assist(
            storage=storage,
            reviews=reviews,
            credentials=credentials,
            allowed=allowed,
            clock=now_ms,
            writer=wire_writer(settings),
            deadline_s=settings.assistant_timeout_s,
        ),
        publishing=publishing,
        releases=Releases(catalog=catalog, reviews=reviews, publishing=publishing),
        imports=FunctionImports(catalog=catalog, reviews=reviews),
        invocations=invocations,
        replays=Replays(storage=storage, queue=queue, clock=now_ms, max_queued=settings.max_queued),
        test_cases=TestCases(storage=storage, clock=now_ms),
        case_runs=case_runs,
        cases_of_runs=CasesOfRuns(storage=storage, clock=now_ms),
        agents=Agents(storage=storage, clock=now_ms),
        adapters=Adapters(storage=storage, cipher=parts.cipher, clock=now_ms),
        credentials=credentials,
        credential_checks=CredentialChecks(gateways=parts.gateways, clock=now_ms),
        tools=Tools(storage=storage, public_url=settings.public, public_url_set=settings.public_url is not None),
        sessions=sessions,
        session_calls=SessionCalls(
            storage=storage, queue=queue, phases=phases, clock=now_ms, max_queued=settings.max_queued
        ),
        sweep=sweep,
        session_sweep=SessionSweep(storage=storage, sessions=sessions, clock=now_ms),
        retention_sweep=RetentionSweep(storage=storage, clock=now_ms),
        waiting=waiting,
        following=SessionFollower(sessions=sessions, wakes=wakes, clock=now_ms),
        signing=parts.signing,
        callbacks=Callbacks(
            storage=storage,
            outbound=outbound,
            signing=parts.signing,
            clock=now_ms,
            delays_ms=phases.delays_ms,
        ),
        trail=AuditTrail(storage=storage),
        rereviews=Rereviews(storage=storage, reviewer=background, approval_key=key, clock=now_ms, rest=background.rest),
        readiness=Readiness(
            {
                "database": lambda: _check_database(storage),
                "redis": lambda: _check_redis(queue),
                "pool": lambda: _check_pool(PoolClient(settings.pool_socket)),
                "loops": lambda: _check_loops(loops),
            }
        ),
    )

    executor = wire_executor(parts, policy=reviewer.policy, at_a_time=AT_A_TIME)
    loops.append(executor.leases.loop)
    queue.serve(executor.execute)

    def close() -> None:
        reviewer.close()
        background.close()
        parts.close(last=sweepers.shutdown)

    return ApiProcess(services=services, wakes=wakes, loops=loops, sweepers=sweepers, start=reviewer.start, close=close)


def _check_database(storage: Storage) -> dict[str, Any]:
    storage.ping()
    return {}


def _check_redis(queue: ThreadedQueue) -> dict[str, Any]:
    if not queue.alive():
        raise QueueUnavailable
    lengths = queue.lengths()
    return {"waiting": sum(lengths.values()), "queues": lengths}


def _check_pool(pool: PoolClient) -> dict[str, Any]:
    status = pool.status()
    shown = (
        *("ready", "idle", "busy", "waiting", "booting", "removing", "jail_containers", "jails_fault", "loops_gone"),
        "failed_turns",
    )
    return _ready({name: status[name] for name in shown if name in status}, ready=bool(status["ready"]))


def _check_loops(loops: Iterable[Loop]) -> dict[str, Any]:
    found = health(loops)
    return _ready({"gone": list(found.gone), "failed_turns": found.failed_turns}, ready=not found.gone)


def _ready(details: dict[str, Any], *, ready: bool) -> dict[str, Any]:
    """Add to what a part told whether it can do its work: one that answers may still not be able to."""
    return {**details, "ok": True} if ready else {**details, "ok": False, "error": "NotReady"}
