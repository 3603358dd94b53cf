"""The sandbox against code that has read all of its source."""

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from tests.integration.sandbox.pools import Serving
from tests.integration.sandbox.white_box import FRAMES, TAMPERED, Attack
from tests.integration.sandbox.white_box_processes import LATE, REACHED, SEARCH, SUPERVISOR
from tests.support.patience import DEADLINE_S, PATIENCE_S

from midcall.domain.run import RunReport
from midcall.sandbox.container import container_config
from midcall.sandbox.conversation import SandboxJob
from midcall.sandbox.engine import Engine
from midcall.sandbox.image import seccomp_profile
from midcall.sandbox.limits import UID_BASE, PoolConfig, SandboxLimits
from midcall.sandbox.outcome import judge
from midcall.sandbox.throwaway import ThrowawayContainer
from midcall.sandbox.wire import pack_report

ATTACKS = {**FRAMES, **TAMPERED, **LATE, **SUPERVISOR, **REACHED}


@pytest.fixture(scope="module")
def reports(pool: Serving) -> Iterator[Mapping[str, "Future[RunReport]"]]:
    """Make all runs, as many side by side as the pool takes."""
    with ThreadPoolExecutor(pool.config.max_concurrent) as callers:
        yield {name: callers.submit(run, pool, attack) for name, attack in ATTACKS.items()}


def run(pool: Serving, attack: Attack) -> RunReport:
    """Run one attack; its deadline begins when there is a sandbox for it."""
    return pool.run_at_once(attack.source, ms=attack.ms)


@pytest.mark.parametrize("name", ATTACKS)
def test_code_that_knows_everything_ends_in_an_honest_status(
    pool: Serving, reports: Mapping[str, "Future[RunReport]"], name: str
) -> None:
    """One of its statuses, with the value or error that belongs to it; nothing forged is in the report."""
    report = reports[name].result()
    ends = ATTACKS[name].ends
    assert report.status.value in ends, report
    said = report.error.type if report.error else report.result
    assert said in ends[report.status.value], report
    assert "FORGED" not in json.dumps(pack_report(report))
    assert len(report.logs.encode()) <= pool.config.limits.log_bytes
    assert pool.gone(report.sandbox_id)


def test_the_nonce_of_the_pool_is_nowhere_in_the_memory_of_the_code(engine: Engine, small: PoolConfig) -> None:
    """It was drawn after the fork and PID 1 alone read it; the search does find the token of the code's own hop."""
    assert small.image is not None
    config = container_config(
        image=small.image, pool_id=small.pool_id, uid=UID_BASE, limits=SandboxLimits(), seccomp=seccomp_profile()
    )
    sandbox = ThrowawayContainer.boot(
        engine, config, name=f"midcall-{small.pool_id}-{secrets.token_hex(4)}", slot=0, timeout_s=PATIENCE_S
    )
    try:
        inverted = bytes(byte ^ 0xFF for byte in sandbox._nonce)
        job = SandboxJob(SEARCH, {"inverted": inverted.hex()}, (), SandboxLimits(), time.monotonic() + DEADLINE_S)
        found = judge(sandbox.run(job), SandboxLimits()).result
    finally:
        sandbox.close()
        engine.remove(sandbox.container)
    assert found["nonce of the pool"] == 0
    assert found["token of its own"] > 0
