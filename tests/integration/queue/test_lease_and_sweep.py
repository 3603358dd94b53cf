"""Lease, fence and sweep over a real database: what a crash left is mended once, whoever comes late is discarded."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import redis
from rq.utils import as_text
from tests.integration.queue.parts import House, Pretended, PrivateRedis, SilentQueue
from tests.support.patience import PATIENCE_S, wait_for

from midcall.domain.errors import QueueFull, QueueUnavailable, SandboxLost, SandboxUnavailable
from midcall.domain.function_config import Kind
from midcall.domain.invocation import Invocation, Purpose
from midcall.domain.run import RunReport
from midcall.domain.run_status import InvocationStatus, RunStatus
from midcall.queue.names import LIVE, TEST
from midcall.queue.rq_queue import RqQueue
from midcall.service.runs.leases import LEASE_MS
from midcall.service.runs.sweep import REWAKE_AFTER_MS, SweepCounts

SUCCEEDED, FAILED, QUEUED = InvocationStatus.SUCCEEDED, InvocationStatus.FAILED, InvocationStatus.QUEUED
RUNNING, TIMED_OUT = InvocationStatus.RUNNING, InvocationStatus.TIMED_OUT


def claim(house: House, invocation_id: str, owner: str = "lost") -> bool:
    """Claim as a worker that then never says anything again."""
    now = house.clock()
    with house.storage.write() as tx:
        return tx.invocations.claim(invocation_id, owner=owner, now=now, lease_until=now + LEASE_MS)


def all_at_once(*steps: Callable[[], object]) -> list[object]:
    """Start steps in threads, at the same moment; returns what they gave."""
    barrier = threading.Barrier(len(steps))

    def started(step: Callable[[], object]) -> object:
        barrier.wait(PATIENCE_S)
        return step()

    with ThreadPoolExecutor(len(steps)) as pool:
        return list(pool.map(started, steps))


def test_two_workers_that_get_the_same_wake_run_it_once(house: House) -> None:
    """The claim makes duplicate wakes harmless, however many come at the same moment."""
    sandbox = Pretended()
    for _ in range(10):
        admitted = house.admit("plain")
        before = len(sandbox.requests)
        executors = [house.executor(sandbox, owner=f"worker {n}") for n in range(4)]
        all_at_once(*[partial(executor.execute, admitted.id) for executor in executors])
        assert len(sandbox.requests) == before + 1
        assert (house.status(admitted.id), house.row(admitted.id).attempt) == (SUCCEEDED, 1)


def test_a_stale_worker_that_records_late_is_discarded(house: House) -> None:
    """Its lease ran out, another attempt was made: the first one's outcome changes nothing."""
    admitted = house.admit("again")
    stale = Pretended(reports=[RunReport(RunStatus.OK, result="stale")], gate=threading.Event())
    fresh = Pretended(reports=[RunReport(RunStatus.OK, result="fresh")])
    late = threading.Thread(target=house.executor(stale, owner="stale").execute, args=(admitted.id,))
    late.start()
    assert stale.entered.wait(PATIENCE_S)
    house.clock.ahead_ms += LEASE_MS + 1  # to everybody but the database row, six seconds have passed
    assert house.sweep.sweep().requeued == 1
    house.executor(fresh, owner="fresh").execute(admitted.id)
    recorded = house.row(admitted.id)
    assert stale.gate is not None
    stale.gate.set()
    late.join(PATIENCE_S)
    assert house.row(admitted.id) == recorded
    assert recorded.outcome is not None
    assert (recorded.outcome.result, recorded.attempt) == ("fresh", 2)


