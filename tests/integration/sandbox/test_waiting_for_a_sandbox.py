"""What nobody waits for may wait for a sandbox beside its own time, and not for long."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from tests.integration.sandbox.pools import Serving, serving
from tests.support.patience import PATIENCE_S, wait_for

from midcall.domain.errors import SandboxBusy, SandboxUnavailable
from midcall.domain.run import RunRequest
from midcall.domain.run_status import RunStatus
from midcall.sandbox.engine import Engine
from midcall.sandbox.limits import PoolConfig

LONG = "import time\n\ndef handler(session):\n    time.sleep(2)\n    return session['deadlineMs']\n"


def test_waiting_takes_nothing_from_the_code_where_it_is_not_part_of_the_deadline(
    engine: Engine, small: PoolConfig
) -> None:
    """The second run waits as long as it may then take, and has all of that once the first is over."""
    with serving(replace(small, max_concurrent=1), engine) as pool, ThreadPoolExecutor(1) as caller:
        first = caller.submit(pool.run, LONG, ms=30_000, session={"deadlineMs": 0})
        assert wait_for(lambda: pool.client.status()["busy"] == 1)
        request = RunRequest("test", LONG, {"deadlineMs": 0}, 3_000, wait_ms=30_000)
        report = pool.client.run(request)
        assert first.result(PATIENCE_S).status is RunStatus.OK
        assert report.status is RunStatus.OK, report
        assert report.waited_ms > 1_000
        assert 2_500 < report.result <= 3_000


def test_a_run_that_may_wait_for_a_while_is_told_so_at_the_end_of_that_while(engine: Engine, small: PoolConfig) -> None:
    """However long its own deadline is; nothing was run."""
    with serving(replace(small, max_concurrent=1), engine) as pool, ThreadPoolExecutor(1) as caller:
        first = caller.submit(pool.run, LONG, ms=30_000)
        assert wait_for(lambda: pool.client.status()["busy"] == 1)
        began = time.monotonic()
        with pytest.raises(SandboxBusy):
            pool.client.run(RunRequest("test", LONG, {}, 600_000, wait_ms=200))
        assert time.monotonic() - began < PATIENCE_S
        runs = pool.client.status()["runs"]
        first.result(PATIENCE_S)
        assert pool.client.status()["runs"] == runs + 1


@pytest.mark.parametrize("wait_ms", [-1, True, 1.5, 600_001])
def test_a_wait_that_is_none_is_refused(pool: Serving, wait_ms: object) -> None:
    """Nothing but a bounded number of milliseconds."""
    with pytest.raises(SandboxUnavailable, match="wait_ms"):
        pool.client.run(RunRequest("test", LONG, {}, 1_000, wait_ms=wait_ms))  # type: ignore[arg-type]
