"""Fixtures for every test; what only one folder needs is in that folder's own conftest."""

import os
from collections.abc import Iterator

import pytest

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


@pytest.fixture
def postgres_url(postgres_server: Databases) -> Iterator[str]:
    """The URL of an empty database that only this test uses."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)
