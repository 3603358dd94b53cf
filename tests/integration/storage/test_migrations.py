"""Migrations make the schema that the code speaks to, on both databases, however many try at once."""

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect, select, text
from tests.support.databases import Databases, opened
from tests.support.patience import PATIENCE_S

from midcall.domain.parts import additions
from midcall.domain.variables import Variable
from midcall.storage.database import Storage
from midcall.storage.listings import PageRequest, SessionFilter
from midcall.storage.migrate import _config, is_current, migrate
from midcall.storage.schema import audit, credential_values, metadata, secrets

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


def test_secrets_there_are_are_bound_to_the_hosts_that_they_are_in_use_with(empty: Engine) -> None:
    """Published and pinned versions count, and the one that a literal came with; a draft that moved it does not."""
    with empty.begin() as connection:
        command.upgrade(_config(connection), "0011")
        for statement, rows in before_hosts().items():
            connection.execute(text(statement), rows)
    migrate(empty)
    with empty.connect() as connection:
        literals = dict(connection.execute(select(secrets.c.id, secrets.c.origins)).all())
        named = connection.execute(select(credential_values.c.id, credential_values.c.hosts)).all()
    assert literals == {
        "sec_key": ["https://a.example.com", "https://pinned.example.com:8443"],
        "sec_client": ["https://a.example.com", "https://login.example.com"],
        "sec_draft": ["https://draft.example.com"],
        "sec_unused": [],
    }
    everywhere = ["https://*.below.example.com", "https://a.example.com", "https://crm.example.com"]
    assert dict(named) == {
        "crv_crm": everywhere,
        "crv_crm_test": everywhere,
        "crv_internal": ["http://crm.internal:8443", "https://crm.internal:8443"],
        "crv_unused": [],
        "crv_foreign": [],
    }


def before_hosts() -> dict[str, list[dict[str, object]]]:
    """Return what a workspace had before secrets were bound, as statements with their rows."""

    def hook(url: str, **more: object) -> str:
        return json.dumps({"kind": "webhook", "webhook": {"url": url, "headers": {}, "query": {}, "auth": {}, **more}})

    def code(*egress: str, credentials: list[str]) -> str:
        actions = ["airtable", {"name": "http.get", "credentials": credentials}]
        return json.dumps({"kind": "code", "code": {"source": "", "actions": actions, "egress": list(egress)}})

    kept = {"headers": {"X-Key": "********sec_key", "X-Plain": "{{secret.crm.token}}"}}
    auth = {"type": "oauth2", "token_url": "https://LOGIN.example.com:443/t", "client_secret": "********sec_client"}
    versions = [
        ("fn_1", 1, hook("https://A.example.com:443/x", **kept)),
        ("fn_1", 2, hook("https://evil.example.net/", **kept)),
        ("fn_1", 3, hook("https://pinned.example.com:8443?x", headers={"X-Key": "********sec_key"})),
        ("fn_2", 1, hook("https://a.example.com", auth=auth)),
        ("fn_2", 2, hook("https://evil.example.net", auth={**auth, "token_url": "https://evil.example.net"})),
        ("fn_3", 1, hook("https://draft.example.com", query={"k": "********sec_draft"}, auth={"credential": "unused"})),
        ("fn_4", 1, code("crm.example.com", "*.below.example.com", credentials=["crm"])),
        ("fn_4", 2, code("evil.example.net", credentials=["crm"])),
        ("fn_5", 1, code("crm.internal:8443", credentials=["internal"])),
    ]
    pinned = json.dumps([{"function": "f3", "version": 9}, {"function": "f1", "version": 3}, {"function": "f1"}])
    return {
        "INSERT INTO workspaces VALUES (:id, :id, '{}', 0)": [{"id": "ws_1"}, {"id": "ws_2"}],
        "INSERT INTO functions (id, workspace_id, name, display_name, tags, latest, archived, created_at, updated_at) "
        "VALUES (:id, 'ws_1', :name, 'x', '[]', 1, false, 0, 0)": [
            {"id": f"fn_{number}", "name": f"f{number}"} for number in range(1, 6)
        ],
        "INSERT INTO versions (function_id, number, config, sha256, status, author, created_at) "
        "VALUES (:id, :number, :config, 'x', 'approved', 'a', 0)": [
            {"id": function_id, "number": number, "config": config} for function_id, number, config in versions
        ],
        "INSERT INTO publications VALUES (:id, :environment, 1, 'a', 0)": [
            {"id": f"fn_{number}", "environment": "production"} for number in (1, 2, 4, 5)
        ],
        "INSERT INTO agents VALUES ('ag_1', 'ws_1', 'desk', '', '', :pinned, 0, 0)": [{"pinned": pinned}],
        "INSERT INTO secrets VALUES (:id, 'ws_1', 'x', 0)": [
            {"id": each} for each in ("sec_key", "sec_client", "sec_draft", "sec_unused")
        ],
        "INSERT INTO credentials VALUES (:id, :ws, :name, 'bearer', 0, 0, NULL)": [
            {"id": "c_crm", "ws": "ws_1", "name": "crm"},
            {"id": "c_internal", "ws": "ws_1", "name": "internal"},
            {"id": "c_unused", "ws": "ws_1", "name": "unused"},
            {"id": "c_foreign", "ws": "ws_2", "name": "crm"},
        ],
        "INSERT INTO credential_values VALUES (:id, :of, :environment, 'x', 0)": [
            {"id": "crv_crm", "of": "c_crm", "environment": ""},
            {"id": "crv_crm_test", "of": "c_crm", "environment": "test"},
            {"id": "crv_internal", "of": "c_internal", "environment": ""},
            {"id": "crv_unused", "of": "c_unused", "environment": ""},
            {"id": "crv_foreign", "of": "c_foreign", "environment": ""},
        ],
    }


