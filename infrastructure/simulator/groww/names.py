"""How Groww names what is listed: exchange, segment and trading symbol, and one name for all three.

Contracts are at their home exchange in a segment of their own: NSE and FNO. Documented, not
recorded: groww.in/trade-api/docs/curl/backtesting#groww-symbol.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Final

from domain.instruments import plain
from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.market.instruments import ExchangeName, Instrument
from infrastructure.simulator.market.universe import listing, trading_day
from infrastructure.simulator.masters.files import GROWW_INDICES

Place = tuple[str, str]
"""Groww's exchange and segment."""

PLACES: Final[Mapping[str, Place]] = {
    "NSE": ("NSE", "CASH"),
    "BSE": ("BSE", "CASH"),
    "NFO": ("NSE", "FNO"),
    "BFO": ("BSE", "FNO"),
}
EXCHANGES: Final[Mapping[Place, ExchangeName]] = {
    ("NSE", "CASH"): "NSE",
    ("BSE", "CASH"): "BSE",
    ("NSE", "FNO"): "NFO",
    ("BSE", "FNO"): "BFO",
}


def trading_symbol(instrument: Instrument) -> str:
    """The exchange's own; that of an index is what its contracts are called, mostly."""
    if instrument.kind == "INDEX":
        return GROWW_INDICES.get(instrument.root, instrument.root)
    return instrument.symbol


def groww_symbol(instrument: Instrument) -> str:
    """NSE-INFY, NSE-NIFTY-26Nov26-FUT, NSE-NIFTY-26Nov26-24650-CE."""
    home, _ = PLACES[instrument.exchange]
    if instrument.expiry is None:
        return f"{home}-{trading_symbol(instrument)}"
    contract = f"{home}-{instrument.root}-{instrument.expiry:%d%b%y}"
    if instrument.strike_inr is None:
        return f"{contract}-FUT"
    return f"{contract}-{plain(instrument.strike_inr)}-{instrument.kind}"


def by_trading_symbol(at: datetime, place: Place, symbol: str) -> Instrument | None:
    return _by_trading_symbol(trading_day(at)).get((place, symbol))


def by_groww_symbol(at: datetime, symbol: str) -> Instrument | None:
    return _by_groww_symbol(trading_day(at)).get(symbol)


def instrument_at(at: datetime, exchange: str, segment: str, symbol: str) -> Instrument:
    """Raises: Refused: not listed."""
    found = by_trading_symbol(at, (exchange, segment), symbol)
    if found is None:
        raise Refused("INPUT", "The instrument has either expired or does not exist.")
    return found


@lru_cache(maxsize=8)
def _by_trading_symbol(day: date) -> dict[tuple[Place, str], Instrument]:
    return {(PLACES[each.exchange], trading_symbol(each)): each for each in listing(day).all}


@lru_cache(maxsize=8)
def _by_groww_symbol(day: date) -> dict[str, Instrument]:
    return {groww_symbol(each): each for each in listing(day).all}
