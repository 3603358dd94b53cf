"""A real pool over the real Engine, with an id of its own, for all tests of this folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.integration.sandbox.pools import Jailed, Serving, jailed, serving, whole_again
from tests.support.folders import once_in_folder
from tests.support.patience import PATIENCE_S

from midcall.sandbox.engine import Engine
from midcall.sandbox.image import ensure_image, sandbox_files
from midcall.sandbox.limits import PoolConfig


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """Yield the Docker Engine of this machine."""
    with Engine(url="unix:///var/run/docker.sock", timeout_s=PATIENCE_S) as engine:
        yield engine


@pytest.fixture(scope="session")
def image(engine: Engine) -> str:
    """Build the sandbox image, or find it."""
    return ensure_image(engine)


@pytest.fixture(scope="session")
def runtime_dir() -> Iterator[Path]:
    """Yield a short path: the kernel takes 108 bytes for a socket's name."""
    with TemporaryDirectory(prefix="mc-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def config(runtime_dir: Path, image: str) -> PoolConfig:
    """Return the configuration of the folder's pool, with an id of its own."""
    return PoolConfig(
        socket=runtime_dir / "main" / "pool.sock",
        pool_id=f"test-{os.getpid()}",
        image=image,
        size=4,
        max_concurrent=4,
    )


@pytest.fixture(scope="module")
def pool(request: pytest.FixtureRequest, config: PoolConfig, engine: Engine) -> Serving:
    """Return a pool that all tests of this folder share; it must leave nothing behind."""

    @contextmanager
    def opening() -> Iterator[Serving]:
        with serving(config, engine) as served:
            yield served
        assert engine.containers(config.pool_id) == {}

    return once_in_folder(request, "pool", opening)


@pytest.fixture(scope="module")
def jails(pool: Serving) -> Jailed:
    """Return the same pool, asked for jails."""
    return jailed(pool)


@pytest.fixture(autouse=True)
def _whole_again(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a failure, wait until the pool is full: the next test would have to wait for it in its own time."""
    yield
    whole_again(request)


@pytest.fixture
def small(config: PoolConfig, runtime_dir: Path, request: pytest.FixtureRequest) -> PoolConfig:
    """Return the configuration of another small pool, with an id and a socket of its own."""
    name = f"{abs(hash(request.node.name)) % 10**8}"
    return replace(
        config, socket=runtime_dir / name / "pool.sock", pool_id=f"{config.pool_id}-{name}", size=1, max_concurrent=2
    )


@pytest.fixture(scope="session")
def workload() -> str:
    """Return the handler that the seccomp profile was measured with."""
    return (sandbox_files() / "workload.py").read_text()