def _old_rows(connection: Connection, *, sessions: int, transcript: int) -> None:
    """Write sessions and invocations as the schema had them before large values stood apart."""
    connection.execute(text("INSERT INTO workspaces VALUES ('ws_1', 'first', '{}', 0)"))
    function = {"id": "fn_1", "workspace_id": "ws_1", "name": "f", "display_name": "", "tags": "[]", "latest": 1}
    _insert(connection, "functions", {**function, "archived": False, "created_at": 0, "updated_at": 0})
    for number in range(sessions):
        fields = {
            "medium": "chat",
            "odd": "\ud800\x00",
            "transcript": ["\U0001f600" * transcript],
            "contact": {"name": "Ann"},
        }
        variables = {"v": {"value": "y" * 3_000, "source": "caller", "at": 7}}
        _insert(
            connection,
            "sessions",
            {
                "id": f"ses_{number}",
                "workspace_id": "ws_1",
                "session_id": f"call-{number}",
                "agent": "a",
                "environment": "production",
                "principal": "p",
                "status": "active",
                "fields": json.dumps(fields),
                "variables": json.dumps(variables),
                "pins": "[]",
                **dict.fromkeys(("created_at", "updated_at", "pre_deadline_at", "idle_ms", "max_age_ms"), 1),
                "pre_done": True,
                "post_started": False,
            },
        )
        error = {"type": "ValueError", "message": "z" * 900, "line": 3, "traceback": "t" * 900}
        outcome = {
            **dict.fromkeys(("truncated", "terminate"), False),
            **dict.fromkeys(("result", "message", "reason"), None),
            "status": "failed",
            "variables": {"v": "y" * 3_000},
            "changed": ["v"],
            "error": error,
            "warnings": [],
        }
        _insert(
            connection,
            "invocations",
            {
                "id": f"inv_{number}",
                "workspace_id": "ws_1",
                "function_id": "fn_1",
                "function": "f",
                "version": 1,
                "sha256": "0",
                "purpose": "live",
                "phase": "during_session",
                "environment": "production",
                "kind": "code",
                "status": "failed",
                "params": json.dumps({"text": "x" * 5_000}),
                "session": "{}",
                "principal": "p",
                **dict.fromkeys(("deadline_at", "attempt", "max_attempts", "created_at", "enqueued_at"), 1),
                "ended_at": 2,
                "outcome": json.dumps(outcome),
                "session_key": f"ses_{number}",
                "session_id": f"call-{number}",
            },
        )


