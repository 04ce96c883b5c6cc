"""Bars on an exchange's calendar: when one is over, which can still change, how far back so many
of them reach. Pure; `starts_at` names a bar."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from application.market.market_days import trading_days
from application.market.periods import bar_start, length_of, midnight, named_by, next_bar
from application.ports.calendar import Calendar, Hours
from domain.instants import trading_day
from domain.vocabulary import Exchange, Interval

SETTLING: Final = timedelta(hours=3)
"""After the close. Brokers build bars from their own stream of ticks; the official closing price is
an average that comes half an hour after the close, and with the exchange's files of the evening
they mend volumes and what their stream had missed."""
_DAY: Final = timedelta(days=1)


def sessions(calendar: Calendar, exchange: Exchange, first: date, last: date) -> Iterator[Hours]:
    """Those of the days from `first` to `last`, both included."""
    for day in trading_days(calendar, exchange, first, last):
        yield from calendar.hours(exchange, day)


def bar_end(
    calendar: Calendar, exchange: Exchange, starts_at: datetime, interval: Interval
) -> datetime:
    """When a bar is over: with the last session that it holds, or within one by the clock. By the
    clock alone where the calendar knows of no session."""
    day, ends = trading_day(starts_at), next_bar(starts_at, interval)
    if length_of(interval) is not None:
        held = (h.closes for h in calendar.hours(exchange, day) if h.opens <= starts_at < h.closes)
        return min([ends, *held])
    last = trading_day(ends) - _DAY
    closes = [each.closes for each in sessions(calendar, exchange, named_by(day, interval), last)]
    return closes[-1] if closes else ends


def settled_before(
    calendar: Calendar, exchange: Exchange, interval: Interval, now: datetime
) -> datetime:
    """Bars that start before this are closed for good: their last session, and all others of that
    day, have been over for `SETTLING`. A day without a session counts when it is over, in case the
    calendar does not know of one."""
    today = trading_day(now)
    unsettled = today + _DAY
    for day in (today, today - _DAY):
        held = calendar.hours(exchange, day)
        if held[-1].closes + SETTLING > now if held else day == today:
            unsettled = day
    return bar_start(midnight(unsettled), interval)


def is_quiet(calendar: Calendar, exchange: Exchange, start: datetime, end: datetime) -> bool:
    """Whether no session lies in [start, end), not even a part of one."""
    held = sessions(calendar, exchange, trading_day(start), trading_day(end))
    return not any(each.opens < end and each.closes > start for each in held)


def start_of_warm_up(
    calendar: Calendar, exchange: Exchange, interval: Interval, start: datetime, bars: int
) -> datetime:
    """From where on there are `bars` bars before `start`, and some more, for days on which the
    exchange was closed after all or nobody traded. Bars within a day begin with a whole day."""
    if bars <= 0:
        return start
    bars += bars // 20 + 2
    length = length_of(interval)
    first = named_by(trading_day(start), interval)
    if length is None and interval != "1d":
        for _ in range(bars):
            first = named_by(first - _DAY, interval)
        return midnight(first)
    for day in _days_before(calendar, exchange, first):
        held = calendar.hours(exchange, day)
        bars -= 1 if length is None else sum(-((h.opens - h.closes) // length) for h in held)
        first = day
        if bars <= 0:
            break
    return midnight(first)


def _days_before(calendar: Calendar, exchange: Exchange, day: date) -> Iterator[date]:
    while True:
        day -= _DAY
        if calendar.hours(exchange, day):
            yield day
