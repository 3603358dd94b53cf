"""Migrations make the schema that the code speaks to, on both databases, however many try at once."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, select, text
from tests.support.databases import Databases, opened
from tests.support.patience import PATIENCE_S

from midcall.storage.migrate import _config, is_current, migrate
from midcall.storage.schema import audit, metadata

MIGRATE = """
import sys
from midcall.storage.engine import open_engine
from midcall.storage.migrate import migrate
engine = open_engine(sys.argv[1])
migrate(engine)
engine.dispose()
"""


@pytest.fixture
def empty_url(databases: Databases) -> str:
    """Make a database without a schema."""
    return databases.empty()


@pytest.fixture
def empty(empty_url: str) -> Iterator[Engine]:
    """Open a database without a schema."""
    with opened(empty_url) as engine:
        yield engine


def test_the_migrated_schema_is_the_one_the_code_declares(engine: Engine) -> None:
    """Nothing is in one and not in the other: tables, columns, types, keys, indexes."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_name_is_unique_among_live_functions_alone_in_the_migrated_schema(engine: Engine) -> None:
    """The partial index is partial on both databases; comparing metadata does not look at its condition."""
    indexes = {index["name"]: index for index in inspect(engine).get_indexes("functions")}
    found = indexes["uq_functions_live_name"]
    condition = found["dialect_options"][f"{engine.dialect.name}_where"]
    assert found["unique"]
    assert "archived" in str(condition)


def test_an_empty_database_is_not_current_until_it_is_migrated(empty: Engine) -> None:
    """What `midcall api` refuses to start on is told apart from what it serves."""
    assert not is_current(empty)
    migrate(empty)
    assert is_current(empty)


def test_migrating_again_changes_nothing(engine: Engine) -> None:
    """Every start may migrate."""
    before = inspect(engine).get_table_names()
    migrate(engine)
    assert inspect(engine).get_table_names() == before


def test_lines_of_the_audit_trail_find_their_functions_when_it_learns_of_them(empty: Engine) -> None:
    """What was written before lines named functions and keys is found by function as well."""
    with empty.begin() as connection:
        command.upgrade(_config(connection), "0002")
        connection.execute(text("INSERT INTO workspaces VALUES ('ws_1', 'first', '{}', 0)"))
        connection.execute(
            text(
                "INSERT INTO functions (id, workspace_id, name, display_name, tags, latest, archived, created_at, "
                "updated_at) VALUES ('fn_1', 'ws_1', 'lookup', 'x', '[]', 1, false, 0, 0)"
            )
        )
        line = "INSERT INTO audit (workspace_id, at, principal, act, subject, detail)"
        for act, subject in (("version.approved", "fn_1"), ("version.rejected", "fn_1"), ("key.create", "key_1")):
            row = {"act": act, "subject": subject}
            connection.execute(text(f"{line} VALUES ('ws_1', 0, 'a', :act, :subject, '{{}}')"), row)
    migrate(empty)
    with empty.begin() as connection:
        rows = connection.execute(select(audit).order_by(audit.c.id)).all()
    assert [(row.act, row.function_id) for row in rows] == [
        ("version.approve", "fn_1"),
        ("version.reject", "fn_1"),
        ("key.create", None),
    ]


def test_several_processes_may_migrate_at_once(empty_url: str, empty: Engine) -> None:
    """One after the other does it; none fails, and the schema is whole."""
    processes = [subprocess.Popen([sys.executable, "-c", MIGRATE, empty_url]) for _ in range(4)]
    assert [process.wait(PATIENCE_S) for process in processes] == [0] * 4
    assert is_current(empty)


def test_several_threads_may_migrate_at_once(empty: Engine) -> None:
    """Starting api, workers and pool together in one process is as safe."""
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate, [empty] * 4))
    assert is_current(empty)
