"""Waiting for an outcome: the wake is a hint, the row decides; and worker processes as they really start."""

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from redis import asyncio as aioredis
from tests.integration.queue.parts import House, Pretended, PrivateRedis, SilentQueue
from tests.support.patience import CLIENT_S, PATIENCE_S, wait_for

import midcall.queue.worker as worker_module
from midcall.domain.invocation import Invocation
from midcall.domain.run_status import InvocationStatus
from midcall.queue.connection import listening
from midcall.queue.names import LIVE, QUEUES
from midcall.queue.rq_queue import RqQueue
from midcall.queue.wakes import RedisWakes
from midcall.queue.worker import Workers
from midcall.service.runs.wait import LOOK_EVERY_S, QUEUE_PATIENCE_MS, OutcomeWaiter


async def in_thread(function: Callable[..., Any], *args: Any) -> Any:
    """Run a blocking function as the api does."""
    return await asyncio.to_thread(function, *args)


def waiting(house: House, wakes: RedisWakes) -> OutcomeWaiter:
    """Make what waits in an api process."""
    return OutcomeWaiter(storage=house.storage, queue=house.queue, sweep=house.sweep, wakes=wakes, clock=house.clock)


async def wait_through(
    house: House, redis: "aioredis.Redis", execute: Callable[[str], object]
) -> tuple[Invocation, float]:
    """Admit a call, execute it a moment later; returns the outcome, and seconds from its record to the answer."""
    wakes = RedisWakes(redis)
    reader = asyncio.create_task(wakes.run())
    call = house.call("plain")

    def admitted() -> bool:
        with house.storage.read() as tx:
            return tx.invocations.find(call.id) is not None

    def later() -> None:
        assert wait_for(admitted)
        time.sleep(0.1)
        execute(call.id)

    thread = threading.Thread(target=later)
    try:
        await asyncio.sleep(0.2)  # the reader has begun
        thread.start()
        found = await waiting(house, wakes).run(lambda: house.invocations.admit(house.caller, call), call.id, in_thread)
        assert found.ended_at is not None
        return found, time.time() - found.ended_at / 1000
    finally:
        thread.join()
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
        await wakes.close()


def test_an_announced_outcome_is_answered_at_once(house: House, queue: RqQueue, private_redis: PrivateRedis) -> None:
    """With the wake, the answer follows the record, not the next look at the row, almost a second later."""
    house = house.on(queue)
    execute = house.executor(Pretended()).execute

    def late() -> float:
        found, seconds = asyncio.run(wait_through(house, listening(private_redis.url), execute))
        assert found.status is InvocationStatus.SUCCEEDED
        return seconds

    # A machine may be late for once; without a wake every one of them would be.
    assert any(late() < LOOK_EVERY_S / 2 for _ in range(10))


def test_an_outcome_whose_wake_never_comes_is_answered_within_a_second_or_so(
    house: House, private_redis: PrivateRedis
) -> None:
    """With nobody announcing, the waiting process looks at the row by itself, long before the deadline."""
    execute = house.executor(Pretended()).execute
    assert isinstance(house.queue, SilentQueue)
    announced: list[str] = []

    def late() -> float:
        found, seconds = asyncio.run(wait_through(house, listening(private_redis.url), execute))
        assert found.status is InvocationStatus.SUCCEEDED
        announced.append(found.id)
        return seconds

    assert any(late() < 2 * LOOK_EVERY_S for _ in range(5))
    assert house.queue.announced == announced  # into nowhere


def test_a_call_waits_no_longer_than_its_patience_for_a_queue_that_is_away(
    house: House, private_redis: PrivateRedis
) -> None:
    """After five seconds it is closed with the reason, and no worker can take it afterwards."""
    silent = house.queue
    assert isinstance(silent, SilentQueue)
    silent.away = True
    house.clock.ahead_ms = 0
    call = house.call("plain")

    async def run() -> Invocation:
        wakes = RedisWakes(listening(private_redis.url))
        admitted = asyncio.create_task(
            waiting(house, wakes).run(lambda: house.invocations.admit(house.caller, call), call.id, in_thread)
        )
        await asyncio.sleep(0.3)
        house.clock.ahead_ms += QUEUE_PATIENCE_MS
        return await asyncio.wait_for(admitted, PATIENCE_S)

    found = asyncio.run(run())
    assert found.outcome is not None
    assert found.outcome.error is not None
    assert found.outcome.error.type == "queue_unavailable"
    sandbox = Pretended()
    house.executor(sandbox).execute(call.id)
    assert sandbox.requests == []


