"""SIGKILL of any process while calls are under way: one honest outcome each, nothing left over, the next call works."""

import json
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import httpx
import psutil
import pytest
from tests.e2e.stack import QUICK, Stack, assert_whole_again, ids_under_way
from tests.support.patience import PATIENCE_S, wait_for
from tests.support.target import replying, target

HOOKS = ("hook_once", "hook_twice")


@pytest.fixture
def calls(battered: Stack) -> Iterator[dict[str, "Future[Any]"]]:
    """Have two calls under way, one that may be run again and one that may not."""
    assert wait_for(battered.ready), battered.said
    battered.opened.clear()
    battered.held("once")
    battered.held("twice", retries=1)
    battered.function("quick", QUICK)
    yield {name: battered.in_background(name) for name in ("once", "twice")}
    battered.opened.set()
    assert wait_for(battered.ready), battered.said


def kill(processes: list[psutil.Process]) -> None:
    """Kill processes."""
    assert processes
    for process in processes:
        process.kill()


def test_killed_workers_lose_no_call(battered: Stack, calls: dict[str, "Future[Any]"]) -> None:
    """The call that may not be run again fails with its reason, the other one is run again and succeeds."""
    ids = ids_under_way(battered)
    kill(battered.part("worker"))
    assert calls["once"].result(PATIENCE_S)["error"]["type"] == "worker_lost"
    battered.opened.set()
    assert calls["twice"].result(PATIENCE_S)["status"] == "succeeded"
    rows = assert_whole_again(battered, ids)
    assert (rows["once"]["attempt"], rows["twice"]["attempt"]) == (1, 2)


def test_killed_worker_groups_take_their_workers_with_them_and_lose_no_call(
    battered: Stack, calls: dict[str, "Future[Any]"]
) -> None:
    """Workers outlive nobody. The calls end as if the workers had been killed."""
    ids = ids_under_way(battered)
    workers = battered.part("worker")
    kill(battered.part("group"))
    assert wait_for(lambda: not any(worker.is_running() for worker in workers))
    assert calls["once"].result(PATIENCE_S)["error"]["type"] == "worker_lost"
    battered.opened.set()
    assert calls["twice"].result(PATIENCE_S)["status"] == "succeeded"
    assert_whole_again(battered, ids)


def test_a_killed_pool_is_back_and_loses_no_call(battered: Stack, calls: dict[str, "Future[Any]"]) -> None:
    """The pool's next life clears away what runs; who may run again does, the other call fails with its reason."""
    ids = ids_under_way(battered)
    before = battered.containers()
    kill(battered.part("pool"))
    assert calls["once"].result(PATIENCE_S)["error"]["type"] == "sandbox_lost"
    battered.opened.set()
    assert calls["twice"].result(PATIENCE_S)["status"] == "succeeded"
    rows = assert_whole_again(battered, ids)
    assert rows["once"]["status"] == "failed"
    assert not before & battered.containers()


def test_a_call_that_comes_while_the_pool_is_away_waits_for_it(battered: Stack) -> None:
    """Nothing was run yet, so the call is simply made as soon as the pool is back."""
    assert wait_for(battered.ready)
    battered.function("quick", QUICK)
    kill(battered.part("pool"))
    outcome = battered.invoke("quick", n=3)
    assert outcome["status"] == "succeeded", outcome


def test_a_killed_api_breaks_its_connections_but_the_record_is_complete(
    battered: Stack, calls: dict[str, "Future[Any]"]
) -> None:
    """The caller sees its connection end; the run goes on, and its outcome can be read afterwards."""
    ids = ids_under_way(battered)
    kill(battered.part("api"))
    for call in calls.values():
        assert isinstance(call.exception(PATIENCE_S), httpx.TransportError)
    rows = assert_whole_again(battered, ids)
    assert {row["status"] for row in rows.values()} == {"succeeded"}
    assert {row["attempt"] for row in rows.values()} == {1}


def test_a_killed_api_leaves_its_webhooks_to_the_next_one(battered: Stack) -> None:
    """They ran in its threads; their leases run out, and who may be run again is, with the same key."""
    assert wait_for(battered.ready), battered.said
    with target() as there:
        held = threading.Event()
        battered.webhook("hook_once", f"{there.url}/once", retries=0)
        battered.webhook("hook_twice", f"{there.url}/twice", retries=1)
        there.answer = lambda _: replying(
            {"held": held.wait(PATIENCE_S) if len(there.received) <= len(HOOKS) else False}
        )
        calls = {name: battered.in_background(name) for name in HOOKS}
        assert wait_for(lambda: len(there.received) == len(HOOKS)), battered.said
        ids = {name: battered.rows(name)[0]["id"] for name in HOOKS}
        kill(battered.part("api"))
        for call in calls.values():
            assert isinstance(call.exception(PATIENCE_S), httpx.TransportError)
        rows = {name: battered.await_final(ids[name]) for name in HOOKS}
        held.set()
        paths = [got.path for got in there.received]
        keys = [got.headers["idempotency-key"] for got in there.received if got.path == "/twice"]
    assert (rows["hook_once"]["status"], rows["hook_once"]["attempt"]) == ("failed", 1)
    assert json.loads(rows["hook_once"]["outcome"])["error"]["type"] == "worker_lost"
    assert (rows["hook_twice"]["status"], rows["hook_twice"]["attempt"]) == ("succeeded", 2)
    assert sorted(paths) == ["/once", "/twice", "/twice"]
    assert keys == [ids["hook_twice"]] * 2


def test_a_killed_redis_costs_no_call_that_runs(battered: Stack, calls: dict[str, "Future[Any]"]) -> None:
    """Redis wakes, the database decides: what runs is finished, recorded and answered without it."""
    ids = ids_under_way(battered)
    kill(battered.part("redis"))
    battered.opened.set()
    for call in calls.values():
        assert call.result(PATIENCE_S)["status"] == "succeeded"
    rows = assert_whole_again(battered, ids)
    assert {row["attempt"] for row in rows.values()} == {1}


def test_a_worker_that_was_only_stopped_records_nothing_late(battered: Stack, calls: dict[str, "Future[Any]"]) -> None:
    """A worker that is hung past its lease and then comes back finds that its attempt is over."""
    ids = ids_under_way(battered)
    workers = battered.part("worker")
    for worker in workers:
        worker.send_signal(signal.SIGSTOP)
    try:
        lost = calls["once"].result(PATIENCE_S)
    finally:
        battered.opened.set()
        for worker in workers:
            worker.send_signal(signal.SIGCONT)
    assert lost["error"]["type"] == "worker_lost"
    assert calls["twice"].result(PATIENCE_S)["status"] == "succeeded"
    rows = assert_whole_again(battered, ids)
    assert rows["once"]["status"] == "failed"
    assert battered.said.count("outcome_discarded") >= 1
