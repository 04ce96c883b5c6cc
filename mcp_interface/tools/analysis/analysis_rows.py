"""How indicators and their comparisons are shown: facts, each with its bar; never advice."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from pydantic import Field

from application.market.analyse import Analysed, NotAnalysed
from application.market.periods import length_of
from application.market.readings import PlacedLevel, Reading, Remark, Span, Value
from domain.indicators import INDICATORS, Unit
from domain.instants import IST, spoken
from domain.vocabulary import Interval
from mcp_interface.tools.results import Form, Result, rupees, when

LEVELS_SHOWN: Final = 3
"""Of supports and of resistances, in a concise text. The data has all."""
_FINE_BELOW: Final = 10
"""Amounts in INR that are less are shown to 0.0001: two places would say little of them."""


class ValueRow(Result):
    starts_at: str
    bar_open: bool
    values: dict[str, str | None]


class LevelRow(Result):
    kind: str
    name: str
    price: str
    starts_at: str | None


class IndicatorRow(Result):
    """Oldest first. `remarks` say why a value is null, and what qualifies the others."""

    indicator: str
    unit: str
    warm_up_bars: int
    values: list[ValueRow]
    levels: list[LevelRow]
    remarks: list[str]


class SymbolRow(Result):
    """`failed`: why there is nothing of it."""

    symbol: str
    name: str | None = None
    failed: str | None = None
    last_bar_open: bool = False
    last_bar_ends_at: str | None = None
    indicators: list[IndicatorRow] = Field(default_factory=list)


class AnalysisResult(Result):
    """Bars are named by their start; a value of an open one (`barOpen`) can still change."""

    broker: str
    mode: str
    interval: str
    symbols: list[SymbolRow]
    next_cursor: str | None
    session_id: str


def symbol_row(one: Analysed | NotAnalysed, interval: Interval) -> SymbolRow:
    if isinstance(one, NotAnalysed):
        refusal = one.refusal
        return SymbolRow(symbol=str(one.symbol), failed=f"{refusal.code}: {refusal}")
    candles = one.candles
    return SymbolRow(
        symbol=str(one.symbol),
        name=candles.instrument.name,
        last_bar_open=candles.is_last_open,
        last_bar_ends_at=when(candles.last_ends_at),
        indicators=[indicator_row(each, interval) for each in one.readings],
    )


def indicator_row(reading: Reading, interval: Interval) -> IndicatorRow:
    unit = INDICATORS[reading.wanted.name].unit
    return IndicatorRow(
        indicator=reading.wanted.label,
        unit=unit,
        warm_up_bars=reading.warm_up_bars,
        values=[value_row(each, unit) for each in reading.values],
        levels=[_level_row(each) for each in reading.levels],
        remarks=[remark_text(each, interval) for each in reading.remarks],
    )


def value_row(value: Value, unit: Unit) -> ValueRow:
    lines = {name: None if x is None else exact(x, unit) for name, x in value.lines.items()}
    return ValueRow(starts_at=when(value.starts_at), bar_open=value.is_open, values=lines)


def exact(value: float, unit: Unit) -> str:
    """For data: six places, shares whole."""
    return _rounded(value, 0 if unit == "shares" else 6)


def short(value: float, unit: Unit) -> str:
    """For texts."""
    if unit != "INR":
        return _rounded(value, 0 if unit == "shares" else 2)
    fine = _rounded(value, 4)
    if abs(value) >= _FINE_BELOW or not float(fine):
        return rupees(Decimal(_rounded(value, 2)))
    return f"-₹{fine[1:]}" if value < 0 else f"₹{fine}"


def _rounded(value: float, places: int) -> str:
    text = f"{value:.{places}f}"
    return text if float(text) else text.removeprefix("-")


def bar_time(starts_at: datetime, interval: Interval) -> str:
    """`20 Nov 2026`, or within a day `20 Nov 2026 10:30`."""
    if length_of(interval) is None:
        return starts_at.astimezone(IST).strftime("%d %b %Y")
    return spoken(starts_at).removesuffix(" IST")


def analysis_lines(one: Analysed | NotAnalysed, interval: Interval, form: Form) -> list[str]:
    """One for each indicator, in detail one for each of its bars."""
    if isinstance(one, NotAnalysed):
        return [f"{one.symbol}: {one.refusal.code}: {one.refusal}"]
    name = one.candles.instrument.name
    if one.told.first >= one.told.last:
        return [f"{name}: no bars in that period; get_market_status() says when it trades."]
    lines: list[str] = []
    for reading in one.readings:
        lines += reading_lines(f"{name} {reading.wanted.label}", reading, interval, form)
    return lines


def reading_lines(title: str, reading: Reading, interval: Interval, form: Form) -> list[str]:
    """In a concise text one line: the newest value, the newest closed one besides if that is of an
    open bar, and what qualifies them."""
    told = [value for value in reading.values if value.is_told]
    why = [remark_text(each, interval) for each in reading.remarks if not each.is_note]
    notes = [remark_text(each, interval) for each in reading.remarks if each.is_note]
    if form == "detailed":
        lines = [f"{title} {_of_bar(reading, each, interval)}" for each in told]
        lines += [f"{title}: {level_text(each, interval)}" for each in reading.levels]
        return lines + [f"{title}: {text}." for text in (*why, *notes)]
    if reading.levels:
        told_text = _levels_text(reading.levels, interval)
        return [". ".join([f"{title}: {told_text}", *why, *notes])]
    if not told:
        return [f"{title}: {'; '.join(why or notes or ['no bars'])}."]
    newest = told[-2:] if told[-1].is_open else told[-1:]
    values = "; ".join(_of_bar(reading, each, interval) for each in reversed(newest))
    # What older bars lack is in the data.
    is_newest = told[-1] is reading.values[-1]
    return [". ".join([f"{title} {values}", *([] if is_newest else why), *notes])]


def _of_bar(reading: Reading, value: Value, interval: Interval) -> str:
    unit = INDICATORS[reading.wanted.name].unit
    told = {name: "none" if x is None else short(x, unit) for name, x in value.lines.items()}
    state = "open, it can change" if value.is_open else "closed"
    at = f"at {bar_time(value.starts_at, interval)} ({interval} bar, {state})"
    return f"{numbers(told)} {at}"


def numbers(told: Mapping[str, str]) -> str:
    """`53.42`, or of several lines `macd ₹-3.21, signal ₹1.00`."""
    if len(told) == 1:
        return next(iter(told.values()))
    return ", ".join(f"{name} {text}" for name, text in told.items())


def remark_text(remark: Remark, interval: Interval) -> str:
    """`no value for 2 bars (3 Nov 2026 to 4 Nov 2026): the closes did not change`."""
    text = remark.text
    if remark.missing is not None:
        text += f" ({span_text(remark.missing, interval)})"
        if not remark.is_note:
            text += "; allow_gaps=true goes by the bars that are there"
    about = f" ({span_text(remark.bars, interval)})" if remark.bars else ""
    return f"note: {text}{about}" if remark.is_note else f"no value{about}: {text}"


def span_text(span: Span, interval: Interval) -> str:
    first = bar_time(span.first, interval)
    if span.count == 1:
        return first
    return f"{span.count} bars, {first} to {bar_time(span.last, interval)}"


def _level_row(level: PlacedLevel) -> LevelRow:
    return LevelRow(
        kind=level.kind,
        name=level.name,
        price=exact(level.price_inr, "INR"),
        starts_at=when(level.starts_at),
    )


def level_text(level: PlacedLevel, interval: Interval) -> str:
    at = f" ({bar_time(level.starts_at, interval)})" if level.starts_at else ""
    name = f"{level.kind} {level.name}" if level.name != level.kind else level.kind
    return f"{name} {short(level.price_inr, 'INR')}{at}"


def _levels_text(levels: Sequence[PlacedLevel], interval: Interval) -> str:
    """All retracements; of supports and of resistances the nearest."""
    kinds: dict[str, list[PlacedLevel]] = {}
    for level in levels:
        kinds.setdefault(level.kind, []).append(level)
    shown = [
        level
        for kind, some in kinds.items()
        for level in (some if kind == "retracement" else some[:LEVELS_SHOWN])
    ]
    return ", ".join(level_text(each, interval) for each in shown)
