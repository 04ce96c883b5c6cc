"""Bring event and control tables to this version, safely when several processes start at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import InterfaceError, OperationalError

from infrastructure.store.refusals import store_unavailable

_LOCK: Final = 7203114  # an arbitrary number, the same in every release


class UnknownRevision(Exception):
    """The database was made or moved on by another release. The text says what to do."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


def expected_revision() -> str:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def current_revision(engine: Engine) -> str | None:
    """The revision that the database is at, `None` for an empty one.

    Raises:
        StoreUnavailable: the database is away.
    """
    with _transaction(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def migrate(engine: Engine) -> bool:
    """Upgrade to the newest revision; say whether there was anything to do.

    SQLite: the transaction begins with the write lock. PostgreSQL: an advisory lock is held until
    it commits. Either way a second process waits and then finds nothing left to do.

    Raises:
        UnknownRevision: nothing was changed. StoreUnavailable: the database is away.
    """
    with _transaction(engine) as connection:
        _wait_for_our_turn(connection)
        before = MigrationContext.configure(connection).get_current_revision()
        if before == expected_revision():
            return False
        if before is not None and before not in _known_revisions():
            raise UnknownRevision(
                f"The database is at revision {before}, which this version does not know. Next: "
                "start the version that made it, or a newer one."
            )
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        return True


def _known_revisions() -> set[str]:
    scripts = ScriptDirectory.from_config(_config())
    return {script.revision for script in scripts.walk_revisions()}


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    """Only the way in is refused as unavailable: what fails later is a fault of the migration."""
    try:
        connection = engine.connect()
    except (OperationalError, InterfaceError) as e:
        raise store_unavailable(e) from e
    with connection, connection.begin():
        yield connection


def _wait_for_our_turn(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
