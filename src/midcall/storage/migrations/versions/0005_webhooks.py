"""Webhooks: what kind of function an invocation runs."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("invocations") as batch_op:
        # Until now all were code.
        batch_op.add_column(sa.Column("kind", sa.String(length=20), nullable=False, server_default="code"))
    with op.batch_alter_table("invocations") as batch_op:
        batch_op.alter_column("kind", existing_type=sa.String(length=20), server_default=None)
