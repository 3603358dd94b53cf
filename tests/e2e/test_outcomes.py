"""What a caller gets for each way a run can end, through the whole stack: HTTP, queue, worker, pool, container."""

import time
from dataclasses import dataclass
from typing import Any

import pytest
from tests.e2e.stack import QUICK, Stack, stack
from tests.support.patience import DEADLINE_MS, PATIENCE_S, wait_for

from midcall.domain.run import RunRequest


@dataclass(frozen=True)
class Case:
    """A function's source, and what its test and its invocation must say."""

    body: str
    report: str
    outcome: str
    error: str | None = None
    line: int | None = None
    fields: dict[str, Any] | None = None

    @property
    def source(self) -> str:
        """Return the whole source."""
        body = "".join(f"    {line}\n" for line in self.body.splitlines())
        return f"def handler(session):\n{body}"


NUMBERS = "n = 1\nwhile n:\n    n += 1\nreturn n"
GROWING = "kept = []\nfor n in range(2_000):\n    kept.append(bytearray(1_000_000))\nreturn len(kept)"
NESTED = "value = []\nfor _ in range(10_000):\n    value = [value]\nreturn value"

CASES = {
    "ok": Case("return {'n': 1}", "ok", "succeeded"),
    "error": Case("price = 1\nreturn price / 0", "error", "failed", "ZeroDivisionError", 3),
    "timeout": Case(NUMBERS, "timeout", "timed_out", "Timeout", fields={"timeout": 4}),
    "memory": Case(GROWING, "error|memory", "failed", "MemoryError|OutOfMemory"),
    "large": Case("return 'x' * 1_000_000", "output_limit", "failed"),
    "nan": Case("return float('nan')", "error", "failed"),
    "nested": Case(NESTED, "error", "failed"),
    "no_json": Case("return {1, 2}", "error", "failed"),
    "surrogate": Case("return chr(0xd800)", "ok|error", "succeeded|failed"),
    "many_logs": Case("for n in range(20_000):\n    print('x' * 100)\nreturn 1", "ok", "succeeded"),
    "bad_terminate": Case("return {'dynamicVariables': 'none'}", "error", "failed", "bad_return"),
}


@pytest.mark.parametrize("name", CASES)
def test_each_end_of_a_run_is_told_as_what_it_was(up: Stack, name: str) -> None:
    """Status, error and line are right in the report and in the outcome."""
    case = CASES[name]
    up.function(f"ends_{name}", case.source, **(case.fields or {}))
    up.await_idle()
    report = up.test(f"ends_{name}")
    up.await_idle()
    outcome = up.invoke(f"ends_{name}")
    assert report["status"] in case.report.split("|"), report
    assert outcome["status"] in case.outcome.split("|"), outcome
    if outcome["status"] != "succeeded":
        assert outcome["message"]
        assert outcome["error"]["message"]
    if case.error:
        assert outcome["error"]["type"] in case.error.split("|")
    if case.line:
        assert report["error"]["line"] == case.line
    record = up.client.get(f"/v1/invocations/{outcome['invocation_id']}").json()
    assert record["status"] == outcome["status"]
    assert record["sha256"] == report["sha256"]


def test_code_refuses_in_words_of_its_own(up: Stack) -> None:
    """The LLM is told them, it is no fault, and nothing is tried again."""
    source = (
        "def handler(session, actions):\n    raise actions.Refuse(f\"order {session['params']['n']} is unknown\")\n"
    )
    up.function("orders", source, retries=2)
    report = up.test("orders", params={"n": 4711})
    assert (report["status"], report["error"]["line"]) == ("refused", 2)
    outcome = up.invoke("orders", n=4711)
    assert (outcome["status"], outcome["content"], outcome["retry"]) == ("refused", "order 4711 is unknown", "no")
    assert outcome["error"] == {"type": "refused", "message": "order 4711 is unknown"}


def test_an_endless_loop_ends_at_its_deadline(up: Stack) -> None:
    """It holds through HTTP, queue, worker, pool and container; how soon after it, `make bench` measures."""
    up.function("endless", CASES["timeout"].source, timeout=2)  # short: its deadline ends it
    began = time.monotonic()
    outcome = up.invoke("endless")
    assert 1.9 < time.monotonic() - began < PATIENCE_S
    assert outcome["status"] == "timed_out"