def test_a_stale_worker_does_not_record_for_the_attempt_that_runs_now(house: House) -> None:
    """The fence is the attempt, not the status: it comes back while the next attempt is still under way."""
    admitted = house.admit("again")
    stale = Pretended(reports=[RunReport(RunStatus.OK, result="stale")], gate=threading.Event())
    late = threading.Thread(target=house.executor(stale, owner="stale").execute, args=(admitted.id,))
    late.start()
    assert stale.entered.wait(PATIENCE_S)
    house.clock.ahead_ms += LEASE_MS + 1
    assert house.sweep.sweep().requeued == 1
    assert claim(house, admitted.id, owner="fresh")
    running = house.row(admitted.id)
    assert stale.gate is not None
    stale.gate.set()
    late.join(PATIENCE_S)
    assert house.row(admitted.id) == running
    assert (running.status, running.attempt, running.owner) == (RUNNING, 2, "fresh")


def test_a_worker_that_was_declared_lost_is_discarded_as_well(house: House) -> None:
    """Once somebody was told that the worker is lost, that stays the outcome."""
    admitted = house.admit("plain")
    stale = Pretended(gate=threading.Event())
    late = threading.Thread(target=house.executor(stale).execute, args=(admitted.id,))
    late.start()
    assert stale.entered.wait(PATIENCE_S)
    house.clock.ahead_ms += LEASE_MS + 1
    assert house.sweep.sweep().lost == 1
    told = house.row(admitted.id)
    assert stale.gate is not None
    stale.gate.set()
    late.join(PATIENCE_S)
    assert house.row(admitted.id) == told
    assert told.outcome is not None
    assert told.outcome.error is not None
    assert (told.status, told.outcome.error.type) == (FAILED, "worker_lost")


def test_a_lease_is_renewed_for_as_long_as_the_run_takes(house: House) -> None:
    """A run longer than the lease is not taken for lost: the lease moves on while it runs."""
    admitted = house.admit("plain")
    sandbox = Pretended(gate=threading.Event())
    run = threading.Thread(target=house.executor(sandbox).execute, args=(admitted.id,))
    run.start()
    assert sandbox.entered.wait(PATIENCE_S)
    first = house.row(admitted.id).lease_until
    assert first is not None
    assert wait_for(lambda: (house.row(admitted.id).lease_until or 0) > first)
    assert sandbox.gate is not None
    sandbox.gate.set()
    run.join(PATIENCE_S)
    assert house.status(admitted.id) is SUCCEEDED


def test_a_lost_live_call_fails_at_once_unless_it_may_run_again(house: House) -> None:
    """Once the lease is over: no retries, failed with the reason; with one retry, queued again, then failed too."""
    once, twice = house.admit("plain"), house.admit("again")
    assert claim(house, once.id)
    assert claim(house, twice.id)
    assert house.sweep.sweep() == SweepCounts()  # both leases hold
    house.clock.ahead_ms += LEASE_MS + 1
    assert house.sweep.sweep() == SweepCounts(requeued=1, lost=1)
    assert (house.status(once.id), house.status(twice.id)) == (FAILED, QUEUED)
    assert claim(house, twice.id)
    house.clock.ahead_ms += LEASE_MS + 1
    assert house.sweep.sweep() == SweepCounts(lost=1)
    assert (house.status(twice.id), house.row(twice.id).attempt) == (FAILED, 2)


def test_a_lost_call_whose_deadline_has_passed_is_not_run_again(house: House) -> None:
    """Nobody waits for it any more."""
    house.function("brief", retries=5, timeout=1)  # short: it is over
    admitted = house.admit("brief")
    assert claim(house, admitted.id)
    house.clock.ahead_ms += LEASE_MS + 1
    assert house.sweep.sweep() == SweepCounts(lost=1)
    assert house.status(admitted.id) is FAILED


