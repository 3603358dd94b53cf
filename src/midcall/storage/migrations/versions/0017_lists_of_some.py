"""Lists of few among many (of a status, of a principal, of an agent) are read from an index of their own."""

from alembic import op

revision = "0017"
down_revision = "0016"

_INDEXES = (
    ("invocations", "by_status", "status"),
    ("invocations", "principal", "principal"),
    ("sessions", "agent", "agent"),
    ("sessions", "principal", "principal"),
)


def upgrade() -> None:
    """Apply."""
    for table, name, column in _INDEXES:
        op.create_index(f"ix_{table}_{name}", table, ["workspace_id", column, "id"])


def downgrade() -> None:
    """Take back."""
    for table, name, _column in _INDEXES:
        op.drop_index(f"ix_{table}_{name}", table)
