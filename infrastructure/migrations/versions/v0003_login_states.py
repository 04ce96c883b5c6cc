"""Logins through the browser that are under way, and apps that people had remembered.

What is written here is frozen: a later change is another migration.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "login_states",
        sa.Column("login_id", sa.String(32), primary_key=True),
        sa.Column("link_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("principal", sa.Uuid, nullable=False),
        sa.Column("session_id", sa.Uuid, nullable=False),
        sa.Column("broker", sa.String(20), nullable=False),
        sa.Column("stage", sa.String(10), nullable=False),
        sa.Column("browser_hash", sa.String(64)),
        sa.Column("tries_left", sa.Integer, nullable=False),
        sa.Column("differs", sa.Boolean, nullable=False),
        sa.Column("relink", sa.Boolean, nullable=False),
        sa.Column("sealed", sa.LargeBinary),
        sa.Column("opened_at", sa.String(32), nullable=False),
        sa.Column("expires_at", sa.String(32), nullable=False),
    )
    op.create_index("login_states_expires_at_idx", "login_states", ["expires_at"])
    op.create_index("login_states_session_idx", "login_states", ["session_id", "broker"])
    op.create_table(
        "broker_apps",
        sa.Column("principal", sa.Uuid, primary_key=True),
        sa.Column("broker", sa.String(20), primary_key=True),
        sa.Column("sealed", sa.Text, nullable=False),
    )


def downgrade() -> None:
    raise RuntimeError("An event log is never downgraded. Next: restore a backup.")
