"""When the latest calls of each account went out, for limits that hold over all instances.

What is written here is frozen: a later change is another migration.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_slots",
        sa.Column("broker", sa.String(20), primary_key=True),
        sa.Column("account", sa.String(64), primary_key=True),
        sa.Column("category", sa.String(20), primary_key=True),
        sa.Column("slots", sa.Text, nullable=False),
        sa.Column("newest", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    raise RuntimeError("An event log is never downgraded. Next: restore a backup.")
