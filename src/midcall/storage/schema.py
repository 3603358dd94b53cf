"""The tables.

JSON is kept as ASCII text: PostgreSQL's JSON types refuse U+0000 and lone surrogates, which code may return.
"""

import json
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator


class Json(TypeDecorator[Any]):
    """A JSON value as ASCII text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 (SQLAlchemy's signature)
        """Write a value."""
        return None if value is None else json.dumps(value, ensure_ascii=True, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 (the same)
        """Read a value."""
        return None if value is None else json.loads(value)


#: Names for every constraint, so that migrations can speak of them.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(200), nullable=False, unique=True),
    Column("settings", Json, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id"), nullable=False, index=True),
    Column("principal", String(200), nullable=False),
    Column("scopes", Json, nullable=False),
    Column("agents", Json, nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("previous_hash", String(64)),
    Column("previous_until", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)

functions = Table(
    "functions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id"), nullable=False),
    Column("name", String(63), nullable=False),
    Column("display_name", Text, nullable=False),
    Column("tags", Json, nullable=False),
    Column("latest", Integer, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)
# An archived function gives its name free.
Index(
    "uq_functions_live_name",
    functions.c.workspace_id,
    functions.c.name,
    unique=True,
    sqlite_where=functions.c.archived.is_(False),
    postgresql_where=functions.c.archived.is_(False),
)

versions = Table(
    "versions",
    metadata,
    Column("function_id", ForeignKey("functions.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("config", Json, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("status", String(20), nullable=False),
    Column("author", String(200), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("review", Json),
    Column("approval_policy", String(64)),
    Column("approval_principal", String(200)),
    Column("approval_at", BigInteger),
    Column("approval_seal", String(64)),
)

publications = Table(
    "publications",
    metadata,
    Column("function_id", ForeignKey("functions.id"), primary_key=True),
    Column("environment", String(63), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("principal", String(200), nullable=False),
    Column("at", BigInteger, nullable=False),
)

invocations = Table(
    "invocations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id"), nullable=False),
    Column("function_id", ForeignKey("functions.id"), nullable=False),
    Column("function", String(63), nullable=False),
    Column("version", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("purpose", String(20), nullable=False),
    Column("phase", String(20), nullable=False),
    Column("environment", String(63), nullable=False),
    Column("status", String(20), nullable=False),
    Column("params", Json, nullable=False),
    Column("session", Json, nullable=False),
    Column("principal", String(200), nullable=False),
    Column("deadline_at", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("max_attempts", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("enqueued_at", BigInteger, nullable=False),
    Column("trace_id", String(64)),
    Column("owner", String(200)),
    Column("lease_until", BigInteger),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("report", Json),
    Column("outcome", Json),
    Index("ix_invocations_listing", "workspace_id", "id"),
    Index("ix_invocations_function", "workspace_id", "function", "id"),
    # The sweep and the admission counts look at open rows alone, and few are open at a time.
    Index("ix_invocations_status", "status", "workspace_id"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("workspace_id", ForeignKey("workspaces.id"), nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("principal", String(200), nullable=False),
    Column("act", String(40), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("detail", Json, nullable=False),
)
