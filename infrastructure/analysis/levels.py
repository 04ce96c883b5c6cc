"""Prices drawn as horizontal lines: Fibonacci's retracements, supports and resistances."""

from typing import Final

import numpy as np

from application.market.bars import UNITS_A_RUPEE
from application.ports.indicators import Level, LevelKind, Statement
from domain.indicators import Wanted, needed_bars
from infrastructure.analysis.columns import Columns, Floats
from infrastructure.analysis.lines import highest

RETRACEMENTS: Final = ("0%", "23.6%", "38.2%", "50%", "61.8%", "78.6%", "100%")


def fibonacci(part: Columns) -> tuple[tuple[Level, ...], tuple[Statement, ...]]:
    """How much of the way between the highest high and the lowest low is taken back again.

    0% is where the move ended, so the later of the two; where a price was reached more than once
    the latest time counts.
    """
    if part.impossible.all():
        return (), (Statement(text="there are no bars"),)
    highs = np.where(part.impossible, -np.inf, part.high)
    lows = np.where(part.impossible, np.inf, part.low)
    if highs.max() == lows.min():
        return (), (Statement(text="the price did not change"),)
    high, low = _latest(highs, highs.max()), _latest(lows, lows.min())
    if high == low:
        text = "highest high and lowest low are of one bar, so no move is to be seen"
        at = part.begin + high
        return (), (Statement(text=text, first_bar=at, last_bar=at, count=1),)
    ends = {"high": (part.high[high], high), "low": (part.low[low], low)}
    (end, end_bar), (start, start_bar) = (
        (ends["high"], ends["low"]) if high > low else (ends["low"], ends["high"])
    )
    levels = [
        Level(
            kind="retracement",
            name=name,
            price_inr=float(end + (start - end) * float(name[:-1]) / 100) / UNITS_A_RUPEE,
            bar={"0%": part.begin + end_bar, "100%": part.begin + start_bar}.get(name),
        )
        for name in RETRACEMENTS
    ]
    move = "up, from the lowest low" if high > low else "down, from the highest high"
    said = Statement(
        text=f"the move is {move}",
        first_bar=part.begin + start_bar,
        last_bar=part.begin + end_bar,
        count=end_bar - start_bar + 1,
        note=True,
    )
    return tuple(levels), (said,)


def support_resistance(
    part: Columns, wanted: Wanted
) -> tuple[tuple[Level, ...], tuple[Statement, ...]]:
    """Lows that no bar within the period on either side goes below, and highs likewise.

    Of these the supports below the last close and the resistances above it, the nearest first. The
    last `period` bars can have none: what comes after them is not known yet.
    """
    period = wanted.whole("period")
    if len(part) < needed_bars(wanted):
        text = f"too few bars: it needs {needed_bars(wanted)} without a break, and has {len(part)}"
        return (), (Statement(text=text),)
    last_close = part.close[-1]
    lows = [at for at in _peaks(-part.low, period) if part.low[at] < last_close]
    highs = [at for at in _peaks(part.high, period) if part.high[at] > last_close]
    levels = (
        *_nearest_first("support", part, part.low, lows, last_close),
        *_nearest_first("resistance", part, part.high, highs, last_close),
    )
    missing = [
        name for name, found in (("support below", lows), ("resistance above", highs)) if not found
    ]
    return levels, tuple(
        Statement(text=f"no {name} the last close within these bars", note=True) for name in missing
    )


def _peaks(values: Floats, period: int) -> list[int]:
    """Where a value is the highest of the period on either side; of equal ones the latest."""
    most = highest(values, period)
    before, after = most[period - 1 : -period - 1], most[2 * period :]
    middle = values[period:-period]
    found = np.flatnonzero((middle >= before) & (middle > after))
    return [period + int(at) for at in found]


def _nearest_first(
    kind: LevelKind, part: Columns, prices: Floats, found: list[int], last_close: float
) -> list[Level]:
    """One level per price; of several bars with that price the latest."""
    by_price = {float(prices[at]): at for at in found}
    return [
        Level(kind=kind, name=kind, price_inr=price / UNITS_A_RUPEE, bar=part.begin + at)
        for price, at in sorted(by_price.items(), key=lambda pair: abs(pair[0] - last_close))
    ]


def _latest(values: Floats, value: float) -> int:
    return int(np.flatnonzero(values == value)[-1])
