"""Writers of several processes on one SQLite file: connections of their own, as processes have them."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from tests.support.patience import PATIENCE_S

from midcall.storage import engine as engines
from midcall.storage.engine import WRITES, open_engine


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Make a database."""
    path = tmp_path / "a.db"
    with sqlite3.connect(path) as made:
        made.execute("PRAGMA journal_mode = WAL")
        made.execute("CREATE TABLE t (x)")
    made.close()
    return path


@contextmanager
def writing(path: Path) -> Iterator[sqlite3.Connection]:
    """Be another process that writes."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield other
    finally:
        other.execute("COMMIT")
        other.close()


def test_a_writer_comes_in_between_two_of_another_process(path: Path) -> None:
    """One that hardly stops writing: waited for with longer and longer naps, it is hardly ever found between two."""
    engine = open_engine(f"sqlite:///{path}").execution_options(**{WRITES: True})
    over, written = threading.Event(), [0]

    def write_on() -> None:
        other = sqlite3.connect(path, isolation_level=None, timeout=PATIENCE_S)
        while not over.is_set():
            other.execute("BEGIN IMMEDIATE")
            other.execute("INSERT INTO t VALUES (1)")
            time.sleep(0.002)
            other.execute("COMMIT")
            written[0] += 1
            time.sleep(0.0005)
        other.close()

    busy = threading.Thread(target=write_on, daemon=True)
    busy.start()
    passed = []
    try:
        for _ in range(150):
            before = written[0]
            with engine.begin() as connection:
                connection.execute(text("INSERT INTO t VALUES (2)"))
            passed.append(written[0] - before)
    finally:
        over.set()
        busy.join(PATIENCE_S)
    # One in five looks finds it between two. SQLite's own naps add up to 0.3 s after a dozen in vain: a hundred of the
    # other's transactions.
    assert max(passed) < 60


def test_one_that_writes_for_too_long_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And once it has ended, all is as before: the connection waits for others as long as ever."""
    engine = open_engine(f"sqlite:///{path}").execution_options(**{WRITES: True})
    with monkeypatch.context() as patched:
        patched.setattr(engines, "BUSY_TIMEOUT_S", 0.05)
        with (
            writing(path),
            pytest.raises(OperationalError, match="database is locked"),
            engine.begin(),
        ):
            pass
    with engine.begin() as connection:
        patience = connection.execute(text("PRAGMA busy_timeout")).scalar()
    assert patience == round(1000 * engines.BUSY_TIMEOUT_S)