def _insert(connection: Connection, table: str, row: dict[str, Any]) -> None:
    values = ", ".join(f":{name}" for name in row)
    connection.execute(text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"), row)  # noqa: S608


def test_sessions_and_calls_are_carried_over_when_large_values_come_to_stand_apart(empty: Engine) -> None:
    """Bodies, variables, parameters and outcomes are read as they were, and lists show what calls came to."""
    with empty.begin() as connection:
        command.upgrade(_config(connection), "0011")
        _old_rows(connection, sessions=3, transcript=5)
    migrate(empty)
    with Storage(empty).write() as tx:
        session = tx.sessions.get("ws_1", "call-1", lock=True)
        body = tx.sessions.body(session.id)
        (listed,) = tx.invocations.of_session(session.id, limit=9)
        found = tx.invocations.get("ws_1", "inv_1")
        shown = tx.sessions.page("ws_1", SessionFilter(), PageRequest())
        session = tx.sessions.grow(session, additions(["more"], {"age": 4}))
        grown = tx.sessions.body(session.id)
    assert body == {
        "medium": "chat",
        "odd": "\ud800\x00",
        "transcript": ["\U0001f600" * 5],
        "contact": {"name": "Ann"},
    }
    assert (grown["transcript"][-1], grown["contact"]) == ("more", {"name": "Ann", "age": 4})
    assert session.variables == {"v": Variable("y" * 3_000, "caller", 7)}
    assert found.params == {"text": "x" * 5_000}
    assert found.outcome is not None
    assert found.outcome.error is not None
    assert (found.outcome.variables, found.outcome.error.traceback) == ({"v": "y" * 3_000}, "t" * 900)
    assert listed.came is not None
    error = listed.came["whole"]["error"]
    assert (error["type"], error["message"], error["traceback"]) == ("ValueError", "z" * 200, None)
    assert [each.preview["whole"] for each in shown] == [{"medium": "chat"}] * 3


def test_what_lists_tell_is_carried_over_from_what_there_is(empty: Engine) -> None:
    """Which credentials versions name, what agents have by number, and what of cases and attachments is large."""
    said = [{"function": "f", "phase": "pre_session", "order": 0, "version": 1, "on_failure": "continue"}] * 2
    said[1] = {**said[0], "phase": "post_session", "messages": {"error": "m" * 2_000}}
    auth = {"type": "credential", "credential": "crm"}
    webhook = {"url": "https://a.example.com", "auth": auth, "headers": {"X-A": "{{secret.b.key}} {{secret.b.other}}"}}
    with empty.begin() as connection:
        command.upgrade(_config(connection), "0014")
        connection.execute(text("INSERT INTO workspaces VALUES ('ws_1', 'first', '{}', 0, NULL)"))
        for key, config in (
            ("1", {"kind": "code", "code": {"source": "x"}}),
            ("2", {"kind": "webhook", "webhook": webhook}),
        ):
            function = {"id": f"fn_{key}", "workspace_id": "ws_1", "name": f"f{key}", "display_name": "", "tags": "[]"}
            whole = {**function, "latest": 1, "archived": False, "created_at": 0, "updated_at": 0}
            _insert(connection, "functions", whole)
            version = {"function_id": f"fn_{key}", "number": 1, "config": json.dumps(config), "preview": "{}"}
            _insert(
                connection, "versions", {**version, "sha256": "", "status": "draft", "author": "a", "created_at": 0}
            )
        document = {"session": {}, "params": {"a": 1}, "mocks": [], "dry": False, "expect": {"exact": "e" * 2_000}}
        case = {"function_id": "fn_1", "name": "c", "document": json.dumps(document), "sha256": "", "size": 1}
        _insert(connection, "test_cases", {**case, "principal": "p", "updated_at": 0})
        agent = {"id": "ag_1", "workspace_id": "ws_1", "name": "desk", "version": "", "number": ""}
        _insert(connection, "agents", {**agent, "attachments": json.dumps(said), "created_at": 0, "updated_at": 0})
    migrate(empty)
    with Storage(empty).read() as tx:
        uses = tx.functions.uses_of("ws_1", ["crm", "b", "other"], most=9)
        traits = tx.functions.traits([("fn_1", 1), ("fn_2", 1)])
        (case_listed,) = tx.test_cases.page("fn_1", PageRequest())
        (agent_listed,) = tx.agents.page("ws_1", PageRequest())
        whole_agent = tx.agents.get("ws_1", "desk")
    with empty.connect() as connection:
        pins = connection.execute(text("SELECT agent_id, function, version, workspace_id FROM agent_pins")).all()
    assert uses == [("b", "f2", False), ("crm", "f2", False)]
    assert {version: each.may_terminate for version, each in traits.items()} == {("fn_1", 1): False, ("fn_2", 1): True}
    assert (case_listed.whole, list(case_listed.cut)) == (dict(list(document.items())[:4]), ["expect"])
    assert list(agent_listed.cut) == ["functions"]
    assert agent_listed.agent.attachments == tuple(replace(each, messages=None) for each in whole_agent.attachments)
    assert pins == [("ag_1", "f", 1, "ws_1")]


def test_carrying_over_holds_one_row_at_a_time(empty: Engine) -> None:
    """However much there is: twenty times as many sessions of a megabyte take no more memory."""
    with empty.begin() as connection:
        command.upgrade(_config(connection), "0011")
        _old_rows(connection, sessions=20, transcript=100_000)
    tracemalloc.start()
    try:
        migrate(empty)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 12 * 1024 * 1024


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
