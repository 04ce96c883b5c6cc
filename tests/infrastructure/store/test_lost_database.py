"""A database that goes away is refused quickly, and used again as soon as it is back."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from application.ports.event_store import Append, Guard
from domain.errors import StoreUnavailable
from infrastructure.store import sqlite
from infrastructure.store.postgres import PostgresEventStore
from infrastructure.store.sqlite import SqliteEventStore
from tests.infrastructure.store.rows import ASHA, HOME, KEY, WORK, opening, row
from tests.support.databases import Database, end_all_connections
from tests.support.postgres import PostgresServer
from tests.support.waiting import wait_until

EVERY_CALL: dict[str, Callable[[PostgresEventStore], object]] = {
    "append": lambda store: store.append(Append([row(HOME, 1)])),
    "guarded append": lambda store: store.append(Append([row(WORK, 2)], [Guard(KEY, 0)])),
    "read": lambda store: store.read(WORK),
    "position_of": lambda store: store.position_of(WORK, 1),
    "head": lambda store: store.head(),
    "log": lambda store: store.log(0, 10),
    "names": lambda store: store.names(),
    "latest_generation": lambda store: store.latest_generation(ASHA, "default"),
    "sessions_of": lambda store: store.sessions_of(ASHA),
    "active_sessions": lambda store: store.active_sessions(),
}


@pytest.fixture
def shared(postgres_url, tmp_path) -> Iterator[PostgresEventStore]:
    """A store on the shared server, with one session, and as many connections as it ever makes."""
    yield from _store_with_a_session(Database(tmp_path, postgres_url))


@pytest.fixture
def killable(mortal_server, tmp_path) -> Iterator[PostgresEventStore]:
    """A store on a server that the test may kill. Runs again afterwards."""
    yield from _store_with_a_session(Database(tmp_path, mortal_server.create_database()))
    if mortal_server.pid is None:
        mortal_server.start()


def _store_with_a_session(database: Database) -> Iterator[PostgresEventStore]:
    database.migrate()
    with closing(database.open_store()) as store:
        assert isinstance(store, PostgresEventStore)
        store.append(opening(WORK))
        _use_every_connection(store)
        yield store


def _use_every_connection(store: PostgresEventStore) -> None:
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda _: store.read(WORK), range(200)))


def _kill(server: PostgresServer, store: PostgresEventStore) -> None:
    """The server's processes may answer a last call after their parent's death."""

    def refused() -> bool:
        try:
            store.head()
        except StoreUnavailable:
            return True
        return False

    server.kill()
    wait_until(refused, "the last of the server's processes to end")


def test_the_next_call_survives_the_loss_of_every_connection(shared, postgres_url):
    for name, call in EVERY_CALL.items():
        _use_every_connection(shared)
        assert end_all_connections(postgres_url) > 3, name

        call(shared)


def test_many_calls_at_once_survive_the_loss_of_every_connection(shared, postgres_url):
    end_all_connections(postgres_url)

    with ThreadPoolExecutor(16) as threads:
        read = list(threads.map(lambda _: len(shared.read(WORK)), range(64)))

    assert read == [1] * 64


def test_every_call_is_refused_within_three_seconds_until_the_database_is_back(
    killable, mortal_server
):
    """And not a moment longer, although a pool looks for a lost server ever more seldom."""

    def refusal_of(call: Callable[[PostgresEventStore], object]) -> tuple[str, float]:
        began = time.monotonic()
        with pytest.raises(StoreUnavailable) as refusal:
            call(killable)
        return str(refusal.value), time.monotonic() - began

    _kill(mortal_server, killable)
    with ThreadPoolExecutor(len(EVERY_CALL)) as threads:
        refusals = list(threads.map(refusal_of, EVERY_CALL.values()))
    mortal_server.start()

    assert max(seconds for _, seconds in refusals) < 3
    for text, _ in refusals:
        assert "Next: " in text
        assert "127.0.0.1" not in text
        assert "postgres" not in text
    killable.append(opening(HOME, label="home"))
    assert len(killable.read(WORK)) == len(killable.read(HOME)) == 1
    assert killable.active_sessions() == 2


def test_a_restart_in_between_is_not_even_noticed(killable, mortal_server):
    mortal_server.restart()

    killable.append(opening(HOME, label="home"))

    assert killable.active_sessions() == 2


def test_a_store_cannot_be_opened_while_its_database_is_away(tmp_path):
    database = Database(tmp_path, "postgresql://nobody:secret@127.0.0.1:1/nothing")

    with pytest.raises(StoreUnavailable) as refusal:
        database.open_store()

    assert "secret" not in str(refusal.value)


@pytest.fixture
def file(tmp_path) -> Database:
    database = Database(tmp_path)
    database.migrate()
    return database


def test_a_file_that_somebody_keeps_locked_is_refused_and_works_when_it_is_let_go(
    file, monkeypatch
):
    monkeypatch.setattr(sqlite, "LOCK_TIMEOUT_SECONDS", 0.2)
    with (
        closing(file.open_store()) as store,
        closing(sqlite3.connect(file.directory / "events.db", isolation_level=None)) as holder,
    ):
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable):
            store.append(opening(WORK))
        assert store.head() == 0
        holder.execute("ROLLBACK")

        store.append(opening(WORK))

        assert store.active_sessions() == 1


def test_a_file_that_could_not_be_opened_once_does_not_stop_later_writes(file, monkeypatch):
    with closing(file.open_store()) as store:
        assert isinstance(store, SqliteEventStore)
        with monkeypatch.context() as broken:
            broken.setattr(sqlite3, "connect", _too_many_open_files)
            with pytest.raises(StoreUnavailable):
                store.append(opening(WORK))

        store.append(opening(WORK))

        assert store.active_sessions() == 1


def _too_many_open_files(**_: object) -> None:
    raise sqlite3.OperationalError("unable to open database file")
