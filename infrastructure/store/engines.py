"""SQLAlchemy engines for the tables beside the log and for the views."""

from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection


def sqlite_engine(path: Path, *, durable: bool) -> Engine:
    """An engine on one file. Every transaction takes the write lock at its start, so that two
    processes wait for each other instead of failing; readers use `reading()` from views.

    `durable`: synchronous=FULL, for what cannot be built again.
    """
    engine = create_engine(URL.create("sqlite", database=str(path)), pool_size=5, max_overflow=20)

    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None  # we emit BEGIN ourselves
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=10000")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def postgres_engine(url: str, *, pool_size: int = 8) -> Engine:
    """An engine through psycopg for a `postgresql://...` address."""
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        pool_pre_ping=True,
        pool_timeout=2,
        connect_args={"connect_timeout": 2},
    )