def test_sweeps_at_the_same_moment_mend_each_call_once(house: House) -> None:
    """Any number of processes may sweep; lost, overdue and forgotten calls are each taken by one of them."""
    house.function("brief", timeout=1)  # short: it is over
    lost = [house.admit("plain") for _ in range(8)]
    again = [house.admit("again") for _ in range(8)]
    overdue = [house.admit("brief") for _ in range(8)]
    for invocation in (*lost, *again):
        assert claim(house, invocation.id)
    queue = house.queue
    assert isinstance(queue, SilentQueue)
    queue.enqueued.clear()
    house.clock.ahead_ms += LEASE_MS + 1
    swept = all_at_once(*[house.sweep.sweep for _ in range(4)])
    totals = [[getattr(one, name) for one in swept] for name in ("lost", "requeued", "overdue")]
    assert [sum(total) for total in totals] == [8, 8, 8]
    assert sorted(queue.enqueued) == sorted(invocation.id for invocation in again)
    assert {house.status(invocation.id) for invocation in lost} == {FAILED}
    assert {house.status(invocation.id) for invocation in overdue} == {TIMED_OUT}
    assert {house.status(invocation.id) for invocation in again} == {QUEUED}


def test_a_sweep_and_a_late_record_at_the_same_moment_leave_one_outcome(house: House) -> None:
    """Whoever comes first, the row has the outcome of one of them, whole."""
    for _ in range(15):
        admitted = house.admit("plain")
        sandbox = Pretended(gate=threading.Event())
        run = threading.Thread(target=house.executor(sandbox).execute, args=(admitted.id,))
        run.start()
        assert sandbox.entered.wait(PATIENCE_S)
        house.clock.ahead_ms += LEASE_MS + 1
        assert sandbox.gate is not None
        all_at_once(house.sweep.sweep, sandbox.gate.set, house.sweep.sweep)
        run.join(PATIENCE_S)
        row = house.row(admitted.id)
        assert row.outcome is not None
        assert (row.status, row.report is not None) in {(SUCCEEDED, True), (FAILED, False)}
        assert row.outcome.status is row.status


def test_a_wake_that_redis_lost_is_given_again(house: House, queue: RqQueue, private_redis: PrivateRedis) -> None:
    """FLUSHALL right after the enqueue; the sweep queues the row again, and only once it is due."""
    house = house.on(queue)
    admitted = house.admit("plain")
    with private_redis.client() as client:
        client.flushall()
        assert queue.waiting() == 0
        assert house.sweep.sweep() == SweepCounts()
        house.clock.ahead_ms += REWAKE_AFTER_MS + 1
        assert house.sweep.sweep() == SweepCounts(woken=1)
        assert queued(client, LIVE) == [admitted.id]


def test_a_wake_that_still_waits_is_not_given_twice(house: House, queue: RqQueue, private_redis: PrivateRedis) -> None:
    """Calls that wait long for a worker are not multiplied in Redis by every sweep."""
    house = house.on(queue)
    waiting = [house.admit("plain").id for _ in range(3)]
    with private_redis.client() as client:
        for _ in range(4):
            house.clock.ahead_ms += REWAKE_AFTER_MS + 1
            house.sweep.sweep()
            assert queued(client, LIVE) == waiting


def test_a_call_admitted_while_redis_is_away_is_woken_when_it_is_back(
    house: House, queue: RqQueue, private_redis: PrivateRedis
) -> None:
    """Accepted is accepted: the row waits, and the first sweep that reaches Redis queues it."""
    house = house.on(queue)
    private_redis.kill()
    admitted = house.admit("plain")
    assert house.status(admitted.id) is QUEUED
    house.clock.ahead_ms += REWAKE_AFTER_MS + 1
    assert house.sweep.sweep() == SweepCounts()
    private_redis.start()
    house.clock.ahead_ms += REWAKE_AFTER_MS + 1
    assert house.sweep.sweep() == SweepCounts(woken=1)
    with private_redis.client() as client:
        assert queued(client, LIVE) == [admitted.id]


class HungQueue(SilentQueue):
    """A queue whose every call takes its time to fail."""

    tries = 0

    def enqueue(self, invocation: Invocation) -> None:  # noqa: ARG002 (the port's signature)
        """Count, then fail."""
        self.tries += 1
        raise QueueUnavailable


