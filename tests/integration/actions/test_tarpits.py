"""Targets that keep calls waiting, for runs that end at once: what is left behind is bounded, and soon gone."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from typing import Any, cast

import psutil
import pytest
from tests.integration.sandbox.pools import Serving
from tests.support.fakes import FakeTokens
from tests.support.patience import DEADLINE_MS, wait_for

from midcall.domain.function_config import FunctionConfig
from midcall.domain.run import RunReport, RunRequest
from midcall.domain.run_status import RunStatus
from midcall.domain.times import now_ms
from midcall.outbound.client import GuardedClient
from midcall.outbound.poster import Poster
from midcall.sandbox.bounded_threads import MAX_THREADS
from midcall.service.actions.action_executor import Means
from midcall.service.actions.action_gateway import ActionGateway, ActionGateways
from midcall.service.claimed_run import ClaimedRun

RUNS = 30
SOURCE = """\
import asyncio


async def handler(session, actions):
    for _ in range(5):
        asyncio.ensure_future(actions.http.get(session["params"]["url"], timeout=300_000))
    await asyncio.sleep(0.02)
    return "gone"
"""


@contextmanager
def silent() -> Iterator[tuple[str, list[socket.socket]]]:
    """Accept connections, and say nothing; gives the URL and the connections."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        kept: list[socket.socket] = []

        def accept() -> None:
            with suppress(OSError):
                while True:
                    kept.append(listener.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", kept
        listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def full() -> Iterator[tuple[str, list[socket.socket]]]:
    """Listen with a backlog that is full: a connection is never made."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, socket.socket() as first:
        first.connect(listener.getsockname())
        others = [socket.socket() for _ in range(3)]
        for other in others:
            other.settimeout(0)
            other.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", others


def acting() -> list[threading.Thread]:
    """Return the threads that carry actions out."""
    return [thread for thread in threading.enumerate() if thread.name == "action"]


@pytest.mark.parametrize("tarpit", [silent, full], ids=["silent", "never connected"])
def test_runs_that_do_not_wait_leave_little_behind(pool: Serving, tarpit: Callable[[], Any]) -> None:
    """Thirty runs with five calls each, all of which return, though no call would for five minutes."""
    process = psutil.Process()
    most = 0
    descriptors = process.num_fds()
    with tarpit() as (url, kept), GuardedClient(allow=["127.0.0.1"], http=True, pools=1) as out:
        means = Means(outbound=Poster(out), tokens=FakeTokens(), clock=now_ms)
        gateways = ActionGateways(storage=cast("Any", None), credentials=cast("Any", None), means=means, base_urls={})
        code = {"actions": ["http"], "egress": [url.removeprefix("http://")]}

        def run(number: int) -> RunReport:
            nonlocal most
            invocation = SimpleNamespace(workspace_id="ws", environment="production")
            version = SimpleNamespace(config=FunctionConfig.from_stored({"code": code}))
            deadline_at = now_ms() + 600_000
            task = SimpleNamespace(version=version, invocation=invocation, deadline_at=deadline_at, rehearsal=None)
            gateway = ActionGateway(gateways, cast("ClaimedRun", task))
            request = RunRequest(f"run_{number}", SOURCE, {"params": {"url": url}}, 2 * DEADLINE_MS, ("http.get",))
            try:
                report = pool.client.run(request, gateway.act)
            finally:
                records = gateway.close()
            assert {record.outcome for record in records} <= {"abandoned", "busy"}
            most = max(most, len(acting()))
            return report

        with ThreadPoolExecutor(4) as callers:
            done = list(callers.map(run, range(RUNS)))
        assert {report.status for report in done} == {RunStatus.OK}, done
        assert most <= MAX_THREADS
        assert wait_for(lambda: not acting()), len(acting())
        while kept:
            kept.pop().close()
        assert wait_for(lambda: process.num_fds() <= descriptors + 20), (descriptors, process.num_fds())
