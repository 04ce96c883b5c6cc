"""What child processes do to a store. Their own module, so that a child imports no tests."""

import sqlite3
import time
from contextlib import closing
from uuid import UUID

import psycopg

from application.ports.event_store import Append, Conflict, Guard
from domain.errors import Refusal
from infrastructure.migrations.runner import migrate
from infrastructure.store.coordination import PostgresCoordination
from tests.infrastructure.store.rows import KEY, numbered, opening, row
from tests.support.databases import Database, disposing
from tests.support.processes import Say


def append_for_ever(say: Say, database: Database, family: str) -> None:
    """Append to a stream of its own; say each position as soon as it is acknowledged."""
    stream_id, version = numbered(family, 1), 0
    with closing(database.open_store()) as store:
        while True:
            version += 1
            try:
                position = store.append(Append([row(stream_id, version)]))
            except Refusal as refusal:
                say(refusal.code)
                return
            say((position, stream_id, version))


def append_streams(say: Say, database: Database, family: str, appends: int, rows: int) -> None:
    """Append so many new streams of so many rows each, one append per stream."""
    with closing(database.open_store()) as store:
        for number in range(appends):
            stream_id = numbered(family, number)
            store.append(Append([row(stream_id, version + 1) for version in range(rows)]))
    say(appends * rows)


def append_guarded_by(say: Say, database: Database, guarded: UUID, version: int) -> None:
    """Append to another stream while this one must be at this version; say how that went."""
    with closing(database.open_store()) as store:
        store.read(guarded)
        say("appending")
        try:
            store.append(Append([row(KEY, 1)], guards=[Guard(guarded, version)]))
        except (Conflict, Refusal) as e:
            say(type(e).__name__)
        else:
            say("stored")


def hold_the_writers_lock(say: Say, database: Database) -> None:
    """Insert an event without committing it, and stay there."""
    if database.postgres_url:
        with psycopg.connect(database.postgres_url) as connection:
            connection.execute("LOCK TABLE stored_events IN EXCLUSIVE MODE")
            connection.execute(
                "INSERT INTO stored_events (originator_id, originator_version, topic, state) "
                "VALUES (%s, 1, 'never', '')",
                (KEY,),
            )
            _stay(say)
    with closing(sqlite3.connect(database.directory / "events.db")) as file:
        file.execute("BEGIN IMMEDIATE")
        file.execute("INSERT INTO stored_events VALUES (?, 1, 'never', '')", (KEY.hex,))
        _stay(say)


def _stay(say: Say) -> None:
    say("locked")
    time.sleep(60)


def migrate_and_append(say: Say, database: Database, number: int) -> None:
    """What a server does when it starts; say whether there was anything to migrate."""
    with disposing(database.control_engine()) as engine:
        changed = migrate(engine)
    with closing(database.open_store()) as store:
        store.append(opening(numbered("first", number), label=str(number)))
    say(changed)


def lead_for_ever(say: Say, postgres_url: str, projection: str) -> None:
    """Lead a projection, and stay there."""
    leader = PostgresCoordination(postgres_url)
    assert leader.may_project(projection)
    say("leading")
    time.sleep(60)
