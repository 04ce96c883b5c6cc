"""The calendar of the exchanges, out of a maintained source and our dated overlay.

NSE, BSE and their derivatives (NFO, BFO) close on the same days: both exchanges publish one list of
holidays for shares and their derivatives, so the library's calendar of the BSE (XBOM) is right for
all four. Currency derivatives (CDS, BCD) also rest on bank holidays, MCX has its own list and
hours, and special sessions are in no library: these come from the overlay, where every entry says
who says so.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, Literal

import msgspec

from application.ports.calendar import Coverage, Hours
from domain.instants import IST
from domain.vocabulary import Exchange

SHARES: Final[frozenset[Exchange]] = frozenset({"NSE", "BSE", "NFO", "BFO"})
"""Exchanges whose days are those of the library."""
_HERE: Final = Path(__file__).parent
_KEPT: Final = 16_384
"""Days with their hours, in memory: a few exchanges over ten years."""
_SUNDAY: Final = 6
_CLOSE: Final = "close"
"""Instead of a time: when the exchange closes on other days."""
_UNNAMED: Final = "a holiday of the exchange"

Span = tuple[time, time]


class _Generated(msgspec.Struct, frozen=True, rename="camel"):
    source: str
    since: date
    until: date
    closures: frozenset[date]
    weekend_sessions: frozenset[date]


class _Hours(msgspec.Struct, frozen=True):
    """From `since` on; `winter` while the United States keep standard time."""

    exchanges: tuple[Exchange, ...]
    session: str
    source: str
    since: date = date.min
    winter: str | None = None


class _Known(msgspec.Struct, frozen=True):
    exchanges: tuple[Exchange, ...]
    since: date
    until: date
    source: str


class _Yearly(msgspec.Struct, frozen=True):
    """By month and day, for years of which nobody has told yet."""

    exchanges: tuple[Exchange, ...]
    days: dict[str, str]
    source: str


class _Names(msgspec.Struct, frozen=True):
    days: dict[date, str]
    source: str


class _Days(msgspec.Struct, frozen=True):
    """Days that are not like the others: with their sessions, or closed."""

    exchanges: tuple[Exchange, ...]
    sessions: tuple[str, ...]
    days: dict[date, str]
    source: str


class _Overlay(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    about: str
    checked: date
    left_out: tuple[str, ...]
    hours: tuple[_Hours, ...]
    known: tuple[_Known, ...]
    yearly: tuple[_Yearly, ...]
    names: tuple[_Names, ...]
    days: tuple[_Days, ...]


class ExchangeCalendar:
    """Reads its two files once; everything after that is a look into dictionaries.

    Raises:
        msgspec.ValidationError: when made, if a file is not what it should be.
    """

    def __init__(self) -> None:
        self._days = msgspec.json.decode((_HERE / "xbom.json").read_bytes(), type=_Generated)
        overlay = msgspec.json.decode((_HERE / "overlay.json").read_bytes(), type=_Overlay)
        self._regular = overlay.hours
        self._names = {day: name for each in overlay.names for day, name in each.days.items()}
        self._coverage = {
            exchange: known for known in overlay.known for exchange in known.exchanges
        }
        self._yearly = {
            exchange: each.days for each in overlay.yearly for exchange in each.exchanges
        }
        self._special = {
            (exchange, day): (each.sessions, name)
            for each in overlay.days
            for exchange in each.exchanges
            for day, name in each.days.items()
        }
        self.hours = lru_cache(_KEPT)(self._hours)

    def closed_because(self, exchange: Exchange, day: date) -> str | None:
        if self.hours(exchange, day):
            return None
        if special := self._special.get((exchange, day)):
            return special[1]
        if day.weekday() >= 5:
            return f"{day:%A}"
        return self._names.get(day) or self._yearly[exchange].get(f"{day:%m-%d}") or _UNNAMED

    def coverage(self, exchange: Exchange) -> Coverage:
        known = self._coverage.get(exchange) or self._days
        source = "our dated overlay"
        if exchange != "MCX":
            source = f"{self._days.source} and {source}"
        return Coverage(source=source, since=known.since, until=known.until)

    def _hours(self, exchange: Exchange, day: date) -> tuple[Hours, ...]:
        opens, closes = self._usual(exchange, day)
        if special := self._special.get((exchange, day)):
            sessions, note = special
            spans = (_span(each, closes) for each in sessions)
            return tuple(_session(day, span, note) for span in spans)
        if self._is_closed(exchange, day):
            return ()
        return (_session(day, (opens, closes), None),)

    def _is_closed(self, exchange: Exchange, day: date) -> bool:
        if day.weekday() >= 5:
            return exchange not in SHARES or day not in self._days.weekend_sessions
        if exchange != "MCX" and self._days.since <= day <= self._days.until:
            return day in self._days.closures
        coverage = self.coverage(exchange)
        if coverage.since <= day <= coverage.until:
            return False
        return f"{day:%m-%d}" in self._yearly[exchange]

    def _usual(self, exchange: Exchange, day: date) -> Span:
        """The newest hours that were in force on that day."""
        found = max(
            (each for each in self._regular if exchange in each.exchanges and each.since <= day),
            key=lambda each: each.since,
        )
        winter = found.winter is not None and not _is_summer_in_new_york(day)
        return _span(found.winter if winter and found.winter else found.session, time.max)


def _span(text: str, close: time) -> Span:
    first, _, last = text.partition("-")
    return time.fromisoformat(first), close if last == _CLOSE else time.fromisoformat(last)


def _session(day: date, span: Span, note: str | None) -> Hours:
    opens, closes = (datetime.combine(day, at, IST).astimezone(UTC) for at in span)
    return Hours(day=day, opens=opens, closes=closes, note=note)


def _is_summer_in_new_york(day: date) -> bool:
    """From the second Sunday of March to the first of November (Energy Policy Act of 2005)."""
    begins, ends = _nth_sunday(day.year, 3, 2), _nth_sunday(day.year, 11, 1)
    return begins <= day < ends


@cache
def _nth_sunday(year: int, month: Literal[3, 11], number: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(_SUNDAY - first.weekday()) % 7 + 7 * (number - 1))


@cache
def exchange_calendar() -> ExchangeCalendar:
    """The one of this process."""
    return ExchangeCalendar()
