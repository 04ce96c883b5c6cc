"""SQLAlchemy engines for the tables beside the log and for the views."""

import sqlite3
import time
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor

BUSY_SECONDS: Final = 10
"""How long a process waits for another one to let go of a file."""


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
        cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        _switch_to_wal(cursor)
        cursor.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _switch_to_wal(cursor: DBAPICursor) -> None:
    """Processes that switch a new file at the same moment are refused at once, without regard to
    the busy timeout; once it is switched, this does nothing."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def postgres_engine(url: str, *, pool_size: int = 8) -> Engine:
    """An engine through psycopg for a `postgresql://...` address."""
    return create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        pool_pre_ping=True,
        pool_timeout=2,
        connect_args={"connect_timeout": 2},
    )


def reading(engine: Engine) -> Connection:
    """A connection that only reads, so that on SQLite it waits for no writer."""
    return engine.connect().execution_options(reading=True)