def test_the_wake_reader_outlives_silence_and_a_restart_of_redis(private_redis: PrivateRedis, queue: RqQueue) -> None:
    """Reads that block 5 s are not cut off by the client's own timeout, and a new Redis is found again."""

    async def run() -> tuple[bool, bool]:
        wakes = RedisWakes(listening(private_redis.url))
        reader = asyncio.create_task(wakes.run())
        with wakes.watch("inv_1") as first, wakes.watch("inv_2") as second:
            await asyncio.sleep(5.6)
            queue.announce("inv_1")
            await asyncio.wait_for(first.wait(), PATIENCE_S)
            await asyncio.to_thread(private_redis.kill)
            await asyncio.to_thread(private_redis.start)
            async with asyncio.timeout(PATIENCE_S):
                while not second.is_set():
                    queue.announce("inv_2")
                    await asyncio.sleep(0.1)
        alive = not reader.done()
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
        await wakes.close()
        return first.is_set(), alive

    assert asyncio.run(run()) == (True, True)


def test_the_wake_reader_notices_a_connection_that_is_half_gone(private_redis: PrivateRedis, queue: RqQueue) -> None:
    """A Redis that says nothing at all for longer than a read blocks is asked again over a new connection."""
    client = listening(private_redis.url)
    kwargs = client.connection_pool.connection_kwargs
    assert 5 < kwargs["socket_timeout"] < 15
    asyncio.run(client.aclose())


def wired(traces: Path) -> Callable[[], Callable[[str], bool]]:
    """Say in which process the wiring was done, and do nothing with any id."""

    def wire() -> Callable[[str], bool]:
        (traces / f"wired-{os.getpid()}").touch()
        return lambda _invocation_id: False

    return wire


def run_group(url: str, traces: str) -> None:
    """Be a group of workers, as `midcall worker` is."""
    (Path(traces) / f"group-{os.getpid()}").touch()
    Workers(url, QUEUES, count=2, wiring=wired(Path(traces))).start(logging_level="WARNING")


def pids(traces: Path, kind: str) -> set[int]:
    """Return which processes left traces."""
    return {int(trace.name.removeprefix(f"{kind}-")) for trace in traces.glob(f"{kind}-*")}


def test_workers_are_wired_after_their_fork_and_die_with_their_group(
    private_redis: PrivateRedis, tmp_path: Path
) -> None:
    """Each worker has connections of its own, a killed worker is replaced, a killed group takes all along."""
    group = multiprocessing.get_context("spawn").Process(target=run_group, args=(private_redis.url, str(tmp_path)))
    group.start()
    try:
        assert wait_for(lambda: len(pids(tmp_path, "wired")) == 2)
        assert not pids(tmp_path, "wired") & pids(tmp_path, "group")
        victim = next(iter(pids(tmp_path, "wired")))
        os.kill(victim, signal.SIGKILL)
        assert wait_for(lambda: len(pids(tmp_path, "wired")) == 3)
        workers = [psutil.Process(pid) for pid in pids(tmp_path, "wired") - {victim}]
        group.kill()
        assert wait_for(lambda: not any(alive(worker) for worker in workers))
    finally:
        group.kill()
        group.join()


def alive(process: psutil.Process) -> bool:
    """Tell whether a process still runs."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_workers_take_no_commands_and_schedule_nothing(private_redis: PrivateRedis, house: House) -> None:
    """Whoever writes to Redis could shut workers down, or have jobs run later, through RQ's own channels."""
    group = Workers(private_redis.url, [LIVE], count=1, wiring=lambda: house.executor(Pretended()).execute)
    process = group.get_worker_process("w1", burst=False)
    process.start()
    try:
        with private_redis.client() as client:
            assert wait_for(lambda: bool(client.exists("rq:worker:w1")))
            assert client.pubsub_channels() == []
            client.publish("rq:pubsub:w1", '{"command": "shutdown"}')
            assert client.keys("rq:scheduler*") == []
        assert psutil.Process(process.pid).children() == []
        assert process.is_alive()
    finally:
        process.kill()
        process.join()


