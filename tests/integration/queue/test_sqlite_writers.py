"""SQLite's writers begin IMMEDIATE, so that reading first and writing then never fails under load."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from midcall.storage.engine import WRITES, open_engine

WRITERS, ROUNDS = 8, 60


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Make a database with one counter."""
    engine = open_engine(f"sqlite:///{tmp_path}/counter.db")
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        connection.execute(text("CREATE TABLE counter (n INTEGER NOT NULL)"))
        connection.execute(text("INSERT INTO counter VALUES (0)"))
    engine.dispose()
    return tmp_path / "counter.db"


def count(path: Path, *, immediate: bool) -> tuple[int, int]:
    """Read and then write in many threads at once; returns the counter and how often the database was locked."""

    def one(engine: Engine) -> int:
        locked = 0
        for _ in range(ROUNDS):
            try:
                with engine.execution_options(**{WRITES: immediate}).begin() as connection:
                    found = connection.execute(text("SELECT n FROM counter")).scalar_one()
                    connection.execute(text("UPDATE counter SET n = :n"), {"n": found + 1})
            except OperationalError as error:
                assert "database is locked" in str(error)  # noqa: PT017 (counted)
                locked += 1
        return locked

    # An engine each, as processes have.
    engines = [open_engine(f"sqlite:///{path}") for _ in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        locked = sum(pool.map(one, engines))
    with engines[0].connect() as connection:
        counted: int = connection.execute(text("SELECT n FROM counter")).scalar_one()
    for engine in engines:
        engine.dispose()
    return counted, locked


def test_writers_that_read_first_never_find_the_database_locked_and_lose_no_update(path: Path) -> None:
    """Each waits for its turn before it reads."""
    assert count(path, immediate=True) == (WRITERS * ROUNDS, 0)


def test_deferred_writers_do_find_it_locked(path: Path) -> None:
    """The negative control: begun deferred, some of the very same transactions fail."""
    counted, locked = count(path, immediate=False)
    assert locked > 0
    assert counted == WRITERS * ROUNDS - locked
