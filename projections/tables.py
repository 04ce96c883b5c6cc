"""The read models' tables. A name carries its version; views are never migrated, only rebuilt."""

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text, Uuid

metadata = MetaData()

positions = Table(
    "projection_positions_v1",
    metadata,
    Column("projection", String(40), primary_key=True),
    Column("position", BigInteger, nullable=False),
)
"""How far each projection has come. Moved by compare-and-set in the transaction of the fold."""

parked = Table(
    "parked_streams_v1",
    metadata,
    Column("projection", String(40), primary_key=True),
    Column("stream_id", Uuid, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("name", String(100), nullable=False),
    Column("cause", Text, nullable=False),
    Column("waiting", Integer, nullable=False),
)
"""Streams that a projection cannot go on with, and how many events wait behind the first one."""

session_info = Table(
    "session_info_v1",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("principal", Uuid, nullable=False),
    Column("label", String(64), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("last_event_at", String(32), nullable=False),
    Column("ends_at", String(32), nullable=False),
    Column("active_broker", String(20)),
    Column("logins", Text, nullable=False),
    Column("orders_requested", Integer, nullable=False),
    Column("orders_open", Text, nullable=False),
    Column("ended_at", String(32)),
    Column("end_reason", String(100)),
    Index("session_info_v1_owner", "principal", "label", "generation"),
)
"""One row per session. `logins` and `orders_open` are JSON: logins by broker, open order keys."""

session_statistics = Table(
    "session_statistics_v1",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("total", BigInteger, nullable=False),
)

audit_timeline = Table(
    "audit_timeline_v1",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("principal", Uuid, nullable=False),
    Column("stream_id", Uuid, nullable=False),
    Column("version", Integer, nullable=False),
    Column("recorded_at", String(32), nullable=False),
    Column("name", String(100), nullable=False),
    Column("actor", String(20), nullable=False),
    Column("correlation_id", Uuid, nullable=False),
    Column("client", String(120)),
    Column("order_key", String(64)),
    Column("summary", Text, nullable=False),
    Index("audit_timeline_v1_principal", "principal", "position"),
)

deadlines = Table(
    "deadlines_v1",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("principal", Uuid, nullable=False),
    Column("at", String(32), nullable=False),
    Index("deadlines_v1_at", "kind", "at"),
)
"""`kind` is `age` (the session's greatest age), `used` (its newest event, from which idleness
counts) or a broker's name (the end of that login)."""
