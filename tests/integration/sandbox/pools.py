"""Helpers of the sandbox's integration tests: a pool that serves in a thread of the test process."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from midcall.domain.errors import SandboxUnavailable
from midcall.domain.run import RunReport, RunRequest
from midcall.sandbox.client import PoolClient
from midcall.sandbox.engine import Engine
from midcall.sandbox.limits import PoolConfig
from midcall.sandbox.serving import serve

READY_S = 30.0


@dataclass(frozen=True)
class Serving:
    """A pool that serves, and its client."""

    config: PoolConfig
    client: PoolClient
    engine: Engine
    stop: threading.Event

    def run(self, source: str, *, ms: int = 10_000, session: dict[str, Any] | None = None) -> RunReport:
        """Run `source` once."""
        return self.client.run(RunRequest("test", source, session or {"params": {}}, ms))

    def timed(self, source: str, *, ms: int, session: dict[str, Any] | None = None) -> tuple[RunReport, float]:
        """Run `source` once in a sandbox that is ready: all of a short deadline is then the code's own.

        Returns the report, and the seconds that it took.
        """
        assert wait_for(lambda: self.client.status()["idle"] > 0, READY_S)
        began = time.monotonic()
        return self.run(source, ms=ms, session=session), time.monotonic() - began

    def containers(self) -> dict[str, str]:
        """Return this pool's containers: id -> name."""
        return self.engine.containers(self.config.pool_id)

    def gone(self, container: str, within_s: float = 5.0) -> bool:
        """Tell whether a container is gone in time."""
        return wait_for(lambda: container not in self.containers(), within_s)


def wait_for(condition: Callable[[], bool], within_s: float) -> bool:
    """Poll `condition`; returns whether it came true in time."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def is_ready(client: PoolClient) -> bool:
    """Tell whether a pool answers and has a sandbox ready."""
    try:
        return bool(client.status()["ready"])
    except SandboxUnavailable:
        return False


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
        assert wait_for(lambda: is_ready(client), READY_S)
        return Serving(self._config, client, self._engine, self._stop)

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
