"""What ended lately, from an index alone."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_ENDED = sa.text("ended_at IS NOT NULL")


def upgrade() -> None:
    """Apply."""
    op.create_index(
        op.f("ix_invocations_ended"),
        "invocations",
        ["workspace_id", "ended_at", "created_at", "started_at", "status", "purpose"],
        sqlite_where=_ENDED,
        postgresql_where=_ENDED,
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_invocations_ended"), table_name="invocations")
