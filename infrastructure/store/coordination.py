"""Which instance projects, and how it hears of what other instances stored.

SQLite: every process may project; the views' compare-and-set keeps them apart. PostgreSQL: one
leader per projection, by an advisory lock that dies with its connection, and NOTIFY as a hint. A
hint that gets lost costs one poll, nothing more.
"""

import hashlib
import threading
from collections.abc import Callable
from time import monotonic
from typing import Final

import psycopg
import structlog

CHANNEL: Final = "trading_events"
CHECK_SECONDS: Final = 1.0
log = structlog.get_logger()


class Alone:
    """Coordination on SQLite: nobody to ask, nobody to tell."""

    def may_project(self, projection: str) -> bool:
        return True

    def announce(self) -> None:
        return None

    def resign(self) -> None:
        return None

    def start(self, wake: Callable[[], None]) -> None:
        return None

    def close(self) -> None:
        return None


class PostgresCoordination:
    """One connection holds the locks (used by the projecting thread), another one listens."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None
        self._leading: set[str] = set()
        self._next_check = 0.0
        self._stop = threading.Event()
        self._listener: threading.Thread | None = None

    def may_project(self, projection: str) -> bool:
        """Whether this instance leads this projection; tries to become its leader."""
        try:
            connection = self._locks()
            if projection in self._leading:
                self._check_alive(connection)
                return True
            found = connection.execute(
                "SELECT pg_try_advisory_lock(%s)", (_lock_of(projection),)
            ).fetchone()
        except psycopg.Error:
            self._lose_connection()
            return False
        if found is not None and found[0]:
            self._leading.add(projection)
            log.info("projection leader", projection=projection)
            return True
        return False

    def announce(self) -> None:
        """Tell the leaders that there is something new. Called at most once per wake-up."""
        try:
            self._locks().execute(f"NOTIFY {CHANNEL}")
        except psycopg.Error:
            self._lose_connection()

    def resign(self) -> None:
        """Let go of every projection, so that another instance can lead."""
        self._lose_connection()

    def start(self, wake: Callable[[], None]) -> None:
        """Listen for other instances, in a thread that survives a lost connection."""
        self._listener = threading.Thread(
            target=self._listen, args=(wake,), name="listen", daemon=True
        )
        self._listener.start()

    def close(self) -> None:
        self._stop.set()
        if self._listener is not None:
            self._listener.join(timeout=3)
        self._lose_connection()

    def _check_alive(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        """Locks die with their connection, and nobody says so: ask, at most once a second."""
        if monotonic() >= self._next_check:
            self._next_check = monotonic() + CHECK_SECONDS
            connection.execute("SELECT 1")

    def _locks(self) -> psycopg.Connection[tuple[object, ...]]:
        if self._connection is None or self._connection.closed:
            self._leading.clear()
            self._connection = psycopg.connect(self._url, autocommit=True, connect_timeout=2)
        return self._connection

    def _lose_connection(self) -> None:
        self._leading.clear()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _listen(self, wake: Callable[[], None]) -> None:
        while not self._stop.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True, connect_timeout=2) as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    wake()  # whatever came before we listened
                    while not self._stop.is_set():
                        for _ in connection.notifies(timeout=1.0):
                            wake()
            except psycopg.Error:
                self._stop.wait(1.0)


def _lock_of(projection: str) -> int:
    digest = hashlib.sha256(f"projection/{projection}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
