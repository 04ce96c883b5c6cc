"""What people and brokers call an instrument, taken apart into what it is.

`NIFTY-Nov2026-24650-CE` and `NIFTY 26 NOV 24650 CALL` (Dhan), `NSE-NIFTY-26Nov26-24650-CE` (Groww)
and our own `NFO:NIFTY:2026-11-26:24650:CE` become attributes, which the table is then asked for. A
spelling that leaves something open (Dhan's first has no day) is right only if one contract fits.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, get_args

from domain.instruments import Kind
from domain.vocabulary import Exchange

EXCHANGES: Final[Mapping[str, Exchange]] = {name: name for name in get_args(Exchange)}
MARKETS: Final[Mapping[Exchange, tuple[Exchange, ...]]] = {
    "NSE": ("NSE", "NFO", "CDS"),
    "BSE": ("BSE", "BFO", "BCD"),
}
"""Dhan and Groww name only the exchange, and a segment beside it."""

_KINDS: Final[Mapping[str, Kind]] = {
    "CE": "CE",
    "CALL": "CE",
    "PE": "PE",
    "PUT": "PE",
    "FUT": "FUT",
}
_MONTHS: Final = (
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
)  # fmt: skip
_MONTH: Final = f"(?P<month>{'|'.join(_MONTHS)})"
_STRIKE: Final = r"(?P<strike>\d{1,9}(?:\.\d{1,4})?)"
_CONTRACTS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<root>.+):(?P<iso>\d{{4}}-\d\d-\d\d):(?:{_STRIKE}:(?P<option>CE|PE)|FUT)",
        rf"(?P<root>.+)-(?P<day>\d\d)?{_MONTH}(?P<year>\d\d|\d{{4}})"
        rf"-(?:{_STRIKE}-(?P<option>CE|PE)|FUT)",
        rf"(?P<root>.+) (?P<day>\d\d?) {_MONTH} {_STRIKE} (?P<option>CALL|PUT|CE|PE)",
        rf"(?P<root>.+) {_MONTH} +FUT",
    )
)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a text asks for. `exchanges` in the order of preference, empty for any; `symbol` is the
    exchange's own or, with a `kind`, the underlying. `expiry` may hold `_` for what is open."""

    exchanges: tuple[Exchange, ...]
    symbol: str
    kind: Kind | None = None
    expiry: str | None = None
    strike_inr: str | None = None


def readings(whole: str, exchange: Exchange | None) -> list[Wanted]:
    """Every way to read a text in capitals; the likeliest first."""
    found: list[Wanted] = []
    for exchanges, symbol in _places(whole, exchange):
        found.append(Wanted(exchanges=exchanges, symbol=symbol))
        if symbol.endswith("-EQ"):
            found.append(Wanted(exchanges=exchanges, symbol=symbol.removesuffix("-EQ")))
        found += (
            _contract(exchanges, match)
            for match in (pattern.fullmatch(symbol) for pattern in _CONTRACTS)
            if match
        )
    return found


def _places(whole: str, exchange: Exchange | None) -> list[tuple[tuple[Exchange, ...], str]]:
    """With the exchange that the text begins with, or the one that was given beside it."""
    places: list[tuple[tuple[Exchange, ...], str]] = []
    for mark in (":", "-"):
        before, found, after = whole.partition(mark)
        named = EXCHANGES.get(before)
        if found and after and named is not None and exchange in (None, named):
            places.append((_markets(named), after))
    if not (places and ":" in whole):
        places.append((_markets(exchange) if exchange else (), whole))
    return places


def _markets(exchange: Exchange) -> tuple[Exchange, ...]:
    return MARKETS.get(exchange, (exchange,))


def _contract(exchanges: tuple[Exchange, ...], match: re.Match[str]) -> Wanted:
    parts = match.groupdict()
    option, strike = parts.get("option"), parts.get("strike")
    return Wanted(
        exchanges=exchanges,
        symbol=parts["root"],
        kind=_KINDS[option or "FUT"],
        expiry=parts.get("iso") or _expiry(parts),
        strike_inr=strike.rstrip("0").rstrip(".") if strike and "." in strike else strike,
    )


def _expiry(parts: Mapping[str, str | None]) -> str:
    """As a pattern of LIKE."""
    year, day = parts.get("year") or "____", parts.get("day")
    if len(year) == 2:
        year = f"20{year}"
    month = _MONTHS.index(parts["month"] or "") + 1
    return f"{year}-{month:02d}-{int(day) if day else 0:02d}" if day else f"{year}-{month:02d}-__"
