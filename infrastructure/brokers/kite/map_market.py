"""Quotes and candles between our words and Kite's. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import msgspec

from application.ports.market import Candle, DepthLevel, Detail, Quote
from domain.errors import UnknownInstrument
from domain.instants import IST
from domain.instruments import Instrument, KiteHandle
from domain.vocabulary import Interval
from infrastructure.brokers.kite.map_orders import as_utc
from infrastructure.brokers.prices import finite, price_if_any

INTERVALS: Final[Mapping[Interval, str]] = {
    "1m": "minute",
    "3m": "3minute",
    "5m": "5minute",
    "10m": "10minute",
    "15m": "15minute",
    "30m": "30minute",
    "60m": "60minute",
    "1d": "day",
}


class _Ohlc(msgspec.Struct):
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


class _Level(msgspec.Struct):
    price: Decimal
    quantity: int
    orders: int


class _Depth(msgspec.Struct):
    buy: list[_Level] = []
    sell: list[_Level] = []


class _QuoteRow(msgspec.Struct):
    """Of any detail; an index has neither volume nor depth nor circuits."""

    last_price: Decimal
    ohlc: _Ohlc | None = None
    volume: int | None = None
    average_price: Decimal | None = None
    oi: int | None = None
    lower_circuit_limit: Decimal | None = None
    upper_circuit_limit: Decimal | None = None
    depth: _Depth | None = None
    last_trade_time: str | None = None


class _Bar(msgspec.Struct, array_like=True):
    at: str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: int
    oi: int | None = None


def handle(instrument: Instrument) -> KiteHandle:
    """Raises: UnknownInstrument."""
    if instrument.kite is None:
        raise UnknownInstrument(
            f"Kite does not list {instrument.name}, or not as the others do. "
            "Next: search_instruments, or ask another broker."
        )
    return instrument.kite


def quote_key(instrument: Instrument) -> str:
    """Raises: UnknownInstrument."""
    return f"{instrument.exchange}:{handle(instrument).trading_symbol}"


def quotes(asked: Mapping[str, Instrument], answer: object, detail: Detail) -> Iterator[Quote]:
    """Those of `asked` that Kite knows, in that order: it leaves the others out, silently.

    Raises:
        ValueError: a row lacks something.
    """
    rows = msgspec.convert(answer, dict[str, _QuoteRow], strict=False)
    for key, instrument in asked.items():
        row = rows.get(key)
        if row is not None:
            yield _quote(instrument, row, detail)


def _quote(instrument: Instrument, row: _QuoteRow, detail: Detail) -> Quote:
    if detail != "ltp" and row.ohlc is None:
        raise ValueError("a quote without open, high, low and close")
    day, depth = row.ohlc, row.depth or _Depth()
    return Quote(
        instrument=instrument,
        last_price_inr=finite(row.last_price),
        open_inr=price_if_any(day.open) if day else None,
        high_inr=price_if_any(day.high) if day else None,
        low_inr=price_if_any(day.low) if day else None,
        previous_close_inr=price_if_any(day.close) if day else None,
        volume_shares=row.volume,
        average_price_inr=price_if_any(row.average_price),
        open_interest_shares=row.oi if instrument.expiry else None,
        lower_circuit_inr=price_if_any(row.lower_circuit_limit),
        upper_circuit_inr=price_if_any(row.upper_circuit_limit),
        bids=_levels(depth.buy),
        asks=_levels(depth.sell),
        traded_at=as_utc(row.last_trade_time),
    )


def _levels(levels: Iterable[_Level]) -> tuple[DepthLevel, ...]:
    """Kite fills up to five with zeros."""
    return tuple(
        DepthLevel(
            price_inr=finite(level.price), quantity_shares=level.quantity, orders=level.orders
        )
        for level in levels
        if level.quantity
    )


def span(start: datetime, end: datetime) -> tuple[str, str]:
    """As Kite writes it: in IST, both ends included."""
    return _in_ist(start), _in_ist(end)


def _in_ist(instant: datetime) -> str:
    return f"{instant.astimezone(IST):%Y-%m-%d %H:%M:%S}"


def candles(rows: object, start: datetime, end: datetime) -> tuple[Candle, ...]:
    """The bars that start in [start, end), oldest first and each once.

    Raises:
        ValueError: a row is not a candle.
    """
    found: dict[datetime, Candle] = {}
    for bar in msgspec.convert(rows, list[_Bar], strict=False):
        starts_at = datetime.fromisoformat(bar.at).astimezone(UTC)
        if start <= starts_at < end:
            found[starts_at] = _candle(starts_at, bar)
    return tuple(found[starts_at] for starts_at in sorted(found))


def _candle(starts_at: datetime, bar: _Bar) -> Candle:
    return Candle(
        starts_at=starts_at,
        open_inr=finite(bar.open),
        high_inr=finite(bar.high),
        low_inr=finite(bar.low),
        close_inr=finite(bar.close),
        volume_shares=bar.volume,
        open_interest_shares=bar.oi,
    )


def batches(instruments: Sequence[Instrument], size: int) -> Iterator[dict[str, Instrument]]:
    """By the names under which Kite answers, at most `size` a call; without those that it does
    not list."""
    keyed = [(quote_key(each), each) for each in instruments if each.kite is not None]
    for begin in range(0, len(keyed), size):
        yield dict(keyed[begin : begin + size])
