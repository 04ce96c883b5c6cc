"""A process that cannot understand the store does not start on it, and says why."""

import time

import pytest
from sqlalchemy import text

from application.ports.event_store import Append
from domain.errors import StoreUnavailable
from infrastructure.migrations.runner import UnknownRevision, migrate
from mcp_interface.composition import Backend
from mcp_interface.databases import CannotStart
from tests.infrastructure.store.rows import CREATED, WORK, row
from tests.support.databases import Database, disposing


def _set_revision(database: Database, revision: str) -> None:
    with disposing(database.control_engine()) as engine, engine.begin() as connection:
        connection.execute(
            text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision}
        )


def test_a_migrated_store_is_started_on(database):
    Backend(database.settings).close()


def test_an_empty_file_is_migrated_at_the_start(tmp_path):
    Backend(Database(tmp_path).settings).close()


def test_an_empty_postgresql_is_left_to_the_operator(postgres_url, tmp_path):
    with pytest.raises(CannotStart, match=r"revision none .* Next: trading-server migrate"):
        Backend(Database(tmp_path, postgres_url).settings)


def test_a_store_of_a_release_that_came_later_is_not_started_on(database):
    _set_revision(database, "9999")

    with pytest.raises((CannotStart, UnknownRevision), match=r"revision 9999.* Next: "):
        Backend(database.settings)


def test_a_store_of_a_release_that_came_later_is_not_migrated(database):
    _set_revision(database, "9999")

    with (
        disposing(database.control_engine()) as engine,
        pytest.raises(UnknownRevision, match=r"revision 9999.* Next: "),
    ):
        migrate(engine)


def test_a_store_with_an_event_of_an_unknown_name_is_not_started_on_and_the_name_is_told(
    database, store
):
    store.append(Append([row(WORK, 1, CREATED), row(WORK, 2, "trading_session.moon_landed.v1")]))

    with pytest.raises(CannotStart, match=r"trading_session\.moon_landed\.v1\. Next: "):
        Backend(database.settings)


def test_a_start_on_a_database_that_is_away_is_refused_quickly(tmp_path):
    database = Database(tmp_path, "postgresql://nobody:secret@127.0.0.1:1/nothing")
    began = time.monotonic()

    with pytest.raises(StoreUnavailable) as refusal:
        Backend(database.settings)

    assert time.monotonic() - began < 3
    assert "secret" not in str(refusal.value)
