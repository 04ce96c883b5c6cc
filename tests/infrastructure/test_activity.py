"""Last uses: in memory first, on disk soon, and never backwards."""

import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from domain.errors import StoreUnavailable
from infrastructure.activity import FlushedActivity
from tests.support.databases import Database, disposing
from tests.support.waiting import wait_until

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TEN = NINE + timedelta(hours=1)
WORK = UUID("5e550000-0000-4000-8000-000000000001")
HOME = UUID("5e550000-0000-4000-8000-000000000002")


@pytest.fixture
def activity(engine) -> FlushedActivity:
    return FlushedActivity(engine)


@pytest.fixture
def another_process(database) -> Iterator[FlushedActivity]:
    """What knows only what is on the disk."""
    with disposing(database.control_engine()) as engine:
        yield FlushedActivity(engine)


@contextmanager
def locked_table(database: Database) -> Iterator[None]:
    """Nobody else can write last uses; reading them goes on."""
    if database.postgres_url:
        with psycopg.connect(database.postgres_url) as holder:
            holder.execute("LOCK TABLE activity IN EXCLUSIVE MODE")
            yield
    else:
        with closing(sqlite3.connect(database.directory / "events.db")) as file:
            file.execute("BEGIN IMMEDIATE")
            yield


def test_a_session_that_nobody_used_has_no_last_use(activity):
    assert activity.last(WORK) is None


def test_a_use_is_known_here_at_once_and_elsewhere_after_the_flush(activity, another_process):
    activity.touch(WORK, NINE)
    assert activity.last(WORK) == NINE
    assert another_process.last(WORK) is None

    assert activity.flush() == 1

    assert another_process.last(WORK) == NINE
    assert activity.last(WORK) == NINE


def test_nothing_pending_is_nothing_to_flush(activity):
    assert activity.flush() == 0
    activity.touch(WORK, NINE)
    activity.flush()
    assert activity.flush() == 0


def test_each_session_has_its_own_last_use(activity, another_process):
    activity.touch(WORK, NINE)
    activity.touch(HOME, TEN)

    assert activity.flush() == 2

    assert (another_process.last(WORK), another_process.last(HOME)) == (NINE, TEN)


def test_an_earlier_use_never_takes_back_a_later_one_in_memory(activity):
    activity.touch(WORK, TEN)
    activity.touch(WORK, NINE)

    assert activity.last(WORK) == TEN


def test_an_earlier_use_never_takes_back_a_later_one_on_the_disk(activity, another_process):
    """Instances flush when they like: the one with the older news may come last."""
    activity.touch(WORK, TEN)
    activity.flush()

    another_process.touch(WORK, NINE)
    another_process.flush()

    assert another_process.last(WORK) == activity.last(WORK) == TEN


def test_a_later_use_moves_what_is_on_the_disk(activity, another_process):
    activity.touch(WORK, NINE)
    activity.flush()
    activity.touch(WORK, TEN + timedelta(microseconds=1))
    activity.flush()

    assert another_process.last(WORK) == TEN + timedelta(microseconds=1)


def test_a_flush_that_fails_keeps_everything_for_the_next_one(activity, engine, another_process):
    activity.touch(WORK, NINE)
    activity.touch(HOME, NINE)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE activity RENAME TO hidden"))

    with pytest.raises(StoreUnavailable):
        activity.flush()
    activity.touch(WORK, TEN)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE hidden RENAME TO activity"))

    assert activity.flush() == 2
    assert (another_process.last(WORK), another_process.last(HOME)) == (TEN, NINE)


def test_a_use_is_never_forgotten_while_a_flush_waits_for_the_database(activity, database):
    """A session must not look unused in the moment in which its use is on its way."""
    activity.touch(WORK, NINE)
    with ThreadPoolExecutor(1) as thread:
        with locked_table(database):
            flushing = thread.submit(activity.flush)
            assert wait([flushing], timeout=0.2).not_done

            assert activity.last(WORK) == NINE
            activity.touch(HOME, TEN)
        assert flushing.result(timeout=10) == 1

    assert activity.last(WORK) == NINE
    assert activity.flush() == 1
    assert activity.last(HOME) == TEN


def test_a_use_during_a_flush_is_flushed_by_the_next_one(activity, database, another_process):
    activity.touch(WORK, NINE)
    with ThreadPoolExecutor(1) as thread:
        with locked_table(database):
            flushing = thread.submit(activity.flush)
            assert wait([flushing], timeout=0.2).not_done
            activity.touch(WORK, TEN)
        flushing.result(timeout=10)

    assert another_process.last(WORK) == NINE
    assert activity.flush() == 1
    assert another_process.last(WORK) == TEN


def test_the_last_use_never_goes_back_while_threads_touch_and_flush(activity):
    stop = threading.Event()
    seen: list[datetime] = []

    def flush() -> None:
        while not stop.is_set():
            activity.flush()

    def watch() -> None:
        while not stop.is_set():
            if (last := activity.last(WORK)) is not None:
                seen.append(last)

    def touch() -> None:
        for second in range(100):
            looks = len(seen)
            activity.touch(WORK, NINE + timedelta(seconds=second))
            wait_until(partial(_longer_than, seen, looks), "the watcher to look again")

    with ThreadPoolExecutor(2) as threads:
        working = [threads.submit(flush), threads.submit(watch)]
        try:
            touch()
        finally:
            stop.set()
        for work in working:
            work.result()

    assert seen == sorted(seen)
    assert activity.last(WORK) == NINE + timedelta(seconds=99)


def _longer_than(seen: list[datetime], looks: int) -> bool:
    return len(seen) > looks