def test_a_worker_that_is_told_to_stop_goes_on_with_nothing_else(
    private_redis: PrivateRedis, queue: RqQueue, house: House, tmp_path: Path
) -> None:
    """It ends the run that it has: what waits beside a greedy neighbour had kept it until it was killed."""
    executed = tmp_path / "executed"

    def execute(invocation_id: str) -> bool:
        os.kill(os.getpid(), signal.SIGTERM)
        with executed.open("a") as lines:
            lines.write(f"{invocation_id}\n")
        return True

    house.function("lookup")
    invocation = house.admit("lookup")
    queue.enqueue(invocation)
    group = Workers(private_redis.url, [LIVE], count=1, wiring=lambda: execute)
    process = group.get_worker_process("w1", burst=False)
    process.start()
    process.join(PATIENCE_S)
    assert process.exitcode == 0
    assert executed.read_text().splitlines() == [invocation.id]


def test_a_worker_whose_redis_is_away_ends_in_a_line_of_log(private_redis: PrivateRedis, house: House) -> None:
    """No traceback of RQ's: the group starts another worker a second later, and so on until Redis is back."""
    private_redis.kill()
    group = Workers(private_redis.url, [LIVE], count=1, wiring=lambda: house.executor(Pretended()).execute)
    process = group.get_worker_process("w1", burst=False)
    process.start()
    process.join(PATIENCE_S)
    assert process.exitcode == 0
    private_redis.start()


def test_workers_are_counted_by_group_and_not_those_that_are_gone(
    private_redis: PrivateRedis, queue: RqQueue, house: House
) -> None:
    """Those that listen to just these queues, on whatever host; one that was killed is on RQ's list for a while yet."""
    groups = {"live": [LIVE], "general": list(QUEUES)}
    processes = []
    for name, queues in groups.items():
        group = Workers(private_redis.url, queues, count=1, wiring=lambda: house.executor(Pretended()).execute)
        processes += [group.get_worker_process(f"{name}-{number}", burst=False) for number in range(len(queues))]
    try:
        for process in processes:
            process.start()
        assert wait_for(lambda: (queue.workers([LIVE]), queue.workers(QUEUES)) == (1, 3))
        with private_redis.client() as client:
            client.delete("rq:worker:general-0")  # as it is a while after its last sign of life
        assert (queue.workers([LIVE]), queue.workers(QUEUES)) == (1, 2)
    finally:
        for process in processes:
            process.kill()
            process.join()


def test_a_worker_shows_that_it_lives_while_a_run_takes_long(
    private_redis: PrivateRedis, queue: RqQueue, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever shares sandboxes out counts it; its loop only beats between two runs."""
    monkeypatch.setattr(worker_module, "BEAT_EVERY_S", 0.1)
    house.function("lookup")
    invocation = house.admit("lookup")

    def execute(_invocation_id: str) -> bool:
        time.sleep(CLIENT_S)
        return False

    group = Workers(private_redis.url, [LIVE], count=1, wiring=lambda: execute)
    process = group.get_worker_process("w1", burst=False)
    process.start()
    try:
        with private_redis.client() as client:
            assert wait_for(lambda: queue.workers([LIVE]) == 1)
            queue.enqueue(invocation)
            assert wait_for(lambda: client.llen(f"rq:queue:{LIVE}") == 0)
            seen = {client.hget("rq:worker:w1", "last_heartbeat")}
            assert wait_for(lambda: len(seen | {client.hget("rq:worker:w1", "last_heartbeat")}) > 1)
            assert queue.workers([LIVE]) == 1
    finally:
        process.kill()
        process.join()


def test_workers_that_were_killed_are_forgotten_by_the_next_and_those_alive_by_nobody(
    private_redis: PrivateRedis, queue: RqQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is killed cannot say good-bye; a Redis that comes back empty hears of a worker at its next sign of life."""
    monkeypatch.setattr(worker_module, "BEAT_EVERY_S", 0.1)
    group = Workers(private_redis.url, [LIVE], count=1, wiring=lambda: lambda _invocation_id: False)
    killed = group.get_worker_process("killed", burst=False)
    killed.start()
    assert wait_for(lambda: queue.workers([LIVE]) == 1)
    killed.kill()
    killed.join()
    process = group.get_worker_process("alive", burst=False)
    try:
        with private_redis.client() as client:
            client.delete("rq:worker:killed")  # as time does
            process.start()
            assert wait_for(lambda: client.smembers(f"rq:workers:{LIVE}") == {b"rq:worker:alive"})
            client.flushall()
        assert wait_for(lambda: queue.workers([LIVE]) == 1)
    finally:
        process.kill()
        process.join()
