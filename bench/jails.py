"""`python -m bench.jails`: what runs in jails cost beside `docker run` and beside throwaway containers.

Rounds of all kinds in turn, medians of the rounds: four `docker run` at a time and one alone, runs that the pool makes
in jails for 1 and 4 callers, invokes over HTTP by 1, 4 and 32 clients back to back, the same paced; and a hundred test
cases, in jails and in containers. With `--soak N` it makes N runs in jails instead, and prints the memory of the pool,
of PID 1 and of the template as they go. Exits with 1 if a call fails.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.load import invoke_rate, rate
from bench.server import DOUBLE, Server, midcall_up
from bench.stats import Series, row
from midcall.domain.ids import new_id
from midcall.domain.isolation import Isolation
from midcall.domain.run import RunReport, RunRequest

JAILED, CONTAINED = "bench_jailed", "bench_contained"
DOCKER_RUN, DOCKER_RUN_ALONE = "docker run, 4 at a time", "docker run, alone"
CLIENTS = (1, 4, 32)
CASES = 100
PACE_S = 0.1
READY_S = 60.0
LOOKS = 10


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.jails", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="rounds of all kinds (default 3)")
    parser.add_argument("--runs", type=int, default=200, help="runs of each kind in a round (default 200)")
    parser.add_argument("--soak", type=int, default=0, help="make so many runs instead, and watch the memory")
    wanted = parser.parse_args()
    with midcall_up() as server:
        _until(lambda: _run(server).isolation is Isolation.JAIL)
        if wanted.soak:
            _soak(server, wanted.soak)
        else:
            _measure(server, wanted.rounds, wanted.runs)
    return 0


def _measure(server: Server, rounds: int, runs: int) -> None:
    server.client.patch("/v1/workspace", json={"allow_jail": True}).raise_for_status()
    server.publish(JAILED, DOUBLE, isolation="jail")
    server.publish(CONTAINED, DOUBLE)
    _until(lambda: _jailed(server))
    latencies: dict[str, Series] = {}
    rates: dict[str, list[float]] = {}

    def timed(name: str, work: Callable[[], Any]) -> Callable[[], None]:
        def once() -> None:
            began = time.perf_counter()
            work()
            latencies.setdefault(name, Series()).add(time.perf_counter() - began)

        return once

    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        rates.setdefault(DOCKER_RUN, []).append(rate(server.docker_run, 24, 4))
        rates.setdefault(DOCKER_RUN_ALONE, []).append(rate(timed(DOCKER_RUN_ALONE, server.docker_run), 8, 1))
        for callers in (1, 4):
            name = f"jail, {callers} caller{'s'[: callers > 1]} of the pool"
            rates.setdefault(name, []).append(rate(timed(name, lambda: _run_in_jail(server)), runs, callers))
        for clients in CLIENTS:
            name = f"HTTP invoke in a jail, {clients} client{'s'[: clients > 1]}"
            series = latencies.setdefault(name, Series())
            rates.setdefault(name, []).append(invoke_rate(server, JAILED, runs, clients, series))
            if _kept_in(server, runs) != {"jail"}:
                raise RuntimeError(f"calls that are measured were in no jail: {name}")
        for _ in range(20):
            time.sleep(PACE_S)
            timed("HTTP invoke in a jail, paced", lambda: server.invoke(JAILED, {"number": 21}))()
    _print(rates, latencies)
    for name in (CONTAINED, JAILED):
        print(f"{CASES} test cases of {name}: {_cases(server, name):.1f} s")


def _print(rates: Mapping[str, list[float]], latencies: Mapping[str, Series]) -> None:
    alone = latencies[DOCKER_RUN_ALONE].p50
    print(row("", "a second", "/ docker run", "p50 ms", "p95 ms", "p50 / docker run"))
    for name in dict.fromkeys((*rates, *latencies)):
        cells = ["", ""]
        if name in rates:
            median = statistics.median(rates[name])
            cells = [f"{median:.1f}", f"{median / statistics.median(rates[DOCKER_RUN]):.2f}"]
        if name in latencies:
            series = latencies[name]
            cells += [f"{1000 * series.p50:.1f}", f"{1000 * series.p95:.1f}", f"{series.p50 / alone:.3f}"]
        print(row(name, *cells))


def _run(server: Server) -> RunReport:
    request = RunRequest(
        new_id("run"), DOUBLE, {"params": {"number": 21}}, 10_000, owner="bench", isolation=Isolation.JAIL
    )
    report = server.pool.run(request)
    if report.result != {"doubled": 42}:
        raise RuntimeError(f"the jail answered {report}")
    return report


def _run_in_jail(server: Server) -> RunReport:
    report = _run(server)
    if report.isolation is not Isolation.JAIL:
        raise RuntimeError(f"a run that is measured was in no jail: {report.isolation_note}")
    return report


def _jailed(server: Server) -> bool:
    """Tell whether the last call of the function was kept in a jail."""
    server.invoke(JAILED, {"number": 21})
    return bool(_kept_in(server, 1) == {"jail"})


def _kept_in(server: Server, calls: int) -> set[str]:
    """Return what the last calls of the function were kept in."""
    found: list[Any] = []
    cursor: str | None = None
    while len(found) < calls:
        query: dict[str, str | int] = {"function": JAILED, "limit": min(100, calls)}
        query |= {"cursor": cursor} if cursor else {}
        page = server.client.get("/v1/invocations", params=query).raise_for_status().json()
        found += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    return {item["isolation"] for item in found[:calls]}


def _until(holds: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + READY_S
    while not holds():
        if time.monotonic() > give_up_at:
            raise RuntimeError("there are no jails; the log of the pool says why")
        time.sleep(0.1)


def _cases(server: Server, function: str) -> float:
    """Return the seconds in which a hundred test cases of a function run."""
    path = f"/v1/functions/{function}/tests"
    for number in range(CASES):
        case = {"params": {"number": number}, "expect": {"exact": {"doubled": 2 * number}}}
        server.client.put(f"{path}/case-{number}", json=case).raise_for_status()
    began = time.perf_counter()
    ran = server.call(path, {})
    if ran["passed"] != CASES:
        raise RuntimeError(f"the test cases ended with {ran}")
    return time.perf_counter() - began


def _soak(server: Server, runs: int) -> None:
    """Make runs, four at a time, and print what the processes of the lane hold."""
    container = _run(server).sandbox_id.rpartition("-")[0]
    print(row("runs", "a second", "pool MB", "PID 1 MB", "template MB"))
    for look in range(LOOKS + 1):
        done = 0.0 if not look else rate(lambda: _run_in_jail(server), runs // LOOKS, 4)
        mine = _run(server).sandbox_id.rpartition("-")[0]
        note = "" if mine == container else "  (replaced)"
        container = mine
        print(
            row(str(look * runs // LOOKS), f"{done:.0f}", *(f"{mb:.1f}" for mb in _memory(server, mine))) + note,
            flush=True,
        )


def _memory(server: Server, container: str) -> list[float]:
    """Return what the pool, PID 1 and the template hold of memory, in MB."""
    inspect = ["docker", "inspect", "--format", "{{.State.Pid}}", container]
    first = int(subprocess.run(inspect, capture_output=True, text=True, check=True).stdout)
    template = int(Path(f"/proc/{first}/task/{first}/children").read_text().split()[0])
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    pool = next(int(pid) for pid in children if b"\0pool" in Path(f"/proc/{pid}/cmdline").read_bytes())
    return [_resident_mb(pid) for pid in (pool, first, template)]


def _resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) / 1024


if __name__ == "__main__":
    sys.exit(main())
