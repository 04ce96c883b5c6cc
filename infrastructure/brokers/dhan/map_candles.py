"""Candles as Dhan tells them: columns, and seconds since 1970. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from application.ports.market import Candle
from domain.instants import IST
from domain.instruments import Instrument
from domain.vocabulary import Interval
from infrastructure.brokers.dhan.mapping import handle_of
from infrastructure.brokers.prices import finite

MINUTES: Final[dict[Interval, int]] = {"1m": 1, "5m": 5, "15m": 15, "25m": 25, "60m": 60}
_INSTANT: Final = timedelta(microseconds=1)


class _Columns(msgspec.Struct):
    timestamp: list[float]
    open: list[int | float]
    high: list[int | float]
    low: list[int | float]
    close: list[int | float]
    volume: list[float]
    open_interest: list[float] = []


def arguments(
    instrument: Instrument, interval: Interval, start: datetime, end: datetime
) -> dict[str, object]:
    """The SDK's, for bars with start <= starts_at < end. Dhan reads Indian time; days end before
    `to_date`.

    Raises:
        UnknownInstrument: Dhan does not list it.
    """
    handle = handle_of(instrument)
    first, last = start.astimezone(IST), (end - _INSTANT).astimezone(IST)
    about: dict[str, object] = {
        "security_id": handle.security_id,
        "exchange_segment": handle.exchange_segment,
        "instrument_type": handle.instrument,
        "oi": instrument.expiry is not None,
    }
    if interval in MINUTES:
        return about | {
            "interval": MINUTES[interval],
            "from_date": f"{first:%Y-%m-%d %H:%M:%S}",
            "to_date": f"{end.astimezone(IST):%Y-%m-%d %H:%M:%S}",
        }
    return about | {
        "from_date": f"{first:%Y-%m-%d}",
        "to_date": f"{last + timedelta(days=1):%Y-%m-%d}",
    }


def candles(answer: object, start: datetime, end: datetime, *, with_oi: bool) -> tuple[Candle, ...]:
    """The bars that start in [start, end), oldest first and each once.

    Raises:
        ValueError: the columns do not match.
    """
    said = msgspec.convert(answer, _Columns)
    columns = (said.open, said.high, said.low, said.close)
    # Prices repeat: each is made a decimal once. 22,500 bars are 90,000 prices.
    prices = {each: finite(Decimal(str(each))) for each in set().union(*columns)}
    interest: Sequence[float | None] = [None] * len(said.timestamp)
    if with_oi and len(said.open_interest) == len(said.timestamp):
        interest = said.open_interest
    since, until = start.timestamp(), end.timestamp()
    found = {
        at: Candle(
            starts_at=datetime.fromtimestamp(at, UTC),
            open_inr=prices[first],
            high_inr=prices[high],
            low_inr=prices[low],
            close_inr=prices[close],
            volume_shares=int(volume),
            open_interest_shares=None if oi is None else int(oi),
        )
        for at, first, high, low, close, volume, oi in zip(
            said.timestamp, *columns, said.volume, interest, strict=True
        )
        if since <= at < until
    }
    return tuple(found[at] for at in sorted(found))
