"""Quotes between our words and Groww's. Pure.

Groww says open, high, low and close in a text that looks like JSON and is none:
`{open: 149.50,high: 150.50,low: 148.50,close: 149.50}`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import msgspec

from application.ports.market import DepthLevel, Quote
from domain.instruments import GrowwHandle, Instrument
from infrastructure.brokers.groww.mapping import place_of
from infrastructure.brokers.prices import finite, price_if_any

_NUMBER: Final = r"(-?\d+(?:\.\d+)?)"
_OHLC: Final = re.compile(
    rf"\{{\s*open:\s*{_NUMBER},\s*high:\s*{_NUMBER},\s*low:\s*{_NUMBER},\s*close:\s*{_NUMBER}\s*\}}"
)
_MOST_LEVELS: Final = 5


class Ohlc(msgspec.Struct):
    """`close` is that of the day before, for as long as there is no other."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


class _Level(msgspec.Struct):
    price: Decimal
    quantity: int


class _Depth(msgspec.Struct):
    buy: list[_Level] = []
    sell: list[_Level] = []


class _QuoteRow(msgspec.Struct):
    last_price: Decimal
    ohlc: Ohlc | str
    day_change: Decimal | None = None
    volume: int | None = None
    average_price: Decimal | None = None
    open_interest: int | None = None
    lower_circuit_limit: Decimal | None = None
    upper_circuit_limit: Decimal | None = None
    depth: _Depth | None = None
    last_trade_time: int | None = None


Known = tuple[Instrument, GrowwHandle]


def known(instruments: Sequence[Instrument]) -> list[Known]:
    """Those that Groww lists; the others are missing in its answers, too."""
    return [(each, each.groww) for each in instruments if each.groww is not None]


def batches(wanted: Iterable[Known], size: int) -> Iterator[tuple[str, str]]:
    """Segment, and the names of at most `size` instruments in one text; one segment a call."""
    by_segment: dict[str, dict[str, None]] = {}
    for instrument, handle in wanted:
        by_segment.setdefault(handle.segment, {})[key_of(instrument, handle)] = None
    for segment, keys in by_segment.items():
        yield from key_batches(segment, list(keys), size)


def key_batches(segment: str, keys: Sequence[str], size: int) -> Iterator[tuple[str, str]]:
    for begin in range(0, len(keys), size):
        yield segment, ",".join(keys[begin : begin + size])


def key_of(instrument: Instrument, handle: GrowwHandle) -> str:
    """`NSE_INFY`, `NSE_NIFTY26NOVFUT`."""
    return f"{place_of(instrument.exchange)[0]}_{handle.trading_symbol}"


def last_prices(answer: object) -> dict[str, Decimal]:
    """Raises: ValueError: not prices."""
    found = msgspec.convert(answer, dict[str, Decimal | None], strict=False)
    return {name: finite(price) for name, price in found.items() if price is not None}


def days(answer: object) -> dict[str, Ohlc]:
    """Raises: ValueError: not open, high, low and close."""
    found = msgspec.convert(answer, dict[str, Ohlc | str | None], strict=False)
    return {name: _day(said) for name, said in found.items() if said is not None}


def _day(said: Ohlc | str) -> Ohlc:
    if isinstance(said, Ohlc):
        return said
    read = _OHLC.fullmatch(said)
    if read is None:
        raise ValueError("not open, high, low and close")
    first, high, low, close = map(Decimal, read.groups())
    return Ohlc(open=first, high=high, low=low, close=close)


def quotes(
    wanted: Iterable[Known], prices: Mapping[str, Decimal], seen: Mapping[str, Ohlc] | None
) -> tuple[Quote, ...]:
    """Those that have a price, in the order asked; `seen` is their day, where that was asked for.

    Raises:
        ValueError: a price without a day.
    """
    found = []
    for instrument, handle in wanted:
        key = key_of(instrument, handle)
        if key not in prices:
            continue
        if seen is not None and key not in seen:
            raise ValueError("a price without open, high, low and close")
        day = None if seen is None else seen[key]
        found.append(
            Quote(
                instrument=instrument,
                last_price_inr=prices[key],
                open_inr=price_if_any(day.open) if day else None,
                high_inr=price_if_any(day.high) if day else None,
                low_inr=price_if_any(day.low) if day else None,
                previous_close_inr=price_if_any(day.close) if day else None,
            )
        )
    return tuple(found)


def full_quote(instrument: Instrument, answer: object) -> Quote:
    """Raises: ValueError: it lacks its price, or its day."""
    row = msgspec.convert(answer, _QuoteRow, strict=False)
    day, depth, last = _day(row.ohlc), row.depth or _Depth(), finite(row.last_price)
    return Quote(
        instrument=instrument,
        last_price_inr=last,
        open_inr=price_if_any(day.open),
        high_inr=price_if_any(day.high),
        low_inr=price_if_any(day.low),
        previous_close_inr=(
            price_if_any(day.close) if row.day_change is None else last - finite(row.day_change)
        ),
        volume_shares=row.volume,
        average_price_inr=price_if_any(row.average_price),
        open_interest_shares=row.open_interest if instrument.expiry else None,
        lower_circuit_inr=price_if_any(row.lower_circuit_limit),
        upper_circuit_inr=price_if_any(row.upper_circuit_limit),
        bids=_levels(depth.buy),
        asks=_levels(depth.sell),
        traded_at=_instant(row.last_trade_time),
    )


def _levels(levels: Iterable[_Level]) -> tuple[DepthLevel, ...]:
    """Groww does not say how many orders a level has; missing levels may be filled with zeros."""
    found = [
        DepthLevel(price_inr=finite(level.price), quantity_shares=level.quantity)
        for level in levels
        if level.quantity > 0
    ]
    return tuple(found[:_MOST_LEVELS])


def _instant(milliseconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None
