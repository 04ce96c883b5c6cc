"""From the brokers' files to one finished table, without holding either in memory."""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import msgspec

from domain.instants import as_text
from domain.vocabulary import BrokerName
from infrastructure.instruments import dhan_file, groww_file, kite_file
from infrastructure.instruments.join import joined
from infrastructure.instruments.listing import BadFile, Listing, Tally, listings
from infrastructure.instruments.schema import FORMAT, fill

PARSERS: Final = {
    "kite": kite_file.parser,
    "groww": groww_file.parser,
    "dhan": dhan_file.parser,
}


@dataclass(frozen=True, kw_only=True)
class MasterFile:
    """A broker's file as it was fetched."""

    broker: BrokerName
    path: Path


@dataclass(frozen=True, kw_only=True)
class Read:
    """How a broker's file was read."""

    broker: BrokerName
    rows: int
    bad: int
    foreign: int


def build(
    files: list[MasterFile], to: Path, scratch: Path, day: date, now: datetime
) -> tuple[Read, ...]:
    """Read, join and write the table of a trading day into the new file `to`.

    Args:
        scratch: a directory for what is needed only meanwhile.

    Raises:
        BadFile: one of them cannot be used; the text names the broker.
    """
    staged = scratch / "staged.db"
    with closing(_scratch_file(staged)) as stage, closing(_scratch_file(to)) as table:
        reads = [_stage(stage, each) for each in files]
        fill(table, joined(_in_order(stage)))
        table.executemany(
            "INSERT INTO source VALUES (?, ?, ?, ?, ?)",
            [
                (r.broker, r.rows, r.bad, r.foreign, _sha256(f.path))
                for r, f in zip(reads, files, strict=True)
            ],
        )
        table.executemany(
            "INSERT INTO about VALUES (?, ?)",
            [
                ("format", FORMAT),
                ("trading_day", day.isoformat()),
                ("loaded_at", as_text(now.astimezone(UTC))),
            ],
        )
        table.commit()
    staged.unlink()
    _flush(to)
    return tuple(reads)


def _scratch_file(path: Path) -> sqlite3.Connection:
    """A new database that a crash may spoil: nobody sees it before it is finished."""
    connection = sqlite3.connect(path)
    connection.executescript(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA temp_store = FILE;"
        "PRAGMA cache_size = -8000;"
    )
    return connection


def _stage(stage: sqlite3.Connection, file: MasterFile) -> Read:
    stage.execute("CREATE TABLE IF NOT EXISTS listing (key TEXT, listing BLOB)")
    tally = Tally()
    encode = msgspec.msgpack.Encoder().encode

    def rows() -> Iterator[tuple[str, bytes]]:
        with file.path.open(encoding="utf-8", newline="") as lines:
            for each in listings(lines, PARSERS[file.broker], tally):
                yield each.key, encode(each)

    try:
        stage.executemany("INSERT INTO listing VALUES (?, ?)", rows())
    except BadFile as e:
        raise BadFile(f"The file of {file.broker} cannot be used: {e}") from None
    stage.commit()
    return Read(broker=file.broker, rows=tally.rows, bad=tally.bad, foreign=tally.foreign)


def _in_order(stage: sqlite3.Connection) -> Iterator[tuple[str, Listing]]:
    decode = msgspec.msgpack.Decoder(Listing).decode
    for key, listing in stage.execute("SELECT key, listing FROM listing ORDER BY key"):
        yield key, decode(listing)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    """Onto the disk, so that a power cut cannot leave a name with nothing behind it."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
