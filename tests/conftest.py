"""Fixtures for every test; what only one folder needs is in that folder's own conftest."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.databases import Database, Store
from tests.support.openbao import OpenBao
from tests.support.postgres import Databases, ExternalPostgres, PostgresServer


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Databases]:
    """A PostgreSQL for the whole run, one per xdist worker; never skips, see its module.

    TEST_PG_DSN, a URL, names a server to use instead of starting one.
    """
    if url := os.environ.get("TEST_PG_DSN"):
        yield ExternalPostgres(url)
        return
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="session")
def openbao() -> Iterator[OpenBao]:
    """A HashiCorp Vault for the whole run; never skips. Each test has a prefix of its own."""
    with OpenBao() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: Databases) -> Iterator[str]:
    """The URL of an empty database that only this test uses."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """Each kind of database in turn, before the first migration."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    return Database(tmp_path, url)


@pytest.fixture
def database(empty_database: Database) -> Database:
    """Each kind of database in turn, migrated and without events."""
    empty_database.migrate()
    return empty_database


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    """The event log of `database`, with room for 1000 sessions."""
    with closing(database.open_store()) as store:
        yield store


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What a test records as its `summary` is worth reading when it passes, too."""
    for report in terminalreporter.stats.get("passed", ()):
        for name, value in report.user_properties:
            if name == "summary":
                terminalreporter.write_line(str(value))
