"""`python -m bench.actions`: what one action costs, there and back.

Code in a real sandbox calls a target on this machine, one call after the other, and measures each itself: from its line
through PID 1, the pool and the worker's desk to the target's socket, and back. A run without actions is measured beside
it, with and without a desk. Exits with 1 if the median of a call is `MAX_P50_MS` or more.
"""

import argparse
import sys
import time
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

from bench.server import Server, midcall_up
from bench.stats import Series, row
from bench.targets import quick_target
from midcall.domain.ids import new_id
from midcall.domain.run import RunRequest
from midcall.domain.run_status import RunStatus
from midcall.domain.times import now_ms
from midcall.outbound.client import GuardedClient
from midcall.outbound.poster import Poster
from midcall.sandbox.answers import no_actions
from midcall.service.actions.action_executor import Means
from midcall.service.actions.action_gateway import ActionGateway, ActionGateways
from midcall.service.claimed_run import ClaimedRun
from midcall.service.ports import Tokens

#: The promise: one action on a target of this machine, at the median.
MAX_P50_MS = 3.0
#: Calls of one run; the first one pays for the connection, and is measured like the others.
CALLS = 50
PACE_S = 0.1
DEADLINE_MS = 20_000

ACTING = """\
import time


def handler(session, actions):
    took = []
    for _ in range(session["params"]["calls"]):
        began = time.perf_counter()
        actions.http.get(session["params"]["url"])
        took.append(time.perf_counter() - began)
    return took
"""
IDLE = "def handler(session):\n    return 21 * 2\n"


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(prog="python -m bench.actions", description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help=f"runs of {CALLS} calls each (default 20)")
    runs: int = parser.parse_args().runs
    with quick_target() as url, midcall_up() as server, GuardedClient(allow=["127.0.0.1"], http=True, pools=1) as out:
        opened = _Opener(Poster(out), url)
        calls, with_gateway, without = Series(), Series(), Series()
        _calls(server, opened, url)  # the first run pays for page cache
        for _ in range(runs):
            calls.seconds += _calls(server, opened, url)
            with_gateway.add(_idle(server, opened.gateway().act))
            without.add(_idle(server, no_actions))
    return _judge(calls, with_gateway, without)


class _Opener:
    """Opens desks as a worker does, but for a database: this function has no credentials."""

    def __init__(self, outbound: Poster, url: str) -> None:
        means = Means(outbound=outbound, tokens=cast("Tokens", None), clock=now_ms)
        self._gateways = ActionGateways(
            storage=cast("Any", None), credentials=cast("Any", None), means=means, base_urls={}
        )
        self._code = {"actions": ["http"], "egress": [urlsplit(url).netloc]}

    def gateway(self) -> ActionGateway:
        version = SimpleNamespace(config={"code": self._code})
        invocation = SimpleNamespace(workspace_id="ws", environment="production")
        deadline_at = now_ms() + DEADLINE_MS
        claimed = SimpleNamespace(version=version, invocation=invocation, deadline_at=deadline_at, rehearsal=None)
        return ActionGateway(self._gateways, cast("ClaimedRun", claimed))


def _calls(server: Server, opener: _Opener, url: str) -> list[float]:
    time.sleep(PACE_S)
    gateway = opener.gateway()
    params = {"url": url, "calls": CALLS}
    report = server.pool.run(
        RunRequest(new_id("run"), ACTING, {"params": params}, DEADLINE_MS, ("http.get",)), gateway.act
    )
    records = gateway.close()
    if report.status is not RunStatus.OK or {record.outcome for record in records} != {"ok"}:
        raise RuntimeError(f"the sandbox answered {report}, the desk {records}")
    took: list[float] = report.result
    return took


def _idle(server: Server, act: Any) -> float:
    time.sleep(PACE_S)
    began = time.perf_counter()
    report = server.pool.run(RunRequest(new_id("run"), IDLE, {"params": {}}, DEADLINE_MS, ("http.get",)), act)
    took = time.perf_counter() - began
    if report.result != 42:
        raise RuntimeError(f"the sandbox answered {report}")
    return took


def _judge(calls: Series, with_gateway: Series, without: Series) -> int:
    print(row("", "p50 ms", "p95 ms", "measured"))
    for name, series in {
        "one action": calls,
        "a run that calls none": with_gateway,
        "a run without a desk": without,
    }.items():
        print(row(name, f"{series.p50 * 1000:.2f}", f"{series.p95 * 1000:.2f}", str(len(series.seconds))))
    p50 = calls.p50 * 1000
    holds = p50 < MAX_P50_MS
    print(f"an action's p50 is {p50:.2f} ms; promised: under {MAX_P50_MS:g} ms. Holds: {holds}")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
