"""Questions to one table that have one answer: the instrument of a name, a symbol, a handle."""

import re
import sqlite3
from collections.abc import Sequence
from datetime import date
from typing import Final

from domain.errors import UnknownInstrument
from domain.instruments import Instrument
from domain.vocabulary import BrokerName, Exchange
from infrastructure.instruments.indices import BY_ALIAS
from infrastructure.instruments.rows import COLUMNS, instrument
from infrastructure.instruments.search import search
from infrastructure.instruments.spelling import Wanted, readings

MAX_TEXT: Final = 100
NEAREST: Final = 3
_KITES_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_ANYWHERE: Final = [("exchange = ?", "NSE"), ("exchange <> ?", "BSE"), ("exchange = ?", "BSE")]
_MOST: Final = 8
"""Enough to know that there are several."""


def resolve(
    connection: sqlite3.Connection, text: str, exchange: Exchange | None, next_step: str
) -> Instrument:
    """The one instrument that a person means.

    Raises:
        UnknownInstrument: none or several; names the nearest ones, and then `next_step`.
    """
    whole = " ".join(text.upper().split())
    if not whole or len(text) > MAX_TEXT or not whole.isprintable():
        raise UnknownInstrument(f"A symbol has 1 to {MAX_TEXT} letters. Next: search_instruments.")
    named = _only(_rows(connection, "name = ?", whole))
    if named and exchange in (None, named.exchange):
        return named
    for wanted in readings(whole, exchange):
        found = _fitting(connection, wanted)
        if len(found) == 1:
            return found[0]
        if found:
            names = ", ".join(each.name for each in found[:NEAREST])
            raise UnknownInstrument(
                f"{text!a} can be {names}{' and more' if len(found) > NEAREST else ''}. "
                "Next: write one of these in full."
            )
    near = search(connection, text, exchange=exchange, limit=NEAREST).instruments
    names = f" The nearest: {', '.join(each.name for each in near)}." if near else ""
    raise UnknownInstrument(f"Nothing is called {text!a}.{names} Next: {next_step}.")


def find(connection: sqlite3.Connection, exchange: str, trading_symbol: str) -> Instrument | None:
    return _only(_rows(connection, "trading_symbol = ? AND exchange = ?", trading_symbol, exchange))


def known_to(
    connection: sqlite3.Connection, broker: BrokerName, token: str, segment: str | None
) -> Instrument | None:
    """See the port. Nothing where two instruments bear the handle."""
    if broker == "kite" and _KITES_NUMBER.fullmatch(token):
        return _only(_rows(connection, "kite_token = ?", int(token)))
    if broker == "dhan":
        where = "dhan_security_id = ? AND dhan_segment = ?"
        return _only(_rows(connection, where, token, segment))
    if broker != "groww" or segment is None:
        return None
    exchange, _, part = segment.partition(":")
    place = "groww_segment = ? AND substr(groww_symbol, 1, 3) = ?"
    for where in (
        f"trading_symbol = ? AND groww_trading_symbol = trading_symbol AND {place}",
        f"groww_trading_symbol = ? AND groww_trading_symbol <> trading_symbol AND {place}",
    ):
        if found := _rows(connection, where, token, part, exchange):
            return _only(found)
    return None


def expiries(
    connection: sqlite3.Connection, underlying: str, exchange: Exchange
) -> tuple[date, ...]:
    rows = connection.execute(
        "SELECT DISTINCT expiry FROM instrument WHERE underlying = ? AND exchange = ? "
        "ORDER BY expiry",
        (underlying, exchange),
    )
    return tuple(date.fromisoformat(expiry) for (expiry,) in rows)


def _fitting(connection: sqlite3.Connection, wanted: Wanted) -> list[Instrument]:
    if wanted.kind is not None:
        where = "underlying = ? AND kind = ? AND expiry LIKE ?"
        values = [wanted.symbol, wanted.kind, wanted.expiry]
        if wanted.strike_inr is not None:
            where += " AND strike_inr = ?"
            values.append(wanted.strike_inr)
        return _in_best_market(connection, wanted, where, *values)
    found = _in_best_market(connection, wanted, "trading_symbol = ?", wanted.symbol)
    if not found:
        alien = "groww_trading_symbol = ? AND groww_trading_symbol <> trading_symbol"
        found = _in_best_market(connection, wanted, alien, wanted.symbol)
    if not found and (index := BY_ALIAS.get(wanted.symbol)):
        name = f"{index.exchange}:{index.symbol}"
        found = _in_best_market(connection, wanted, "name = ?", name)
    return found


def _in_best_market(
    connection: sqlite3.Connection, wanted: Wanted, where: str, *values: object
) -> list[Instrument]:
    """Those of the first market that has any; without one named, NSE before BSE. Each market is
    asked for by itself: many rows of another one must not hide that several fit."""
    markets = [("exchange = ?", exchange) for exchange in wanted.exchanges] or _ANYWHERE
    for market, exchange in markets:
        if there := _rows(connection, f"{where} AND {market}", *values, exchange):
            return there
    return []


def _rows(connection: sqlite3.Connection, where: str, *values: object) -> list[Instrument]:
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM instrument WHERE {where} LIMIT {_MOST}",  # noqa: S608 - ours
        values,
    )
    return [instrument(row) for row in rows]


def _only(found: Sequence[Instrument]) -> Instrument | None:
    return found[0] if len(found) == 1 else None
