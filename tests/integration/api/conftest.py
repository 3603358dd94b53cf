"""One served app for each kind of database; each test has a workspace of its own in it."""

from collections.abc import Iterator

import pytest
from tests.support.databases import Databases
from tests.support.servers import redis_server
from tests.support.serving import Client, Served, serving


@pytest.fixture(scope="session")
def served(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve the app over a real database and a real Redis."""
    folder = tmp_path_factory.mktemp("served")
    with (
        databases.migrated() as database_url,
        redis_server() as redis_url,
        serving(folder, database_url=database_url, redis_url=redis_url) as served,
    ):
        yield served


@pytest.fixture
def admin(served: Served) -> Client:
    """Make a fresh workspace's admin."""
    return served.tenant()
