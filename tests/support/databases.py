"""One place to keep a store, on either kind of database; child processes can open it as well."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import Engine

from infrastructure.migrations.runner import migrate
from infrastructure.settings import Settings
from infrastructure.store.engines import postgres_engine, sqlite_engine
from infrastructure.store.postgres import PostgresEventStore
from infrastructure.store.sqlite import SqliteEventStore

Store = SqliteEventStore | PostgresEventStore


@dataclass(frozen=True)
class Database:
    """Where events, control tables and views are: a directory, or a PostgreSQL database.

    Everything it opens is the opener's to close.
    """

    directory: Path
    postgres_url: str | None = None

    @property
    def on_postgres(self) -> bool:
        return self.postgres_url is not None

    @property
    def settings(self) -> Settings:
        values = {
            "TRADING_DATA_DIR": self.directory,
            "TRADING_KEYS_DIR": self.directory / "keys",
            "TRADING_USER": "asha",
        }
        if self.postgres_url:
            values["TRADING_DATABASE_URL"] = self.postgres_url
        return Settings.model_validate(values)

    def open_store(self, *, max_sessions: int = 1000) -> Store:
        if self.postgres_url:
            return PostgresEventStore(self.postgres_url, max_sessions)
        return SqliteEventStore(self.directory / "events.db", max_sessions)

    def control_engine(self) -> Engine:
        """For the tables beside the log."""
        if self.postgres_url:
            return postgres_engine(self.postgres_url)
        return sqlite_engine(self.directory / "events.db", durable=True)

    def views_engine(self) -> Engine:
        if self.postgres_url:
            return postgres_engine(self.postgres_url)
        return sqlite_engine(self.directory / "views.db", durable=False)

    def migrate(self) -> None:
        with disposing(self.control_engine()) as engine:
            migrate(engine)


@contextmanager
def disposing(engine: Engine) -> Iterator[Engine]:
    """Close an engine's connections with the block."""
    try:
        yield engine
    finally:
        engine.dispose()


def end_all_connections(postgres_url: str) -> int:
    """Make the server end every other connection to this database; say how many there were."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchall()
    return len(ended)
