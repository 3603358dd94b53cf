"""Real servers for the whole run, and a database of its own for each test."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from tests.support.databases import Databases, Postgres, Sqlite, opened
from tests.support.servers import postgres_server, redis_server
from tests.support.world import World


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL server for the whole run."""
    with postgres_server() as socket_dir:
        yield Postgres(socket_dir)


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Sqlite:
    """Make a directory for SQLite files."""
    return Sqlite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def databases(request: pytest.FixtureRequest) -> Databases:
    """Take each kind of database in turn: whatever is tested with it is tested on both."""
    found: Databases = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """Make a migrated database for this test alone."""
    with databases.migrated() as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Open the test's database as the product opens it."""
    with opened(database_url) as engine:
        yield engine


@pytest.fixture
def world(engine: Engine) -> World:
    """Wire all use cases on the test's database."""
    return World(engine)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Run a Redis server for the whole run."""
    with redis_server() as url:
        yield url
