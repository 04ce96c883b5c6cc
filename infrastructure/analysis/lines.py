"""Indicators that tell a value per bar: TA-Lib's, and where its answer means nothing.

TA-Lib answers 0.0 where a formula divides nothing by nothing; read as an RSI that would be
"extremely oversold". What such bars have in common is written down here, once per indicator.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from domain.indicators import IndicatorName, Wanted, memory_bars
from infrastructure.analysis.columns import Columns, Floats, Mask
from infrastructure.analysis.library import talib


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """Bars of which a line has no value, or with `note` one that needs a word."""

    text: str
    where: Mask
    note: bool = False


Lines = tuple[tuple[Floats, ...], tuple[Doubt, ...]]
Calculation = Callable[[Columns, Wanted], Lines]


def lines_of(part: Columns, wanted: Wanted, day_starts: Sequence[int]) -> Lines:
    """In the order of the indicator's names, one value per bar: prices in 0.0001 INR, points, or
    shares. NaN before there are enough bars, and anything at all where there is a doubt."""
    if wanted.name == "VWAP":
        return _vwap(part, day_starts)
    return _CALCULATIONS[wanted.name](part, wanted)


def _rsi(part: Columns, wanted: Wanted) -> Lines:
    period = wanted.whole("period")
    still = _bars_since(np.diff(part.close, prepend=part.close[:1]) != 0)
    return (talib.RSI(part.close, period),), (
        Doubt(text="the close did not change", where=still >= memory_bars(wanted)),
        Doubt(
            text="the close did not change within the period: it repeats what was before",
            where=(still >= period) & (still < memory_bars(wanted)),
            note=True,
        ),
    )


def _macd(part: Columns, wanted: Wanted) -> Lines:
    periods = (wanted.whole(f"{which}_period") for which in ("fast", "slow", "signal"))
    return talib.MACD(part.close, *periods), ()


def _bollinger(part: Columns, wanted: Wanted) -> Lines:
    deviations = float(wanted.parameters["standard_deviations"])
    period = wanted.whole("period")
    return talib.BBANDS(part.close, period, deviations, deviations), ()


def _atr(part: Columns, wanted: Wanted) -> Lines:
    return (talib.ATR(part.high, part.low, part.close, wanted.whole("period")),), ()


def _adx(part: Columns, wanted: Wanted) -> Lines:
    """Where nothing moves at the beginning TA-Lib counts a direction of 0 into the first mean, so
    it is shown the bars from where the first movement is within the period."""
    period = wanted.whole("period")
    up, down = np.diff(part.high, prepend=part.high[:1]), -np.diff(part.low, prepend=part.low[:1])
    moved = ((up > down) & (up > 0)) | ((down > up) & (down > 0))
    begin = max(0, int(moved.argmax()) - period) if moved.any() else 0
    prices = part.high[begin:], part.low[begin:], part.close[begin:]
    values = tuple(
        np.concatenate((np.full(begin, np.nan), function(*prices, period)))
        for function in (talib.ADX, talib.PLUS_DI, talib.MINUS_DI)
    )
    still = _bars_since(moved) >= memory_bars(wanted)
    return values, (Doubt(text="neither high nor low moved on", where=still),)


def _sma(part: Columns, wanted: Wanted) -> Lines:
    return (talib.SMA(part.close, wanted.whole("period")),), ()


def _ema(part: Columns, wanted: Wanted) -> Lines:
    return (talib.EMA(part.close, wanted.whole("period")),), ()


def _stochastic(part: Columns, wanted: Wanted) -> Lines:
    period, smooth, d = (wanted.whole(name) for name in ("period", "smooth_period", "d_period"))
    values = talib.STOCH(
        part.high, part.low, part.close, period, slowk_period=smooth, slowd_period=d
    )
    # %D is of `smooth + d - 1` raw values, and TA-Lib tells %K only where it tells %D.
    where = _any_within(_no_range(part, period), smooth + d - 1)
    return values, (Doubt(text="high and low were the same price", where=where),)


def _williams_r(part: Columns, wanted: Wanted) -> Lines:
    period = wanted.whole("period")
    return (talib.WILLR(part.high, part.low, part.close, period),), (
        Doubt(text="high and low were the same price", where=_no_range(part, period)),
    )


def _cci(part: Columns, wanted: Wanted) -> Lines:
    period, typical = wanted.whole("period"), part.typical_times_three
    return (talib.CCI(part.high, part.low, part.close, period),), (
        Doubt(
            text="the typical price did not change",
            where=np.equal(talib.MAX(typical, period), talib.MIN(typical, period)),
        ),
    )


def _mfi(part: Columns, wanted: Wanted) -> Lines:
    period = wanted.whole("period")
    change = np.diff(part.typical_times_three, prepend=part.typical_times_three[:1])
    traded = part.volume > 0
    bought = _any_within((change > 0) & traded, period)
    sold = _any_within((change < 0) & traded, period)
    line = talib.MFI(part.high, part.low, part.close, part.volume, period)
    # What is left in a running sum after subtraction is not exactly 0.
    line = np.where(bought & ~sold & ~np.isnan(line), 100.0, line)
    unsold = ~bought & ~sold
    quiet = ~_any_within(traded, period)
    return (line,), (
        Doubt(text="no volume", where=unsold & quiet),
        Doubt(text="no money flow: the typical price did not change", where=unsold & ~quiet),
    )


def _sar(part: Columns, wanted: Wanted) -> Lines:
    acceleration, maximum = (float(wanted.parameters[name]) for name in ("acceleration", "maximum"))
    return (talib.SAR(part.high, part.low, acceleration, maximum),), ()


def _obv(part: Columns, wanted: Wanted) -> Lines:
    """From 0 at the first bar. TA-Lib begins with the first bar's volume, as if it had risen."""
    quiet = np.full(len(part), not part.volume.any())
    line = talib.OBV(part.close, part.volume) - part.volume[:1]
    begin = np.arange(len(part)) == 0
    return (line,), (
        Doubt(text="no volume", where=quiet),
        Doubt(text="it counts from 0 here", where=begin, note=True),
    )


