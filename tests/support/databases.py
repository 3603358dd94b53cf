"""Databases of one test each, copied from one that was migrated once."""

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Engine, create_engine, func, select, text

from midcall.storage.engine import open_engine
from midcall.storage.migrate import migrate
from midcall.storage.schema import metadata


@dataclass(frozen=True)
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


@dataclass(frozen=True)
class Postgres:
    """Databases of one PostgreSQL server, reached through its socket's directory."""

    socket_dir: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def url(self, name: str) -> str:
        """Return a database's URL."""
        return f"postgresql+psycopg://postgres@/{name}?host={self.socket_dir}"

    def empty(self) -> str:
        """Return the URL of a database without a schema."""
        return self.url(self._make("template0"))

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """Give the URL of a fresh database with the schema of this release."""
        template = f"migrated_{os.getpid()}"
        if not self._exists(template):
            self._do(f"CREATE DATABASE {template} TEMPLATE template0")
            _migrate(self.url(template))
        name = self._make(template)
        yield self.url(name)
        self._do(f"DROP DATABASE {name} WITH (FORCE)")

    def _make(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        self._do(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def _exists(self, name: str) -> bool:
        with self._admin() as engine, engine.connect() as connection:
            found = connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name})
            return found.one_or_none() is not None

    def _do(self, statement: str) -> None:
        with self._admin() as engine, engine.connect() as connection:
            connection.execute(text(statement))

    @contextmanager
    def _admin(self) -> Iterator[Engine]:
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        try:
            yield engine
        finally:
            engine.dispose()


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


def row_counts(engine: Engine) -> dict[str, int]:
    """Count the rows of every table: what was stored by half shows here."""
    with engine.connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }
