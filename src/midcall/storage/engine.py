"""One engine per process, set up for the database it speaks to."""

import sqlite3
import time
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import OperationalError

from midcall.storage.next_writer import NAP_S, NextWriter

#: A writer waits this long for another one; transactions here take about a millisecond.
BUSY_TIMEOUT_S = 5.0
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY, sqlite3.SQLITE_BUSY_SNAPSHOT})

#: Execution option that says which kind of transaction to begin in SQLite.
WRITES = "midcall_writes"
#: Execution option of a transaction whose commit is to survive a power cut in SQLite too.
LASTS = "midcall_lasts"


def open_engine(url: str, *, pool_size: int = 10) -> Engine:
    """Open an engine for `sqlite:///…` or `postgresql+psycopg://…`; it connects when it is first used."""
    if make_url(url).get_backend_name() == "sqlite":
        return _open_sqlite(url, pool_size)
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        pool_timeout=10,
        hide_parameters=True,  # an error's text goes to the log: its values may be anybody's
    )


def _open_sqlite(url: str, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=pool_size,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    next_writer = NextWriter(make_url(url).database)

    def begin(connection: Connection) -> None:
        _begin_sqlite(connection, next_writer)

    event.listen(engine, "begin", begin)
    event.listen(engine, "engine_disposed", lambda _engine: next_writer.close())
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver begins transactions behind one's back otherwise, and always deferred ones.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    # In WAL mode NORMAL loses nothing when a process is killed. FULL would also survive a power cut, for an fsync with
    # each of a call's three commits; beside an Engine that writes containers, those took longer than the call itself.
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin_sqlite(connection: Connection, next_writer: NextWriter) -> None:
    # A deferred transaction that writes after it has read fails with "database is locked" as soon as another one
    # wrote in between, whatever the timeout; measured: 0.5-43 % of them, and none with IMMEDIATE.
    options = connection.get_execution_options()
    writes = options.get(WRITES, False)
    lasts = bool(options.get(LASTS, False))
    if writes and connection.info.get(LASTS, False) is not lasts:
        # The fsync of a commit also makes all commits before it last.
        _driver(connection).execute(f"PRAGMA synchronous = {'FULL' if lasts else 'NORMAL'}")
        connection.info[LASTS] = lasts
    if writes:
        with next_writer.turn():
            _begin_to_write(connection)
    else:
        _driver(connection).execute("BEGIN")


def _driver(connection: Connection) -> sqlite3.Connection:
    """Return the driver's connection: what begins each transaction needs nothing that a statement gets beside it."""
    found: Any = connection.connection.driver_connection
    return found  # type: ignore[no-any-return] # as loosely typed as any driver's


def _begin_to_write(connection: Connection) -> None:
    """Begin, as soon as no other process writes; raises OperationalError if that takes BUSY_TIMEOUT_S.

    SQLite's own patience naps for longer and longer, up to 0.1 s: a process that writes one transaction after the other
    is hardly ever caught between two of them so, and whoever wants to write one waits for half a second.
    """
    driver, begin = _driver(connection), "BEGIN IMMEDIATE"
    give_up_at = time.monotonic() + BUSY_TIMEOUT_S
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                driver.execute(begin)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode not in _BUSY or time.monotonic() >= give_up_at:
                    # As SQLAlchemy tells of whatever else a driver raises.
                    raise OperationalError(begin, None, error) from error
            else:
                return
            time.sleep(NAP_S)
    finally:
        driver.execute(f"PRAGMA busy_timeout = {round(1000 * BUSY_TIMEOUT_S)}")
