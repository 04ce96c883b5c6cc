"""Quotes as Dhan tells them, in our words. Pure.

Market data comes wrapped once more, `{"data": ..., "status": "success"}`, inside of what the SDK
calls data.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

import msgspec

from application.ports.market import (
    DepthLevel,
    Detail,
    Quote,
)
from domain.instruments import Instrument
from infrastructure.brokers.dhan.mapping import (
    day_first_as_utc,
    handle_of,
)
from infrastructure.brokers.prices import finite, price_if_any

_MOST_LEVELS: Final = 5


class _Ohlc(msgspec.Struct):
    """Its `close` is today's own, once the day is over, and is not read here."""

    open: Decimal
    high: Decimal
    low: Decimal


class _Level(msgspec.Struct):
    price: Decimal
    quantity: int
    orders: int | None = None


class _Depth(msgspec.Struct):
    buy: list[_Level] = []
    sell: list[_Level] = []


class _QuoteRow(msgspec.Struct):
    last_price: Decimal
    ohlc: _Ohlc | None = None
    depth: _Depth | None = None
    net_change: Decimal | None = None
    volume: int | None = None
    average_price: Decimal | None = None
    oi: int | None = None
    lower_circuit_limit: Decimal | None = None
    upper_circuit_limit: Decimal | None = None
    last_trade_time: str | None = None


class _Quotes(msgspec.Struct):
    data: dict[str, dict[str, _QuoteRow]]


def securities(instruments: Iterable[Instrument]) -> dict[str, list[int]]:
    """What the SDK's quote methods take: security ids by exchange segment.

    Raises:
        UnknownInstrument: Dhan does not list one of them.
    """
    asked: dict[str, list[int]] = {}
    for instrument in instruments:
        handle = handle_of(instrument)
        asked.setdefault(handle.exchange_segment, []).append(int(handle.security_id))
    return asked


def quotes(instruments: Sequence[Instrument], answer: object, detail: Detail) -> tuple[Quote, ...]:
    """Those that Dhan knows, in the order asked.

    Raises:
        ValueError: a row lacks its price.
    """
    said = msgspec.convert(answer, _Quotes, strict=False).data
    rows = (
        (each, said.get(handle.exchange_segment, {}).get(handle.security_id))
        for each in instruments
        if (handle := each.dhan) is not None
    )
    return tuple(_quote(each, row, detail) for each, row in rows if row is not None)


def _quote(instrument: Instrument, row: _QuoteRow, detail: Detail) -> Quote:
    last, ohlc = finite(row.last_price), row.ohlc if detail != "ltp" else None
    quote = Quote(
        instrument=instrument,
        last_price_inr=last,
        open_inr=price_if_any(ohlc.open if ohlc else None),
        high_inr=price_if_any(ohlc.high if ohlc else None),
        low_inr=price_if_any(ohlc.low if ohlc else None),
    )
    if detail != "full":
        return quote
    depth, change = row.depth or _Depth(), row.net_change
    return replace(
        quote,
        previous_close_inr=None if change is None else last - finite(change),
        volume_shares=row.volume,
        average_price_inr=price_if_any(row.average_price),
        open_interest_shares=row.oi if instrument.expiry else None,
        lower_circuit_inr=price_if_any(row.lower_circuit_limit),
        upper_circuit_inr=price_if_any(row.upper_circuit_limit),
        bids=_levels(depth.buy),
        asks=_levels(depth.sell),
        traded_at=day_first_as_utc(row.last_trade_time),
    )


def _levels(rows: list[_Level]) -> tuple[DepthLevel, ...]:
    """Dhan fills the missing ones up with zeros."""
    return tuple(
        DepthLevel(price_inr=finite(row.price), quantity_shares=row.quantity, orders=row.orders)
        for row in rows[:_MOST_LEVELS]
        if row.quantity > 0
    )