def test_a_queue_that_hangs_costs_a_sweep_one_try(house: House) -> None:
    """Each try takes seconds: a hundred of them would keep lost workers from being noticed for minutes."""
    for _ in range(5):
        house.admit("plain")
    lost = house.admit("plain")
    assert claim(house, lost.id)
    hung = HungQueue()
    house.clock.ahead_ms += LEASE_MS + 1
    assert house.on(hung).sweep.sweep() == SweepCounts(lost=1)
    assert hung.tries == 1


def queued(client: "redis.Redis", queue: str) -> list[str]:
    """Return the ids in one of RQ's queues."""
    return [as_text(job_id) for job_id in client.lrange(f"rq:queue:{queue}", 0, -1)]


def test_live_calls_and_tests_wait_in_queues_of_their_own(
    house: House, queue: RqQueue, private_redis: PrivateRedis
) -> None:
    """What serves live calls alone never sees a test."""
    house = house.on(queue)
    live, test = house.admit("plain"), house.admit("plain", Purpose.TEST)
    with private_redis.client() as client:
        assert queued(client, LIVE) == [live.id]
        assert queued(client, TEST) == [test.id]


def test_a_full_queue_admits_nothing_and_stores_nothing(house: House) -> None:
    """The count and the insert are one transaction: of twelve at the same moment, three find room."""
    house.max_queued = 3

    def admit() -> Invocation | None:
        try:
            return house.admit("plain")
        except QueueFull:
            return None

    admitted = [one for one in all_at_once(*[admit] * 12) if one is not None]
    assert len(admitted) == 3
    with house.storage.read() as tx:
        counts = tx.invocations.count_all_open(house.caller.workspace_id, Kind.CODE, None)
        assert (counts.queued, counts.queued_own) == (3, 3)


@pytest.mark.parametrize("error", [SandboxLost(), SandboxUnavailable()])
def test_a_pool_that_goes_away_is_tried_again_within_the_retries(house: House, error: Exception) -> None:
    """A version with one retry outlives one lost pool; one without tells the reason where something may have run."""
    admitted = house.admit("again")
    sandbox = Pretended(reports=[error])
    house.executor(sandbox).execute(admitted.id)
    assert (house.status(admitted.id), len(sandbox.requests)) == (SUCCEEDED, 2)


def test_a_lost_pool_fails_a_call_that_may_not_run_again(house: House) -> None:
    """What ran is unknown, so it is not repeated, and the caller is told."""
    admitted = house.admit("plain")
    sandbox = Pretended(reports=[SandboxLost()])
    house.executor(sandbox).execute(admitted.id)
    outcome = house.row(admitted.id).outcome
    assert outcome is not None
    assert outcome.error is not None
    assert (house.status(admitted.id), outcome.error.type, len(sandbox.requests)) == (FAILED, "sandbox_lost", 1)


def test_retries_count_lost_workers_and_failed_runs_together(house: House) -> None:
    """One retry is one more run, whether a worker or the function failed before."""
    admitted = house.admit("again")
    assert claim(house, admitted.id)
    house.clock.ahead_ms += LEASE_MS + 1
    assert house.sweep.sweep().requeued == 1
    sandbox = Pretended(reports=[RunReport(RunStatus.ERROR), RunReport(RunStatus.OK)])
    house.executor(sandbox).execute(admitted.id)
    assert (house.status(admitted.id), len(sandbox.requests)) == (FAILED, 1)


def test_another_key_breaks_every_approval(house: House) -> None:
    """The seal is made with a key outside the database; with another one nothing runs."""
    admitted = house.admit("plain")
    sandbox = Pretended()
    house.executor(sandbox, key=b"\1" * 32).execute(admitted.id)
    outcome = house.row(admitted.id).outcome
    assert outcome is not None
    assert outcome.error is not None
    assert (outcome.error.type, sandbox.requests) == ("approval_broken", [])
    assert bytes(range(32)).hex() not in house.path.read_bytes().decode("latin-1")