def test_logs_are_kept_and_their_cut_is_told(up: Stack) -> None:
    """64 KB of logs are kept, and the report says that there was more."""
    up.function("ends_many_logs", CASES["many_logs"].source)
    report = up.test("ends_many_logs")
    assert report["logs_truncated"] is True
    assert 0 < len(report["logs"].encode()) <= 64 * 1024 + 1024


def test_runs_use_another_container_each(up: Stack) -> None:
    """Through the whole stack as well, no sandbox is seen twice."""
    up.function("plain", QUICK)
    ids = [up.invoke("plain")["invocation_id"] for _ in range(6)]
    sandboxes = {up.client.get(f"/v1/invocations/{id_}").json()["sandbox_id"] for id_ in ids}
    assert len(sandboxes) == 6
    assert None not in sandboxes


#: What review refuses; the stack's pool is asked to run it all the same, as `midcall run` would ask it.
FORKS = """\
import os

def handler(session):
    while True:
        try:
            os.fork()
        except OSError:
            pass
"""
FLOODS = """\
import os

def handler(session):
    for _ in range(200):
        os.write(1, b"x" * 1_000_000)
    return "done"
"""
FORGES = """\
import os

def handler(session):
    for fd in range(256):
        try:
            os.write(fd, b'{"status": "ok", "result": "forged"}\\n')
        except OSError:
            pass
    os._exit(0)
"""
SHORT_MS = 2_000  # short: for what only its deadline ends
REFUSED_CODE = {
    "leaves": ("import os\n\ndef handler(session):\n    os._exit(0)\n", "crashed"),
    "leaves_politely": ("import sys\n\ndef handler(session):\n    sys.exit(3)\n", "error"),
    "counts_for_ever": ("def handler(session):\n    return sum(range(10**12))\n", "timeout"),
    "forks": (FORKS, "timeout|crashed|error|memory"),
    "floods": (FLOODS, "ok|error|crashed"),
    "forges": (FORGES, "crashed|error"),
}


@pytest.mark.parametrize("name", REFUSED_CODE)
def test_what_review_refuses_is_contained_all_the_same(up: Stack, name: str) -> None:
    """Review is policy, the container contains: the run ends in time, as what it was, and the next call works."""
    source, statuses = REFUSED_CODE[name]
    up.await_idle()
    ms = SHORT_MS if "timeout" in statuses.split("|") else DEADLINE_MS
    report = up.pool.run(RunRequest(f"refused-{name}", source, {"params": {}}, deadline_ms=ms))
    assert report.status.value in statuses.split("|"), report
    assert report.result != "forged"
    up.function("plain", QUICK)
    assert up.invoke("plain", n=4)["result"] == 4


def test_a_full_queue_says_429_and_when_to_try_again_and_lives_on() -> None:
    """One call may wait; with the workers busy the next but one is told so at once, and nothing of it is stored."""
    with stack("small", MIDCALL_MAX_QUEUED="1", MIDCALL_WORKERS="1") as small:
        small.held("slow")
        small.function("quick", QUICK)
        slow = []
        for running in (1, 2):
            slow.append(small.in_background("slow"))
            small.await_running("slow", count=running)
        waiting = small.in_background("quick", n=1)
        assert wait_for(lambda: len(small.rows("quick")) == 1)
        refused = small.client.post("/v1/functions/quick/invoke", json={"params": {}})
        assert not any(call.done() for call in (*slow, waiting))
        small.opened.set()
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) >= 1
        assert refused.json()["code"] == "queue_full"
        assert len(small.rows("quick")) == 1
        assert waiting.result(PATIENCE_S)["status"] == "succeeded"
        assert [call.result(PATIENCE_S)["status"] for call in slow] == ["succeeded"] * 2
        assert small.invoke("quick", n=2)["result"] == 2


def test_live_calls_are_served_while_every_general_worker_is_busy_with_tests(up: Stack) -> None:
    """Some workers serve live calls alone, so no number of tests holds a caller up."""
    up.held("slow")
    up.function("plain", QUICK)
    up.opened.clear()
    tests = [up.test_in_background("slow") for _ in range(3)]
    up.await_running("slow")
    outcome = up.invoke("plain", n=9)
    assert outcome["result"] == 9
    assert [row["status"] for row in up.rows("slow")].count("queued") >= 1
    up.opened.set()
    assert [call.result(PATIENCE_S)["status"] for call in tests] == ["ok"] * 3
