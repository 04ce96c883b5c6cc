"""Bars of open, high, low, close, volume and open interest, only of the hours of trading.

Every bar is folded from the session's minutes: one of an hour has the highest high of its minutes,
and the closing price of one bar is the opening price of the next.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Final

from application.ports.market import Candle
from domain.instants import IST
from domain.vocabulary import Interval
from infrastructure.simulator.market.hours import is_trading_day, session
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.noise import MINUTE
from infrastructure.simulator.market.prices import second_of, ticks_at
from infrastructure.simulator.market.tape import (
    MINUTES,
    day_volume,
    open_interest_at,
    session_bar,
    session_ticks,
    volume_at,
)

_MINUTES: Final[dict[Interval, int]] = {
    "1m": 1,
    "2m": 2,
    "3m": 3,
    "5m": 5,
    "10m": 10,
    "15m": 15,
    "25m": 25,
    "30m": 30,
    "60m": 60,
    "4h": 240,
}
_DAY: Final = timedelta(days=1)
# No contract is listed for longer before it expires.
_CONTRACTS_LIVE: Final = timedelta(days=100)


def candles(
    seed: int,
    instrument: Instrument,
    interval: Interval,
    start: datetime,
    end: datetime,
    now: datetime,
) -> list[Candle]:
    """The bars that start in [start, end], the oldest first; none of what is later than `now`.

    Bars of a day and longer are named by midnight (IST), and `start` finds the one that holds it.
    The bar in progress closes at the price of `now`.
    """
    if interval in _MINUTES:
        return list(_intraday(seed, instrument, _MINUTES[interval], start, end, now))
    first = _first_day(interval, start.astimezone(IST).date())
    days = _daily(seed, instrument, first, end, now)
    if interval == "1d":
        return list(days)
    return [
        _joined(_midnight(begins), list(bars))
        for begins, bars in groupby(
            days, key=lambda bar: _first_day(interval, bar.starts_at.astimezone(IST).date())
        )
        if _midnight(begins) <= end
    ]


def _intraday(
    seed: int, instrument: Instrument, length: int, start: datetime, end: datetime, now: datetime
) -> Iterator[Candle]:
    first = start.astimezone(IST).date()
    for day in _days(instrument, first, min(end, now)):
        opens, closes = session(day)
        if start > closes:
            continue
        begins = second_of(opens)
        until = min(second_of(now) - begins, MINUTES * MINUTE)
        ticks = session_ticks(seed, instrument, day)
        volume = 0
        for minute in range(0, MINUTES, length):
            starts_at = opens + timedelta(minutes=minute)
            if starts_at > end or starts_at > now:
                return
            stop = min(min(minute + length, MINUTES) * MINUTE, until)
            marks = ticks[minute : stop // MINUTE + 1]
            if stop % MINUTE:
                marks = (*marks, ticks_at(seed, instrument, begins + stop))
            before, volume = volume, volume_at(seed, instrument, day, begins + stop)
            if starts_at >= start:
                bar = (marks[0], max(marks), min(marks), marks[-1])
                yield _candle(seed, instrument, starts_at, bar, volume - before, begins + stop)


def _daily(
    seed: int, instrument: Instrument, first: date, end: datetime, now: datetime
) -> Iterator[Candle]:
    for day in _days(instrument, first, min(end, now)):
        opens, closes = session(day)
        if opens > now:
            return
        if closes > now:
            yield _day_so_far(seed, instrument, day, now)
        else:
            bar = session_bar(seed, instrument, day)
            volume = day_volume(seed, instrument, day)
            yield _candle(seed, instrument, _midnight(day), bar, volume, second_of(closes))


def _day_so_far(seed: int, instrument: Instrument, day: date, now: datetime) -> Candle:
    second = second_of(now)
    passed = (second - second_of(session(day)[0])) // MINUTE
    marks = session_ticks(seed, instrument, day)[: passed + 1]
    last = ticks_at(seed, instrument, second)
    bar = (marks[0], max(*marks, last), min(*marks, last), last)
    volume = volume_at(seed, instrument, day, second)
    return _candle(seed, instrument, _midnight(day), bar, volume, second)


def _days(instrument: Instrument, first: date, until: datetime) -> Iterator[date]:
    """The trading days on which it was listed."""
    last = until.astimezone(IST).date()
    if instrument.expiry is not None:
        first = max(first, instrument.expiry - _CONTRACTS_LIVE)
        last = min(last, instrument.expiry)
    for number in range((last - first).days + 1):
        day = first + number * _DAY
        if is_trading_day(day):
            yield day


def _candle(
    seed: int,
    instrument: Instrument,
    starts_at: datetime,
    bar: tuple[int, int, int, int],
    volume_shares: int,
    closes: int,
) -> Candle:
    tick_inr = instrument.tick_inr
    opened, high, low, closed = bar
    return Candle(
        starts_at=starts_at,
        open_inr=tick_inr * opened,
        high_inr=tick_inr * high,
        low_inr=tick_inr * low,
        close_inr=tick_inr * closed,
        volume_shares=volume_shares,
        open_interest_shares=(
            open_interest_at(seed, instrument, closes) if instrument.is_contract else None
        ),
    )


def _joined(starts_at: datetime, bars: list[Candle]) -> Candle:
    return Candle(
        starts_at=starts_at,
        open_inr=bars[0].open_inr,
        high_inr=max(bar.high_inr for bar in bars),
        low_inr=min(bar.low_inr for bar in bars),
        close_inr=bars[-1].close_inr,
        volume_shares=sum(bar.volume_shares for bar in bars),
        open_interest_shares=bars[-1].open_interest_shares,
    )


def _first_day(interval: Interval, day: date) -> date:
    """The day that names the bar of this day: itself, its Monday, or the first of its month."""
    if interval == "1w":
        return day - day.weekday() * _DAY
    return day.replace(day=1) if interval == "1M" else day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(0), IST).astimezone(UTC)
