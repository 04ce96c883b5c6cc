"""What a process needs before it can be put together: databases that are fit to start on, and
settings that can be read."""

from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from domain.catalog import CATALOG
from domain.errors import InvalidArgument
from domain.limits import RiskLimits, parse
from infrastructure.migrations.runner import (
    UnknownRevision,
    current_revision,
    expected_revision,
    migrate,
)
from infrastructure.settings import Settings
from infrastructure.store.engines import postgres_engine, sqlite_engine
from infrastructure.store.postgres import PostgresEventStore
from infrastructure.store.refusals import store_errors
from infrastructure.store.sqlite import SqliteEventStore

EVENTS_FILE: Final = "events.db"
VIEWS_FILE: Final = "views.db"


class CannotStart(Exception):
    """The store is not fit to start on. The text says what to do."""


def engines(settings: Settings) -> tuple[Engine, Engine]:
    """For the tables beside the log, and for the views. On SQLite two files, else one database."""
    if settings.postgres_url:
        return postgres_engine(settings.postgres_url), postgres_engine(settings.postgres_url)
    directory = Path(settings.data_dir)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return (
        sqlite_engine(directory / EVENTS_FILE, durable=True),
        sqlite_engine(directory / VIEWS_FILE, durable=False),
    )


def event_store(settings: Settings) -> SqliteEventStore | PostgresEventStore:
    if settings.postgres_url:
        return PostgresEventStore(settings.postgres_url, settings.max_sessions)
    return SqliteEventStore(Path(settings.data_dir) / EVENTS_FILE, settings.max_sessions)


def check_schema(engine: Engine, settings: Settings) -> None:
    try:
        with store_errors():
            if settings.postgres_url is None:
                migrate(engine)
            found = current_revision(engine)
    except UnknownRevision as e:
        raise CannotStart(str(e)) from None
    if found != expected_revision():
        raise CannotStart(
            f"The database is at revision {found or 'none'} and this version needs "
            f"{expected_revision()}. Next: trading-server migrate."
        )


def check_names(store: SqliteEventStore | PostgresEventStore) -> None:
    strangers = sorted(store.names() - CATALOG.readable_names)
    if strangers:
        raise CannotStart(
            f"The store holds events that this version does not know: {', '.join(strangers)}. "
            "Next: start the version that wrote them, or a newer one."
        )


def risk_limits_of(settings: Settings) -> RiskLimits:
    """Raises:
    CannotStart: TRADING_RISK_LIMITS cannot be read.
    """
    try:
        return parse(settings.risk_limits)
    except InvalidArgument as e:
        raise CannotStart(f"TRADING_RISK_LIMITS cannot be read: {e}") from None
