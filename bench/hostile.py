"""`python -m bench.hostile`: what an honest call costs while 200 hostile connections attack the api, and otherwise.

Rounds of idle and attacked calls of a webhook alternate, so that a machine whose speed drifts slows both. Exits with 1
if the attacked calls' p95 is `MAX_RATIO` times the idle ones' or more, or the api process ever has more than `MAX_MB`.
"""

import argparse
import os
import subprocess
import sys
import time

import psutil

from bench.server import Server, midcall_up
from bench.stats import Series, row
from bench.targets import quick_target

MAX_RATIO = 5.0
MAX_MB = 500.0
PACE_S = 0.05
#: Until all attackers have come, and a while after they have gone.
SETTLE_S = 2.0


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m bench.hostile", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="of idle and attacked calls (default 3)")
    parser.add_argument("--calls", type=int, default=60, help="in each half of a round (default 60)")
    options = parser.parse_args()
    idle, attacked, most = Series(), Series(), 0.0
    with quick_target() as target, midcall_up(MIDCALL_OUTBOUND_ALLOW="127.0.0.1") as server:
        server.publish_webhook("bench_hook", f"{target}/hook", method="GET")
        api = next(
            child for child in psutil.Process(server.pid).children() if child.cmdline()[-2:] == ["midcall", "api"]
        )
        _measure(server, Series(), options.calls)
        for _ in range(options.rounds):
            _measure(server, idle, options.calls)
            with subprocess.Popen(
                [sys.executable, "-m", "bench.attackers", server.url],
                env={**os.environ, "KEY": server.key},
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
            ) as attackers:
                time.sleep(SETTLE_S)
                _measure(server, attacked, options.calls)
                most = max(most, api.memory_info().rss / 1e6)
                attackers.communicate()
            time.sleep(SETTLE_S)
    ratio = attacked.p95 / idle.p95
    print(row("", "p50", "p95"))
    for name, series in (("idle", idle), ("200 hostile connections", attacked)):
        print(row(name, f"{series.p50 * 1000:.1f} ms", f"{series.p95 * 1000:.1f} ms"))
    print(f"ratio of the p95: {ratio:.1f} (below {MAX_RATIO}); the api's memory: {most:.0f} MB (below {MAX_MB:.0f})")
    return int(ratio >= MAX_RATIO or most >= MAX_MB)


def _measure(server: Server, series: Series, calls: int) -> None:
    for _ in range(calls):
        time.sleep(PACE_S)
        began = time.perf_counter()
        server.invoke("bench_hook", {})
        series.add(time.perf_counter() - began)


if __name__ == "__main__":
    sys.exit(main())
