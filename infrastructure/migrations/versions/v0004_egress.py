"""By which way an account's calls leave.

What is written here is frozen: a later change is another migration.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "egresses",
        sa.Column("principal", sa.Uuid, primary_key=True),
        sa.Column("broker", sa.String(20), primary_key=True),
        sa.Column("sealed", sa.Text, nullable=False),
    )


def downgrade() -> None:
    raise RuntimeError("An event log is never downgraded. Next: restore a backup.")
