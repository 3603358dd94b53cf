"""The served app over a real pool: what code asks for leaves a real sandbox and reaches real sockets."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from tests.integration.sandbox.pools import Serving, whole_again
from tests.integration.sandbox.pools import serving as pool_serving
from tests.support.databases import Databases, Postgres, Sqlite
from tests.support.patience import PATIENCE_S
from tests.support.servers import redis_server
from tests.support.serving import Client, Served, serving
from tests.support.target import Reply, Target, target

from midcall.sandbox.engine import Engine
from midcall.sandbox.image import ensure_image
from midcall.sandbox.limits import PoolConfig


@pytest.fixture(scope="session")
def pool() -> Iterator[Serving]:
    """Yield a pool with an id of its own."""
    with (
        Engine(url="unix:///var/run/docker.sock", timeout_s=PATIENCE_S) as engine,
        TemporaryDirectory(prefix="mc-") as folder,
    ):
        config = PoolConfig(
            socket=Path(folder) / "pool" / "pool.sock",
            pool_id=f"test-actions-{os.getpid()}",
            image=ensure_image(engine),
            size=4,
            max_concurrent=4,
        )
        with pool_serving(config, engine) as served:
            yield served


@pytest.fixture(autouse=True)
def _whole_again(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a failure, wait until the pool is full: the next test would have to wait for it in its own time."""
    yield
    whole_again(request)


@pytest.fixture(scope="session")
def serve(
    sqlite: Sqlite, postgres: Postgres, pool: Serving, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Databases], Served]]:
    """Serve the app over each kind of database once; asks for both kinds so that they outlive what is served."""
    with ExitStack() as kept:

        def serve(databases: Databases) -> Served:
            folder = tmp_path_factory.mktemp("served")
            database_url, redis_url = (kept.enter_context(each) for each in (databases.migrated(), redis_server()))
            served = serving(folder, database_url=database_url, redis_url=redis_url, sandbox=pool.client)
            return kept.enter_context(served)

        yield cache(serve)


@pytest.fixture(scope="session")
def served(databases: Databases, serve: Callable[[Databases], Served]) -> Served:
    """Serve the app over a real database, a real Redis and real sandboxes."""
    return serve(databases)


@pytest.fixture
def admin(served: Served) -> Client:
    """Make a fresh workspace's admin."""
    return served.tenant()


@pytest.fixture(scope="session")
def server() -> Iterator[Target]:
    """Serve one target for all tests."""
    with target() as it:
        yield it


@pytest.fixture
def there(server: Target) -> Target:
    """Give a target that has received nothing yet and answers with an empty object."""
    server.received.clear()
    server.answer = lambda _: Reply()
    return server
