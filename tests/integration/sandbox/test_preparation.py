"""A sandbox that waits prepares once the machine is idle; code runs in one that did not, or is amid it, as well."""

import secrets
import time
from dataclasses import replace

import pytest
from tests.integration.sandbox.pools import Serving, serving
from tests.support.patience import DEADLINE_S, PATIENCE_S, wait_for

from midcall.domain.run_status import RunStatus
from midcall.sandbox.container import container_config
from midcall.sandbox.conversation import SandboxJob
from midcall.sandbox.engine import Engine
from midcall.sandbox.image import seccomp_profile
from midcall.sandbox.limits import PoolConfig, SandboxLimits
from midcall.sandbox.outcome import judge
from midcall.sandbox.throwaway import ThrowawayContainer

LOADED = "import sys\n\ndef handler(session):\n    return 'asyncio' in sys.modules\n"
ASYNC = "import asyncio\n\nasync def handler(session):\n    await asyncio.sleep(0)\n    return 'done'\n"


def test_code_runs_in_a_sandbox_that_never_prepared(engine: Engine, small: PoolConfig) -> None:
    """What it imports is loaded then; an async handler needs no import of its own."""
    with serving(replace(small, prepare_after_s=3_600.0), engine) as pool:
        assert pool.run(LOADED).result is False
        for source in (ASYNC, ASYNC.replace("import asyncio\n", "").replace("await asyncio.sleep(0)", "pass")):
            assert pool.run(source).result == "done"


def test_sandboxes_of_an_idle_pool_prepare_one_after_the_other(engine: Engine, small: PoolConfig) -> None:
    """All of them, and those that are booted later."""
    with serving(replace(small, size=2, prepare_after_s=0.05), engine) as pool:
        for _ in range(4):
            pause = 0.3  # each run takes one that waits, and has the next one booted, after which all is idle
            time.sleep(pause)
            while pool.run(LOADED).result is not True:
                pause *= 2
                assert pause < PATIENCE_S
                time.sleep(pause)


@pytest.mark.parametrize("after_ms", [0, 2, 5, 10, 20, 40, 80])
def test_a_run_may_come_at_any_time_of_the_preparation(engine: Engine, small: PoolConfig, after_ms: int) -> None:
    """It is carried out when the step under way is done, with nothing of the preparation in its logs or its result."""
    assert small.image is not None
    container = container_config(
        image=small.image, pool_id=small.pool_id, uid=small.uid_base, limits=SandboxLimits(), seccomp=seccomp_profile()
    )
    name = f"midcall-{small.pool_id}-{secrets.token_hex(4)}"
    sandbox = ThrowawayContainer.boot(engine, container, name=name, slot=0, timeout_s=PATIENCE_S)
    try:
        sandbox.prepare()
        time.sleep(after_ms / 1000)
        evidence = sandbox.run(SandboxJob(ASYNC, {}, (), SandboxLimits(), time.monotonic() + DEADLINE_S))
    finally:
        sandbox.close()
        engine.remove(sandbox.container)
    report = judge(evidence, SandboxLimits())
    assert (report.status, report.result, report.logs) == (RunStatus.OK, "done", ""), report


def test_a_sandbox_that_dies_while_it_prepares_is_not_handed_out(pool: Serving) -> None:
    """PID 1 says nothing of a run that never was: the stream ends, and the next sandbox is taken."""
    assert wait_for(pool.full)
    for container in pool.containers():
        pool.engine.remove(container)
    assert pool.run(LOADED).status is RunStatus.OK
