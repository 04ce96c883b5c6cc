"""What holds while several processes and threads write at the same time."""

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from uuid import UUID

import psycopg

from application.ports.event_store import Conflict
from domain.errors import SessionLimitReached
from tests.infrastructure.store import jobs
from tests.infrastructure.store.rows import (
    CREATED,
    ENDED,
    KEY,
    SELECTED,
    WORK,
    ending,
    numbered,
    opening,
)
from tests.support.databases import Database, Store
from tests.support.processes import Child, child
from tests.support.waiting import wait_until


@contextmanager
def another_writer(database: Database) -> Iterator["AnotherWriter"]:
    """A connection that holds the writers' lock until the end of the block."""
    writer = AnotherWriter(database)
    try:
        yield writer
    finally:
        writer.close()


class AnotherWriter:
    def __init__(self, database: Database) -> None:
        self._sqlite: sqlite3.Connection | None = None
        self._postgres: psycopg.Connection | None = None
        if database.postgres_url:
            self._postgres = psycopg.connect(database.postgres_url)
            self._postgres.execute("LOCK TABLE stored_events IN EXCLUSIVE MODE")
        else:
            self._sqlite = sqlite3.connect(
                database.directory / "events.db", isolation_level=None, check_same_thread=False
            )
            self._sqlite.execute("BEGIN IMMEDIATE")

    def insert(self, stream_id: UUID, version: int) -> None:
        if self._postgres:
            self._postgres.execute(
                "INSERT INTO stored_events (originator_id, originator_version, topic, state) "
                "VALUES (%s, %s, %s, %s)",
                (stream_id, version, SELECTED, b"{}"),
            )
        if self._sqlite:
            self._sqlite.execute(
                "INSERT INTO stored_events VALUES (?, ?, ?, ?)",
                (stream_id.hex, version, SELECTED, b"{}"),
            )

    def wait_for_somebody_to_queue(self) -> None:
        """PostgreSQL tells who waits; SQLite does not, so there we give them a moment."""
        if self._postgres:
            wait_until(self._somebody_queues, "an append that waits for the table's lock")
        else:
            threading.Event().wait(0.3)

    def _somebody_queues(self) -> bool:
        assert self._postgres is not None
        found = self._postgres.execute(
            "SELECT 1 FROM pg_locks WHERE relation = 'stored_events'::regclass AND NOT granted"
        )
        return found.fetchone() is not None

    def commit(self) -> None:
        if self._postgres:
            self._postgres.commit()
        if self._sqlite:
            self._sqlite.execute("COMMIT")

    def close(self) -> None:
        if self._postgres:
            self._postgres.close()
        if self._sqlite:
            self._sqlite.close()


def test_a_guard_is_checked_after_the_wait_for_the_writers_lock(database, store):
    """The append begins before the guarded stream moves, and goes in after: it must conflict."""
    store.append(opening(WORK))

    with (
        another_writer(database) as holder,
        child(jobs.append_guarded_by, database, WORK, 1) as waiting,
    ):
        assert waiting.hear() == "appending"
        holder.insert(WORK, 2)
        holder.wait_for_somebody_to_queue()
        holder.commit()

        assert waiting.hear() == "Conflict"

    assert store.read(KEY) == []


def test_a_reader_never_waits_for_a_writer(database, store):
    store.append(opening(WORK))

    with another_writer(database) as holder:
        holder.insert(WORK, 2)
        with ThreadPoolExecutor(3) as threads:
            waiting = [threads.submit(store.append, opening(KEY, label=n)) for n in ("a", "b", "c")]
            holder.wait_for_somebody_to_queue()
            with ThreadPoolExecutor(1) as reader:
                read = reader.submit(lambda: (store.head(), len(store.read(WORK))))
                assert read.result(timeout=1) == (1, 1)
            holder.commit()

            refused = Counter(type(w.exception()).__name__ for w in waiting)

    assert refused == {"NoneType": 1, "Conflict": 2}


def test_a_tailing_reader_misses_nothing_while_eight_processes_write(database, store):
    seen: list[tuple[UUID, int]] = []
    positions: list[int] = []
    finished = threading.Event()

    def tail() -> None:
        after = 0
        while True:
            nobody_writes = finished.is_set()
            page = store.log(after, 100)
            for found in page:
                assert found.position is not None
                seen.append((found.stream_id, found.version))
                positions.append(found.position)
                after = found.position
            if nobody_writes and not page:
                return

    with ThreadPoolExecutor(1) as reader:
        tailing = reader.submit(tail)
        with _writers(database, processes=8, appends=100, rows=3) as writers:
            for writer in writers:
                writer.hear_out(seconds=60)
        finished.set()
        tailing.result(timeout=30)

    expected = [
        (numbered(f"writer-{writer}", stream), version)
        for writer in range(8)
        for stream in range(100)
        for version in (1, 2, 3)
    ]
    assert Counter(seen) == Counter(expected)
    assert positions == sorted(set(positions))


@contextmanager
def _writers(
    database: Database, *, processes: int, appends: int, rows: int
) -> Iterator[list[Child]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                child(jobs.append_streams, database, f"writer-{number}", appends, rows)
            )
            for number in range(processes)
        ]


def test_fifty_threads_over_two_stores_never_open_more_sessions_than_allowed(database):
    most_at_once: list[int] = []

    def come_and_go(number: int) -> Counter[str]:
        mine: Counter[str] = Counter()
        store = stores[number % 2]
        for generation in range(1, 5):
            session_id = numbered(f"session-{number}", generation)
            try:
                store.append(opening(session_id, label=str(number), generation=generation))
            except SessionLimitReached:
                mine["refused"] += 1
                continue
            mine["opened"] += 1
            most_at_once.append(store.active_sessions())
            if number % 3:
                store.append(ending(session_id, 2))
                mine["ended"] += 1
        return mine

    with (
        closing(database.open_store(max_sessions=20)) as one,
        closing(database.open_store(max_sessions=20)) as other,
    ):
        stores = (one, other)
        with ThreadPoolExecutor(50) as threads:
            done = sum(threads.map(come_and_go, range(50)), Counter())

        log = Counter(row.name for row in one.log(0, 10_000))
        assert max(most_at_once) == 20
        assert done["refused"] > 0
        assert log[CREATED] == done["opened"]
        assert log[ENDED] == done["ended"]
        assert one.active_sessions() == other.active_sessions() == log[CREATED] - log[ENDED]


def test_of_many_who_open_the_same_session_one_does(database):
    def open_it(store: Store) -> str:
        try:
            store.append(opening(WORK))
        except (Conflict, SessionLimitReached) as e:
            return type(e).__name__
        return "stored"

    with (
        closing(database.open_store(max_sessions=1)) as one,
        closing(database.open_store(max_sessions=1)) as other,
        ThreadPoolExecutor(10) as threads,
    ):
        outcomes = Counter(threads.map(open_it, [one, other] * 5))

        assert outcomes == {"stored": 1, "Conflict": 9}
        assert one.active_sessions() == 1
