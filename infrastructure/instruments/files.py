"""The tables of the days: which there are, and connections to read them with.

`2026-11-23.db` is what was loaded on that day. A newer one of the same day takes its place at once;
none is ever deleted, because audits ask years later what was known. All but the newest few are
packed with gzip, to a sixth of their size, and unpacked into a temporary file when somebody asks.
"""

import gzip
import os
import shutil
import sqlite3
import tempfile
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Final
from urllib.parse import quote

from infrastructure.instruments.schema import FORMAT

DIRECTORY: Final = "instruments"
"""In the data directory, which every installation has, those on PostgreSQL, too."""

UNPACKED: Final = 3
"""Today's, yesterday's, and one for a weekend."""

_MOST_IDLE: Final = 8
_CACHE_KIB: Final = 1_000


class UnreadableTable(Exception):
    """This file is no table of ours."""


def table_file(directory: Path, day: date) -> Path:
    return directory / f"{day.isoformat()}.db"


def packed(file: Path) -> Path:
    return file.with_name(f"{file.name}.gz")


def days(directory: Path) -> list[date]:
    """The days that have a table, the newest first."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return []
    found = {day for name in names if (day := _day(name))}
    return sorted(found, reverse=True)


def _day(name: str) -> date | None:
    stem, _, rest = name.partition(".")
    if rest not in ("db", "db.gz"):
        return None
    try:
        return date.fromisoformat(stem)
    except ValueError:
        return None


def pack_old(directory: Path) -> None:
    """Pack all but the newest. The packed file is there, whole, before the other goes."""
    for day in days(directory)[UNPACKED:]:
        file = table_file(directory, day)
        if not file.exists():
            continue
        unfinished = packed(file).with_name(f"{file.name}.gz.new")
        with file.open("rb") as plain, gzip.open(unfinished, "wb", compresslevel=6) as out:
            shutil.copyfileobj(plain, out)
        put_in_place(unfinished, packed(file))
        file.unlink()


def put_in_place(file: Path, to: Path) -> None:
    """Rename, so that readers see either the old or the new one, after a power cut, too."""
    with file.open("rb") as written:
        os.fsync(written.fileno())
    os.replace(file, to)
    if os.name == "posix":
        directory = os.open(to.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


class Connections:
    """Connections to one finished table, lent to one thread at a time and kept for the next."""

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        forget: Callable[[], None] = lambda: None,
    ) -> None:
        """`forget` is called at the end, to remove what nobody needs any more."""
        self._connect = connect
        self._forget = forget
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def lent(self) -> Iterator[sqlite3.Connection]:
        """A connection for the length of a `with` block."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._connect()
        try:
            yield connection
        finally:
            with self._lock:
                keep = not self._closed and len(self._idle) < _MOST_IDLE
                if keep:
                    self._idle.append(connection)
            if not keep:
                connection.close()

    def close(self) -> None:
        """Close those that are idle; the others when they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()
        self._forget()


def open_table(directory: Path, day: date) -> Connections:
    """Raises:
    UnreadableTable: damaged, or of another version.
    FileNotFoundError: there is none.
    """
    file = table_file(directory, day)
    if file.exists():
        found = Connections(lambda: _connected(file))
    else:
        unpacked, forget = _unpacked(packed(file))
        found = Connections(lambda: _connected(unpacked), forget)
    try:
        with found.lent() as connection:
            rows = connection.execute("SELECT value FROM about WHERE key = 'format'").fetchall()
    except sqlite3.Error as e:
        found.close()
        raise UnreadableTable(f"The table of {day} cannot be read ({e}).") from None
    if rows != [(FORMAT,)]:
        found.close()
        raise UnreadableTable(f"The table of {day} was written by another version.")
    return found


def _connected(file: Path) -> sqlite3.Connection:
    """`immutable`: nobody ever writes into a finished table, so no lock is needed either."""
    connection = sqlite3.connect(
        f"file:{quote(str(file))}?mode=ro&immutable=1", uri=True, check_same_thread=False
    )
    connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    return connection


def _unpacked(file: Path) -> tuple[Path, Callable[[], None]]:
    """The path of a temporary file, and how to remove it. A process that ends removes it, too."""
    directory = tempfile.TemporaryDirectory(prefix="trading-instruments-")
    plain = Path(directory.name) / file.name.removesuffix(".gz")
    try:
        with gzip.open(file, "rb") as source, plain.open("wb") as out:
            shutil.copyfileobj(source, out)
    except (EOFError, gzip.BadGzipFile, zlib.error) as e:
        directory.cleanup()
        raise UnreadableTable(f"{file.name} cannot be unpacked ({e}).") from None
    except FileNotFoundError:
        directory.cleanup()
        raise
    return plain, directory.cleanup
