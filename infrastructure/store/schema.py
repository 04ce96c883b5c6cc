"""The tables that live beside the log, as SQLAlchemy sees them. Migrations create them.

`stored_events` has the layout of the eventsourcing library, which writes and reads it; it is
listed here so that queries can name it, too.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    Uuid,
)

metadata = MetaData()

counters = Table(
    "counters",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

session_directory = Table(
    "session_directory",
    metadata,
    Column("principal", Uuid, primary_key=True),
    Column("label", String(64), primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("session_id", Uuid, nullable=False, unique=True),
)

principals = Table(
    "principals",
    metadata,
    Column("principal", Uuid, primary_key=True),
    Column("issuer", String(200), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("created_at", String(32), nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("principal", Uuid, nullable=False),
    Column("scopes", String(100), nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("expires_at", String(32)),
    Column("revoked_at", String(32)),
)

activity = Table(
    "activity",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("last_used_at", String(32), nullable=False),
)

vault = Table(
    "vault",
    metadata,
    Column("session_id", Uuid, primary_key=True),
    Column("broker", String(20), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("principal", Uuid, nullable=False),
    Column("key_id", String(64), nullable=False),
    Column("ciphertext", LargeBinary),
    Column("deleted", Boolean, nullable=False),
    Column("forget_by", String(32)),
    Column("retired", Boolean, nullable=False),
)
"""`deleted`: no ciphertext and no key any more; the row stays so that a version never comes twice.
`retired`: commands may not use it; it is there until its orders are settled, at most until
`forget_by`, when the broker ends the login by itself (`None`: never)."""

loose_keys = Table(
    "loose_keys",
    metadata,
    Column("key_id", String(64), primary_key=True),
    Column("doomed", Boolean, nullable=False),
)
"""Login keys that no row of the vault names: one that is being made, or one to be destroyed
(`doomed`). A name is written here before there is a key, so none is ever lost sight of."""

login_states = Table(
    "login_states",
    metadata,
    Column("login_id", String(32), primary_key=True),
    Column("link_hash", String(64), nullable=False, unique=True),
    Column("principal", Uuid, nullable=False),
    Column("session_id", Uuid, nullable=False),
    Column("broker", String(20), nullable=False),
    Column("stage", String(10), nullable=False),
    Column("browser_hash", String(64)),
    Column("tries_left", Integer, nullable=False),
    Column("differs", Boolean, nullable=False),
    Column("relink", Boolean, nullable=False),
    Column("sealed", LargeBinary),
    Column("opened_at", String(32), nullable=False),
    Column("expires_at", String(32), nullable=False),
)

broker_apps = Table(
    "broker_apps",
    metadata,
    Column("principal", Uuid, primary_key=True),
    Column("broker", String(20), primary_key=True),
    Column("sealed", Text, nullable=False),
)

egresses = Table(
    "egresses",
    metadata,
    Column("principal", Uuid, primary_key=True),
    Column("broker", String(20), primary_key=True),
    Column("sealed", Text, nullable=False),
)

call_slots = Table(
    "call_slots",
    metadata,
    Column("broker", String(20), primary_key=True),
    Column("account", String(64), primary_key=True),
    Column("category", String(20), primary_key=True),
    Column("slots", Text, nullable=False),
    Column("newest", BigInteger, nullable=False),
)
"""`account` is a keyed digest. `slots` are the latest calls, in seconds since 1970, with blanks in
between; `newest` is the second of the last one."""
