"""The ground under the store's tests: does a kill kill, and does what was committed come back?"""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres import ExternalPostgres, PostgresServer
from tests.support.postgres_binaries import embedded_binaries, find_binaries
from tests.support.waiting import wait_until


@pytest.fixture(params=[find_binaries, embedded_binaries], ids=["first choice", "from the package"])
def server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    find: Callable[[], Path | None] = request.param
    binaries = find()
    assert binaries is not None
    with PostgresServer(binaries=binaries) as server:
        yield server


def committed(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [number for (number,) in connection.execute("SELECT n FROM numbers ORDER BY n")]


def is_lost(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    try:
        connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return True
    return False


def test_what_was_committed_survives_a_kill_and_what_was_not_does_not(server):
    url = server.create_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE numbers (n int)")
        connection.execute("INSERT INTO numbers VALUES (1)")
    open_connection = psycopg.connect(url)
    open_connection.execute("INSERT INTO numbers VALUES (2)")

    server.kill()

    assert server.pid is None
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url, connect_timeout=2)
    # The process behind an open connection outlives its parent for as long as it takes to notice.
    wait_until(lambda: is_lost(open_connection), "the open connection to end")
    server.start()
    assert committed(url) == [1]


def test_a_restart_ends_connections_and_keeps_url_and_data(server):
    url = server.create_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE numbers (n int)")
        connection.execute("INSERT INTO numbers VALUES (1)")
        before = server.pid

        server.restart()

        assert server.pid != before
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    assert committed(url) == [1]


def test_fsync_is_on_unless_a_test_gives_it_up():
    with PostgresServer() as safe, psycopg.connect(safe.dsn()) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
    with PostgresServer(fsync=False) as fast, psycopg.connect(fast.dsn()) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("off",)


def test_each_test_gets_an_empty_database_of_its_own(postgres_server, postgres_url):
    another = postgres_server.create_database()

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE numbers (n int)")
    with psycopg.connect(another) as connection:
        tables = connection.execute("SELECT * FROM pg_tables WHERE schemaname = 'public'")
        assert tables.fetchall() == []
    postgres_server.drop_database(another)


def test_a_server_that_somebody_else_runs_serves_as_well(postgres_server):
    external = ExternalPostgres(postgres_server.dsn("template1"))

    url = external.create_database()

    with psycopg.connect(url) as connection:
        assert connection.info.dbname.startswith("test_")
    external.drop_database(url)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)
