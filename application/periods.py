"""From and to, as people write them, and where bars begin and end. Pure; days are Indian ones."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from domain.errors import InvalidArgument
from domain.instants import IST, spoken
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
    first, _ = _read("from_date", from_date)
    start = first if interval in _MINUTES else _bar_start(first, interval)
    if to_date is None:
        end = now
    else:
        last, is_day = _read("to_date", to_date)
        end = last + _DAY if is_day else last
        if last > now and last.astimezone(IST).date() != now.astimezone(IST).date():
            raise InvalidArgument(
                f"to_date is later than today; it is {spoken(now)}. Next: leave it out for now."
            )
    if first > now:
        raise InvalidArgument(
            f"from_date is in the future; it is {spoken(now)}. Next: choose an earlier one."
        )
    if first >= end:
        raise InvalidArgument("from_date is not before to_date. Next: exchange them.")
    return Period(start=start, end=min(end, now))


def bar_end(starts_at: datetime, interval: Interval) -> datetime:
    """When this bar is over by the clock; a session that closes earlier is not known here."""
    if interval in _MINUTES:
        return starts_at + timedelta(minutes=_MINUTES[interval])
    begins = _bar_start(starts_at, interval)
    if interval == "1M":
        return _bar_start(begins + 31 * _DAY, interval)
    return begins + (7 * _DAY if interval == "1w" else _DAY)


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


def _read(name: str, text: str) -> tuple[datetime, bool]:
    """The instant in UTC, and whether it is a whole day."""
    is_day = "T" not in text and " " not in text
    try:
        moment = (
            datetime.combine(day_of(name, text), time(0))
            if is_day
            else datetime.fromisoformat(text)
        )
        aware = moment if moment.tzinfo else moment.replace(tzinfo=IST)
        instant = aware.astimezone(UTC)
    except (ValueError, OverflowError, InvalidArgument):
        instant = None
    if instant is None or instant.year < _FIRST_YEAR:
        raise InvalidArgument(f"{name} is no date. Next: write it {_WRITTEN}.")
    return instant, is_day


def _bar_start(instant: datetime, interval: Interval) -> datetime:
    """Midnight (IST) of the day, the Monday or the first of the month that holds `instant`."""
    day = instant.astimezone(IST).date()
    if interval == "1w":
        day -= day.weekday() * _DAY
    if interval == "1M":
        day = day.replace(day=1)
    return datetime.combine(day, time(0), IST).astimezone(UTC)
