"""One served app for each kind of database; each test has a workspace of its own in it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.support.databases import Databases
from tests.support.fakes import echo
from tests.support.folders import once_in_folder
from tests.support.servers import redis_server
from tests.support.serving import Client, Served, serving


@pytest.fixture(scope="session")
def apps() -> list[Served]:
    """List what is served."""
    return []


@pytest.fixture(scope="module")
def served(
    request: pytest.FixtureRequest,
    databases: Databases,
    apps: list[Served],
    tmp_path_factory: pytest.TempPathFactory,
) -> Served:
    """Serve the app over a real database and a real Redis, once for all tests of this folder."""

    @contextmanager
    def opening() -> Iterator[Served]:
        folder = tmp_path_factory.mktemp("served")
        with (
            databases.migrated() as database_url,
            redis_server() as redis_url,
            serving(folder, database_url=database_url, redis_url=redis_url) as served,
        ):
            apps.append(served)
            yield served
            apps.remove(served)

    return once_in_folder(request, ("served", databases), opening)


@pytest.fixture(scope="module", autouse=True)
def answers_as_usual(apps: list[Served]) -> Iterator[None]:
    """Let no module's own answers reach the next one: all share the served apps."""
    yield
    for served in apps:
        served.sandbox.behave, served.sandbox.calls = echo, ()


@pytest.fixture
def admin(served: Served) -> Client:
    """Make a fresh workspace's admin."""
    return served.tenant()
