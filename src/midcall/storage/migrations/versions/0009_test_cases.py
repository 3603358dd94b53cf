"""Test cases of functions."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "test_cases",
        sa.Column("function_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("principal", sa.String(length=200), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["function_id"], ["functions.id"], name=op.f("fk_test_cases_function_id")),
        sa.PrimaryKeyConstraint("function_id", "name", name=op.f("pk_test_cases")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("test_cases")
