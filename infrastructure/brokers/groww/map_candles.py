"""Candles between our words and Groww's. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import msgspec

from application.ports.market import Candle
from domain.instants import IST
from domain.instruments import Instrument
from domain.vocabulary import Interval
from infrastructure.brokers.groww.mapping import handle_of, in_ist, place_of
from infrastructure.brokers.prices import finite

INTERVALS: Final[Mapping[Interval, str]] = {
    "1m": "1minute",
    "2m": "2minute",
    "3m": "3minute",
    "5m": "5minute",
    "10m": "10minute",
    "15m": "15minute",
    "30m": "30minute",
    "60m": "1hour",
    "4h": "4hour",
    "1d": "1day",
    "1w": "1week",
    "1M": "1month",
}
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_BEGINNING: Final = _BEGINNING.astimezone(IST).replace(tzinfo=None)


class _Bar(msgspec.Struct, array_like=True):
    """An index has no volume, and only contracts have open interest."""

    at: str
    open: int | float
    high: int | float
    low: int | float
    close: int | float
    volume: int | None = None
    open_interest: int | None = None


class _Bars(msgspec.Struct):
    candles: list[_Bar]


def question(
    instrument: Instrument, interval: Interval, start: datetime, end: datetime
) -> dict[str, str]:
    """The SDK's arguments for [start, end).

    Raises:
        UnknownInstrument: Groww does not list it.
    """
    handle = handle_of(instrument)
    exchange, _ = place_of(instrument.exchange)
    return {
        "exchange": exchange,
        "segment": handle.segment,
        "groww_symbol": handle.groww_symbol,
        "start_time": in_ist(start),
        "end_time": in_ist(end),
        "candle_interval": INTERVALS[interval],
    }


def candles(answer: object, start: datetime, end: datetime) -> tuple[Candle, ...]:
    """The bars that start in [start, end), oldest first and each once.

    Raises:
        ValueError: a row is not a candle.
    """
    # By Indian time without a zone, as it is told: instants with one are slow to compare and hash.
    found: dict[datetime, Candle] = {}
    since, until = _local(start), _local(end)
    bars = msgspec.convert(answer, _Bars, strict=False).candles
    # Prices repeat: each is made a decimal once. 22,500 bars are 90,000 prices.
    said = {price for bar in bars for price in (bar.open, bar.high, bar.low, bar.close)}
    prices = {price: finite(Decimal(str(price))) for price in said}
    for bar in bars:
        at = datetime.fromisoformat(bar.at)
        at = at if at.tzinfo is None else _local(at)
        if since <= at < until:
            found[at] = Candle(
                starts_at=_BEGINNING + (at - _LOCAL_BEGINNING),
                open_inr=prices[bar.open],
                high_inr=prices[bar.high],
                low_inr=prices[bar.low],
                close_inr=prices[bar.close],
                volume_shares=bar.volume or 0,
                open_interest_shares=bar.open_interest,
            )
    return tuple(found[at] for at in sorted(found))


def _local(instant: datetime) -> datetime:
    return instant.astimezone(IST).replace(tzinfo=None)
