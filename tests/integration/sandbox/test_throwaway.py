"""Throwaway means throwaway."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from docker.errors import NotFound
from tests.integration.sandbox.pools import Serving

from midcall.domain.run_status import RunStatus

WRITE_AND_LOOK = """
import os

def handler(session):
    seen = os.listdir('/tmp')
    with open('/tmp/left-behind', 'w') as file:
        file.write(session['params']['mark'])
    return seen
"""


def test_fifty_runs_use_fifty_containers_and_share_no_file(pool: Serving) -> None:
    """No container is used twice, and nothing that one run wrote is there for another."""
    reports = [pool.run(WRITE_AND_LOOK, session={"params": {"mark": str(n)}}) for n in range(50)]
    assert {report.status for report in reports} == {RunStatus.OK}
    assert [report.result for report in reports] == [[]] * 50
    assert len({report.sandbox_id for report in reports}) == 50
    assert all(pool.gone(report.sandbox_id) for report in reports)


def test_more_calls_than_sandboxes_wait_and_all_run(pool: Serving) -> None:
    """A call that finds no sandbox ready waits for one within its deadline."""
    with ThreadPoolExecutor(16) as callers:
        reports = list(callers.map(lambda _: pool.run("def handler(session):\n    return 1\n"), range(16)))
    assert [report.result for report in reports] == [1] * 16
    assert max(report.waited_ms for report in reports) > 10


def test_code_and_session_are_in_no_argument_and_no_inspection(pool: Serving) -> None:
    """Neither `ps` nor `docker inspect` shows a run: both travel on stdin."""
    with ThreadPoolExecutor(1) as caller:
        running = caller.submit(
            pool.run,
            "import time\n\ndef handler(session):\n    time.sleep(1)\n    return open('/proc/self/cmdline').read()\n",
            session={"params": {"canary": "CANARY-7f3a91"}},
        )
        seen = ""
        while not running.done():
            for container in pool.containers():
                with suppress(NotFound):
                    seen += str(pool.engine.api.inspect_container(container))
        report = running.result()
    assert report.sandbox_id in seen
    assert "CANARY" not in seen
    assert "def handler" not in seen + report.result
