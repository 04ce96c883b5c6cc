"""From and to, as people write them, and what bars are named by. Pure; days are Indian ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from domain.errors import InvalidArgument
from domain.instants import IST, spoken, trading_day
from domain.vocabulary import Interval

_DAY: Final = timedelta(days=1)
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
_SESSION_MINUTES: Final = 375
_FIRST_YEAR: Final = 1990
"""No broker has older prices."""
_WRITTEN: Final = "as 2026-11-23, or as 2026-11-23T10:30 (IST unless it says another zone)"


@dataclass(frozen=True, kw_only=True)
class Period:
    """Bars with start <= starts_at < end."""

    start: datetime
    end: datetime


def period(from_date: str, to_date: str | None, interval: Interval, now: datetime) -> Period:
    """The instants that are meant. A day as `to_date` is included, a moment is not; without one the
    period ends now. Of days, weeks and months the bar that holds `from_date` is included.

    Raises:
        InvalidArgument: not dates, the wrong way round, or of the future.
    """
    first, _ = moment("from_date", from_date)
    start = first if interval in _MINUTES else bar_start(first, interval)
    end = end_of(to_date, now)
    if first > now:
        raise InvalidArgument(
            f"from_date is in the future; it is {spoken(now)}. Next: choose an earlier one."
        )
    if first >= end:
        raise InvalidArgument("from_date is not before to_date. Next: exchange them.")
    return Period(start=start, end=end)


def end_of(to_date: str | None, now: datetime) -> datetime:
    """The end that is meant, as `period` says; never later than now.

    Raises:
        InvalidArgument: no date, or later than today.
    """
    if to_date is None:
        return now
    last, is_day = moment("to_date", to_date)
    if last > now and last.astimezone(IST).date() != now.astimezone(IST).date():
        raise InvalidArgument(
            f"to_date is later than today; it is {spoken(now)}. Next: leave it out for now."
        )
    return min(last + _DAY if is_day else last, now)


def length_of(interval: Interval) -> timedelta | None:
    """Of a bar within a day; `None` for bars of days and longer."""
    minutes = _MINUTES.get(interval)
    return None if minutes is None else timedelta(minutes=minutes)


def named_by(day: date, interval: Interval) -> date:
    """The day that names the bar which holds `day`: itself, its Monday, or the first of its
    month."""
    if interval == "1w":
        return day - day.weekday() * _DAY
    return day.replace(day=1) if interval == "1M" else day


def bar_start(instant: datetime, interval: Interval) -> datetime:
    """Midnight (IST) of the day, the Monday or the first of the month that holds `instant`."""
    return midnight(named_by(trading_day(instant), interval))


def next_bar(starts_at: datetime, interval: Interval) -> datetime:
    """When the bar behind this one could begin, by the clock alone."""
    if interval in _MINUTES:
        return starts_at + timedelta(minutes=_MINUTES[interval])
    begins = bar_start(starts_at, interval)
    if interval == "1M":
        return bar_start(begins + 31 * _DAY, interval)
    return begins + (7 * _DAY if interval == "1w" else _DAY)


def midnight(day: date) -> datetime:
    """When an Indian day begins, in UTC."""
    return datetime.combine(day, time(0), IST).astimezone(UTC)


def pieces(period: Period, interval: Interval, longest: timedelta) -> Iterator[Period]:
    """One after the other and each within `longest`, cut where no bar is cut in two: at midnight,
    and for weeks and months where these begin."""
    start = period.start
    while start < period.end:
        cut = bar_start(start + longest, interval)
        end = min(cut if cut > start else start + longest, period.end)
        yield Period(start=start, end=end)
        start = end


def most_days(interval: Interval, most_bars: int) -> int:
    """Over how many days in a row there are never more than `most_bars`."""
    if interval not in _MINUTES:
        return most_bars
    return most_bars // -(-_SESSION_MINUTES // _MINUTES[interval])


def day_of(name: str, text: str) -> date:
    """Raises: InvalidArgument."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.isoformat() != text:
        raise InvalidArgument(f"{name} must be a date such as 2026-11-26. Next: write it so.")
    return found


def moment(name: str, text: str) -> tuple[datetime, bool]:
    """The instant in UTC, and whether it is a whole day.

    Raises:
        InvalidArgument: neither a date nor a moment.
    """
    is_day = "T" not in text and " " not in text
    try:
        written = (
            datetime.combine(day_of(name, text), time(0))
            if is_day
            else datetime.fromisoformat(text)
        )
        aware = written if written.tzinfo else written.replace(tzinfo=IST)
        instant = aware.astimezone(UTC)
        year = aware.astimezone(IST).year
    except (ValueError, OverflowError, InvalidArgument):
        instant = None
    if instant is None:
        raise InvalidArgument(f"{name} is no date. Next: write it {_WRITTEN}.")
    if year < _FIRST_YEAR:
        raise InvalidArgument(f"{name} is before {_FIRST_YEAR}. Next: choose a later one.")
    return instant, is_day
