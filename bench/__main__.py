"""`python -m bench`: what `docker run`, a warm sandbox and an HTTP invoke cost, side by side.

The three are measured in turn, round after round, so that a machine whose speed drifts slows them all alike. The
absolute figures are this machine's; the ratios are what to compare. Exits with 1 if an invoke costs more than
`MAX_RATIO` of a `docker run`.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable

from bench.server import Server, midcall_up
from bench.stats import Series, row
from midcall.domain.ids import new_id
from midcall.domain.run import RunRequest

#: The promise: an invoke over HTTP, paced, costs at most this part of a `docker run`, at the median.
MAX_RATIO = 0.08
#: Pause before each measured call: a caller speaks between two calls, and the pool refills.
PACE_S = 0.3

SOURCE = "def handler(session):\n    return {'doubled': session['params']['number'] * 2}\n"


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="measured calls of each kind (default 40)")
    rounds: int = parser.parse_args().rounds
    with midcall_up() as server:
        server.publish("bench_double", SOURCE)
        kinds: dict[str, Callable[[], None]] = {
            "docker run --rm --network none": lambda: _docker_run(server),
            "warm sandbox (worker's view)": lambda: _warm_hit(server),
            "HTTP invoke, paced": lambda: server.invoke("bench_double", {"number": 21}),
        }
        series = {name: Series() for name in kinds}
        for name, call in kinds.items():
            call()  # the first of each pays for connections and page cache
            print(f"measuring {rounds} x {name}", file=sys.stderr)
        for _ in range(rounds):
            for name, call in kinds.items():
                time.sleep(PACE_S)
                began = time.perf_counter()
                call()
                series[name].add(time.perf_counter() - began)
    return _judge(series)


def _docker_run(server: Server) -> None:
    # The same image and interpreter; the image has no other program.
    argv = ["docker", "run", "--rm", "--network", "none", "--entrypoint", server.python, server.image, "-c", "pass"]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def _warm_hit(server: Server) -> None:
    request = RunRequest(new_id("run"), SOURCE, {"params": {"number": 21}}, deadline_ms=10_000)
    report = server.pool.run(request)
    if report.result != {"doubled": 42}:
        raise RuntimeError(f"the sandbox answered {report}")


def _judge(series: dict[str, Series]) -> int:
    baseline = next(iter(series.values()))
    print(row("", "p50 ms", "p95 ms", "p50 / docker run"))
    for name, measured in series.items():
        ratio = measured.p50 / baseline.p50
        print(row(name, f"{measured.p50 * 1000:.1f}", f"{measured.p95 * 1000:.1f}", f"{ratio:.3f}"))
    invoke = list(series.values())[-1].p50 / baseline.p50
    holds = invoke <= MAX_RATIO
    print(f"HTTP invoke p50 is {invoke:.3f} of docker run's p50; promised: at most {MAX_RATIO}. Holds: {holds}")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
