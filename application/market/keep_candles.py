"""Bars out of what is kept and what a broker is asked for, without holes and without doubles.

What is kept is compared with the broker at one bar wherever more is joined to it, and once an
Indian day: a split or a bonus changes all prices before it, and then all of them are fetched anew.
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from application.market.bars import Bars, joined
from application.market.periods import Period, next_bar
from application.ports.candle_store import Kept
from domain.instants import trading_day
from domain.vocabulary import Interval

MOST_KEPT_BARS: Final = 200_000
"""Of one instrument and interval: two years of minutes. The oldest go."""

Ask = Callable[[list[Period]], list[Bars]]
"""The broker, for these periods."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """`settled`: bars that start before it are closed for good. `reach`: so much further than what
    is kept is worth fetching to join the two. `at` is now. `quiet` says that nothing is traded in
    a period."""

    period: Period
    interval: Interval
    settled: datetime
    reach: timedelta
    at: datetime
    quiet: Callable[[datetime, datetime], bool]


@dataclass(frozen=True, kw_only=True)
class Told:
    """`kept` is what to keep from now on, `None` where that need not change. `from_cache` counts
    the bars that were not fetched just now."""

    bars: Bars
    kept: Kept | None
    from_cache: int


def read_through(kept: Kept | None, wanted: Wanted, ask: Ask) -> Told:
    """The bars of the wanted period."""
    if kept is None or not len(kept.bars) or _is_far(kept, wanted):
        return _afresh(kept, wanted, ask)
    missing = _missing(kept, wanted)
    answers = ask(list(missing.values())) if missing else []
    parts = dict(zip(missing, answers, strict=True))
    head, tail = parts.get("head"), parts.get("tail")
    if (head is not None and not _same(head, -1, kept.bars, 0)) or (
        tail is not None and not _same(tail, 0, kept.bars, -1)
    ):
        return _afresh(None, wanted, ask)
    more = _extended(kept, wanted, head, tail)
    told = within(more.bars, wanted.period)
    from_cache = len(within(kept.bars, wanted.period))
    return Told(bars=told, kept=_worth_keeping(kept, more, wanted), from_cache=from_cache)


def within(bars: Bars, period: Period) -> Bars:
    """Those that start in it."""
    starts = bars.starts_at
    first = bisect_left(starts, period.start.timestamp())
    return bars[first : bisect_left(starts, period.end.timestamp(), first)]


def _is_far(kept: Kept, wanted: Wanted) -> bool:
    period = wanted.period
    return max(period.start - kept.until, kept.since - period.end) > wanted.reach


def _afresh(kept: Kept | None, wanted: Wanted, ask: Ask) -> Told:
    """Without what is kept. Of two spans that are far apart the newer one is kept."""
    period = wanted.period
    (bars,) = ask([period])
    if not len(bars) or (kept is not None and len(kept.bars) and period.end < kept.since):
        return Told(bars=bars, kept=None, from_cache=0)
    until = min(period.end, wanted.settled)
    fresh = _kept(period.start, until, wanted.at, bars, wanted.interval)
    return Told(bars=bars, kept=fresh if len(fresh.bars) else None, from_cache=0)


def _missing(kept: Kept, wanted: Wanted) -> dict[str, Period]:
    """What to ask for before and behind what is kept, each with the bar there that is known."""
    period, missing = wanted.period, {}
    first, last = kept.bars.starts(0), kept.bars.starts(-1)
    if period.start < kept.since:
        missing["head"] = Period(start=period.start, end=next_bar(first, wanted.interval))
    is_behind = period.end > kept.until
    if (is_behind and not wanted.quiet(kept.until, period.end)) or (
        trading_day(kept.checked_at) != trading_day(wanted.at)
    ):
        end = period.end if is_behind else next_bar(last, wanted.interval)
        missing["tail"] = Period(start=last, end=end)
    return missing


def _same(told: Bars, index: int, kept: Bars, at: int) -> bool:
    """Whether both are the same bar, with the same prices."""
    return bool(len(told)) and all(
        getattr(told, column)[index] == getattr(kept, column)[at]
        for column in ("starts_at", "open", "high", "low", "close")
    )


def _extended(kept: Kept, wanted: Wanted, head: Bars | None, tail: Bars | None) -> Kept:
    """All bars in one row, those that can still change, too."""
    parts = [kept.bars]
    since, until, checked_at = kept.since, kept.until, kept.checked_at
    if head is not None:
        parts.insert(0, head[:-1])
        since = wanted.period.start
    if tail is not None:
        parts.append(tail[1:])
        until, checked_at = max(until, wanted.period.end), wanted.at
    bars = joined(parts) if len(parts) > 1 else kept.bars
    return Kept(since=since, until=until, checked_at=checked_at, bars=bars)


def _worth_keeping(kept: Kept, more: Kept, wanted: Wanted) -> Kept | None:
    until = max(kept.until, min(more.until, wanted.settled))
    new = _kept(more.since, until, more.checked_at, more.bars, wanted.interval)
    is_same = (new.since, new.until) == (kept.since, kept.until)
    checked_today = trading_day(new.checked_at) == trading_day(kept.checked_at)
    return None if is_same and checked_today else new


def _kept(
    since: datetime, until: datetime, checked_at: datetime, bars: Bars, interval: Interval
) -> Kept:
    """Never further than the last bar reaches: a broker may have the next one later than others."""
    settled = within(bars, Period(start=since, end=max(since, until)))[-MOST_KEPT_BARS:]
    if len(settled):
        until = min(until, next_bar(settled.starts(-1), interval))
        since = settled.starts(0) if len(settled) == MOST_KEPT_BARS else since
    checked_at = checked_at.replace(microsecond=0)
    return Kept(since=since, until=until, checked_at=checked_at, bars=settled)
