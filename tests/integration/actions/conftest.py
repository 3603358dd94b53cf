"""The served app over a real pool: what code asks for leaves a real sandbox and reaches real sockets."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.integration.sandbox.pools import Serving, pool_apart, whole_again
from tests.support.databases import Databases
from tests.support.folders import once_in_folder
from tests.support.servers import redis_server
from tests.support.serving import Client, Served, serving
from tests.support.target import Reply, Target, target


@pytest.fixture(scope="module")
def pool(request: pytest.FixtureRequest) -> Serving:
    """Return a pool with an id of its own, the same for all tests of this folder."""
    return once_in_folder(request, "pool", lambda: pool_apart("actions", size=4))


@pytest.fixture(autouse=True)
def _whole_again(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a failure, wait until the pool is full: the next test would have to wait for it in its own time."""
    yield
    whole_again(request)


@pytest.fixture(scope="module")
def served(
    request: pytest.FixtureRequest, databases: Databases, pool: Serving, tmp_path_factory: pytest.TempPathFactory
) -> Served:
    """Serve the app over a real database, a real Redis and real sandboxes, once for all tests of this folder."""

    @contextmanager
    def opening() -> Iterator[Served]:
        folder = tmp_path_factory.mktemp("served")
        with (
            databases.migrated() as database_url,
            redis_server() as redis_url,
            serving(folder, database_url=database_url, redis_url=redis_url, sandbox=pool.client) as served,
        ):
            yield served

    return once_in_folder(request, ("served", databases), opening)


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
