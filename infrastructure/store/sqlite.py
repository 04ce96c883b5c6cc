"""The event log in one SQLite file, shared by all processes of one machine.

The library's recorder reads and writes the events table; this subclass adds what one append has
to do in the same transaction: take the write lock first, check guards, move the counter.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

from eventsourcing.persistence import (
    IntegrityError,
    Notification,
    OperationalError,
    PersistenceError,
)
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
    SQLiteTransaction,
)

from application.ports.event_store import Append, Conflict, Opened, Row
from infrastructure.store.refusals import session_limit, store_unavailable

LOCK_TIMEOUT_SECONDS: Final = 10
ACTIVE: Final = "active_sessions"


class _Transaction(SQLiteTransaction):
    """A writing transaction takes the write lock at once: one that reads first can't wait."""

    def __enter__(self) -> SQLiteCursor:
        cursor = self.connection.cursor()
        cursor.execute("BEGIN IMMEDIATE" if self.commit else "BEGIN")
        return cursor


class _Connection(SQLiteConnection):
    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        with _Transaction(self, commit=commit) as curs, curs:
            yield curs


class _Pool(SQLiteConnectionPool):
    def _create_connection(self) -> SQLiteConnection:
        library_made = super()._create_connection()
        raw = library_made._sqlite_conn
        raw.execute("PRAGMA synchronous=FULL")  # an acknowledged event survives a power cut
        return _Connection(raw, max_age=self.max_age)


class _Datastore(SQLiteDatastore):
    """Writers of this process queue here and not in the library's pool: there a writer that waits
    keeps every reader waiting, and one that cannot open a connection blocks all later ones."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), lock_timeout=LOCK_TIMEOUT_SECONDS, pool_timeout=5.0)
        self.pool.close()
        self.pool = _Pool(
            db_name=str(path), lock_timeout=LOCK_TIMEOUT_SECONDS, pool_size=5, pool_timeout=5.0
        )
        self._writing = threading.Lock()

    @contextmanager
    def get_connection(self, *, commit: bool) -> Iterator[SQLiteConnection]:
        if commit and not self._writing.acquire(timeout=LOCK_TIMEOUT_SECONDS):
            raise OperationalError("other writers of this process took too long")
        try:
            connection = self.pool.get_connection()
            try:
                yield connection
            finally:
                self.pool.put_connection(connection)
        finally:
            if commit:
                self._writing.release()


class SqliteEventStore(SQLiteApplicationRecorder):
    """See `application.ports.event_store.EventStore`; positions are row ids, without gaps."""

    def __init__(self, path: Path, max_sessions: int) -> None:
        super().__init__(_Datastore(path))
        self._max_sessions = max_sessions

    def close(self) -> None:
        self.datastore.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Cursor]:
        try:
            with self.datastore.transaction(commit=True) as c:
                yield c.sqlite_cursor
        except IntegrityError as e:
            raise Conflict(str(e)) from e
        except (PersistenceError, sqlite3.Error) as e:
            raise store_unavailable(e) from e

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Cursor]:
        """For one statement, which sees one state of the database without a transaction."""
        try:
            with self.datastore.get_connection(commit=False) as connection:
                cursor = connection.cursor().sqlite_cursor
                cursor.row_factory = None  # plain tuples: we name no columns
                yield cursor
                cursor.close()
        except (PersistenceError, sqlite3.Error) as e:
            raise store_unavailable(e) from e

    def append(self, append: Append) -> int:
        with self._writing() as c:
            for guard in append.guards:
                c.execute(
                    "SELECT MAX(originator_version) FROM stored_events WHERE originator_id=?",
                    (guard.stream_id.hex,),
                )
                if (c.fetchone()[0] or 0) != guard.version:
                    raise Conflict(f"stream {guard.stream_id} has moved on")
            position = 0
            for row in append.rows:
                c.execute(
                    "INSERT INTO stored_events VALUES (?,?,?,?)",
                    (row.stream_id.hex, row.version, row.name, row.state),
                )
                position = c.lastrowid or position
            for opened in append.opened:
                c.execute(
                    "INSERT INTO session_directory VALUES (?,?,?,?)",
                    (opened.principal.hex, opened.label, opened.generation, opened.session_id.hex),
                )
            # Last: whoever opens a session that is open already must hear of the conflict.
            self._move_counter(c, append)
            return position

    def _move_counter(self, c: sqlite3.Cursor, append: Append) -> None:
        change = len(append.opened) - append.closed
        if not append.opened and not append.closed:
            return
        c.execute(
            "UPDATE counters SET value = value + ? WHERE name = ? AND (? <= 0 OR value + ? <= ?)",
            (change, ACTIVE, change, change, self._max_sessions),
        )
        if c.rowcount == 0:
            raise session_limit(self._max_sessions)

    def read(self, stream_id: UUID) -> Sequence[Row]:
        with self._reading() as c:
            c.execute(
                "SELECT originator_version, topic, state FROM stored_events "
                "WHERE originator_id=? ORDER BY originator_version",
                (stream_id.hex,),
            )
            return [Row(stream_id, *row) for row in c]

    def position_of(self, stream_id: UUID, version: int) -> int | None:
        with self._reading() as c:
            c.execute(
                "SELECT rowid FROM stored_events WHERE originator_id=? AND originator_version=?",
                (stream_id.hex, version),
            )
            found = c.fetchone()
        return int(found[0]) if found else None

    def head(self) -> int:
        with self._reading() as c:
            c.execute(self.select_max_notification_id_statement)
            return int(c.fetchone()[0] or 0)

    def log(self, after: int, limit: int) -> Sequence[Row]:
        try:
            found = self.select_notifications(after, limit, inclusive_of_start=False)
        except (PersistenceError, sqlite3.Error) as e:
            raise store_unavailable(e) from e
        return [_row(n) for n in found]

    def names(self) -> frozenset[str]:
        # A loose scan of the index over names: one step per name instead of one per event.
        with self._reading() as c:
            c.execute(
                "WITH RECURSIVE n(topic) AS (SELECT MIN(topic) FROM stored_events UNION ALL "
                "SELECT (SELECT MIN(topic) FROM stored_events WHERE topic > n.topic) FROM n "
                "WHERE n.topic IS NOT NULL) SELECT topic FROM n WHERE topic IS NOT NULL"
            )
            return frozenset(r[0] for r in c.fetchall())

    def latest_generation(self, principal: UUID, label: str) -> int:
        with self._reading() as c:
            c.execute(
                "SELECT MAX(generation) FROM session_directory WHERE principal=? AND label=?",
                (principal.hex, label),
            )
            return int(c.fetchone()[0] or 0)

    def sessions_of(self, principal: UUID) -> Sequence[Opened]:
        with self._reading() as c:
            c.execute(
                "SELECT label, generation, session_id FROM session_directory "
                "WHERE principal=? ORDER BY rowid",
                (principal.hex,),
            )
            return [Opened(principal, r[0], r[1], UUID(r[2])) for r in c.fetchall()]

    def active_sessions(self) -> int:
        with self._reading() as c:
            c.execute("SELECT value FROM counters WHERE name=?", (ACTIVE,))
            found = c.fetchone()
        return int(found[0]) if found else 0


def _row(n: Notification) -> Row:
    stream_id = n.originator_id
    assert isinstance(stream_id, UUID)
    return Row(stream_id, n.originator_version, n.topic, n.state, n.id)
