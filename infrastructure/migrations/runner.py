"""Bring event and control tables to this version, safely when several processes start at once."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

_LOCK: Final = 7203114  # an arbitrary number, the same in every release


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def expected_revision() -> str:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def current_revision(engine: Engine) -> str | None:
    """The revision that the database is at, `None` for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(engine: Engine) -> bool:
    """Upgrade to the newest revision; say whether there was anything to do.

    SQLite: the transaction begins with the write lock. PostgreSQL: an advisory lock is held until
    it commits. Either way a second process waits and then finds nothing left to do.
    """
    with engine.begin() as connection:
        _wait_for_our_turn(connection)
        before = MigrationContext.configure(connection).get_current_revision()
        if before == expected_revision():
            return False
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return True


def _wait_for_our_turn(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
