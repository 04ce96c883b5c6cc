"""Indicators in plain Python, straight from their definitions, to compare the library's with.

Prices are whole numbers of 0.0001 INR, so that equal ones are equal; a line is a list of values,
`None` where there is none, with prices in the same unit.
"""

from collections.abc import Sequence
from math import fsum
from typing import NamedTuple

from application.market.bars import Bars

Line = list[float | None]


class Prices(NamedTuple):
    high: list[int]
    low: list[int]
    close: list[int]
    volume: list[int]


def prices(bars: Bars) -> Prices:
    return Prices(list(bars.high), list(bars.low), list(bars.close), list(bars.volume))


def typical_times_three(p: Prices) -> list[int]:
    return [sum(bar) for bar in zip(p.high, p.low, p.close, strict=True)]


def wilder(values: Sequence[float], period: int) -> list[float]:
    """J. Welles Wilder, New Concepts in Technical Trading Systems (1978): a mean first, then each
    time a period-th of the new. The first result is of the value at index period - 1."""
    smoothed = [fsum(values[:period]) / period]
    for value in values[period:]:
        smoothed.append((smoothed[-1] * (period - 1) + value) / period)
    return smoothed


def rsi(p: Prices, period: int) -> Line:
    changes = [b - a for a, b in zip(p.close, p.close[1:], strict=False)]
    gains = wilder([max(change, 0) for change in changes], period)
    losses = wilder([max(-change, 0) for change in changes], period)
    pairs = zip(gains, losses, strict=True)
    told: Line = [100 * gain / (gain + loss) if gain + loss else None for gain, loss in pairs]
    return [*[None] * period, *told]


def true_ranges(p: Prices) -> list[float]:
    """From the second bar on."""
    rows = zip(p.high[1:], p.low[1:], p.close, strict=False)
    return [max(high, before) - min(low, before) for high, low, before in rows]


def adx(p: Prices, period: int) -> dict[str, Line]:
    ups = [b - a for a, b in zip(p.high, p.high[1:], strict=False)]
    downs = [a - b for a, b in zip(p.low, p.low[1:], strict=False)]
    moves = list(zip(ups, downs, strict=True))
    plus = wilder([up if up > down and up > 0 else 0 for up, down in moves], period)
    minus = wilder([down if down > up and down > 0 else 0 for up, down in moves], period)
    ranges = wilder(true_ranges(p), period)
    plus_di = [100 * m / r for m, r in zip(plus, ranges, strict=True)]
    minus_di = [100 * m / r for m, r in zip(minus, ranges, strict=True)]
    dx = [100 * abs(a - b) / (a + b) for a, b in zip(plus_di, minus_di, strict=True)]
    return {
        "adx": [*[None] * (2 * period - 1), *wilder(dx, period)],
        "plusDI": [*[None] * period, *plus_di],
        "minusDI": [*[None] * period, *minus_di],
    }


def sar(p: Prices, acceleration: float, maximum: float) -> Line:
    """Wilder's parabolic: it turns when it is touched. It starts long, whatever the market does."""
    told: Line = [None]
    rising, extreme, factor, stop = True, p.high[0], acceleration, float(p.low[0])
    for n in range(1, len(p.close)):
        touched = p.low[n] <= stop if rising else p.high[n] >= stop
        if touched:
            rising, factor = not rising, acceleration
            stop = (
                max(extreme, *p.high[n - 1 : n + 1])
                if not rising
                else min(extreme, *p.low[n - 1 : n + 1])
            )
            extreme = p.high[n] if rising else p.low[n]
        elif (p.high[n] > extreme) if rising else (p.low[n] < extreme):
            extreme = p.high[n] if rising else p.low[n]
            factor = min(factor + acceleration, maximum)
        told.append(stop)
        stop += factor * (extreme - stop)
        stop = min(stop, *p.low[n - 1 : n + 1]) if rising else max(stop, *p.high[n - 1 : n + 1])
    return told


def windows(values: Sequence[float], period: int) -> list[Sequence[float] | None]:
    return [values[n + 1 - period : n + 1] if n + 1 >= period else None for n in range(len(values))]


def percent_k(p: Prices, period: int) -> Line:
    told: Line = []
    for high, low, close in zip(
        windows(p.high, period), windows(p.low, period), p.close, strict=True
    ):
        reach = max(high) - min(low) if high and low else 0
        told.append(100 * (close - min(low)) / reach if low and reach else None)
    return told


def stochastic(p: Prices, period: int, d_period: int) -> dict[str, Line]:
    k, d = percent_k(p, period), []
    for n in range(len(k)):
        last = [value for value in k[max(0, n + 1 - d_period) : n + 1] if value is not None]
        d.append(fsum(last) / d_period if len(last) == d_period else None)
    shown = [value if other is not None else None for value, other in zip(k, d, strict=True)]
    return {"percentK": shown, "percentD": d}


def williams_r(p: Prices, period: int) -> Line:
    return [None if k is None else k - 100 for k in percent_k(p, period)]


def cci(p: Prices, period: int) -> Line:
    told: Line = []
    for window in windows(typical_times_three(p), period):
        if window is None or max(window) == min(window):
            told.append(None)
            continue
        mean = fsum(window) / period
        deviation = fsum(abs(value - mean) for value in window) / period
        told.append((window[-1] - mean) / (0.015 * deviation))
    return told


def mfi(p: Prices, period: int) -> Line:
    price = typical_times_three(p)
    steps = zip(price, price[1:], p.volume[1:], strict=False)
    flows = [b * volume * ((b > a) - (b < a)) for a, b, volume in steps]
    told: Line = [None]
    for window in windows(flows, period):
        bought = fsum(flow for flow in window or () if flow > 0)
        all_of_it = fsum(abs(flow) for flow in window or ())
        told.append(100 * bought / all_of_it if all_of_it else None)
    return told


def vwap(p: Prices, day_starts: Sequence[int]) -> Line:
    told: Line = []
    for n, price in enumerate(typical_times_three(p)):
        if n in day_starts:
            money, shares = 0, 0
        money, shares = money + price * p.volume[n], shares + p.volume[n]
        told.append(money / shares / 3 if shares else None)
    return told
