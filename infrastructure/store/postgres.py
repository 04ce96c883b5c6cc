"""The event log in PostgreSQL, shared by any number of instances.

One append is one call of `trading_append`, the function that the first migration makes: it takes
the table's lock, then checks guards and inserts as separate statements, so that each of them sees
what was committed while it waited. The lock makes commit order the same as position order, which
is what lets a reader tail the log without missing anything.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from uuid import UUID

import psycopg
from eventsourcing.persistence import (
    InterfaceError,
    OperationalError,
    PersistenceError,
)
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg import Connection
from psycopg.rows import TupleRow, dict_row, tuple_row
from psycopg_pool import PoolTimeout

from application.ports.event_store import Append, Conflict, Opened, Row
from infrastructure.store.refusals import session_limit, store_unavailable

T = TypeVar("T")

CONNECT_SECONDS: Final = 2.0
"""How long a call waits for a connection before it is refused."""

STALE_GUARD, TOO_MANY_SESSIONS = "TS001", "TS002"
"""The SQL states that `trading_append` raises."""

_APPEND: Final = (
    "SELECT trading_append(%s::uuid[], %s::bigint[], %s::text[], %s::bytea[], "
    "%s::uuid[], %s::bigint[], %s::uuid[], %s::text[], %s::int[], %s::uuid[], %s::int, %s::bigint)"
)


def datastore(url: str, *, pool_size: int = 8) -> PostgresDatastore:
    """A pool for `postgresql://user:password@host:port/database?...`.

    The address goes to libpq whole: the library's datastore knows five parts of it, and would drop
    the rest (sslmode, options, several hosts).
    """
    made = PostgresDatastore(
        dbname="",
        host="",
        port="",
        user="",
        password="",
        connect_timeout=CONNECT_SECONDS,
        pool_size=1,
        max_overflow=pool_size - 1,
    )
    made.pool.conninfo = url
    made.pool.kwargs = {"row_factory": dict_row}
    # By default the pool asks a lost server ever more seldom, for five minutes: then a call would
    # be refused long after the server is back. Giving up early lets the next call try at once.
    made.pool.reconnect_timeout = CONNECT_SECONDS
    return made


class PostgresEventStore(PostgresApplicationRecorder):
    """See `application.ports.event_store.EventStore`."""

    def __init__(self, url: str, max_sessions: int, *, pool_size: int = 8) -> None:
        connections = datastore(url, pool_size=pool_size)
        try:
            super().__init__(connections)
        except (PersistenceError, psycopg.Error) as e:
            connections.close()
            raise store_unavailable(e) from e
        self._max_sessions = max_sessions

    def close(self) -> None:
        self.datastore.close()

    @contextmanager
    def _connection(self) -> Iterator[Connection[Any]]:  # Any: the pool's rows are dictionaries
        with self.datastore.get_connection() as conn:
            yield conn

    def _with_retry(self, work: Callable[[], T]) -> T:
        """Run again on a connection that broke while it was idle; refuse when none can be had.

        An append may be run again, too: if the first one did get in, the second one conflicts,
        and the writer recognises its own events.
        """
        for attempt in range(3):
            try:
                return work()
            except (OperationalError, InterfaceError) as e:
                if attempt == 2 or isinstance(e.__cause__, PoolTimeout):
                    raise store_unavailable(e) from e
                self.datastore.pool.check()  # where one connection broke, the idle ones did, too
            except PersistenceError as e:
                raise store_unavailable(e) from e
        raise AssertionError("unreachable")

    def _fetch(self, statement: str, params: Sequence[object] = ()) -> list[TupleRow]:
        def work() -> list[TupleRow]:
            with self._connection() as conn, conn.cursor(row_factory=tuple_row) as c:
                c.execute(statement, params, prepare=True)
                return list(c.fetchall())

        return self._with_retry(work)

    def append(self, append: Append) -> int:
        rows, guards, opened = append.rows, append.guards, append.opened
        params = (
            [r.stream_id for r in rows],
            [r.version for r in rows],
            [r.name for r in rows],
            [r.state for r in rows],
            [g.stream_id for g in guards],
            [g.version for g in guards],
            [o.principal for o in opened],
            [o.label for o in opened],
            [o.generation for o in opened],
            [o.session_id for o in opened],
            append.closed,
            self._max_sessions,
        )

        def work() -> int:
            # Group commit has its place here: saves that wait at the same time can share a call.
            with self._connection() as conn, conn.cursor(row_factory=tuple_row) as c:
                try:
                    c.execute(_APPEND, params, prepare=True)
                    found = c.fetchone()
                except psycopg.errors.UniqueViolation as e:
                    raise Conflict("a stream has moved on") from e
                except psycopg.Error as e:
                    if e.sqlstate == STALE_GUARD:
                        raise Conflict("a guarded stream has moved on") from e
                    if e.sqlstate == TOO_MANY_SESSIONS:
                        raise session_limit(self._max_sessions) from None
                    raise
                assert found is not None
                return int(found[0])

        return self._with_retry(work)

    def read(self, stream_id: UUID) -> Sequence[Row]:
        found = self._fetch(
            "SELECT originator_version, topic, state FROM stored_events "
            "WHERE originator_id=%s ORDER BY originator_version",
            (stream_id,),
        )
        return [Row(stream_id, r[0], r[1], bytes(r[2])) for r in found]

    def position_of(self, stream_id: UUID, version: int) -> int | None:
        found = self._fetch(
            "SELECT notification_id FROM stored_events "
            "WHERE originator_id=%s AND originator_version=%s",
            (stream_id, version),
        )
        return int(found[0][0]) if found else None

    def head(self) -> int:
        return int(self._fetch("SELECT MAX(notification_id) FROM stored_events")[0][0] or 0)

    def log(self, after: int, limit: int) -> Sequence[Row]:
        found = self._fetch(
            "SELECT originator_id, originator_version, topic, state, notification_id "
            "FROM stored_events WHERE notification_id > %s ORDER BY notification_id LIMIT %s",
            (after, limit),
        )
        return [Row(r[0], r[1], r[2], bytes(r[3]), r[4]) for r in found]

    def names(self) -> frozenset[str]:
        # A loose scan of the index over names: one step per name instead of one per event.
        found = self._fetch(
            "WITH RECURSIVE n(topic) AS ((SELECT MIN(topic) FROM stored_events) UNION ALL "
            "SELECT (SELECT MIN(topic) FROM stored_events WHERE topic > n.topic) FROM n "
            "WHERE n.topic IS NOT NULL) SELECT topic FROM n WHERE topic IS NOT NULL"
        )
        return frozenset(r[0] for r in found)

    def latest_generation(self, principal: UUID, label: str) -> int:
        found = self._fetch(
            "SELECT MAX(generation) FROM session_directory WHERE principal=%s AND label=%s",
            (principal, label),
        )
        return int(found[0][0] or 0)

    def sessions_of(self, principal: UUID) -> Sequence[Opened]:
        found = self._fetch(
            "SELECT d.label, d.generation, d.session_id FROM session_directory d "
            "JOIN stored_events e ON e.originator_id = d.session_id AND e.originator_version = 1 "
            "WHERE d.principal=%s ORDER BY e.notification_id",
            (principal,),
        )
        return [Opened(principal, *r) for r in found]

    def active_sessions(self) -> int:
        found = self._fetch("SELECT value FROM counters WHERE name='active_sessions'")
        return int(found[0][0]) if found else 0
