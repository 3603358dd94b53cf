"""Reviews of approved versions under later policies; the audit trail names keys and functions."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_OF_FUNCTIONS = "(act LIKE 'function.%' OR act LIKE 'version.%')"


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "rereviews",
        sa.Column("function_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("taken_until", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=True),
        sa.Column("comments", sa.Text(), nullable=True),
        sa.Column("reviewed_at", sa.BigInteger(), nullable=True),
        sa.Column("seal", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["function_id", "number"],
            ["versions.function_id", "versions.number"],
            name=op.f("fk_rereviews_function_id"),
        ),
        sa.PrimaryKeyConstraint("function_id", "number", "policy", name=op.f("pk_rereviews")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.add_column(sa.Column("key_id", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("function_id", sa.String(length=64), nullable=True))
        batch_op.create_foreign_key(batch_op.f("fk_audit_function_id"), "functions", ["function_id"], ["id"])
        batch_op.drop_index(batch_op.f("ix_audit_workspace_id"))
        batch_op.create_index("ix_audit_listing", ["workspace_id", "id"], unique=False)
        batch_op.create_index("ix_audit_function", ["function_id", "id"], unique=False)
        batch_op.create_index("ix_audit_act", ["workspace_id", "act", "id"], unique=False)
    # Lines of functions had the function's id as their subject; decisions were named by their outcome.
    op.execute(f"UPDATE audit SET function_id = subject WHERE {_OF_FUNCTIONS}")  # noqa: S608 (our own text)
    op.execute("UPDATE audit SET act = 'version.approve' WHERE act = 'version.approved'")
    op.execute("UPDATE audit SET act = 'version.reject' WHERE act = 'version.rejected'")


def downgrade() -> None:
    """Take back."""
    op.execute("UPDATE audit SET act = 'version.approved' WHERE act = 'version.approve'")
    op.execute("UPDATE audit SET act = 'version.rejected' WHERE act = 'version.reject'")
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_act")
        batch_op.drop_index("ix_audit_function")
        batch_op.drop_index("ix_audit_listing")
        batch_op.create_index(batch_op.f("ix_audit_workspace_id"), ["workspace_id"], unique=False)
        batch_op.drop_constraint(batch_op.f("fk_audit_function_id"), type_="foreignkey")
        batch_op.drop_column("function_id")
        batch_op.drop_column("key_id")
    op.drop_table("rereviews")
