"""The way from an empty database to this version's tables, however many try at once."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, inspect, text

import infrastructure.migrations
from infrastructure.migrations.runner import current_revision, expected_revision, migrate
from infrastructure.store.schema import metadata
from tests.infrastructure.store import jobs
from tests.infrastructure.store.rows import WORK, opening
from tests.support.databases import Database, disposing
from tests.support.processes import in_processes


@pytest.fixture
def engine(empty_database):
    with disposing(empty_database.control_engine()) as engine:
        yield engine


def _schema(engine: Engine) -> dict[str, list[str]]:
    found = inspect(engine)
    return {
        table: sorted(column["name"] for column in found.get_columns(table))
        for table in found.get_table_names()
    }


def test_an_empty_database_has_no_revision_and_gets_the_newest(engine):
    assert current_revision(engine) is None

    assert migrate(engine) is True

    assert current_revision(engine) == expected_revision()


def test_a_second_migration_finds_nothing_to_do(engine):
    migrate(engine)

    assert migrate(engine) is False


def test_the_tables_have_the_columns_that_queries_name(engine):
    migrate(engine)

    made = _schema(engine)
    for table in metadata.sorted_tables:
        assert made[table.name] == sorted(c.name for c in table.columns)
    assert {"stored_events", "alembic_version"} <= made.keys()


def test_the_columns_are_as_long_as_the_queries_believe(engine):
    migrate(engine)

    for table in metadata.sorted_tables:
        made = {c["name"]: c for c in inspect(engine).get_columns(table.name)}
        for column in table.columns:
            assert made[column.name]["nullable"] == column.nullable, column
            assert getattr(made[column.name]["type"], "length", None) in (
                getattr(column.type, "length", None),
                32,  # SQLite keeps a UUID as 32 characters
            ), column


def test_six_processes_that_start_at_once_on_an_empty_database_all_succeed(empty_database, engine):
    said = in_processes(jobs.migrate_and_append, [(empty_database, n) for n in range(6)])

    assert sorted(said) == [[False]] * 5 + [[True]]
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).all() == [
            (expected_revision(),)
        ]
        assert connection.execute(text("SELECT name, value FROM counters")).all() == [
            ("active_sessions", 6)
        ]


def test_a_file_that_another_process_has_just_begun_to_write_is_waited_for(tmp_path):
    """Before a file is in WAL mode SQLite refuses at once, whatever the busy timeout says."""
    with closing(sqlite3.connect(tmp_path / "events.db", isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        with (
            ThreadPoolExecutor(1) as thread,
            disposing(Database(tmp_path).control_engine()) as engine,
        ):
            migrating = thread.submit(migrate, engine)
            assert wait([migrating], timeout=0.2).not_done
            another.execute("COMMIT")

            assert migrating.result(timeout=10) is True


def test_a_migration_that_fails_in_the_middle_leaves_nothing_behind(engine):
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE vault (in_the_way INTEGER)"))

    with pytest.raises(Exception, match="vault"):
        migrate(engine)

    assert _schema(engine) == {"vault": ["in_the_way"]}
    assert current_revision(engine) is None


def test_an_event_log_is_never_downgraded(engine, empty_database):
    migrate(engine)
    with closing(empty_database.open_store()) as store:
        store.append(opening(WORK))

    with pytest.raises(RuntimeError, match="never downgraded"):
        _downgrade(engine)

    assert current_revision(engine) == expected_revision()
    with closing(empty_database.open_store()) as store:
        assert store.active_sessions() == 1


def _downgrade(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", infrastructure.migrations.__path__[0])
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
