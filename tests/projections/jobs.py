"""What child processes do to the views. Their own module, so that a child imports no tests."""

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing

import psycopg
from sqlalchemy import Connection, Table

from domain.envelope import Recorded
from mcp_interface.composition import Backend
from projections import session_statistics
from projections.projector import Projector
from tests.projections.history import History, fold, tables
from tests.support.databases import Database, disposing
from tests.support.processes import Say


class Sleepy:
    """Folds like `session_statistics`, and then never comes to its commit."""

    name = session_statistics.name

    def __init__(self, say: Say) -> None:
        self.tables: tuple[Table, ...] = session_statistics.tables
        self._say = say

    def fold(self, connection: Connection, batch: Sequence[Recorded], /) -> None:
        session_statistics.fold(connection, batch)
        self._say("folding")
        time.sleep(60)


def stop_in_the_middle_of_a_fold(say: Say, database: Database, history: History) -> None:
    with disposing(database.views_engine()) as engine:
        Projector(engine, history, [Sleepy(say)]).step(session_statistics.name)


def make_tables(say: Say, database: Database) -> None:
    """What every process does when it starts."""
    with disposing(database.views_engine()) as engine:
        Projector(engine, History()).create_tables()
    say("made")


def hold_the_views(say: Say, database: Database) -> None:
    """Take the lock that every fold needs, and stay there."""
    if database.postgres_url:
        with psycopg.connect(database.postgres_url) as connection:
            connection.execute("LOCK TABLE projection_positions_v1 IN EXCLUSIVE MODE")
            say("locked")
            time.sleep(60)
    with closing(sqlite3.connect(database.directory / "views.db")) as file:
        file.execute("BEGIN IMMEDIATE")
        say("locked")
        time.sleep(60)


def start_and_show(say: Say, database: Database, stay: bool) -> None:
    """Start as a server does, fold everything, say what the tables hold."""
    backend = Backend(database.settings)
    try:
        fold(backend.projector)
        say(tables(backend.views_engine))
        if stay:
            time.sleep(60)
    finally:
        backend.close()


def project_for_ever(say: Say, database: Database) -> None:
    """A server that only projects; says so once it has folded what is there."""
    backend = Backend(database.settings)
    backend.projecting.start()
    while backend.admin.statistics().stale:
        time.sleep(0.01)
    say("projecting")
    time.sleep(60)
