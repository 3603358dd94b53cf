"""The tables.

JSON is kept as ASCII text: PostgreSQL's JSON types refuse U+0000 and lone surrogates, which code may return.
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator

from midcall.domain.errors import Unwritable


class UnwritableColumn(Unwritable, DontWrapMixin):
    """A value that belongs into a row is no JSON; SQLAlchemy lets this through as it is."""


class JsonText(TypeDecorator[Any]):
    """A JSON value as ASCII text. No number in it is NaN or infinite: no answer could hold what was read again."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 (SQLAlchemy's signature)
        """Write a value; raises Unwritable for what is no JSON, or nested too deep to be written."""
        return None if value is None else write_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 (the same)
        """Read a value. NaN and Infinity, which older releases let into rows, are read as null."""
        return None if value is None else read_json(value)


@dataclass(frozen=True, slots=True)
class EncodedJson:
    """A value that has been written as JSON already."""

    text: str


class _Apart:
    """The mark of a value that stands apart from its row."""


#: Read, and written, in the place of a value that stands in `large_values`.
APART = _Apart()
#: Characters of JSON that such a column holds itself. Rows of ordinary calls stay whole, and cost no statement more.
MOST_INLINE = 2_048
#: No JSON begins so.
_MARK = "@"


class LargeJson(TypeDecorator[Any]):
    """A JSON value, or the mark of one that stands apart; `midcall.storage.large_values` writes both."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 (SQLAlchemy's signature)
        """Write a value that was split from those that stand apart."""
        if value is APART:
            return _MARK
        if value is None or isinstance(value, EncodedJson):
            return None if value is None else value.text
        written = write_json(value)
        if len(written) > MOST_INLINE:
            raise TypeError("midcall.storage.large_values has to split what may be large")
        return written

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 (the same)
        """Read a value as a Json column does, or its mark."""
        if value is None or value == _MARK:
            return None if value is None else APART
        return read_json(value)


def write_json(value: Any) -> str:
    """Write JSON; raises Unwritable for what is none, or nested too deep to be written."""
    try:
        return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError) as error:
        raise UnwritableColumn(f"a value cannot be kept as JSON: {error}") from error


def read_json(text: str) -> Any:
    """Read JSON that was written here; NaN and Infinity, which older releases let into rows, are read as null."""
    return json.loads(text, parse_constant=_no_number)


def _no_number(_name: str) -> None:
    return None


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
    Column("settings", JsonText, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # What the operator allows; null: what every workspace is allowed.
    Column("ceilings", JsonText),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id"), nullable=False, index=True),
    Column("principal", String(200), nullable=False),
    Column("scopes", JsonText, nullable=False),
    Column("agents", JsonText, nullable=False),
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
    Column("tags", JsonText, nullable=False),
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
    Column("config", JsonText, nullable=False),
    # What lists show of it.
    Column("preview", JsonText, nullable=False),
    # What agents' warnings ask of it: whether what it returns may end a session.
    Column("may_terminate", Boolean, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("status", String(20), nullable=False),
    Column("author", String(200), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("review", JsonText),
    Column("approval_policy", String(64)),
    Column("approval_principal", String(200)),
    Column("approval_at", BigInteger),
    Column("approval_seal", String(64)),
)

#: Which credentials a version names, so that nobody has to read documents for it.
credential_uses = Table(
    "credential_uses",
    metadata,
    Column("function_id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("credential", String(63), primary_key=True),
    ForeignKeyConstraint(["function_id", "number"], ["versions.function_id", "versions.number"]),
    Index("ix_credential_uses_credential", "credential"),
)

#: Reviews of approved versions under later policies. A row without `reviewed_at` is under way until `taken_until`.
rereviews = Table(
    "rereviews",
    metadata,
    Column("function_id", String(64), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("policy", String(64), primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("taken_until", BigInteger, nullable=False),
    Column("status", String(20)),
    Column("comments", JsonText),
    Column("reviewed_at", BigInteger),
    Column("seal", String(64)),
    ForeignKeyConstraint(["function_id", "number"], ["versions.function_id", "versions.number"]),
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

agents = Table(
    "agents",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id"), nullable=False),
    Column("name", String(200), nullable=False),
    Column("version", String(200), nullable=False),
    Column("number", String(200), nullable=False),
    Column("attachments", JsonText, nullable=False),
    # What lists show of them, and what warnings are made of: all of them, without what is said.
    Column("preview", JsonText, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("workspace_id", "name"),
)

#: Versions that agents have by number, whatever is published.
agent_pins = Table(
    "agent_pins",
    metadata,
    Column("agent_id", ForeignKey("agents.id"), primary_key=True),
    Column("function", String(63), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("workspace_id", String(64), nullable=False),
    Index("ix_agent_pins_function", "workspace_id", "function", "version"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id"), nullable=False),
    Column("session_id", String(200), nullable=False),
    Column("agent", String(200), nullable=False),
    Column("environment", String(63), nullable=False),
    Column("principal", String(200), nullable=False),
    Column("status", String(20), nullable=False),
    # What lists show of the body: as it was at the start, the small fields of it.
    Column("preview", JsonText, nullable=False),
    Column("variables", LargeJson, nullable=False),
    Column("pins", LargeJson, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    # Parts of the body that were written, and what they count for.
    Column("body_parts", Integer, nullable=False),
    Column("body_bytes", BigInteger, nullable=False),
    Column("pre_deadline_at", BigInteger, nullable=False),
    Column("idle_ms", BigInteger, nullable=False),
    Column("max_age_ms", BigInteger, nullable=False),
    Column("pre_done", Boolean, nullable=False),
    Column("reason", Text),
    Column("ended_at", BigInteger),
    Column("post_due_at", BigInteger),
    Column("post_started", Boolean, nullable=False),
    # Its events have outlived their retention.
    Column("events_gone", Boolean, nullable=False, default=False),
    UniqueConstraint("workspace_id", "session_id"),
    Index("ix_sessions_listing", "workspace_id", "id"),
    # Whoever is shown some alone finds these, however many others there are.
    Index("ix_sessions_agent", "workspace_id", "agent", "id"),
    Index("ix_sessions_principal", "workspace_id", "principal", "id"),
    # The sweep asks for sessions that are idle or whose post-session phase is due.
    Index("ix_sessions_status", "status", "post_started", "updated_at"),
    # What has outlived its retention is found without a look at what has not.
    Index("ix_sessions_ended", "workspace_id", "events_gone", "ended_at"),
)

# The session body, in the order in which it came. A part is never written again.
session_parts = Table(
    "session_parts",
    metadata,
    Column("session", ForeignKey("sessions.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("field", String(40), nullable=False),
    Column("adds", Boolean, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("value", Text, nullable=False),
)

#: Values of other tables' large columns, by the id of the row that they belong to; `midcall.storage.large_values`.
large_values = Table(
    "large_values",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("name", String(60), primary_key=True),
    Column("value", Text, nullable=False),
)

events = Table(
    "events",
    metadata,
    # SQLite numbers rows by itself in a column of exactly this type.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("session", ForeignKey("sessions.id"), nullable=False),
    Column("name", String(20), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("data", JsonText, nullable=False),
    Index("ix_events_session", "session", "id"),
)

callbacks = Table(
    "callbacks",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    #: What the receiver tells repeats by. Not the row's number: SQLite gives those of deleted rows away again.
    Column("message_id", String(64), nullable=False),
    Column("session", ForeignKey("sessions.id"), nullable=False, index=True),
    Column("body", JsonText, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("due_at", BigInteger, nullable=False, index=True),
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
    Column("kind", String(20), nullable=False),
    Column("status", String(20), nullable=False),
    Column("params", LargeJson, nullable=False),
    Column("session", LargeJson, nullable=False),
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
    Column("report", LargeJson),
    Column("outcome", LargeJson),
    # What lists show: of the parameters, masked, and of what came of them.
    Column("asked", JsonText),
    Column("came", JsonText),
    # Of a session's invocations alone.
    Column("session_key", ForeignKey("sessions.id")),
    Column("session_id", String(200)),
    Column("position", Integer),
    Column("idempotency_key", String(200)),
    Column("request_digest", String(64)),
    Column("due_at", BigInteger),
    Index("ix_invocations_session", "session_key", "id"),
    # The same key in the same session is the same call, whichever process hears of it first.
    UniqueConstraint("session_key", "idempotency_key"),
    # With what lists are narrowed down by: rows that do not fit, among 100,000, are not read for it.
    Index("ix_invocations_listing", "workspace_id", "id", "status", "phase"),
    # The same for what is rare among many: a status that few have, a principal with few calls.
    Index("ix_invocations_by_status", "workspace_id", "status", "id"),
    Index("ix_invocations_principal", "workspace_id", "principal", "id"),
    Index("ix_invocations_function", "workspace_id", "function", "id", "status", "phase"),
    # The sweep and the admission counts look at open rows alone, and few are open at a time. The rest of the columns
    # lead to the oldest of each workspace that is due, without a look at the others.
    Index("ix_invocations_status", "status", "purpose", "kind", "workspace_id", "id", "due_at"),
    # What ended lately is summed up from the index alone: rows are large. Written once a run, when it ends.
    Index(
        "ix_invocations_ended",
        *("workspace_id", "ended_at", "created_at", "started_at", "status", "purpose"),
        sqlite_where=text("ended_at IS NOT NULL"),
        postgresql_where=text("ended_at IS NOT NULL"),
    ),
    # What has outlived its retention: refused calls, and those that no session takes with it.
    Index(
        "ix_invocations_refused",
        *("workspace_id", "ended_at"),
        sqlite_where=text("status = 'refused'"),
        postgresql_where=text("status = 'refused'"),
    ),
    Index(
        "ix_invocations_alone",
        *("workspace_id", "ended_at"),
        sqlite_where=text("session_key IS NULL"),
        postgresql_where=text("session_key IS NULL"),
    ),
)

# Beside invocations, not in them: lists read whole rows, and these are large. What is to be mocked in a run:
rehearsals = Table(
    "rehearsals",
    metadata,
    Column("invocation_id", ForeignKey("invocations.id"), primary_key=True),
    Column("document", JsonText, nullable=False),
)

#: What the actions of a run were answered, masked.
recordings = Table(
    "recordings",
    metadata,
    Column("invocation_id", ForeignKey("invocations.id"), primary_key=True),
    Column("document", JsonText, nullable=False),
)

# They end with their function: archived, it cannot be run any more.
test_cases = Table(
    "test_cases",
    metadata,
    Column("function_id", ForeignKey("functions.id"), primary_key=True),
    Column("name", String(100), primary_key=True),
    Column("document", JsonText, nullable=False),
    # What lists show of it.
    Column("preview", JsonText, nullable=False),
    # Of the document: what is asked for when a version is published, or a case added.
    Column("sha256", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    Column("principal", String(200), nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

# Tables with a column `token` are encrypted row by row; `midcall.storage.secrets.SEALED` has all of them.
secrets = Table(
    "secrets",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id"), nullable=False, index=True),
    Column("token", Text, nullable=False),
    # Where it may be sent: what it was given for.
    Column("origins", JsonText, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

credentials = Table(
    "credentials",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id"), nullable=False),
    Column("name", String(63), nullable=False),
    Column("type", String(40), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    UniqueConstraint("workspace_id", "name"),
)

credential_values = Table(
    "credential_values",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("credential_id", ForeignKey("credentials.id"), nullable=False),
    # Empty: for every environment that has no values of its own.
    Column("environment", String(63), nullable=False),
    Column("token", Text, nullable=False),
    # Where they may be sent, and who said so with no more than `write`.
    Column("hosts", JsonText, nullable=False),
    Column("hosts_by", String(200)),
    Column("updated_at", BigInteger, nullable=False),
    UniqueConstraint("credential_id", "environment"),
)

# OAuth2 tokens that all processes share. The id is a keyed digest of what was asked for: a row tells of nobody.
tokens = Table(
    "tokens",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("token", Text),
    Column("good_until", BigInteger, nullable=False),
    Column("fetched_at", BigInteger, nullable=False),
    Column("dropped_at", BigInteger, nullable=False),
    Column("lease_owner", String(32), nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    Column("refused_until", BigInteger, nullable=False),
    Column("refusal", String(500), nullable=False),
    Column("refusal_passing", Boolean, nullable=False),
)

# The secrets are in the row, not beside it: they end with it.
adapters = Table(
    "adapters",
    metadata,
    Column("id", String(63), primary_key=True),
    Column("workspace_id", ForeignKey("workspaces.id"), nullable=False, index=True),
    Column("vendor", String(20), nullable=False),
    Column("agent", String(200), nullable=False),
    Column("environment", String(63), nullable=False),
    Column("vendor_agent", String(200)),
    Column("has_signing_secret", Boolean, nullable=False),
    Column("token", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("workspace_id", ForeignKey("workspaces.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("principal", String(200), nullable=False),
    #: None: midcall itself, or the operator's command line. No reference: a line outlives what it tells of.
    Column("key_id", String(64)),
    Column("act", String(40), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("function_id", ForeignKey("functions.id")),
    Column("detail", JsonText, nullable=False),
    Index("ix_audit_listing", "workspace_id", "id"),
    Index("ix_audit_function", "function_id", "id"),
    Index("ix_audit_act", "workspace_id", "act", "id"),
)
