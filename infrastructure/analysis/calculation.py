"""From bars to what is told: the runs of possible bars calculated one by one and put together."""

from collections.abc import Sequence

import numpy as np

from application.market.bars import UNITS_A_RUPEE, Bars
from application.ports.indicators import Calculated, Statement
from domain.indicators import INDICATORS, Wanted, memory_bars, needed_bars, warm_up_bars
from infrastructure.analysis.columns import Columns, Floats, Mask, Told
from infrastructure.analysis.levels import fibonacci, support_resistance
from infrastructure.analysis.lines import Doubt, lines_of

IMPOSSIBLE = "bars that cannot be: a price of 0 or less, high below low, or negative volume"


def calculate(
    bars: Bars, wanted: Sequence[Wanted], first: int, last: int, day_starts: Sequence[int]
) -> tuple[Calculated, ...]:
    """As `application.ports.indicators.Indicators` says."""
    if not 0 <= first <= last <= len(bars):
        raise ValueError(f"no range of {len(bars)} bars: {first} to {last}")
    columns = Columns(bars=bars, begin=0, end=last)
    return tuple(
        _per_bar(columns, one, first, day_starts)
        if INDICATORS[one.name].lines
        else _levels(columns.part(first, last), one)
        for one in wanted
    )


def _per_bar(columns: Columns, wanted: Wanted, first: int, day_starts: Sequence[int]) -> Calculated:
    indicator = INDICATORS[wanted.name]
    asked = len(columns) - first
    if indicator.from_day_start and not day_starts:
        text = "it is of the bars within a trading day, and these bars are days or longer"
        values = [np.full(asked, np.nan) for _ in indicator.lines]
        return _told(wanted, values, (Statement(text=text),))
    values = [np.empty(asked) for _ in indicator.lines]
    scale = 1 / UNITS_A_RUPEE if indicator.unit == "INR" else 1.0
    doubts: dict[tuple[str, bool], Mask] = {}
    looked_at = columns.part(first, len(columns)) if indicator.of_range else columns
    for part in looked_at.possible_parts():
        here = slice(max(first - part.begin, 0), len(part))
        there = slice(part.begin + here.start - first, part.begin + here.stop - first)
        if here.start >= here.stop:
            continue
        lines, found = lines_of(part, wanted, day_starts)
        for line, whole in zip(lines, values, strict=True):
            np.multiply(line[here], scale, out=whole[there])
        for doubt in (_too_few(lines, wanted), *found):
            at = doubts.setdefault((doubt.text, doubt.note), np.zeros(asked, dtype=bool))
            at[there] = doubt.where[here]
    if columns.impossible.any():
        for whole in values:
            whole[columns.impossible[first:]] = np.nan
    statements = _settled(doubts, values, first)
    return _told(wanted, values, (*_broken(columns, wanted, first), *statements))


def _too_few(lines: Sequence[Floats], wanted: Wanted) -> Doubt:
    missing = np.isnan(lines[0])
    for line in lines[1:]:
        missing |= np.isnan(line)
    return Doubt(
        text=f"too few bars: it needs {needed_bars(wanted)} without a break", where=missing
    )


def _settled(
    doubts: dict[tuple[str, bool], Mask], values: list[Floats], first: int
) -> list[Statement]:
    """The first doubt about a bar is the one that is told."""
    told, settled = [], np.zeros(len(values[0]), dtype=bool)
    for (text, note), where in doubts.items():
        at = where & ~settled
        settled |= at
        told += _statement(text, at, first, note=note)
        if not note:
            for line in values:
                line[at] = np.nan
    return told


def _broken(columns: Columns, wanted: Wanted, first: int) -> list[Statement]:
    """About bars that were left out, as far as they matter."""
    impossible = columns.impossible
    if not impossible.any():
        return []
    told = _statement(IMPOSSIBLE, impossible[first:], first)
    reach = max(0, first - warm_up_bars(wanted))
    if memory_bars(wanted) or wanted.name == "OBV":
        text = "it begins anew behind a bar that cannot be"
        told += _statement(text, impossible[reach:], reach, note=True)
    return told


def _levels(part: Columns, wanted: Wanted) -> Calculated:
    told = _statement(IMPOSSIBLE, part.impossible, part.begin)
    if wanted.name == "FIBONACCI":
        levels, said = fibonacci(part)
    else:
        # Supports and resistances are read at the last bars, so from the last unbroken run.
        *_, latest = (part.part(part.begin, part.begin), *part.possible_parts())
        levels, said = support_resistance(latest, wanted)
    return Calculated(wanted=wanted, lines={}, levels=levels, statements=(*told, *said))


def _statement(text: str, where: Mask, begin: int, *, note: bool = False) -> list[Statement]:
    """None where it is about no bar."""
    at = np.flatnonzero(where)
    if not len(at):
        return []
    outermost = begin + int(at[0]), begin + int(at[-1])
    return [
        Statement(
            text=text, first_bar=outermost[0], last_bar=outermost[1], count=len(at), note=note
        )
    ]


def _told(wanted: Wanted, values: list[Floats], statements: tuple[Statement, ...]) -> Calculated:
    names = INDICATORS[wanted.name].lines
    lines = {name: Told(line) for name, line in zip(names, values, strict=True)}
    return Calculated(wanted=wanted, lines=dict(lines), statements=statements)
