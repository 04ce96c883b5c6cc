"""Questions about trading days and sessions, over the calendar. Pure; days are Indian ones."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from application.ports.calendar import Calendar, Hours
from domain.instants import trading_day
from domain.vocabulary import Exchange

_DAY: Final = timedelta(days=1)


def is_trading_day(calendar: Calendar, exchange: Exchange, day: date) -> bool:
    """Whether there is any session on it, however short."""
    return bool(calendar.hours(exchange, day))


def trading_days(calendar: Calendar, exchange: Exchange, first: date, last: date) -> Iterator[date]:
    """Those from `first` to `last`, both included."""
    while first <= last:
        if calendar.hours(exchange, first):
            yield first
        first += _DAY


def previous_trading_day(calendar: Calendar, exchange: Exchange, day: date) -> date:
    """The last one before `day`."""
    day -= _DAY
    while not calendar.hours(exchange, day):
        day -= _DAY
    return day


def next_trading_day(calendar: Calendar, exchange: Exchange, day: date) -> date:
    """The first one after `day`."""
    day += _DAY
    while not calendar.hours(exchange, day):
        day += _DAY
    return day


def session_of(calendar: Calendar, exchange: Exchange, at: datetime) -> Hours | None:
    """The session that `at` is within: opens <= at < closes."""
    sessions = calendar.hours(exchange, trading_day(at))
    return next((each for each in sessions if each.opens <= at < each.closes), None)


def is_open(calendar: Calendar, exchange: Exchange, at: datetime) -> bool:
    return session_of(calendar, exchange, at) is not None


def next_open(calendar: Calendar, exchange: Exchange, at: datetime) -> Hours:
    """The first session that opens after `at`."""
    day = trading_day(at)
    while True:
        for each in calendar.hours(exchange, day):
            if each.opens > at:
                return each
        day += _DAY


def last_session(calendar: Calendar, exchange: Exchange, at: datetime) -> Hours:
    """The latest session that had opened by `at`; it may be going on."""
    day = trading_day(at)
    while True:
        for each in reversed(calendar.hours(exchange, day)):
            if each.opens <= at:
                return each
        day -= _DAY


def is_known(calendar: Calendar, exchange: Exchange, day: date) -> bool:
    """Whether somebody said so, or Monday to Friday are only taken for trading days."""
    coverage = calendar.coverage(exchange)
    return coverage.since <= day <= coverage.until
