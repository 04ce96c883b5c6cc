"""The event log in the library's layout, the control tables, and the one-call append.

What is written here is frozen: a later change is another migration.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_APPEND = """
CREATE FUNCTION trading_append(
    ids uuid[], versions bigint[], names text[], states bytea[],
    guard_ids uuid[], guard_versions bigint[],
    opened_principals uuid[], opened_labels text[], opened_generations int[], opened_ids uuid[],
    closed int, max_active bigint)
RETURNS bigint LANGUAGE plpgsql VOLATILE AS $body$
DECLARE
    change bigint := cardinality(opened_ids) - closed;
    last_position bigint;
BEGIN
    LOCK TABLE stored_events IN EXCLUSIVE MODE;
    IF cardinality(guard_ids) > 0 AND EXISTS (
        SELECT 1 FROM unnest(guard_ids, guard_versions) AS g(id, version)
        WHERE g.version <> COALESCE((SELECT MAX(e.originator_version) FROM stored_events e
                                     WHERE e.originator_id = g.id), 0)
    ) THEN
        RAISE EXCEPTION 'a guarded stream has moved on' USING ERRCODE = 'TS001';
    END IF;
    -- Before the limit: whoever opens a session that is open already must hear of the conflict.
    WITH inserted AS (
        INSERT INTO stored_events (originator_id, originator_version, topic, state)
        SELECT * FROM unnest(ids, versions, names, states)
        RETURNING notification_id
    ) SELECT MAX(notification_id) INTO last_position FROM inserted;
    IF cardinality(opened_ids) > 0 OR closed > 0 THEN
        UPDATE counters SET value = value + change
        WHERE name = 'active_sessions' AND (change <= 0 OR value + change <= max_active);
        IF NOT FOUND THEN
            RAISE EXCEPTION 'too many sessions' USING ERRCODE = 'TS002';
        END IF;
        INSERT INTO session_directory (principal, label, generation, session_id)
        SELECT * FROM unnest(opened_principals, opened_labels, opened_generations, opened_ids);
    END IF;
    RETURN last_position;
END;
$body$
"""


def upgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    if postgres:
        op.execute(
            "CREATE TABLE stored_events (originator_id uuid NOT NULL, originator_version bigint "
            "NOT NULL, topic text, state bytea, notification_id bigserial, "
            "PRIMARY KEY (originator_id, originator_version)) "
            "WITH (autovacuum_vacuum_threshold = 100000000, autovacuum_vacuum_scale_factor = 0.5)"
        )
        op.execute(
            "CREATE UNIQUE INDEX stored_events_notification_id_idx "
            "ON stored_events (notification_id)"
        )
    else:
        op.execute(
            "CREATE TABLE stored_events (originator_id TEXT, originator_version INTEGER, "
            "topic TEXT, state BLOB, PRIMARY KEY (originator_id, originator_version))"
        )
    op.execute("CREATE INDEX stored_events_topic_idx ON stored_events (topic)")
    op.create_table(
        "counters",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("value", sa.BigInteger, nullable=False),
    )
    op.execute("INSERT INTO counters (name, value) VALUES ('active_sessions', 0)")
    op.create_table(
        "session_directory",
        sa.Column("principal", sa.Uuid, primary_key=True),
        sa.Column("label", sa.String(64), primary_key=True),
        sa.Column("generation", sa.Integer, primary_key=True),
        sa.Column("session_id", sa.Uuid, nullable=False, unique=True),
    )
    op.create_table(
        "principals",
        sa.Column("principal", sa.Uuid, primary_key=True),
        sa.Column("issuer", sa.String(200), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.UniqueConstraint("issuer", "subject"),
    )
    op.create_table(
        "tokens",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("principal", sa.Uuid, nullable=False),
        sa.Column("scopes", sa.String(100), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("expires_at", sa.String(32)),
        sa.Column("revoked_at", sa.String(32)),
    )
    op.create_table(
        "activity",
        sa.Column("session_id", sa.Uuid, primary_key=True),
        sa.Column("last_used_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "vault",
        sa.Column("session_id", sa.Uuid, primary_key=True),
        sa.Column("broker", sa.String(20), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("principal", sa.Uuid, nullable=False),
        sa.Column("key_id", sa.String(64), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary),
        sa.Column("deleted", sa.Boolean, nullable=False),
    )
    if postgres:
        op.execute(_APPEND)


def downgrade() -> None:
    raise RuntimeError("An event log is never downgraded. Next: restore a backup.")
