"""Redis away or hung: no call is lost in silence, and nobody waits for long."""

import signal
import time
from concurrent.futures import Future
from typing import Any

import pytest
from redis import Redis
from tests.e2e.stack import QUICK, SLOW, Stack, wait_for

#: A caller waits 5 s for a queue that does not answer; then a look at the row a second, and a slow machine.
ANSWERED_S = 9.0
#: A hung Redis also costs its own timeouts: 1 s and one retry for each attempt to reach it.
ANSWERED_HUNG_S = 11.0


@pytest.fixture(autouse=True)
def _whole(battered: Stack) -> None:
    assert wait_for(battered.ready, 60), battered.said
    battered.function("quick", QUICK)
    battered.function("slow", SLOW)
    battered.client.get("/v1/workspace")


def test_a_call_whose_wake_redis_lost_is_run_all_the_same(battered: Stack) -> None:
    """Rule 3: both workers are busy, a third call's wake is lost in Redis, and the sweep gives it again."""
    slow = [battered.in_background("slow", seconds=3) for _ in range(2)]
    battered.await_running("slow", count=2)
    waiting = battered.in_background("quick", n=6)
    assert wait_for(lambda: "queued" in {row["status"] for row in battered.rows("quick")}, 5)
    with Redis(unix_socket_path=f"{battered.directory}/run/redis.sock") as redis:
        redis.flushall()
    assert waiting.result(ANSWERED_S + 3)["result"] == 6
    assert [call.result(10)["status"] for call in slow] == ["succeeded"] * 2


def test_a_hung_redis_bounds_the_wait_of_every_call(battered: Stack) -> None:
    """Stopped, not dead: it accepts connections and answers nothing. Calls fail within seconds, and later ones run."""
    battered.invoke("quick", n=0)  # connections are open
    (redis,) = battered.part("redis")
    redis.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        calls = [battered.in_background("quick", n=1) for _ in range(6)]
        outcomes = [call.result(ANSWERED_HUNG_S) for call in calls]
        assert time.monotonic() - began < ANSWERED_HUNG_S
    finally:
        redis.send_signal(signal.SIGCONT)
    assert {outcome["error"]["type"] for outcome in outcomes} == {"queue_unavailable"}
    assert wait_for(battered.ready, 30)
    assert battered.invoke("quick", n=8)["result"] == 8
    # What was told to have failed is not run when the wakes come through after all.
    time.sleep(1)
    for outcome in outcomes:
        assert battered.await_final(outcome["invocation_id"], 1)["attempt"] == 0


def test_a_redis_that_hangs_for_a_moment_costs_no_call(battered: Stack) -> None:
    """Two seconds are within everybody's patience: the call is run afterwards."""
    (redis,) = battered.part("redis")
    redis.send_signal(signal.SIGSTOP)
    try:
        call = battered.in_background("quick", n=2)
        time.sleep(2)
    finally:
        redis.send_signal(signal.SIGCONT)
    assert call.result(ANSWERED_S)["result"] == 2


def test_a_run_under_way_is_answered_while_redis_hangs(battered: Stack) -> None:
    """The outcome is recorded and read without Redis."""
    slow = battered.in_background("slow", seconds=2)
    battered.await_running("slow")
    (redis,) = battered.part("redis")
    redis.send_signal(signal.SIGSTOP)
    try:
        assert slow.result(ANSWERED_S)["status"] == "succeeded"
    finally:
        redis.send_signal(signal.SIGCONT)


def test_health_tells_of_a_hung_redis_in_time_for_a_probe(battered: Stack) -> None:
    """`/healthz` does not care, `/readyz` says 503 within the few seconds that a load balancer waits."""
    (redis,) = battered.part("redis")
    redis.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert battered.client.get("/healthz").status_code == 200
        answer = battered.client.get("/readyz")
        assert time.monotonic() - began < 8
    finally:
        redis.send_signal(signal.SIGCONT)
    assert answer.status_code == 503
    assert [name for name, check in answer.json()["checks"].items() if not check["ok"]] == ["redis"]


def test_wakes_come_through_after_seconds_of_silence(battered: Stack) -> None:
    """Rule 4: a stream read that blocks longer than redis-py's default timeout of 5 s is no error, and loses no wake.

    Without a wake the row would be looked at after a second; with it the answer takes milliseconds.
    """
    battered.invoke("quick", n=0)
    time.sleep(6.5)
    took = []
    for _ in range(3):
        began = time.monotonic()
        battered.invoke("quick", n=1)
        took.append(time.monotonic() - began)
    assert min(took) < 0.5, took


def test_calls_admitted_while_redis_is_away_are_run_or_fail_soon_with_the_reason(battered: Stack) -> None:
    """Killed again whenever it comes back, Redis is away for seconds: each call is answered, none waits for long."""
    began = time.monotonic()
    calls: list[tuple[float, Future[Any]]] = []
    while time.monotonic() < began + 6:
        for redis in battered.part("redis"):
            redis.kill()
        if len(calls) < 4:
            calls.append((time.monotonic(), battered.in_background("quick", n=len(calls))))
        time.sleep(0.1)
    for number, (asked, call) in enumerate(calls):
        outcome = call.result(30)
        assert time.monotonic() - asked < 30
        row = battered.await_final(outcome["invocation_id"], 1)
        assert (row["ended_at"] - row["created_at"]) / 1000 < ANSWERED_S
        if outcome["status"] == "succeeded":
            assert outcome["result"] == number
        else:
            assert outcome["error"]["type"] == "queue_unavailable"
            assert "not run" in outcome["error"]["message"]
    assert any(call.result()["status"] == "failed" for _, call in calls)
    assert wait_for(battered.ready, 60)
    assert battered.invoke("quick", n=5)["result"] == 5
