"""Logins that are kept only to settle orders, and the keys that no login uses.

What is written here is frozen: a later change is another migration.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("vault", sa.Column("forget_by", sa.String(32)))
    op.add_column(
        "vault", sa.Column("retired", sa.Boolean, nullable=False, server_default=sa.false())
    )
    # Rows stay for ever, because a version must never come twice; few of them still hold a login.
    # The condition is worded as the queries word it, else neither database uses the index.
    op.create_index(
        "vault_held_idx",
        "vault",
        ["session_id"],
        sqlite_where=sa.text("deleted IS 0"),
        postgresql_where=sa.text("deleted IS false"),
    )
    op.create_table(
        "loose_keys",
        sa.Column("key_id", sa.String(64), primary_key=True),
        sa.Column("doomed", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    raise RuntimeError("An event log is never downgraded. Next: restore a backup.")
