"""Databases of one test each, copied from one that was migrated once."""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import ColumnElement, Engine, Table, false, func, literal, not_, or_, select, union_all

from midcall.storage.engine import open_engine
from midcall.storage.migrate import migrate
from midcall.storage.schema import invocations, large_values, metadata, sessions


@dataclass(frozen=True, eq=False)
class Sqlite:
    """SQLite files in one directory."""

    folder: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def empty(self) -> str:
        """Return the URL of a database without a schema."""
        return f"sqlite:///{self.folder / f'{next(self._numbers)}.db'}"

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """Give the URL of a fresh database with the schema of this release."""
        template = self.folder / "template.db"
        if not template.exists():
            _migrate(f"sqlite:///{template}")
        copy = self.folder / f"{next(self._numbers)}.db"
        shutil.copy(template, copy)
        yield f"sqlite:///{copy}"


@dataclass(frozen=True, eq=False)
class Postgres:
    """Databases of one PostgreSQL server, reached through its socket's directory."""

    socket_dir: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    #: Databases with the schema and no row in them: emptying one takes a tenth of the time that copying one does.
    _spare: list[str] = field(default_factory=list)

    def url(self, name: str) -> str:
        """Return a database's URL."""
        return f"postgresql+psycopg://postgres@/{name}?host={self.socket_dir}"

    def empty(self) -> str:
        """Return the URL of a database without a schema."""
        return self.url(self._make("template0"))

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """Give the URL of a database with the schema of this release, without rows, that nobody else uses."""
        name = self._spare.pop() if self._spare else self._copied()
        yield self.url(name)
        self._clear(name)
        self._spare.append(name)

    def _copied(self) -> str:
        template = "migrated"
        if not self._do("postgres", "SELECT 1 FROM pg_database WHERE datname = 'migrated'"):
            self._do("postgres", f"CREATE DATABASE {template} TEMPLATE template0")
            _migrate(self.url(template))
            with opened(self.url(template)) as engine:
                assert not any(row_counts(engine).values()), "what a migration writes would be gone after one test"
        return self._make(template)

    def _make(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        self._do("postgres", f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def _clear(self, name: str) -> None:
        """End whatever a test left connected, and take its rows."""
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"  # noqa: S608 (our own words)
        take = [f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)]  # noqa: S608 (the same)
        self._do(name, "; ".join([end, *take]))

    def _do(self, database: str, statement: str) -> list[Any]:
        with psycopg.connect(
            dbname=database, user="postgres", host=str(self.socket_dir), autocommit=True
        ) as connection:
            done = connection.execute(sql.SQL(statement))
            return done.fetchall() if done.description else []


Databases = Sqlite | Postgres


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """Open an engine the way the product does, and close it."""
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _migrate(url: str) -> None:
    with opened(url) as engine:
        migrate(engine)


def row_counts(engine: Engine, workspace_id: str | None = None) -> dict[str, int]:
    """Count the rows of every table: what was stored by half shows here.

    With a workspace, those of others are left out: where tests share an app, runs that earlier ones began still write.
    """
    counts = [
        select(literal(table.name), func.count()).select_from(table).where(not_(_is_of_others(table, workspace_id)))
        for table in metadata.sorted_tables
    ]
    with engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(union_all(*counts))}


def rows_of(engine: Engine, workspace_id: str) -> list[str]:
    """Write every row down but those of other workspaces, for the same reason: what changed shows here."""
    with engine.connect() as connection:
        return sorted(
            f"{table.name} {row}"
            for table in metadata.sorted_tables
            for row in connection.execute(select(table).where(not_(_is_of_others(table, workspace_id))))
        )


def _is_of_others(table: Table, workspace_id: str | None) -> ColumnElement[bool]:
    """Tell of a row whether it belongs to another workspace; what belongs to none does not."""
    if workspace_id is None:
        return false()
    if "workspace_id" in table.c:
        return table.c.workspace_id != workspace_id
    if table is large_values:
        owners = [select(each.c.id).where(_is_of_others(each, workspace_id)) for each in (sessions, invocations)]
        return or_(*(table.c.owner.in_(each) for each in owners))
    for key in sorted(table.foreign_keys, key=lambda key: key.parent.name):
        return key.parent.in_(select(key.column).where(_is_of_others(key.column.table, workspace_id)))
    return false()