def _vwap(part: Columns, day_starts: Sequence[int]) -> Lines:
    """Anew each trading day: of the typical price, weighted by volume, since the day began."""
    line, traded = np.zeros(len(part)), np.zeros(len(part), dtype=bool)
    begins = [start - part.begin for start in day_starts if 0 <= start - part.begin < len(part)]
    for begin, end in pairwise([*begins, len(part)]):
        day = slice(begin, end)
        line[day] = talib.VWAP(part.high[day], part.low[day], part.close[day], part.volume[day])
        traded[day] = np.cumsum(part.volume[day]) > 0
    early = np.arange(len(part)) < (begins[0] if begins else len(part))
    return (line,), (
        Doubt(text="the beginning of its trading day is missing", where=early),
        Doubt(text="no volume since the trading day began", where=~traded & ~early),
    )


def _bars_since(happened: Mask) -> "np.ndarray[tuple[int, ...], np.dtype[np.int64]]":
    """Bars since it last happened; where it never has, as many as anybody could ask for."""
    at = np.arange(len(happened))
    latest = np.maximum.accumulate(np.where(happened, at, -(1 << 40)))
    return at - latest


def _any_within(mask: Mask, bars: int) -> Mask:
    """Whether there is one among the last `bars` bars, as far as there are that many."""
    return _bars_since(mask) < bars


def highest(values: Floats, bars: int) -> Floats:
    """Of the last `bars` bars; TA-Lib's own is of 2 at least."""
    return values if bars == 1 else talib.MAX(values, bars)


def _no_range(part: Columns, period: int) -> Mask:
    return np.equal(highest(part.high, period), -highest(-part.low, period))


_CALCULATIONS: Final[Mapping[IndicatorName, Calculation]] = {
    "RSI": _rsi,
    "MACD": _macd,
    "BOLLINGER": _bollinger,
    "ATR": _atr,
    "ADX": _adx,
    "SMA": _sma,
    "EMA": _ema,
    "STOCHASTIC": _stochastic,
    "WILLIAMS_R": _williams_r,
    "CCI": _cci,
    "MFI": _mfi,
    "OBV": _obv,
    "PARABOLIC_SAR": _sar,
}
