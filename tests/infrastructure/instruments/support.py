"""Small master files, in the brokers' own formats, and tables made of them.

The lines of `files` are in the shape of real ones, with tokens and dates of our own: Kite's as in
the recorded fixtures, Dhan's and Groww's as public projects quote them.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from domain.vocabulary import BrokerName
from infrastructure.instruments.building import MasterFile, Read, build
from infrastructure.instruments.files import put_in_place, table_file
from infrastructure.instruments.listing import Listing, Parse, Row, Tally, listings

FILES = Path(__file__).with_name("files")
MONDAY = date(2026, 11, 23)
EIGHT_O_CLOCK = datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
BROKERS: tuple[BrokerName, ...] = ("kite", "groww", "dhan")


def _lines(broker: BrokerName) -> list[str]:
    """The header and the rest."""
    return (FILES / f"{broker}.csv").read_text().splitlines()


COLUMNS = {broker: _lines(broker)[0] for broker in BROKERS}
KITE, GROWW, DHAN = (_lines(broker)[1:] for broker in BROKERS)
LINES: dict[BrokerName, list[str]] = {"kite": KITE, "groww": GROWW, "dhan": DHAN}


def file_of(broker: BrokerName, lines: Iterable[str]) -> str:
    """A whole file, header and all."""
    return "\n".join([COLUMNS[broker], *lines]) + "\n"


def read(parser: Callable[[Row], Parse], text: str) -> tuple[list[Listing], Tally]:
    tally = Tally()
    return list(listings(text.splitlines(keepends=True), parser, tally)), tally


def make_table(
    directory: Path,
    day: date = MONDAY,
    now: datetime = EIGHT_O_CLOCK,
    **lines: Any,
) -> tuple[Read, ...]:
    """The table of a day out of these files; of the files above where none are given.

    Any: a list of lines for each broker.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=directory.parent) as name:
        scratch = Path(name)
        files = []
        for broker, given in (lines or LINES).items():
            path = scratch / f"{broker}.csv"
            path.write_text(file_of(broker, given))  # type: ignore[arg-type]  # keywords are str
            files.append(MasterFile(broker=broker, path=path))  # type: ignore[arg-type]  # as above
        reads = build(files, scratch / "table.db", scratch, day, now)
        put_in_place(scratch / "table.db", table_file(directory, day))
    return reads
