"""The read models' tables. A name carries its version; views are never migrated, only rebuilt.

From its second version on a projection's own name carries the version, too: then it has a position
of its own, and an older release that still runs folds the older table beside it.
"""

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
    "session_info_v3",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("principal", Uuid, nullable=False),
    Column("label", String(64), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("last_event_at", String(32), nullable=False),
    Column("ends_at", String(32), nullable=False),
    Column("active_broker", String(20)),
    Column("data_broker", String(20)),
    Column("logins", Text, nullable=False),
    Column("orders_requested", Integer, nullable=False),
    Column("orders_open", Text, nullable=False),
    Column("ended_at", String(32)),
    Column("end_reason", String(100)),
    Index("session_info_v3_owner", "principal", "label", "generation"),
)
"""One row per session. `logins` and `orders_open` are JSON: logins by broker; by the key of each
open order, whether the broker is known to have it."""

session_statistics = Table(
    "session_statistics_v1",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("total", BigInteger, nullable=False),
)

audit_timeline = Table(
    "audit_timeline_v2",
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
    Column("words", Text),
    Index("audit_timeline_v2_principal", "principal", "position"),
    Index("audit_timeline_v2_order", "principal", "order_key", "position"),
)
"""One row per event. `summary` is a sentence of ours, `words` what a broker or a person wrote."""

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

order_book = Table(
    "order_book_v1",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("order_key", String(64), primary_key=True),
    Column("principal", Uuid, nullable=False),
    Column("broker", String(20), nullable=False),
    Column("account_fingerprint", Text, nullable=False),
    Column("credential_version", Integer, nullable=False),
    Column("mode", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("broker_tag", Text, nullable=False),
    Column("broker_order_id", Text),
    Column("exchange", String(20), nullable=False),
    Column("trading_symbol", Text, nullable=False),
    Column("transaction_type", String(20), nullable=False),
    Column("quantity_shares", BigInteger, nullable=False),
    Column("filled_shares", BigInteger, nullable=False),
    Column("requested_at", String(32), nullable=False),
    Column("dispatched_at", String(32)),
    Column("open_changes", Integer, nullable=False),
    Column("open_order", Text, nullable=False),
    Index("order_book_v1_owner", "principal", "requested_at"),
)
"""One row per order that is open or unsettled. `open_order` is JSON: all that its session remembers
of it, from which the other columns are made."""
