"""Redis away or hung: no call is lost in silence, and nobody waits for long."""

import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest
from redis import Redis
from tests.e2e.stack import QUICK, Stack
from tests.support.patience import DEADLINE_S, PATIENCE_S, wait_for

from midcall.service.runs.wait import LOOK_EVERY_S


@pytest.fixture(autouse=True)
def _whole(battered: Stack) -> Iterator[None]:
    assert wait_for(battered.ready), battered.said
    battered.function("quick", QUICK)
    battered.held("slow")
    battered.opened.clear()
    battered.client.get("/v1/workspace")
    yield
    battered.opened.set()


def test_a_call_whose_wake_redis_lost_is_run_all_the_same(battered: Stack) -> None:
    """Both workers are busy, a third call's wake is lost in Redis, and the sweep gives it again."""
    slow = [battered.in_background("slow") for _ in range(2)]
    battered.await_running("slow", count=2)
    waiting = battered.in_background("quick", n=6)
    assert wait_for(lambda: "queued" in {row["status"] for row in battered.rows("quick")})
    with Redis(unix_socket_path=f"{battered.directory}/run/redis.sock") as redis:
        redis.flushall()
    battered.opened.set()
    assert waiting.result(PATIENCE_S)["result"] == 6
    assert [call.result(PATIENCE_S)["status"] for call in slow] == ["succeeded"] * 2


def test_a_hung_redis_bounds_the_wait_of_every_call(battered: Stack) -> None:
    """Stopped, not dead: it accepts connections and answers nothing. Calls fail within seconds, and later ones run."""
    battered.invoke("quick", n=0)  # connections are open
    (redis,) = battered.part("redis")
    redis.send_signal(signal.SIGSTOP)
    try:
        calls = [battered.in_background("quick", n=1) for _ in range(6)]
        outcomes = [call.result(PATIENCE_S) for call in calls]
    finally:
        redis.send_signal(signal.SIGCONT)
    assert {outcome["error"]["type"] for outcome in outcomes} == {"queue_unavailable"}
    assert wait_for(battered.ready)
    assert battered.invoke("quick", n=8)["result"] == 8
    # What was told to have failed is not run when the wakes come through after all.
    time.sleep(1)
    for outcome in outcomes:
        assert battered.await_final(outcome["invocation_id"])["attempt"] == 0


def test_a_redis_that_hangs_for_a_moment_costs_no_call(battered: Stack) -> None:
    """Two seconds are within everybody's patience: the call is run afterwards."""
    (redis,) = battered.part("redis")
    redis.send_signal(signal.SIGSTOP)
    try:
        call = battered.in_background("quick", n=2)
        time.sleep(2)
    finally:
        redis.send_signal(signal.SIGCONT)
    assert call.result(PATIENCE_S)["result"] == 2


def test_a_run_under_way_is_answered_while_redis_hangs(battered: Stack) -> None:
    """The outcome is recorded and read without Redis."""
    slow = battered.in_background("slow")
    battered.await_running("slow")
    (redis,) = battered.part("redis")
    redis.send_signal(signal.SIGSTOP)
    battered.opened.set()
    try:
        assert slow.result(PATIENCE_S)["status"] == "succeeded"
    finally:
        redis.send_signal(signal.SIGCONT)


def test_health_tells_of_a_hung_redis_in_time_for_a_probe(battered: Stack) -> None:
    """`/healthz` does not care, `/readyz` says 503 instead of waiting for an answer that never comes."""
    (redis,) = battered.part("redis")
    redis.send_signal(signal.SIGSTOP)
    try:
        # What somebody was told a moment ago is told to others too.
        assert wait_for(lambda: battered.client.get("/readyz").status_code != 200)
        began = time.monotonic()
        assert battered.client.get("/healthz").status_code == 200
        answer = battered.client.get("/readyz")
        assert time.monotonic() - began < DEADLINE_S
    finally:
        redis.send_signal(signal.SIGCONT)
    assert answer.status_code == 503
    assert [name for name, check in answer.json()["checks"].items() if not check["ok"]] == ["redis"]


def test_wakes_come_through_after_seconds_of_silence(battered: Stack) -> None:
    """A stream read that blocks longer than redis-py's default timeout of 5 s is no error, and loses no wake.

    Without a wake the row would be looked at after a second, each time; with it the answer takes milliseconds.
    """
    battered.invoke("quick", n=0)
    time.sleep(6.5)

    def took() -> float:
        began = time.monotonic()
        battered.invoke("quick", n=1)
        return time.monotonic() - began

    assert any(took() < 0.9 * LOOK_EVERY_S for _ in range(10))


def test_calls_admitted_while_redis_is_away_are_run_or_fail_soon_with_the_reason(battered: Stack) -> None:
    """Killed again whenever it comes back, Redis is away for seconds: each call is answered, none waits for long."""
    began = time.monotonic()
    calls: list[Future[Any]] = []
    while time.monotonic() < began + 6:
        for redis in battered.part("redis"):
            redis.kill()
        if len(calls) < 4:
            calls.append(battered.in_background("quick", n=len(calls)))
        time.sleep(0.1)
    for number, call in enumerate(calls):
        outcome = call.result(PATIENCE_S)
        row = battered.await_final(outcome["invocation_id"])
        assert (row["ended_at"] - row["created_at"]) / 1000 < PATIENCE_S
        if outcome["status"] == "succeeded":
            assert outcome["result"] == number
        else:
            assert outcome["error"]["type"] == "queue_unavailable"
            assert "not run" in outcome["error"]["message"]
    assert any(call.result()["status"] == "failed" for call in calls)
    assert wait_for(battered.ready)
    assert battered.invoke("quick", n=5)["result"] == 5
