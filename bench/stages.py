"""`python -m bench.stages`: where the time and the processor of one invoke over HTTP go, stage by stage.

Watches what the stages of a call are made of in every process of a midcall of its own (`bench/traced`), makes paced
calls, and prints when each began and ended after the client had sent its request, medians in milliseconds, with the
processor time of its thread. Stages lie within one another: those further in are indented.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.processes import busy_ms
from bench.server import DOUBLE, midcall_up

#: Stage -> how it is printed, in the order in which a call comes through them.
STAGES = {
    "Intake.__call__": "api: request",
    "Intake._enter": "  whose key it is",
    "OutcomeWaiter.run": "  admit and wait",
    "Invocations.admit": "    admit: version, parameters, room, commit",
    "RqQueue.enqueue": "      wake a worker",
    "Worker.execute_job": "worker: an id",
    "Executor._claim": "  claim",
    "ClaimedRuns.load": "  load and check",
    "PoolClient.run": "  pool, as the worker sees it",
    "Pool.run": "    pool",
    "Pool._take": "      take a sandbox",
    "SandboxConversation.run": "      run in it",
    "Executor._judged": "  judge",
    "Executor._recorded": "  record",
    "RqQueue.announce": "    wake the api",
    "OutcomeWaiter._look": "  api: read the outcome",
}


@dataclass(frozen=True)
class Span:
    """One watched call, in nanoseconds."""

    began: int
    ended: int
    computed: int


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.stages", description=__doc__)
    parser.add_argument("--calls", type=int, default=60, help="measured calls (default 60)")
    parser.add_argument("--pace", type=float, default=0.5, help="seconds before each call (default 0.5)")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="midcall-stages-") as folder:
        trace = Path(folder) / "trace"
        os.environ["BENCH_TRACE"] = str(trace)
        os.environ["PYTHONPATH"] = str(Path(__file__).parent / "traced")
        with midcall_up() as server:
            server.publish("bench_double", DOUBLE)
            for _ in range(5):
                server.invoke("bench_double", {"number": 21})
            time.sleep(2)
            trace.write_text("")
            before, calls = busy_ms(server.pid), []
            for _ in range(wanted.calls):
                time.sleep(wanted.pace)
                began = time.monotonic_ns()
                server.invoke("bench_double", {"number": 21})
                calls.append(Span(began, time.monotonic_ns(), 0))
            after = busy_ms(server.pid)
        _print(calls, list(_spans(trace)))
    print("\nprocessor per call, ms (with what each does when idle):")
    for part, spent in after.items():
        print(f"  {part:<44}{(spent - before.get(part, 0)) / wanted.calls:8.1f}")
    return 0


def _spans(trace: Path) -> Iterator[tuple[str, Span]]:
    for line in trace.read_text().splitlines():
        name, *figures = line.split()
        yield name, Span(*map(int, figures))


def _print(calls: list[Span], spans: list[tuple[str, Span]]) -> None:
    print(f"{'stage':<46}{'from':>8}{'to':>8}{'takes':>8}{'computes':>10}")
    print(f"{'client: a call':<46}{_ms([0]):>8}{_ms([call.ended - call.began for call in calls]):>8}")
    for stage, text in STAGES.items():
        rows = [
            (span.began - call.began, span.ended - call.began, span.computed)
            for call in calls
            for name, span in spans
            if name == stage and call.began <= span.began <= call.ended
        ]
        if not rows:
            sys.exit(f"nothing called {stage}: the stages in {__file__} are to follow the code")
        began, ended, computed = (list(column) for column in zip(*rows, strict=True))
        took = [end - begin for begin, end in zip(began, ended, strict=True)]
        print(f"{text:<46}{_ms(began):>8}{_ms(ended):>8}{_ms(took):>8}{_ms(computed):>10}")


def _ms(nanoseconds: list[int]) -> str:
    return f"{statistics.median(nanoseconds) / 1e6:.2f}"


if __name__ == "__main__":
    sys.exit(main())
