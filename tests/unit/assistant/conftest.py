"""All use cases over SQLite and fakes; the integration tests run the same modules over PostgreSQL too."""

from collections.abc import Iterator

import pytest
from tests.support.databases import Sqlite, opened
from tests.support.world import World


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Sqlite:
    """Make a directory for SQLite files."""
    return Sqlite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture
def world(sqlite: Sqlite) -> Iterator[World]:
    """Wire all use cases on a database of this test alone."""
    with sqlite.migrated() as url, opened(url) as engine:
        yield World(engine)
