"""Writers of several processes on one SQLite file: connections of their own, as processes have them."""

import errno
import fcntl
import multiprocessing
import sqlite3
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from tests.support.patience import CLIENT_S, PATIENCE_S

from midcall.storage import engine as engines
from midcall.storage import next_writer
from midcall.storage.engine import WRITES, open_engine
from midcall.storage.next_writer import NextWriter


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


def write_on(path: Path, written: Any, ready: Any) -> None:
    """Be a process that writes one transaction after the other, as an api process does that has many calls."""
    engine = open_engine(f"sqlite:///{path}").execution_options(**{WRITES: True})
    while True:
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO t VALUES (1)"))
            time.sleep(0.002)
            written.value += 1
        ready.set()


def test_a_process_that_writes_seldom_waits_for_few_transactions_of_those_that_write_always(path: Path) -> None:
    """They write again at once, and leave no moment between two: one asks for its turn before they do."""
    spawn = multiprocessing.get_context("spawn")
    written, begun = spawn.Value("i", 0), [spawn.Event() for _ in range(2)]
    busy = [spawn.Process(target=write_on, args=(path, written, each), daemon=True) for each in begun]
    engine = open_engine(f"sqlite:///{path}").execution_options(**{WRITES: True})
    passed = []
    for process in busy:
        process.start()
    try:
        assert all(each.wait(PATIENCE_S) for each in begun)
        for _ in range(60):
            before = written.value
            with engine.begin() as connection:
                connection.execute(text("INSERT INTO t VALUES (2)"))
                passed.append(written.value - before)
            time.sleep(0.01)
    finally:
        for process in busy:
            process.kill()
            process.join()
        engine.dispose()
    # Its own place in the line is behind the next one at most, and the one that writes; a few more where it looks late.
    assert statistics.mean(passed) < 6, passed


def test_a_process_that_stands_still_as_the_next_one_keeps_nobody(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for it goes on without a turn."""
    monkeypatch.setattr(next_writer, "IN_LINE_S", 0.05)
    engine = open_engine(f"sqlite:///{path}").execution_options(**{WRITES: True})
    with Path(f"{path}-line").open("w") as line:
        fcntl.flock(line, fcntl.LOCK_EX)
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO t VALUES (2)"))
    engine.dispose()


def be_next(path: Path, ready: Any) -> None:
    """Be the next one to write, and never do."""
    with NextWriter(str(path)).turn():
        ready.set()
        time.sleep(CLIENT_S)


def test_the_place_of_a_process_that_is_killed_is_free_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel takes it back: nobody has to go on without a turn."""
    monkeypatch.setattr(next_writer, "IN_LINE_S", PATIENCE_S)
    spawn = multiprocessing.get_context("spawn")
    ready, mine = spawn.Event(), NextWriter(str(path))
    process = spawn.Process(target=be_next, args=(path, ready))
    process.start()
    assert ready.wait(PATIENCE_S)
    file = mine._file
    assert file is not None
    with pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    process.kill()
    process.join()
    assert mine._taken(file)
    mine.close()


def test_without_locks_of_files_writing_goes_on_as_sqlite_has_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some shared folders have none."""

    def flock(_file: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    engine = open_engine(f"sqlite:///{path}").execution_options(**{WRITES: True})
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO t VALUES (2)"))
    engine.dispose()


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
