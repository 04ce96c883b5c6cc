"""What indicators say about bars, each value tied to its bar, and why there is none where it is so.

A number is told only if every bar that it needs is there. Bars that are missing further back, in
what a recursive indicator has mostly forgotten, are a remark beside the number. A broker sends no
bar for a minute in which nobody traded, and nobody can tell that from a bar that was lost: whoever
knows that an instrument trades seldom says `allow_gaps`.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from application.market.bars import Bars
from application.market.missing_bars import (
    Missing,
    Range,
    by_day,
    day_starts,
    midnight_before,
    missing_in_range,
    missing_in_windows,
    missing_starts,
)
from application.market.read_candles import Candles
from application.ports.indicators import Calculated, Indicators, LevelKind, Statement
from domain.indicators import INDICATORS, WARM_UP_BARS, Wanted, warm_up_bars


@dataclass(frozen=True, kw_only=True)
class Value:
    """Of one bar; a line is `None` where a remark says why. An open bar can still change."""

    starts_at: datetime
    is_open: bool
    lines: dict[str, float | None]

    @property
    def is_told(self) -> bool:
        return any(value is not None for value in self.lines.values())


@dataclass(frozen=True, kw_only=True)
class PlacedLevel:
    kind: LevelKind
    name: str
    price_inr: float
    starts_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Span:
    """`count` bars, of which these are the outermost, by their start."""

    first: datetime
    last: datetime
    count: int


@dataclass(frozen=True, kw_only=True)
class Remark:
    """Why there is no value of `bars` (where it is about all or none in particular: `None`), or
    where `is_note`, what qualifies the values. `text` is half a sentence; `missing` are bars that
    should be there."""

    text: str
    bars: Span | None = None
    missing: Span | None = None
    is_note: bool = False


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One indicator over the bars of one instrument. `values`: oldest first. `warm_up_bars`: so
    many before the first told one went into it."""

    wanted: Wanted
    values: tuple[Value, ...]
    levels: tuple[PlacedLevel, ...]
    remarks: tuple[Remark, ...]
    warm_up_bars: int


def read(
    indicators: Indicators,
    candles: Candles,
    wanted: Sequence[Wanted],
    told: Range,
    *,
    allow_gaps: bool,
) -> tuple[Reading, ...]:
    """Each indicator, in the order wanted."""
    bars, missing = candles.bars, missing_starts(candles)
    days = day_starts(bars, candles.interval) if any(map(by_day, wanted)) else []
    found: dict[str, Reading] = {}
    for of_range in (False, True):
        some = [each for each in wanted if INDICATORS[each.name].of_range is of_range]
        if not some:
            continue
        first, last = (told.asked, len(bars)) if of_range else (told.first, told.last)
        for each in indicators.calculate(bars, some, first=first, last=last, day_starts=days):
            reading = _reading(candles, each, first, told)
            gone = (
                missing_in_range(bars, missing, told)
                if of_range
                else missing_in_windows(bars, missing, each.wanted, told)
            )
            found[each.wanted.label] = _with_gaps(reading, gone, allow_gaps)
    return tuple(found[each.label] for each in wanted)


def _reading(candles: Candles, found: Calculated, begins: int, told: Range) -> Reading:
    """`begins`: the index of the bar that the lines begin with."""
    bars, wanted = candles.bars, found.wanted
    newest = len(bars) - 1 if candles.is_last_open else None
    values = tuple(
        Value(
            starts_at=bars.starts(index),
            is_open=index == newest,
            lines={name: line[index - begins] for name, line in found.lines.items()},
        )
        for index in (range(told.first, told.last) if found.lines else ())
    )
    levels = tuple(
        PlacedLevel(
            kind=level.kind,
            name=level.name,
            price_inr=level.price_inr,
            starts_at=None if level.bar is None else bars.starts(level.bar),
        )
        for level in found.levels
    )
    remarks = [_remark(bars, statement) for statement in found.statements]
    used, full = _warm_up(bars, wanted, told), warm_up_bars(wanted)
    if used < full and full >= WARM_UP_BARS and any(value.is_told for value in values):
        text = f"only {used} bars come before, and until {full} do, it depends on where they begin"
        remarks.append(Remark(text=text, is_note=True))
    return Reading(
        wanted=wanted,
        values=values,
        levels=levels,
        remarks=tuple(remarks),
        warm_up_bars=used,
    )


def _warm_up(bars: Bars, wanted: Wanted, told: Range) -> int:
    """How many bars before the first told one went into it; recursive indicators take all."""
    if told.first >= told.last:
        return 0
    if by_day(wanted):
        starts = bars.starts_at
        return told.first - bisect_left(starts, midnight_before(starts[told.first]))
    full = warm_up_bars(wanted)
    return told.first if full >= WARM_UP_BARS else min(told.first, full)


def _remark(bars: Bars, statement: Statement) -> Remark:
    about = None
    if statement.first_bar is not None and statement.last_bar is not None:
        first, last = bars.starts(statement.first_bar), bars.starts(statement.last_bar)
        about = Span(first=first, last=last, count=statement.count)
    return Remark(text=statement.text, bars=about, is_note=statement.note)


def _with_gaps(reading: Reading, gone: Missing, allow_gaps: bool) -> Reading:
    if gone.within and not allow_gaps:
        reading = _without_values(reading, gone)
    remarks = [*reading.remarks]
    if gone.within and allow_gaps:
        text = "calculated without bars that it needs and that are missing"
        remarks.append(Remark(text=text, missing=_span(gone.within), is_note=True))
    if gone.warm_up:
        text = "bars of the warm-up are missing"
        remarks.append(Remark(text=text, missing=_span(gone.warm_up), is_note=True))
    return replace(reading, remarks=tuple(remarks))


def _without_values(reading: Reading, gone: Missing) -> Reading:
    without = set(gone.without)
    remark = Remark(
        text="bars that it needs are missing",
        bars=Span(first=gone.without[0], last=gone.without[-1], count=len(without))
        if reading.values
        else None,
        missing=_span(gone.within),
    )
    values = tuple(
        replace(each, lines=dict.fromkeys(each.lines)) if each.starts_at in without else each
        for each in reading.values
    )
    return replace(reading, values=values, levels=(), remarks=(*reading.remarks, remark))


def _span(starts: Sequence[int]) -> Span:
    first, last = (datetime.fromtimestamp(each, UTC) for each in (starts[0], starts[-1]))
    return Span(first=first, last=last, count=len(starts))
