"""What is large stands apart from its row: bodies of sessions in parts, documents of invocations in a table of values.

Rows are carried over one at a time, so that memory holds one of them, however many there are.
"""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_IDS = 1_000
_INLINE = 2_048
_WHOLE, _BEGINNING = 512, 200
_MOST_OF_A_FIELD = 1_024
_EACH_BYTES = 256
_MARK = "@"
_APART = ("transcript", "contact", "analysis", "recordingUrl", "llmResponse", "call")
_LISTED = (
    "direction",
    "medium",
    "agentDetails",
    "userDetails",
    "communicationChannelName",
    "communicationChannelId",
    "threadId",
)
#: Errors of older releases have less.
_ERROR = {"type": "", "message": "", "line": None, "traceback": None, "http_status": None, "body": None}
_LARGE = ("params", "session", "report", "outcome")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "session_parts",
        sa.Column("session", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("adds", sa.Boolean(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["session"], ["sessions.id"], name=op.f("fk_session_parts_session")),
        sa.PrimaryKeyConstraint("session", "number", name=op.f("pk_session_parts")),
    )
    op.create_table(
        "large_values",
        sa.Column("owner", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "name", name=op.f("pk_large_values")),
    )
    # In place, and the defaults stay: SQLite would make the tables anew otherwise, which others refer to.
    op.add_column("sessions", sa.Column("preview", sa.Text(), nullable=False, server_default="{}"))
    op.add_column("sessions", sa.Column("body_parts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("sessions", sa.Column("body_bytes", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("invocations", sa.Column("asked", sa.Text()))
    op.add_column("invocations", sa.Column("came", sa.Text()))
    op.add_column("sessions", sa.Column("events_gone", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index(op.f("ix_sessions_ended"), "sessions", ["workspace_id", "events_gone", "ended_at"])
    for name, condition in (("refused", "status = 'refused'"), ("alone", "session_key IS NULL")):
        where = sa.text(condition)
        op.create_index(
            f"ix_invocations_{name}",
            "invocations",
            ["workspace_id", "ended_at"],
            sqlite_where=where,
            postgresql_where=where,
        )
    op.add_column("versions", sa.Column("preview", sa.Text(), nullable=False, server_default="{}"))
    for row in _versions():
        _describe_version(row)
    for row in _rows("sessions", ("fields", "variables", "pins")):
        _move_session(row)
    for row in _rows("invocations", _LARGE):
        _move_invocation(row)
    op.drop_column("sessions", "fields")


def _rows(table: str, columns: tuple[str, ...]) -> Iterator[Any]:
    """Read rows by id, one at a time."""
    connection, after = op.get_bind(), ""
    of = sa.table(table, sa.column("id"), *(sa.column(name) for name in columns))
    while True:
        ids = connection.scalars(sa.select(of.c.id).where(of.c.id > after).order_by(of.c.id).limit(_IDS)).all()
        if not ids:
            return
        for row_id in ids:
            yield connection.execute(sa.select(of).where(of.c.id == row_id)).one()
        after = ids[-1]


def _versions() -> Iterator[Any]:
    """Read versions, one at a time."""
    connection = op.get_bind()
    of = sa.table("versions", sa.column("function_id"), sa.column("number"), sa.column("config"))
    for row in _rows("functions", ("latest",)):
        for number in range(1, row.latest + 1):
            query = sa.select(of).where(of.c.function_id == row.id, of.c.number == number)
            yield from connection.execute(query).all()


def _describe_version(row: Any) -> None:
    config = _read(row.config)
    found = _preview(config, _MOST_OF_A_FIELD)
    if "description" in config:
        found["whole"]["description"] = config["description"]
        found["cut"].pop("description", None)
    if "webhook" in found["cut"]:
        found["cut"]["webhook"] = ""
    statement = sa.text("UPDATE versions SET preview = :preview WHERE function_id = :function_id AND number = :number")
    key = {"function_id": row.function_id, "number": row.number}
    op.get_bind().execute(statement, {"preview": _write(found), **key})


def _move_session(row: Any) -> None:
    fields, variables = _read(row.fields), _read(row.variables)
    rest = {name: value for name, value in fields.items() if name not in _APART}
    parts = [*([("", rest)] if rest else []), *((name, fields[name]) for name in _APART if name in fields)]
    sizes = [len(_plain(value)) + _EACH_BYTES for _, value in parts]
    insert = sa.text(
        "INSERT INTO session_parts (session, number, field, adds, size, value) "
        "VALUES (:session, :number, :field, :adds, :size, :value)"
    )
    for number, ((field, value), size) in enumerate(zip(parts, sizes, strict=True)):
        given = {"session": row.id, "number": number, "field": field, "adds": False, "size": size}
        op.get_bind().execute(insert, {**given, "value": _write(value)})
    # Large variables are moved when their session changes them next; the column holds them until then.
    columns = {"variables": _write(variables), "pins": row.pins}
    changed = {
        "preview": _write(_preview({name: fields[name] for name in _LISTED if name in fields})),
        "body_parts": len(parts),
        "body_bytes": sum(sizes),
        **_apart(row.id, columns),
    }
    _update("sessions", row.id, changed)


def _move_invocation(row: Any) -> None:
    changed = _apart(row.id, {name: getattr(row, name) for name in _LARGE})
    if row.outcome is not None:
        outcome, report = _read(row.outcome), None if row.report is None else _read(row.report)
        changed["came"] = _write(_came(outcome, report))
    if changed:
        _update("invocations", row.id, changed)


def _apart(owner: str, columns: dict[str, str | None]) -> dict[str, Any]:
    """Store what is large apart; returns the marks for its columns."""
    large = {name: text for name, text in columns.items() if text is not None and len(text) > _INLINE}
    insert = sa.text("INSERT INTO large_values (owner, name, value) VALUES (:owner, :name, :value)")
    for name, text in large.items():
        op.get_bind().execute(insert, {"owner": owner, "name": name, "value": text})
    return dict.fromkeys(large, _MARK)


def _update(table: str, row_id: str, changed: dict[str, Any]) -> None:
    columns = ", ".join(f"{name} = :{name}" for name in changed)
    statement = f"UPDATE {table} SET {columns} WHERE id = :row_id"  # noqa: S608 (our own words)
    op.get_bind().execute(sa.text(statement), {**changed, "row_id": row_id})


def _came(outcome: dict[str, Any], report: dict[str, Any] | None) -> dict[str, Any]:
    """Preview what an invocation came to, as this release's midcall.domain.preview does."""
    error, report = outcome["error"] and {**_ERROR, **outcome["error"]}, report or {}
    found = _preview(
        {
            "result": report["result"] if report else outcome["result"],
            "error": error,
            "logs": report.get("logs", ""),
            "request": report.get("request"),
            "response": report.get("response"),
            "actions": list(report.get("actions", ())),
            "changed": list(outcome["changed"]),
        }
    )
    if error and "error" in found["cut"]:
        short = {name: str(error[name])[:_BEGINNING] for name in ("type", "message")}
        found["whole"]["error"] = {**error, **short, "traceback": None, "body": None}
    return found | {
        "flags": list(outcome.get("flags", ())),
        "sandbox_id": report.get("sandbox_id") or None,
        "waited_ms": report.get("waited_ms", 0.0),
        "sandbox_ms": report.get("sandbox_ms", 0.0),
    }


def _preview(values: dict[str, Any], most: int = _WHOLE) -> dict[str, Any]:
    whole, cut = {}, {}
    for name, value in values.items():
        text = _write(value)
        if len(text) <= most:
            whole[name] = value
        else:
            cut[name] = (value if isinstance(value, str) else text)[:_BEGINNING]
    return {"whole": whole, "cut": cut}


def _read(text: str) -> Any:
    return json.loads(text, parse_constant=lambda _name: None)


def _write(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _plain(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
