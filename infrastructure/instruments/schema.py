"""One day's table as a SQLite file: its tables, and what is written into them.

Rows are stored in the order in which a search shows them, so a search never sorts.
"""

import sqlite3
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from infrastructure.instruments.indices import ALIAS_OF
from infrastructure.instruments.join import Joined
from infrastructure.instruments.listing import Listing
from infrastructure.instruments.rows import COLUMNS

FORMAT: Final = "1"


TABLES: Final = f"""
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE source (
    broker TEXT PRIMARY KEY, rows INTEGER NOT NULL, bad INTEGER NOT NULL, foreign_rows INTEGER
    NOT NULL, sha256 TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE instrument (id INTEGER PRIMARY KEY, {COLUMNS});
CREATE TABLE quarantine (
    name TEXT NOT NULL, trading_symbol TEXT NOT NULL, field TEXT NOT NULL, broker TEXT NOT NULL,
    value TEXT NOT NULL
);
CREATE VIRTUAL TABLE words USING fts5(
    text, exchange, kind, content='', columnsize=0, detail=column, prefix='2 3'
);
"""

INDEXES: Final = """
CREATE INDEX by_name ON instrument (name);
CREATE INDEX by_trading_symbol ON instrument (trading_symbol);
CREATE INDEX by_kite ON instrument (kite_token) WHERE kite_token IS NOT NULL;
CREATE INDEX by_dhan ON instrument (dhan_security_id) WHERE dhan_security_id IS NOT NULL;
CREATE INDEX by_groww ON instrument (groww_trading_symbol)
    WHERE groww_trading_symbol IS NOT NULL AND groww_trading_symbol <> trading_symbol;
CREATE INDEX by_underlying ON instrument (underlying, exchange, expiry, kind)
    WHERE underlying IS NOT NULL;
CREATE INDEX quarantine_by_name ON quarantine (name);
"""

_UNSORTED: Final = f"CREATE TEMP TABLE unsorted ({COLUMNS}, words, sorted_by);"

_SORTED: Final = f"""
CREATE INDEX unsorted_in_order ON unsorted (sorted_by);
INSERT INTO instrument ({COLUMNS}) SELECT {COLUMNS} FROM unsorted ORDER BY sorted_by, rowid;
INSERT INTO words (rowid, text, exchange, kind)
    SELECT row_number() OVER (ORDER BY sorted_by, rowid), words, exchange, kind
    FROM unsorted ORDER BY sorted_by, rowid;
DROP TABLE unsorted;
"""  # noqa: S608 - the names are ours

_COUNTS: Final = """
INSERT INTO about SELECT 'instruments', count(*) FROM instrument;
INSERT INTO about SELECT 'quarantined', count(DISTINCT name) FROM quarantine;
"""

_KIND_WORDS: Final = {
    "INDEX": "index",
    "EQ": "",
    "FUT": "fut future",
    "CE": "ce call option",
    "PE": "pe put option",
}
_KIND_RANK: Final = {"INDEX": "0", "EQ": "1", "FUT": "2", "CE": "3", "PE": "3"}
_EXCHANGE_RANK: Final = {"NSE": "0", "BSE": "1", "NFO": "0", "BFO": "1"}


def fill(connection: sqlite3.Connection, rows: Iterable[Joined]) -> None:
    """Write the instruments, in order, with their words and what was quarantined.

    Of instruments that came out with one and the same name none keeps a handle: nobody could say
    which one an order means.
    """
    connection.executescript(TABLES + _UNSORTED)
    marks = ", ".join("?" * (COLUMNS.count(",") + 3))
    quarantined: list[tuple[str, ...]] = []

    def written() -> Iterable[tuple[object, ...]]:
        for row in rows:
            quarantined.extend(
                (row.name, row.best.symbol, each.field, each.broker, each.value)
                for each in row.disagreements
            )
            yield (*_stored(row), _words(row.best), _sorted_by(row.best))

    connection.executemany(f"INSERT INTO unsorted VALUES ({marks})", written())  # noqa: S608
    connection.executescript(_SORTED)
    connection.executemany("INSERT INTO quarantine VALUES (?, ?, ?, ?, ?)", quarantined)
    connection.executescript(INDEXES)
    _set_namesakes_apart(connection)
    connection.executescript(_COUNTS)
    connection.execute("INSERT INTO words (words) VALUES ('optimize')")
    connection.commit()


def _set_namesakes_apart(connection: sqlite3.Connection) -> None:
    names = [
        name
        for (name,) in connection.execute(
            "SELECT name FROM instrument GROUP BY name HAVING count(*) > 1"
        )
    ]
    for name in names:
        rows = connection.execute(
            "SELECT trading_symbol, kite_token, dhan_security_id, groww_trading_symbol "
            "FROM instrument WHERE name = ?",
            (name,),
        ).fetchall()
        for symbol, *handles in rows:
            connection.executemany(
                "INSERT INTO quarantine VALUES (?, ?, 'name', ?, ?)",
                [
                    (name, symbol, broker, str(handle))
                    for broker, handle in zip(("kite", "dhan", "groww"), handles, strict=True)
                    if handle is not None
                ],
            )
        connection.execute(
            "UPDATE instrument SET kite_token = NULL, dhan_security_id = NULL, "
            "groww_trading_symbol = NULL WHERE name = ?",
            (name,),
        )


def _stored(row: Joined) -> tuple[object, ...]:
    best = row.best
    handles = {each.broker: each for each in row.trusted}
    kite, dhan, groww = handles.get("kite"), handles.get("dhan"), handles.get("groww")
    return (
        row.name,
        best.exchange,
        best.kind,
        best.symbol,
        best.token,
        best.description,
        best.tick_inr,
        best.lot_size_shares,
        row.isin,
        best.underlying,
        best.expiry,
        best.strike_inr,
        int(kite.handle[0]) if kite else None,
        kite.symbol if kite else None,
        dhan.token if dhan else None,
        *(dhan.handle if dhan else (None, None)),
        *(groww.handle if groww else (None, None, None)),
    )


def _words(listing: Listing) -> str:
    """What a search finds it by."""
    kind = _KIND_WORDS[listing.kind]
    if listing.expiry:
        expiry = date.fromisoformat(listing.expiry)
        month = expiry.strftime("%b").lower()
        return (
            f"{listing.underlying} {listing.strike_inr or ''} {kind} "
            f"{expiry.day} {expiry:%d} {month} {expiry:%Y %y}{month} {expiry:%d}{month}"
        )
    alias = ALIAS_OF.get((listing.exchange, listing.symbol), "")
    run_together = "".join(c for c in listing.symbol if c.isalnum())
    return f"{listing.symbol} {run_together} {listing.description} {alias} {kind}"


def _sorted_by(listing: Listing) -> str:
    """Indices, shares, futures, options; the National exchange first; the nearest expiry first."""
    strike = f"{Decimal(listing.strike_inr):020.4f}" if listing.strike_inr else ""
    return (
        f"{_KIND_RANK[listing.kind]}{listing.expiry or ''}"
        f"{_EXCHANGE_RANK.get(listing.exchange, '2')}"
        f"{listing.underlying or ''} {listing.symbol if not strike else ''}{strike}{listing.kind}"
    )
