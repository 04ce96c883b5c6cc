"""Which of the bars that a value is made from are missing. Instants are seconds since 1970."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from application.market.bars import Bars
from application.market.periods import length_of, midnight
from application.market.read_candles import Candles
from domain.indicators import INDICATORS, Wanted, needed_bars, warm_up_bars
from domain.vocabulary import Interval

_DAY_SECONDS: Final = 86_400
_IST_SECONDS: Final = 19_800


@dataclass(frozen=True, kw_only=True)
class Range:
    """Of all bars, by index: told of are first <= i < last; `asked` is where the asked ones begin,
    which indicators of a whole range are about, up to the last bar."""

    asked: int
    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Missing:
    """What is missing for which told bars (`without`: their times), and before all of them."""

    without: tuple[datetime, ...] = ()
    within: tuple[int, ...] = ()
    warm_up: tuple[int, ...] = ()


def missing_in_windows(bars: Bars, missing: Sequence[int], wanted: Wanted, told: Range) -> Missing:
    """Seen from each told bar, over the bars that its value needs."""
    if not missing or told.first >= told.last:
        return Missing()
    starts, without, within = bars.starts_at, [], set[int]()
    for index in range(told.first, told.last):
        gone = _between(missing, _window(starts, wanted, index), starts[index])
        if gone:
            without.append(bars.starts(index))
            within.update(gone)
    reach = starts[max(0, told.first - warm_up_bars(wanted))]
    before = _between(missing, reach, _window(starts, wanted, told.first))
    return Missing(without=tuple(without), within=tuple(sorted(within)), warm_up=tuple(before))


def missing_in_range(bars: Bars, missing: Sequence[int], told: Range) -> Missing:
    """Over the asked bars as a whole: a bar that is missing may have been the highest."""
    if not missing or told.asked >= len(bars):
        return Missing()
    gone = _between(missing, bars.starts_at[told.asked], bars.starts_at[-1])
    if not gone:
        return Missing()
    times = tuple(bars.starts(index) for index in range(told.first, told.last))
    return Missing(without=times, within=tuple(gone))


def missing_starts(candles: Candles) -> "array[int]":
    """When bars begin that should be there, in order (seconds since 1970); a day by its midnight,
    as bars of days are named."""
    days = (int(midnight(day).timestamp()) for day in candles.gaps.days)
    return array("q", sorted([*days, *candles.gaps.missing]))


def window_start(bars: Bars, wanted: Wanted, told: Range) -> int:
    """The instant (seconds since 1970) from which on bars matter to the last told value."""
    if told.last <= told.first:
        return 0
    if INDICATORS[wanted.name].of_range:
        return bars.starts_at[told.asked]
    needed = _window(bars.starts_at, wanted, told.last - 1)
    return min(needed, bars.starts_at[max(0, told.last - 1 - warm_up_bars(wanted))])


def _window(starts: Sequence[int], wanted: Wanted, index: int) -> int:
    """The instant at which the first bar begins that the value of this bar needs."""
    if by_day(wanted):
        # Just before midnight: the day's own first bar may be one that is missing.
        return midnight_before(starts[index]) - 1
    return starts[max(0, index + 1 - needed_bars(wanted))]


def _between(missing: Sequence[int], after: int, before: int) -> Sequence[int]:
    return missing[bisect_right(missing, after) : bisect_left(missing, before)]


def by_day(wanted: Wanted) -> bool:
    return INDICATORS[wanted.name].from_day_start


def day_starts(bars: Bars, interval: Interval) -> list[int]:
    """The indices at which Indian days begin; none where bars are days or longer."""
    if length_of(interval) is None:
        return []
    found, index, starts = [], 0, bars.starts_at
    while index < len(starts):
        found.append(index)
        index = bisect_left(starts, midnight_before(starts[index]) + _DAY_SECONDS, index)
    return found


def midnight_before(seconds: int) -> int:
    return seconds - (seconds + _IST_SECONDS) % _DAY_SECONDS
