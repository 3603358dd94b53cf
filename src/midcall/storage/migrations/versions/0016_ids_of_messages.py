"""Callbacks have ids that never come back: a row's number does on SQLite, and receivers drop what they had before."""

import sqlalchemy as sa
from alembic import op

from midcall.domain.ids import new_id

revision = "0016"
down_revision = "0015"

_CALLBACKS = sa.table("callbacks", sa.column("id", sa.BigInteger), sa.column("message_id", sa.String))


def upgrade() -> None:
    """Apply."""
    op.add_column("callbacks", sa.Column("message_id", sa.String(64)))
    connection = op.get_bind()
    for number in connection.execute(sa.select(_CALLBACKS.c.id)).scalars().all():
        mine = sa.update(_CALLBACKS).where(_CALLBACKS.c.id == number)
        connection.execute(mine.values(message_id=new_id("cb")))
    with op.batch_alter_table("callbacks") as table:
        table.alter_column("message_id", existing_type=sa.String(64), nullable=False)


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("callbacks") as table:
        table.drop_column("message_id")
