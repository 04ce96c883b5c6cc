"""Load the table of a trading day: fetch, read, join, check, and only then put it in place.

Whatever goes wrong, the table that was there stays. Two loads at once do not meet: the second one
is told so.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from domain.errors import Refusal
from domain.instants import IST
from domain.vocabulary import BrokerName
from infrastructure.instruments.building import MasterFile, Read, build
from infrastructure.instruments.fetching import LoginWanted, NotFetched, Source, fetch
from infrastructure.instruments.files import pack_old, put_in_place, table_file
from infrastructure.instruments.listing import BadFile
from infrastructure.instruments.table import InstrumentTable

LEAST_SHARE: Final = 0.5
"""Of the rows that a broker's file had in the table before."""

_SCRATCH: Final = "loading"
_LOCK: Final = "loading.lock"


class LoadRefused(Refusal):
    """The files are not fit to become a table; the one that was there stays."""

    code = "INSTRUMENTS_NOT_LOADED"


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What the new table was made of. `without` are brokers that gave no file without a login."""

    trading_day: date
    instruments: int
    quarantined: int
    reads: tuple[Read, ...]
    without: tuple[BrokerName, ...]
    bytes: int


def load(
    sources: Sequence[Source],
    directory: Path,
    now: datetime,
    *,
    accept_fewer: bool = False,
    say: Callable[[str], None] = lambda _words: None,
) -> Loaded:
    """Make the table of today, in India, and put it where readers look.

    Args:
        accept_fewer: also with fewer than half of the rows of the table before.
        say: is told the progress in words.

    Raises:
        LoadRefused: a file did not come or cannot be used, or another load is running.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    day = now.astimezone(IST).date()
    with _alone(directory), _scratch(directory) as scratch:
        try:
            files, without = _fetched(sources, scratch, say)
            say("Joining them.")
            table = scratch / "table.db"
            reads = build(files, table, scratch, day, now)
        except (NotFetched, BadFile) as e:
            raise LoadRefused(f"{e} The table stays as it was. Next: try again later.") from None
        except sqlite3.Error as e:
            raise LoadRefused(
                f"The new table cannot be written ({e}); the old one stays. Next: make room on "
                "the disk, then load again."
            ) from None
        if not accept_fewer:
            _check_size(reads, directory)
        put_in_place(table, table_file(directory, day))
        pack_old(directory)
    return _loaded(directory, day, reads, without)


def _fetched(
    sources: Sequence[Source], scratch: Path, say: Callable[[str], None]
) -> tuple[list[MasterFile], tuple[BrokerName, ...]]:
    files: list[MasterFile] = []
    without: list[BrokerName] = []
    for each in sources:
        path = scratch / f"{each.broker}.csv"
        say(f"Fetching the file of {each.broker}.")
        try:
            size = fetch(each, path)
        except LoginWanted as e:
            say(f"{e} Going on without it: nothing of this table can be traded there.")
            without.append(each.broker)
            continue
        say(f"{each.broker}: {size / 1024**2:.1f} MiB.")
        files.append(MasterFile(broker=each.broker, path=path))
    if not files:
        raise NotFetched("No broker gave its file.")
    return files, tuple(without)


def _check_size(reads: Sequence[Read], directory: Path) -> None:
    before = InstrumentTable(directory)
    try:
        rows = {source.broker: source.rows for source in before.sources()}
    finally:
        before.close()
    for read in reads:
        if read.rows < rows.get(read.broker, 0) * LEAST_SHARE:
            raise LoadRefused(
                f"The file of {read.broker} has {read.rows} rows, and had {rows[read.broker]} in "
                "the table before, which stays. Next: look at the file; if it is right, load "
                "with --accept-fewer."
            )


def _loaded(
    directory: Path, day: date, reads: tuple[Read, ...], without: tuple[BrokerName, ...]
) -> Loaded:
    table = InstrumentTable(directory)
    try:
        facts = table.facts()
    finally:
        table.close()
    return Loaded(
        trading_day=day,
        instruments=facts.instruments,
        quarantined=facts.quarantined,
        reads=reads,
        without=without,
        bytes=table_file(directory, day).stat().st_size,
    )


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Until the end of the block nobody else loads here. SQLite's lock ends with the process."""
    lock = sqlite3.connect(directory / _LOCK, timeout=0, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
        yield
    except sqlite3.OperationalError as e:
        if "locked" not in str(e):
            raise
        raise LoadRefused("Another load is running. Next: wait until it has ended.") from None
    finally:
        lock.close()


@contextmanager
def _scratch(directory: Path) -> Iterator[Path]:
    """A directory on the same disk, so that a finished file can be renamed; gone afterwards, and
    what a killed load left there is gone before."""
    scratch = directory / _SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
