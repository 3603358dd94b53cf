"""The pool's threads outlive whatever they run into; what fails under them keeps no slot, no name and no container."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import pytest
from tests.support.patience import wait_for

from midcall.sandbox.engine import Engine
from midcall.sandbox.image import seccomp_profile
from midcall.sandbox.limits import PoolConfig
from midcall.sandbox.pool import SPARE_SLOTS, Pool
from midcall.sandbox.throwaway import ThrowawayContainer


class Unruly(Engine):
    """The real Engine, whose calls fail with `faults[name]`, one after the other, as nothing that the pool expects."""

    def __init__(self, url: str) -> None:
        super().__init__(url=url, timeout_s=30)
        self.faults: dict[str, list[BaseException]] = {}

    def _perhaps(self, name: str) -> None:
        if self.faults.get(name):
            raise self.faults[name].pop()

    def start(self, container: str) -> None:
        """Start a container."""
        self._perhaps("start")
        super().start(container)

    def remove(self, container: str) -> None:
        """Remove a container."""
        self._perhaps("remove")
        super().remove(container)

    def containers(self, pool_id: str) -> dict[str, str]:
        """List containers."""
        self._perhaps("containers")
        return super().containers(pool_id)


@pytest.fixture
def unruly(engine: Engine) -> Iterator[Unruly]:
    """Speak to the same Engine."""
    with Unruly(engine.url) as it:
        yield it


@contextmanager
def pool_over(engine: Engine, config: PoolConfig, image: str) -> Iterator[Pool]:
    """Run a pool in this process; it must leave nothing behind."""
    pool = Pool(engine=engine, config=config, image=image, seccomp=seccomp_profile())
    pool.start()
    try:
        assert wait_for(lambda: is_full(pool))
        yield pool
    finally:
        pool.close()
    assert engine.containers(config.pool_id) == {}


def is_full(pool: Pool) -> bool:
    """Tell whether a pool has all that it keeps ready, holds nothing else, and nothing is under way."""
    status = pool.status()
    idle = pool._queue.idle()
    slots = pool._config.size + pool._config.max_concurrent + SPARE_SLOTS - len(idle)
    settled = (status.idle, status.booting, status.removing) == (status.size, 0, 0)
    return settled and pool._known == {sandbox.name for sandbox in idle} and len(set(pool._slots)) == slots


def idle_one(pool: Pool) -> ThrowawayContainer:
    """Return the sandbox that waits."""
    return pool._queue.idle()[0]


def is_another(pool: Pool, before: ThrowawayContainer) -> bool:
    """Tell whether a pool is full again, without a sandbox that it had before."""
    return is_full(pool) and before not in pool._queue.idle()


def test_a_sandbox_that_was_closed_is_not_alive(engine: Engine, small: PoolConfig, image: str) -> None:
    """It is asked in good faith: whoever looks after idle ones may come late."""
    pool = Pool(engine=engine, config=small, image=image, seccomp=seccomp_profile())
    sandbox = pool.boot(f"{small.pool_id}-closed", 0)
    try:
        assert sandbox.alive
        sandbox.close()
        assert not sandbox.alive
    finally:
        engine.remove(sandbox.container)


def test_the_sweep_takes_a_closed_sandbox_for_dead_and_goes_on(engine: Engine, small: PoolConfig, image: str) -> None:
    """Another takes its place, and then the next that goes the same way."""
    with pool_over(engine, replace(small, sweep_every_s=0.05), image) as pool:
        for _ in range(2):
            first = idle_one(pool)
            first.close()
            assert wait_for(partial(is_another, pool, first))
        assert (pool.status().loops_gone, pool.status().failed_turns) == ((), 0)


@pytest.mark.parametrize("call", ["containers", "start", "remove"])
def test_what_nobody_expected_ends_no_thread_and_keeps_nothing(
    unruly: Unruly, small: PoolConfig, image: str, call: str
) -> None:
    """Of the sweep, a boot, a removal: it is counted, and the pool is whole again, with every slot and name."""
    # One thread boots: more might take the faults for turns of their own, which is as good, but counts differently.
    config = replace(small, sweep_every_s=0.05, boot_concurrency=1)
    with pool_over(unruly, config, image) as pool:
        before = idle_one(pool)
        unruly.faults[call] = [LookupError("nobody expected it"), ValueError("nor that")]
        before.close()
        # One at least: a closed sandbox goes by itself, perhaps before a second try at its removal could fail.
        assert wait_for(lambda: len(unruly.faults[call]) < 2)
        assert wait_for(lambda: is_another(pool, before)), pool.status()
        unruly.faults.clear()
        status = pool.status()
        assert (status.loops_gone, status.ready) == ((), True)
        assert status.failed_turns >= 1
        assert wait_for(lambda: set(unruly.containers(config.pool_id)) == {idle_one(pool).container})


def test_a_pool_that_cannot_boot_for_a_reason_that_nobody_expected_says_so(
    unruly: Unruly, small: PoolConfig, image: str
) -> None:
    """It is not ready meanwhile."""
    with pool_over(unruly, replace(small, sweep_every_s=0.05), image) as pool:
        unruly.faults["start"] = [LookupError("nobody expected it") for _ in range(1_000)]
        idle_one(pool).close()
        assert wait_for(lambda: not pool.status().ready)
        assert pool.boot_error
        unruly.faults.clear()
        assert wait_for(lambda: pool.status().ready and is_full(pool))
        assert pool.boot_error is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(
    ("call", "loop"),
    [("containers", "sweep"), ("start", "boot-0"), ("remove", "remove-")],
)
def test_a_pool_whose_thread_is_gone_is_not_ready(
    unruly: Unruly, small: PoolConfig, image: str, call: str, loop: str
) -> None:
    """A pool without one of its threads comes to a stand sooner or later; its status names it."""
    with pool_over(unruly, replace(small, sweep_every_s=0.05, boot_concurrency=1), image) as pool:
        assert pool.status().ready
        unruly.faults[call] = [SystemExit()]
        idle_one(pool).close()
        assert wait_for(lambda: bool(pool.status().loops_gone))
        status = pool.status()
        assert not status.ready
        assert [name[: len(loop)] for name in status.loops_gone] == [loop]
