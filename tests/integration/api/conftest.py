"""One served app for each kind of database; each test has a workspace of its own in it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest
from tests.support.databases import Databases, Postgres, Sqlite
from tests.support.fakes import echo
from tests.support.servers import redis_server
from tests.support.serving import Client, Served, serving


@pytest.fixture(scope="session")
def apps() -> list[Served]:
    """List what is served."""
    return []


@pytest.fixture(scope="session")
def serve(
    sqlite: Sqlite, postgres: Postgres, apps: list[Served], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Databases], Served]]:
    """Serve the app over each kind of database once, however often tests go from one kind to the other and back.

    Asks for both kinds so that they outlive what is served over them.
    """
    with ExitStack() as kept:

        def serve(databases: Databases) -> Served:
            folder = tmp_path_factory.mktemp("served")
            database_url, redis_url = (kept.enter_context(each) for each in (databases.migrated(), redis_server()))
            apps.append(kept.enter_context(serving(folder, database_url=database_url, redis_url=redis_url)))
            return apps[-1]

        yield cache(serve)


@pytest.fixture(scope="session")
def served(databases: Databases, serve: Callable[[Databases], Served]) -> Served:
    """Serve the app over a real database and a real Redis."""
    return serve(databases)


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
