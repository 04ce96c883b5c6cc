"""When the simulated exchanges trade: 09:15 to 15:30 IST on the days on which the NSE does.

The days are those of the calendar. Of its special sessions only those of the usual hours are held
here, such as the budget Sunday of 2026: there is no Muhurat trading, and no NFO after 15:30.

The simulator can also stay open around the clock, because people try it in the evening. Then the
sessions only say where a day's open, close and candles lie.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, Literal

from domain.instants import IST
from infrastructure.calendar.days import exchange_calendar

Phase = Literal["PRE_OPEN", "OPEN", "CLOSED"]

_PRE_OPEN: Final = timedelta(minutes=15)
_DAY: Final = timedelta(days=1)
_INSTANT: Final = timedelta(microseconds=1)


@lru_cache(maxsize=16_384)
def is_trading_day(day: date) -> bool:
    return session(day) in (
        (each.opens, each.closes) for each in exchange_calendar().hours("NSE", day)
    )


def previous_trading_day(day: date) -> date:
    """The last one before `day`."""
    day -= _DAY
    while not is_trading_day(day):
        day -= _DAY
    return day


def next_trading_day(day: date) -> date:
    """The first one after `day`."""
    day += _DAY
    while not is_trading_day(day):
        day += _DAY
    return day


@lru_cache(maxsize=4096)
def session(day: date) -> tuple[datetime, datetime]:
    """When the session of this day opens and closes, in UTC, whether or not it is held."""
    opens, closes = (datetime.combine(day, at, IST) for at in (time(9, 15), time(15, 30)))
    return opens.astimezone(UTC), closes.astimezone(UTC)


def session_day(at: datetime) -> date:
    """The trading day of the latest session that had begun by `at`."""
    day = at.astimezone(IST).date()
    if is_trading_day(day) and at >= session(day)[0]:
        return day
    return previous_trading_day(day)


@dataclass(frozen=True, kw_only=True)
class MarketHours:
    """All exchanges here keep the same hours; each is asked by name all the same.

    `kept` is false for a market that never closes.
    """

    kept: bool

    def phase(self, exchange: str, at: datetime) -> Phase:
        if not self.kept:
            return "OPEN"
        day = at.astimezone(IST).date()
        opens, closes = session(day)
        if not is_trading_day(day) or not opens - _PRE_OPEN <= at < closes:
            return "CLOSED"
        return "OPEN" if at >= opens else "PRE_OPEN"

    def is_open(self, exchange: str, at: datetime) -> bool:
        return self.phase(exchange, at) == "OPEN"

    def next_open(self, exchange: str, at: datetime) -> datetime:
        """The first opening bell after `at`, in UTC."""
        return session(next_trading_day(session_day(at)))[0]

    def closes_at(self, exchange: str, at: datetime) -> datetime:
        """The end of the session that holds `at`, or else of the next one, in UTC."""
        day = session_day(at)
        closes = session(day)[1]
        return closes if at < closes else session(next_trading_day(day))[1]

    def tape(self, at: datetime) -> datetime:
        """The instant whose price is the last one at `at`: outside of sessions, the last close."""
        return min(at, session(session_day(at))[1]) if self.kept else at

    def spans(self, after: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The parts of (after, until] in which there is trading, each again without its start."""
        if not self.kept:
            if after < until:
                yield after, until
            return
        day = session_day(after)
        while session(day)[0] <= until:
            opens, closes = session(day)
            start, end = max(after, opens - _INSTANT), min(until, closes)
            if start < end:
                yield start, end
            day = next_trading_day(day)


AROUND_THE_CLOCK: Final = MarketHours(kept=False)
