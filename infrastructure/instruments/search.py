"""Search by words: the exact symbol first, then indices, shares, futures and options in order.

The rows are stored in that order, so what the full-text index answers is sorted already. Contracts
are indexed by their attributes and not by their symbols: a hundred thousand symbols of which each
occurs once would make every search for a prefix slow.
"""

import re
import sqlite3
from collections.abc import Collection, Sequence
from typing import Final

from application.ports.instruments import Found
from domain.instruments import Instrument, Kind
from domain.vocabulary import Exchange
from infrastructure.instruments.indices import BY_ALIAS
from infrastructure.instruments.rows import COLUMNS, instrument

MAX_WORDS: Final = 10
_WORD: Final = re.compile(r"[^\W_]+")
_WHOLE_WORDS: Final = frozenset({"ce", "pe", "fut"})
_SHORTEST_BEGINNING: Final = 3
_MOST_EXACT: Final = 1000


def search(
    connection: sqlite3.Connection,
    query: str,
    *,
    exchange: Exchange | None = None,
    kinds: Collection[Kind] = (),
    limit: int = 20,
    offset: int = 0,
) -> Found:
    """See the port."""
    symbol = " ".join(query.upper().split())
    words = _WORD.findall(symbol.lower())[:MAX_WORDS]
    if not words or not symbol.isprintable():
        return Found(instruments=(), total=0)
    first = _exact(connection, symbol, exchange, kinds)
    matches = _Matches(connection, _expression(words, exchange, kinds), first)
    total = len(first) + matches.count()
    if not total and len(symbol) >= _SHORTEST_BEGINNING:
        first = _beginning_with(connection, symbol, exchange, kinds)
        ids, total = first[offset : offset + limit], len(first)
    else:
        ids = first[offset : offset + limit]
        ids += matches.page(limit - len(ids), max(0, offset - len(first)))
    return Found(instruments=_instruments(connection, ids), total=total)


class _Matches:
    """What the full-text index finds, less the rows that are shown before."""

    def __init__(
        self, connection: sqlite3.Connection, expression: str, without: Sequence[int]
    ) -> None:
        self._connection = connection
        self._values = (expression, *without)
        marks = ", ".join("?" * len(without))
        self._from = f"FROM words WHERE words MATCH ? AND rowid NOT IN ({marks})"

    def count(self) -> int:
        (found,) = self._connection.execute(
            f"SELECT count(*) {self._from}", self._values
        ).fetchone()
        return int(found)

    def page(self, limit: int, offset: int) -> list[int]:
        rows = self._connection.execute(
            f"SELECT rowid {self._from} ORDER BY rowid LIMIT ? OFFSET ?",
            (*self._values, limit, offset),
        )
        return [row[0] for row in rows]


def _expression(words: Sequence[str], exchange: Exchange | None, kinds: Collection[Kind]) -> str:
    """For FTS5. Numbers, kinds and single letters must match whole, other words by their beginning:
    a third of everything begins with an N."""
    wanted = [f'"{word}"' if _is_whole(word) else f'"{word}" *' for word in words]
    parts = [f"text : ({' AND '.join(wanted)})"]
    if exchange:
        parts.append(f'exchange : "{exchange}"')
    if kinds:
        parts.append("kind : ({})".format(" OR ".join(f'"{kind}"' for kind in sorted(kinds))))
    return " AND ".join(parts)


def _is_whole(word: str) -> bool:
    return len(word) == 1 or word in _WHOLE_WORDS or word.isdigit()


def _exact(
    connection: sqlite3.Connection,
    symbol: str,
    exchange: Exchange | None,
    kinds: Collection[Kind],
) -> list[int]:
    index = BY_ALIAS.get(symbol)
    names = (symbol, index.symbol if index else symbol)
    return _ids(connection, "trading_symbol IN (?, ?)", names, exchange, kinds)


def _beginning_with(
    connection: sqlite3.Connection,
    symbol: str,
    exchange: Exchange | None,
    kinds: Collection[Kind],
) -> list[int]:
    """For the first half of a contract's symbol, such as NIFTY26NOV246."""
    after = symbol[:-1] + chr(ord(symbol[-1]) + 1)
    where = "trading_symbol >= ? AND trading_symbol < ?"
    return _ids(connection, where, (symbol, after), exchange, kinds)


def _ids(
    connection: sqlite3.Connection,
    where: str,
    values: tuple[str, ...],
    exchange: Exchange | None,
    kinds: Collection[Kind],
) -> list[int]:
    if exchange:
        where, values = f"{where} AND exchange = ?", (*values, exchange)
    if kinds:
        where = f"{where} AND kind IN ({', '.join('?' * len(kinds))})"
        values = (*values, *kinds)
    rows = connection.execute(
        f"SELECT id FROM instrument WHERE {where} ORDER BY id LIMIT {_MOST_EXACT}",  # noqa: S608 - ours
        values,
    )
    return [row[0] for row in rows]


def _instruments(connection: sqlite3.Connection, ids: Sequence[int]) -> tuple[Instrument, ...]:
    marks = ", ".join("?" * len(ids))
    rows = connection.execute(
        f"SELECT {COLUMNS}, id FROM instrument WHERE id IN ({marks})",  # noqa: S608 - ours
        tuple(ids),
    )
    by_id = {row[-1]: instrument(row[:-1]) for row in rows}
    return tuple(by_id[each] for each in ids)
