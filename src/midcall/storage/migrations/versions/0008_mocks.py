"""Mocks and recordings of what is tried out and replayed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_TABLES = ("rehearsals", "recordings")


def upgrade() -> None:
    """Apply."""
    for table in _TABLES:
        op.create_table(
            table,
            sa.Column("invocation_id", sa.String(length=64), nullable=False),
            sa.Column("document", sa.Text(), nullable=False),
            sa.ForeignKeyConstraint(["invocation_id"], ["invocations.id"], name=op.f(f"fk_{table}_invocation_id")),
            sa.PrimaryKeyConstraint("invocation_id", name=op.f(f"pk_{table}")),
        )


def downgrade() -> None:
    """Take back."""
    for table in reversed(_TABLES):
        op.drop_table(table)
