"""`python -m bench`: what `docker run`, a warm sandbox, an HTTP invoke and the end of a deadline cost, side by side.

They are measured in turn, round after round, so that a machine whose speed drifts slows them all alike. The
absolute figures are this machine's; the ratios are what to compare. Exits with 1 if an invoke costs more than
`MAX_RATIO` of a `docker run`, or if a call that never ends is answered later than `MAX_LATE` of one after its deadline.
"""

import argparse
import sys
import time
from collections.abc import Callable

from bench.server import DOUBLE, Server, midcall_up
from bench.stats import Series, row
from midcall.domain.ids import new_id
from midcall.domain.run import RunRequest

#: The promise: an invoke over HTTP, paced, costs at most this part of a `docker run`, at the median.
MAX_RATIO = 0.08
#: The promise: a call that never ends is answered within this part of a `docker run` after its deadline, at the median.
MAX_LATE = 1.0
#: Seconds of that deadline.
DEADLINE_S = 1
#: Pause before each measured call: a caller speaks between two calls, and the pool refills.
PACE_S = 0.3

ENDLESS = "def handler(session):\n    n = 1\n    while n:\n        n += 1\n    return n\n"
#: The kinds that are judged, and what is printed of them.
INVOKE, LATE = "HTTP invoke, paced", "after the deadline of an endless one"


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="measured calls of each kind (default 40)")
    rounds: int = parser.parse_args().rounds
    with midcall_up() as server:
        server.publish("bench_double", DOUBLE)
        server.publish("bench_endless", ENDLESS, timeout=DEADLINE_S)
        kinds: dict[str, Callable[[], None]] = {
            "docker run --rm --network none": server.docker_run,
            "warm sandbox (worker's view)": lambda: _warm_hit(server),
            INVOKE: lambda: server.invoke("bench_double", {"number": 21}),
            LATE: lambda: server.invoke("bench_endless", {"number": 21}, status="timed_out"),
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
                series[name].add(time.perf_counter() - began - (DEADLINE_S if name == LATE else 0))
    return _judge(series)


def _warm_hit(server: Server) -> None:
    request = RunRequest(new_id("run"), DOUBLE, {"params": {"number": 21}}, deadline_ms=10_000)
    report = server.pool.run(request)
    if report.result != {"doubled": 42}:
        raise RuntimeError(f"the sandbox answered {report}")


def _judge(series: dict[str, Series]) -> int:
    baseline = next(iter(series.values()))
    print(row("", "p50 ms", "p95 ms", "p50 / docker run"))
    for name, measured in series.items():
        ratio = measured.p50 / baseline.p50
        print(row(name, f"{measured.p50 * 1000:.1f}", f"{measured.p95 * 1000:.1f}", f"{ratio:.3f}"))
    invoke, late = (series[name].p50 / baseline.p50 for name in (INVOKE, LATE))
    for name, ratio, most in ((INVOKE, invoke, MAX_RATIO), (LATE, late, MAX_LATE)):
        print(f"{name}: p50 is {ratio:.3f} of docker run's p50; promised: at most {most}. Holds: {ratio <= most}")
    return 0 if invoke <= MAX_RATIO and late <= MAX_LATE else 1


if __name__ == "__main__":
    sys.exit(main())
