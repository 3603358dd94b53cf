"""A pool stays away for longer than its restart takes: what nobody waits for is made later, once; who waits, waits."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.e2e.stack import QUICK, Stack, stack
from tests.support.patience import wait_for

AGENT = {
    "functions": [
        {"function": "noted", "phase": "during_session"},
        {"function": "written_up", "phase": "post_session"},
    ]
}
FUNCTIONS = ("noted", "written_up")
#: Seconds that the pool is kept away: longer than any run used to wait for it.
AWAY_S = 8.0  # short: it has to be away for so long and then come back
#: Seconds for what waited to be done, on a slow machine: its pauses grow to 15 s.
DONE_S = 90.0


@pytest.fixture(scope="module")
def it() -> Iterator[Stack]:
    """Run a stack."""
    with stack("away") as started:
        yield started


@contextmanager
def without_a_pool(it: Stack) -> Iterator[None]:
    """Kill the pool, and keep what would start it again from doing so."""
    (pool,) = it.part("pool")
    up = it.processes()[0]
    up.send_signal(signal.SIGSTOP)
    try:
        pool.kill()
        yield
    finally:
        up.send_signal(signal.SIGCONT)


def given_back(it: Stack, function: str) -> bool:
    """Tell whether the one run of a function waits, since there was no pool for it."""
    row = it.rows(function)[0]
    error = json.loads(row["outcome"])["error"]["type"] if row["outcome"] else None
    return (row["status"], row["attempt"], error) == ("queued", 0, "sandbox_unavailable") and row["due_at"] is not None


def test_a_pool_that_is_away_for_long_loses_no_run(it: Stack) -> None:
    """A background call, a post-session run and a live call come while it is away; each is made once, afterwards."""
    assert wait_for(it.ready, 60), it.said
    it.function("noted", QUICK, background=True)
    it.function("written_up", QUICK)
    it.function("quick", QUICK)
    assert it.client.put("/v1/agents/desk", json=AGENT).is_success
    assert it.client.post("/v1/sessions", json={"agent": "desk", "sessionId": "s1"}).is_success
    with without_a_pool(it):
        began = time.monotonic()
        called = it.client.post("/v1/sessions/s1/functions/noted", json={"params": {}})
        assert called.json()["status"] == "accepted"
        assert it.client.post("/v1/sessions/s1/end", json={"analysis": {"mood": "good"}}).is_success
        live = it.in_background("quick", n=5)
        assert wait_for(lambda: all(given_back(it, name) for name in FUNCTIONS)), it.said
        time.sleep(max(0.0, began + AWAY_S - time.monotonic()))
        assert all(row["status"] in ("queued", "running") for name in FUNCTIONS for row in it.rows(name))
        assert not live.done()
    assert live.result(60)["result"] == 5
    for function in FUNCTIONS:
        (row,) = it.rows(function)
        done = it.await_final(row["id"], DONE_S)
        assert (done["status"], done["attempt"]) == ("succeeded", 1)
        assert it.said.count(f"run_id={row['id']}.") == 1, it.said
