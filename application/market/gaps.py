"""What the calendar expects of a broker's bars, and is not there. Nothing is made up for it."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from application.market.bar_times import sessions
from application.market.bars import Bars
from application.market.periods import Period, length_of, midnight, named_by
from application.ports.calendar import Calendar, Hours
from domain.instants import trading_day
from domain.instruments import Instrument
from domain.vocabulary import Interval

_WITH_A_BAR_AT_THE_CLOSE: Final = frozenset({"NSE", "BSE"})
"""Elsewhere hours were changed more than once, and contracts are not traded to the last minute."""
_INDIA_SECONDS: Final = 19_800
_DAY_SECONDS: Final = 86_400
_BEGINNING: Final = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """`days` are trading days without any bar (of weeks and months: the days that name them), and
    `missing` the starts, in seconds since 1970, of bars that are not there in sessions that have
    others: nobody traded, or the broker lost them. `begins_late` is the day of the first bar where
    trading days were asked for before it: mostly it was not listed yet."""

    days: tuple[date, ...] = ()
    missing: "array[int]"
    begins_late: date | None = None

    def __bool__(self) -> bool:
        return bool(self.days or self.missing)


def find_gaps(
    calendar: Calendar,
    instrument: Instrument,
    interval: Interval,
    bars: Bars,
    period: Period,
    now: datetime,
) -> Gaps:
    """Between the first bar and the end of the period, up to what is over by `now`; of a contract
    up to its last day. Where there are no bars at all, there are no gaps either.

    Special sessions (those with a note) are never missed: brokers differ about them.
    """
    missing = array("q")
    if not len(bars):
        return Gaps(missing=missing)
    first, last = trading_day(period.start), trading_day(min(period.end, now))
    if instrument.expiry is not None:
        last = min(last, instrument.expiry)
    days_held = sessions(calendar, instrument.exchange, first, last)
    held = (each for each in days_held if each.note is None)
    length = length_of(interval)
    if length is None:
        days = _days_without(held, interval, bars, period, now)
    else:
        to_the_close = instrument.exchange in _WITH_A_BAR_AT_THE_CLOSE
        days = _look_within(held, length, bars, period, now, missing, to_the_close)
    begins = named_by(trading_day(bars.starts(0)), interval)
    return Gaps(
        days=tuple(day for day in days if day > begins),
        missing=missing,
        begins_late=begins if any(day < begins for day in days) else None,
    )


def _days_without(
    held: Iterable[Hours], interval: Interval, bars: Bars, period: Period, now: datetime
) -> list[date]:
    there = _ordinals(bars.starts_at, interval)
    missing: dict[date, None] = {}
    for each in held:
        day = each.day if interval == "1d" else named_by(each.day, interval)
        # What is there is the rule, and is passed over without a look at the clock.
        if day.toordinal() not in there and each.closes <= now:
            missing[day] = None
    return [day for day in missing if period.start <= midnight(day) < period.end]


def _ordinals(starts_at: "array[int]", interval: Interval) -> set[int]:
    """Of the Indian days that name the bars."""
    days = {_BEGINNING + (at + _INDIA_SECONDS) // _DAY_SECONDS for at in starts_at}
    if interval == "1d":
        return days
    return {named_by(date.fromordinal(day), interval).toordinal() for day in days}


def _look_within(
    held: Iterable[Hours],
    length: timedelta,
    bars: Bars,
    period: Period,
    now: datetime,
    missing: "array[int]",
    to_the_close: bool,
) -> list[date]:
    """Fill `missing`; answer with the days that have no bar in any of their sessions. Not
    `to_the_close`: bars can only be missing before the last one of a session."""
    starts, step = bars.starts_at, int(length.total_seconds())
    first = starts[0]
    with_bars: set[date] = set()
    without: dict[date, None] = {}
    for each in held:
        slots = _slots(each, step, period, now)
        if not slots:
            continue
        begin = bisect_left(starts, slots[0])
        end = bisect_left(starts, slots[-1] + step, begin)
        if end == begin:
            without[each.day] = None
            continue
        with_bars.add(each.day)
        if end - begin < len(slots):
            until = len(slots) if to_the_close else bisect_left(slots, starts[end - 1])
            missing.extend(_missing(slots[:until], starts[begin:end], first))
    return [day for day in without if day not in with_bars]


def _slots(session: Hours, step: int, period: Period, now: datetime) -> range:
    """Where bars of this session that were asked for, and are over, begin."""
    opens, closes = int(session.opens.timestamp()), int(session.closes.timestamp())
    start, end = period.start.timestamp(), period.end.timestamp()
    over = now.timestamp()
    slots = range(opens, closes, step)[max(0, -int((opens - start) // step)) :]
    while slots and (slots[-1] >= end or min(slots[-1] + step, closes) > over):
        slots = slots[:-1]
    return slots


def _missing(slots: range, there: "array[int]", first: int) -> Iterator[int]:
    """Nothing where a broker cuts its bars elsewhere than from the opening bell on: then nobody
    can say which are missing."""
    if any((each - slots.start) % slots.step for each in there):
        return iter(())
    have = set(there)
    return (slot for slot in slots if slot > first and slot not in have)
