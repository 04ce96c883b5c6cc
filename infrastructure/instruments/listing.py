"""One line of a broker's master file, put into our own words and checked.

A line that cannot be read is counted and left out. A file that is no master file, or that was cut
off, or of which too much cannot be read, refuses the whole load.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

import msgspec

from domain.instruments import Kind, plain
from domain.vocabulary import BrokerName, Exchange

MOST_BAD_SHARE: Final = 0.1
"""Of all lines. A format that changed loses most of them; a few odd ones are everyday life."""

_FEW_ROWS: Final = 10
_MAX_TEXT: Final = 100
_MAX_LOT: Final = 10_000_000
_MAX_INR: Final = Decimal(100_000_000)
_EXACT_TOKENS: Final = frozenset({"NSE", "BSE", "NFO", "BFO"})
"""Where the three brokers use the exchange's own token. Elsewhere contracts are compared by what
they are."""


class BadRow(ValueError):
    """This line cannot be used."""


class BadFile(Exception):
    """This is no master file that can be used. The text says what is wrong with it."""


class Listing(msgspec.Struct, frozen=True, kw_only=True, gc=False, array_like=True):
    """What one broker says about one instrument. `handle` is what the broker wants to be told:
    Kite's instrument token; Dhan's exchange segment and instrument; Groww's symbol and segment."""

    broker: BrokerName
    exchange: Exchange
    kind: Kind
    token: str
    symbol: str
    description: str
    handle: tuple[str, ...]
    lot_size_shares: int | None = None
    tick_inr: str | None = None
    isin: str | None = None
    underlying: str | None = None
    expiry: str | None = None
    strike_inr: str | None = None

    @property
    def is_about(self) -> str | None:
        """What everybody spells as the exchange does: a share's symbol, a contract's underlying."""
        return self.symbol if self.kind == "EQ" else self.underlying

    @property
    def key(self) -> str:
        """Equal for what is the same instrument at every broker."""
        if self.kind == "INDEX":
            return f"{self.exchange}:INDEX:{self.symbol}"
        if self.exchange in _EXACT_TOKENS:
            return f"{self.exchange}:{self.token}"
        parts = (self.exchange, self.underlying, self.expiry, self.strike_inr, self.kind)
        return ":".join(str(part) for part in parts)


Row = Sequence[str]
Parse = Callable[[Row], Listing | None]
"""`None` for what we have no use for, such as another market. Raises BadRow."""


@dataclass
class Tally:
    """How a file was read. `foreign` lines are of markets that we do not know."""

    listed: int = 0
    bad: int = 0
    foreign: int = 0

    @property
    def rows(self) -> int:
        return self.listed + self.bad + self.foreign


def listings(
    lines: Iterable[str], parser: Callable[[Row], Parse], tally: Tally
) -> Iterator[Listing]:
    """Read a file line by line. `parser` makes the parsing function from the header.

    Raises:
        BadFile: no header that we know, nothing listed, cut off, or too many bad lines.
    """
    rows = csv.reader(lines)
    cut_off = False
    try:
        header = [name.strip().lstrip("\ufeff") for name in next(rows, [])]
        parse = parser(header)
        for row in rows:
            if not row:
                continue
            cut_off = (
                len(row) < len(header) - 1
            )  # some end each line, but not the header, in a comma
            found = _one(parse, row, tally)
            if found is not None:
                tally.listed += 1
                yield found
    except (csv.Error, UnicodeDecodeError) as e:
        raise BadFile(f"it cannot be read as CSV after {tally.rows} rows ({e})") from None
    if cut_off:
        raise BadFile(f"it was cut off: row {tally.rows} is incomplete")
    if not tally.listed:
        raise BadFile("it lists nothing")
    if tally.bad > max(tally.rows * MOST_BAD_SHARE, _FEW_ROWS):
        raise BadFile(f"{tally.bad} of its {tally.rows} rows cannot be read")


def _one(parse: Parse, row: Row, tally: Tally) -> Listing | None:
    try:
        found = parse(row)
    except (BadRow, IndexError):
        tally.bad += 1
        return None
    tally.foreign += found is None
    return found


def columns(header: Row, *names: str) -> list[int]:
    """Where these columns are: brokers add and move columns.

    Raises:
        BadFile: one is missing.
    """
    if missing := [name for name in names if name not in header]:
        looks_like = "a web page" if header and header[0].startswith("<") else "no such file"
        raise BadFile(f"it is {looks_like}: there is no column {missing[0]}")
    return [header.index(name) for name in names]


@lru_cache(maxsize=50_000)
def amount(text: str, divisor: int = 1) -> str:
    """A price of more than nothing, in INR, written as plainly as it can be.

    Raises:
        BadRow: it is none.
    """
    try:
        value = Decimal(text) / divisor
    except InvalidOperation:
        raise BadRow("a price cannot be read") from None
    if not (value.is_finite() and 0 < value <= _MAX_INR):
        raise BadRow("a price is out of bounds")
    return plain(value)


@lru_cache(maxsize=10_000)
def day(text: str) -> str:
    """The date of an expiry, which some write with a time.

    Raises:
        BadRow: it is none.
    """
    try:
        found = date.fromisoformat(text[:10])
    except ValueError:
        raise BadRow("an expiry cannot be read") from None
    if not 2000 <= found.year <= 2200:
        raise BadRow("an expiry is out of bounds")
    return found.isoformat()


@lru_cache(maxsize=10_000)
def lot(text: str) -> int:
    """Raises:
    BadRow: no whole number of shares.
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise BadRow("a lot cannot be read") from None
    if not value.is_finite() or value != int(value) or not 1 <= value <= _MAX_LOT:
        raise BadRow("a lot is out of bounds")
    return int(value)


def token(text: str) -> str:
    """Raises:
    BadRow: no number of an exchange.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise BadRow("a token is no number")
    return text


def word(text: str) -> str:
    """One line of text with something in it.

    Raises:
        BadRow: empty, too long, or with control characters.
    """
    found = " ".join(text.split())
    if not found or len(found) > _MAX_TEXT or not found.isprintable():
        raise BadRow("a name is empty or no name")
    return found


def optional(text: str) -> str | None:
    return None if text in ("", "NA", "NaN", "nan") else word(text)
