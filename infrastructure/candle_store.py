"""Closed candles on disk: see `application.ports.candle_store`.

One SQLite file, shared by the processes of one machine. It may be deleted at any time. Whoever
cannot use it goes on without it and says so once.
"""

import hashlib
import sqlite3
import threading
from array import array
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Final, TypeVar

import structlog

from application.market.bars import COLUMNS, Bars
from application.ports.candle_store import Kept
from domain.vocabulary import BrokerName, Interval

log = structlog.get_logger()

T = TypeVar("T")

FILE: Final = "candles.db"
MOST_BYTES: Final = 256 * 1024 * 1024
"""Of candles: 4.7 million. What was not used for the longest time goes first."""
_BUSY_SECONDS: Final = 2
_WORD_BYTES: Final = 8
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS candles_v1 (
    origin TEXT NOT NULL,
    instrument TEXT NOT NULL,
    interval TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    checked_at INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    bars BLOB NOT NULL,
    PRIMARY KEY (origin, instrument, interval)
)
"""
_READ: Final = """
SELECT since, until, checked_at, bars FROM candles_v1
WHERE origin = ? AND instrument = ? AND interval = ?
"""
_WRITE: Final = "INSERT OR REPLACE INTO candles_v1 VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_TOTAL: Final = "SELECT sum(bytes) FROM candles_v1"
_OLDEST: Final = "SELECT rowid, bytes FROM candles_v1 ORDER BY checked_at, since"


class SqliteCandleStore:
    """Threads share it. `origins` say what stands behind a broker's name in this installation (its
    address, or the seed of a made-up market), so that candles of a simulator are never taken for
    those of the market after somebody changed a setting."""

    def __init__(
        self, directory: Path, origins: Mapping[BrokerName, str], most_bytes: int = MOST_BYTES
    ) -> None:
        self._file = directory / FILE
        self._origins = {
            broker: f"{broker}-{hashlib.sha256(origin.encode()).hexdigest()[:16]}"
            for broker, origin in origins.items()
        }
        self._most_bytes = most_bytes
        self._connection: sqlite3.Connection | None = None
        self._is_lost = False
        self._lock = threading.Lock()

    def read(self, broker: BrokerName, instrument: str, interval: Interval) -> Kept | None:
        row = self._using(
            lambda connection: connection.execute(
                _READ, (self._origins[broker], instrument, interval)
            ).fetchone()
        )
        return None if row is None else _kept(*row)

    def write(self, broker: BrokerName, instrument: str, interval: Interval, kept: Kept) -> None:
        packed = b"".join(getattr(kept.bars, name).tobytes() for name in COLUMNS)
        since = ceil(kept.since.timestamp())  # never more than what was asked for
        until, checked_at = int(kept.until.timestamp()), int(kept.checked_at.timestamp())
        about = (since, until, checked_at, len(packed))
        row = (self._origins[broker], instrument, interval, *about, packed)

        def replace(connection: sqlite3.Connection) -> None:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(_WRITE, row)
                self._make_room(connection)

        if len(packed) <= self._most_bytes:
            self._using(replace)

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection, self._is_lost = None, True

    def _make_room(self, connection: sqlite3.Connection) -> None:
        (total,) = connection.execute(_TOTAL).fetchone()
        if total <= self._most_bytes:
            return
        for rowid, size in connection.execute(_OLDEST).fetchall():
            connection.execute("DELETE FROM candles_v1 WHERE rowid = ?", (rowid,))
            total -= size
            if total <= self._most_bytes:
                return

    def _using(self, job: Callable[[sqlite3.Connection], T]) -> T | None:
        """The job's answer; `None` where the file cannot be used."""
        with self._lock:
            if self._is_lost:
                return None
            try:
                if self._connection is None:
                    self._connection = _connected(self._file)
                return job(self._connection)
            except sqlite3.OperationalError as e:
                if _is_busy(e):  # somebody else writes for long: this once without it
                    return None
                self._give_up(e)
            except (sqlite3.DatabaseError, OSError) as e:
                self._give_up(e)
            return None

    def _give_up(self, error: Exception) -> None:
        self._is_lost = True
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        log.warning(
            "candles are not kept: stop the server, delete the file, and look at its directory",
            file=str(self._file),
            cause=str(error),
        )


def _connected(file: Path) -> sqlite3.Connection:
    file.touch(mode=0o600)
    connection = sqlite3.connect(
        file, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(_TABLE)
    return connection


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _kept(since: int, until: int, checked_at: int, packed: bytes) -> Kept | None:
    """`None` where the bytes are no columns of one length, or the times are none."""
    size, rest = divmod(len(packed), len(COLUMNS) * _WORD_BYTES)
    if rest:
        return None
    columns, words = {}, memoryview(packed).cast("q")
    for number, name in enumerate(COLUMNS):
        columns[name] = array("q", words[number * size : (number + 1) * size].tobytes())
    try:
        since_at, until_at, checked = (
            datetime.fromtimestamp(each, UTC) for each in (since, until, checked_at)
        )
    except (ValueError, OverflowError, OSError):
        return None
    return Kept(since=since_at, until=until_at, checked_at=checked, bars=Bars(**columns))
