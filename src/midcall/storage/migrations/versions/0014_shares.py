"""What the operator allows each workspace, and an index that leads to the oldest that waits of each."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_TABLE, _INDEX = "invocations", "ix_invocations_status"


def upgrade() -> None:
    """Apply."""
    op.add_column("workspaces", sa.Column("ceilings", sa.Text()))
    op.drop_index(_INDEX, table_name=_TABLE)
    op.create_index(_INDEX, _TABLE, ["status", "purpose", "kind", "workspace_id", "id", "due_at"])


def downgrade() -> None:
    """Take back."""
    op.drop_index(_INDEX, table_name=_TABLE)
    op.create_index(_INDEX, _TABLE, ["status", "workspace_id"])
    op.drop_column("workspaces", "ceilings")
