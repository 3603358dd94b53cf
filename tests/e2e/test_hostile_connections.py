"""A real api process under two hundred hostile connections: honest calls are answered, and memory stays bounded."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from tests.e2e.stack import clean_env, free_port, midcall
from tests.support.patience import CLIENT_S, wait_for
from tests.support.servers import redis_server, stopped_at_the_end
from tests.support.target import target

CALLS = 40
#: Of the whole process, with the web UI, its review children not counted.
MOST_BYTES = 500_000_000


@contextmanager
def api(folder: Path) -> Iterator[tuple[httpx.Client, str, psutil.Process]]:
    """Run one `midcall api`; gives a client with an admin's key, another workspace's key, and the process."""
    with redis_server() as redis:
        env = {
            "MIDCALL_DATA_DIR": str(folder / "data"),
            "MIDCALL_RUNTIME_DIR": str(folder / "run"),
            "MIDCALL_REDIS_URL": redis,
            "MIDCALL_PORT": str(free_port()),
            "MIDCALL_OUTBOUND_ALLOW": "127.0.0.1",
            # As `midcall up` and the image start it.
            "MALLOC_ARENA_MAX": "4",
            "MALLOC_TRIM_THRESHOLD_": "131072",
        }
        assert midcall("migrate", env=env).code == 0
        keys = [midcall("workspace", "create", name, env=env) for name in ("honest", "hostile")]
        honest, hostile = (next(word for word in key.out.split() if word.startswith("mc_")) for key in keys)
        argv = [sys.executable, "-m", "midcall", "api"]
        with (
            (folder / "api.log").open("wb") as log,
            stopped_at_the_end(subprocess.Popen(argv, env=clean_env() | env, stdout=log, stderr=log)) as process,
            httpx.Client(
                base_url=f"http://127.0.0.1:{env['MIDCALL_PORT']}",
                headers={"authorization": f"Bearer {honest}"},
                timeout=CLIENT_S,
                trust_env=False,
            ) as client,
        ):
            assert wait_for(lambda: _serves(client)), (folder / "api.log").read_text()
            yield client, hostile, psutil.Process(process.pid)


def _serves(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


@contextmanager
def attackers(url: str, key: str) -> Iterator[dict[str, int]]:
    """Have two hundred connections attack meanwhile; afterwards the dictionary says what they were answered."""
    found: dict[str, int] = {}
    argv = [sys.executable, "-m", "bench.attackers", url]
    with subprocess.Popen(
        argv, env={**os.environ, "KEY": key}, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield found
            out, _ = process.communicate(timeout=CLIENT_S)
            found.update(json.loads(out))
        finally:
            process.kill()


def measured(client: httpx.Client) -> list[float]:
    """Call a webhook again and again, each time over a connection of its own; returns the seconds that took."""
    took = []
    for _ in range(CALLS):
        began = time.perf_counter()
        answer = client.post("/v1/functions/hook/invoke", json={}, headers={"connection": "close"})
        took.append(time.perf_counter() - began)
        assert (answer.status_code, answer.json()["status"]) == (200, "succeeded"), answer.text
        time.sleep(0.1)
    return took


def p95(seconds: list[float]) -> float:
    """Return the 95th percentile in milliseconds."""
    return 1000 * statistics.quantiles(seconds, n=20, method="inclusive")[-1]


def test_honest_calls_are_answered_while_two_hundred_connections_attack(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Slow, huge, deep, idle, with and without a key: every honest call succeeds, and memory stays below its bound."""
    with target() as there, api(tmp_path) as (client, hostile, process):
        webhook = {"url": f"{there.url}/hook"}
        function = {"name": "hook", "description": "A webhook to call.", "kind": "webhook", "webhook": webhook}
        for path, body in (("", function), ("/hook/versions/1/submit", None), ("/hook/publish", {"version": 1})):
            assert client.post(f"/v1/functions{path}", json=body).is_success
        measured(client)
        idle = measured(client)
        before = process.memory_info().rss  # short: the figure is the claim
        with attackers(str(client.base_url), hostile) as answers:
            assert wait_for(lambda: len(process.net_connections()) > 100)
            under_attack, most = [], 0
            for _ in range(3):
                under_attack += measured(client)
                most = max(most, process.memory_info().rss)  # short: the figure is the claim
        ratio = p95(under_attack) / p95(idle)
        with capsys.disabled():
            sys.stdout.write(
                f"\nhonest p95: idle {p95(idle):.0f} ms, under attack {p95(under_attack):.0f} ms, ratio {ratio:.1f}; "
                f"RSS {before / 1e6:.0f} -> {most / 1e6:.0f} MB; answers: {json.dumps(answers)}\n"
            )
        assert most < MOST_BYTES
        no_key = {"huge/no key: 401", "deep/no key: 401", "huge/forged: 503"}
        unfinished = {"half a head: 408", "dripping head: 408", "idle: closed", "slow/forged: 408", "slow/a key: 408"}
        assert no_key | unfinished <= answers.keys()
        assert wait_for(lambda: len(process.net_connections()) < 100)
        # Whoever comes could fill the log else.
        assert "Traceback" not in (tmp_path / "api.log").read_text()
