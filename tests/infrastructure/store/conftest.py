from collections.abc import Iterator

import pytest

from tests.support.postgres import PostgresServer


@pytest.fixture(scope="module")
def mortal_server() -> Iterator[PostgresServer]:
    """A PostgreSQL that the tests of one module may kill."""
    with PostgresServer() as server:
        yield server
