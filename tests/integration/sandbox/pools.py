"""Helpers of the sandbox's integration tests: a pool that serves in a thread of the test process."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from tests.conftest import FAILED
from tests.support.patience import DEADLINE_MS, PATIENCE_S, wait_for

from midcall.domain.errors import SandboxBusy, SandboxUnavailable
from midcall.domain.isolation import Isolation
from midcall.domain.run import RunReport, RunRequest
from midcall.sandbox.client import PoolClient
from midcall.sandbox.engine import Engine
from midcall.sandbox.image import ensure_image
from midcall.sandbox.limits import PoolConfig
from midcall.sandbox.serving import serve

#: The part of a deadline that may be gone when code that needs its deadline is started.
SPENT = 0.2


@dataclass(frozen=True)
class Serving:
    """A pool that serves, and its client."""

    config: PoolConfig
    client: PoolClient
    engine: Engine
    stop: threading.Event

    def run(self, source: str, *, ms: int = DEADLINE_MS, session: dict[str, Any] | None = None) -> RunReport:
        """Run `source` once."""
        return self.client.run(RunRequest("test", source, session or {"params": {}}, ms))

    def run_at_once(self, source: str, *, ms: int, session: dict[str, Any] | None = None) -> RunReport:
        """Run `source` in a sandbox that is ready: a short deadline is then the code's own.

        Where another run took the sandbox that was there, this one waits for the next: it asks again.
        """
        end = time.monotonic() + PATIENCE_S
        while True:
            assert wait_for(lambda: self.client.status()["idle"] > 0)
            try:
                report = self.run(source, ms=ms, session=session)
            except SandboxBusy:
                assert time.monotonic() < end, "no sandbox was ready in time"
                continue
            if report.waited_ms <= ms * SPENT or time.monotonic() > end:
                return report

    def full(self) -> bool:
        """Tell whether every sandbox that is kept is ready."""
        return bool(self.client.status()["idle"] >= self.config.size)

    def containers(self) -> dict[str, str]:
        """Return this pool's containers: id -> name."""
        return self.engine.containers(self.config.pool_id)

    def gone(self, container: str) -> bool:
        """Wait until a container is gone; tells whether it is."""
        return wait_for(lambda: container not in self.containers())


@dataclass(frozen=True)
class Jailed(Serving):
    """The same pool, asked for jails of one workspace's container, which is there."""

    owner: str = "ws_jailed"

    def run(self, source: str, *, ms: int = DEADLINE_MS, session: dict[str, Any] | None = None) -> RunReport:
        """Run `source` once, in a jail."""
        report = self.ask(source, ms=ms, session=session)
        assert report.isolation is Isolation.JAIL, report.isolation_note
        return report

    def ask(self, source: str, *, ms: int = DEADLINE_MS, session: dict[str, Any] | None = None) -> RunReport:
        """Run `source` once, in a jail if there is one."""
        asked = RunRequest("test", source, session or {"params": {}}, ms, owner=self.owner, isolation=Isolation.JAIL)
        return self.client.run(asked)

    def run_at_once(self, source: str, *, ms: int, session: dict[str, Any] | None = None) -> RunReport:
        """Run `source`: a jail is ready at once."""
        return self.run(source, ms=ms, session=session)

    def gone(self, container: str) -> bool:
        """Tell whether a jail is gone: with its run, by what it is."""
        return "-" in container

    def wait(self) -> "Jailed":
        """Wait until there are jails, and return this."""
        small = "def handler(session):\n    return 1\n"
        assert wait_for(lambda: self.ask(small).isolation is Isolation.JAIL), self.ask(small).isolation_note
        return self


def jailed(pool: Serving, owner: str = "ws_jailed") -> Jailed:
    """Return a pool's jails for a workspace, once they are there."""
    return Jailed(pool.config, pool.client, pool.engine, pool.stop, owner).wait()


def is_ready(client: PoolClient) -> bool:
    """Tell whether a pool answers and has a sandbox ready."""
    try:
        return bool(client.status()["ready"])
    except SandboxUnavailable:
        return False


def whole_again(request: pytest.FixtureRequest) -> None:
    """Wait until the pool of a test that failed is full again."""
    if request.node.stash.get(FAILED, False) and "pool" in request.fixturenames:
        pool: Serving = request.getfixturevalue("pool")
        assert wait_for(pool.full), "the pool is not full again"


class serving:  # noqa: N801 - reads as a statement
    """`with serving(config, engine) as pool`: a pool in a thread of this process."""

    def __init__(self, config: PoolConfig, engine: Engine) -> None:
        self._config = config
        self._engine = engine
        self._stop = threading.Event()
        self._thread = threading.Thread(target=serve, args=(config,), kwargs={"stop": self._stop})

    def __enter__(self) -> Serving:
        self._thread.start()
        client = PoolClient(self._config.socket)
        assert wait_for(lambda: is_ready(client))
        return Serving(self._config, client, self._engine, self._stop)

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@contextmanager
def pool_apart(name: str, *, size: int) -> Iterator[Serving]:
    """Serve a pool with an id, a socket and an Engine of its own, for tests whose part is not the pool itself."""
    with (
        Engine(url="unix:///var/run/docker.sock", timeout_s=PATIENCE_S) as engine,
        TemporaryDirectory(prefix="mc-") as folder,
    ):
        config = PoolConfig(
            socket=Path(folder) / "pool" / "pool.sock",
            pool_id=f"test-{name}-{os.getpid()}",
            image=ensure_image(engine),
            size=size,
            max_concurrent=size,
        )
        with serving(config, engine) as pool:
            yield pool
