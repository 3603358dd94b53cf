"""What lists tell of agents, test cases and credentials stands in small columns and tables of its own.

Rows are carried over one at a time. What is read of a document is written out here: a migration must not change when
our code does.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

_KEYS = 1_000
_WHOLE, _BEGINNING = 1_024, 200
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,62}")
_TEMPLATE = re.compile(r"\{\{\s*secret\.([a-zA-Z_][a-zA-Z0-9_]{0,62})\.")
_BRIEF = ("function", "phase", "order", "version", "on_failure")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "credential_uses",
        sa.Column("function_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("credential", sa.String(length=63), nullable=False),
        sa.ForeignKeyConstraint(
            ["function_id", "number"],
            ["versions.function_id", "versions.number"],
            name=op.f("fk_credential_uses_function_id"),
        ),
        sa.PrimaryKeyConstraint("function_id", "number", "credential", name=op.f("pk_credential_uses")),
    )
    op.create_index("ix_credential_uses_credential", "credential_uses", ["credential"])
    op.create_table(
        "agent_pins",
        sa.Column("agent_id", sa.String(length=64), nullable=False),
        sa.Column("function", sa.String(length=63), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("workspace_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_agent_pins_agent_id")),
        sa.PrimaryKeyConstraint("agent_id", "function", "version", name=op.f("pk_agent_pins")),
    )
    op.create_index("ix_agent_pins_function", "agent_pins", ["workspace_id", "function", "version"])
    # In place, and the defaults stay, as in 0013.
    op.add_column("versions", sa.Column("may_terminate", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("agents", sa.Column("preview", sa.Text(), nullable=False, server_default="{}"))
    op.add_column("test_cases", sa.Column("preview", sa.Text(), nullable=False, server_default="{}"))
    for row in _rows("versions", ("function_id", "number"), ("config",)):
        _describe_version(row, json.loads(row.config))
    for row in _rows("agents", ("id",), ("workspace_id", "attachments")):
        _describe_agent(row, json.loads(row.attachments))
    for row in _rows("test_cases", ("function_id", "name"), ("document",)):
        key = {"function_id": row.function_id, "name": row.name}
        _update("test_cases", key, {"preview": _write(_preview(json.loads(row.document)))})


def downgrade() -> None:
    """Take back."""
    for table, column in (("test_cases", "preview"), ("agents", "preview"), ("versions", "may_terminate")):
        op.drop_column(table, column)
    op.drop_table("agent_pins")
    op.drop_table("credential_uses")


def _rows(table: str, key: tuple[str, ...], columns: tuple[str, ...]) -> Iterator[Any]:
    """Read rows by their key, one at a time."""
    connection = op.get_bind()
    of = sa.table(table, *(sa.column(name) for name in (*key, *columns)))
    own = sa.tuple_(*(of.c[name] for name in key))
    query = sa.select(*(of.c[name] for name in key)).order_by(*(of.c[name] for name in key)).limit(_KEYS)
    keys = connection.execute(query).all()
    while keys:
        for each in keys:
            yield connection.execute(sa.select(of).where(own == tuple(each))).one()
        keys = connection.execute(query.where(own > tuple(keys[-1]))).all()


def _describe_version(row: Any, config: dict[str, Any]) -> None:
    key = {"function_id": row.function_id, "number": row.number}
    named = sorted({name for name in _names_in(config) if _NAME.fullmatch(name)})
    if named:
        insert = "INSERT INTO credential_uses (function_id, number, credential) VALUES (:function_id, :number, :name)"
        op.get_bind().execute(sa.text(insert), [{**key, "name": name} for name in named])
    code = config.get("code") or {}
    if config.get("kind") == "webhook" or "terminateAgent" in code.get("source", ""):
        _update("versions", key, {"may_terminate": True})


def _describe_agent(row: Any, attachments: list[dict[str, Any]]) -> None:
    pins = {(each["function"], each["version"]) for each in attachments if each.get("version") is not None}
    if pins:
        insert = (
            "INSERT INTO agent_pins (agent_id, function, version, workspace_id) VALUES (:id, :function, :version, :of)"
        )
        rows = [{"id": row.id, "function": name, "version": number, "of": row.workspace_id} for name, number in pins]
        op.get_bind().execute(sa.text(insert), rows)
    found = _preview({"functions": attachments})
    brief = [{name: each[name] for name in _BRIEF if name in each} for each in attachments]
    _update("agents", {"id": row.id}, {"preview": _write({**found, "brief": brief} if found["cut"] else found)})


def _update(table: str, key: dict[str, Any], changed: dict[str, Any]) -> None:
    of = sa.table(table, *(sa.column(name) for name in (*key, *changed)))
    op.get_bind().execute(sa.update(of).where(*(of.c[name] == value for name, value in key.items())).values(changed))


def _names_in(config: dict[str, Any]) -> Iterator[str]:
    webhook, code = config.get("webhook") or {}, config.get("code") or {}
    yield from _declared(webhook.get("auth"))
    yield from _templates(webhook)
    yield from _declared({name: value for name, value in code.items() if name != "source"})


def _declared(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, child in value.items():
            if name == "credential" and isinstance(child, str):
                yield child
            elif name == "credentials" and isinstance(child, dict | list):
                named = child.values() if isinstance(child, dict) else child
                yield from (each for each in named if isinstance(each, str))
            else:
                yield from _declared(child)
    elif isinstance(value, list):
        for child in value:
            yield from _declared(child)


def _templates(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _TEMPLATE.findall(value)
    elif isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _templates(child)


def _preview(values: dict[str, Any]) -> dict[str, Any]:
    whole, cut = {}, {}
    for name, value in values.items():
        text = _write(value)
        if len(text) <= _WHOLE:
            whole[name] = value
        else:
            cut[name] = (value if isinstance(value, str) else text)[:_BEGINNING]
    return {"whole": whole, "cut": cut}


def _write(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
