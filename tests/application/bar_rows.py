"""Bars that a test writes down: by when they start, and at one price."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from application.market.bars import Bars, bars_of
from application.ports.market import Candle
from domain.instants import IST


def ist(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment of Indian time in November 2026; the 16th is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=IST).astimezone(UTC)


def bar(starts_at: datetime, price: str = "1500.00") -> Candle:
    one = Decimal(price)
    return Candle(
        starts_at=starts_at, open_inr=one, high_inr=one, low_inr=one, close_inr=one, volume_shares=9
    )


def days(*numbers: int, price: str = "1500.00") -> tuple[Candle, ...]:
    """Daily bars of these days of November."""
    return tuple(bar(ist(number), price) for number in numbers)


def session_of(day: int, minutes: int = 60) -> tuple[Candle, ...]:
    """All bars of one session."""
    opens = datetime.combine(date(2026, 11, day), time(9, 15), IST).astimezone(UTC)
    return tuple(bar(opens + timedelta(minutes=at)) for at in range(0, 375, minutes))


def table(*candles: Candle) -> Bars:
    return bars_of(candles)


def written(bars: Bars) -> list[str]:
    """`16 00:00` of each bar's start."""
    return [f"{candle.starts_at.astimezone(IST):%d %H:%M}" for candle in bars.candles()]
