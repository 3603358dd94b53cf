"""Lists of invocations by status and phase are read from their indexes alone."""

from alembic import op

revision = "0011"
down_revision = "0010"

_TABLE = "invocations"
_INDEXES = {
    "ix_invocations_listing": ["workspace_id", "id"],
    "ix_invocations_function": ["workspace_id", "function", "id"],
}


def upgrade() -> None:
    """Apply."""
    for name, columns in _INDEXES.items():
        op.drop_index(name, table_name=_TABLE)
        op.create_index(name, _TABLE, [*columns, "status", "phase"])


def downgrade() -> None:
    """Take back."""
    for name, columns in _INDEXES.items():
        op.drop_index(name, table_name=_TABLE)
        op.create_index(name, _TABLE, columns)
