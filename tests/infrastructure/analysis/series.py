"""Bars to calculate with: made from literal seeds, simulated, and the predecessor's own."""

from array import array
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from functools import cache
from itertools import accumulate, pairwise
from random import Random
from typing import NamedTuple

from application.market.bars import NO_INTEREST, UNITS_A_RUPEE, Bars, bars_of
from domain.vocabulary import Interval
from infrastructure.simulator.market.candles import candles
from infrastructure.simulator.market.universe import listing

MONDAY = 1_795_405_500  # 23 Nov 2026 09:15 IST
LENGTH = 800
TICK = 500


class Bar(NamedTuple):
    """Prices in 0.0001 INR."""

    open: int
    high: int
    low: int
    close: int
    volume: int


def as_bars(rows: Iterable[Bar]) -> Bars:
    columns = list(zip(*rows, strict=True)) or [()] * 5
    opens, highs, lows, closes, volumes = (array("q", column) for column in columns)
    return Bars(
        starts_at=array("q", (MONDAY + 60 * n for n in range(len(opens)))),
        open=opens,
        high=highs,
        low=lows,
        close=closes,
        volume=volumes,
        open_interest=array("q", [NO_INTEREST]) * len(opens),
    )


def of_rupees(rows: Iterable[tuple[float, float, float, float, int]]) -> Bars:
    return as_bars(
        Bar(
            round(opens * UNITS_A_RUPEE),
            round(high * UNITS_A_RUPEE),
            round(low * UNITS_A_RUPEE),
            round(close * UNITS_A_RUPEE),
            volume,
        )
        for opens, high, low, close, volume in rows
    )


def of_closes(closes: Sequence[float], volume: int = 1000) -> Bars:
    """Bars without a range."""
    return of_rupees((close, close, close, close, volume) for close in closes)


def flat(length: int, price: float = 100.0, volume: int = 1000) -> Bars:
    return of_closes([price] * length, volume)


def walk(
    seed: int,
    length: int = LENGTH,
    *,
    start: float = 1500.0,
    step_ticks: float = 40,
    drift: float = 0,
) -> Bars:
    """A random walk on ticks of 0.05 INR, with volumes of all sizes."""
    random = Random(seed)
    steps = (round(random.gauss(drift, step_ticks)) for _ in range(length))
    closes = accumulate(steps, lambda ticks, step: max(1, ticks + step), initial=round(start * 20))
    return as_bars(_around(random, list(closes)))


def _around(random: Random, closes: Sequence[int]) -> Iterable[Bar]:
    """Closes in ticks; each bar opens where the one before closed."""
    for before, close in pairwise(closes):
        reach = max(1, abs(close - before) // 2 + 2)
        high = max(before, close) + random.randrange(reach)
        low = max(1, min(before, close) - random.randrange(reach))
        volume = round(10 ** random.uniform(2, 6))
        yield Bar(before * TICK, high * TICK, low * TICK, close * TICK, volume)


def sawtooth(teeth: int, height: int) -> Bars:
    closes = [20_000 + height * (n % teeth) for n in range(LENGTH + 1)]
    return as_bars(_around(Random(teeth), closes))


def gapping(seed: int) -> Bars:
    """Every 75 bars the price jumps by a tenth."""
    random, closes = Random(seed), [30_000]
    while len(closes) <= LENGTH:
        jump = random.choice((0.9, 1.1)) if len(closes) % 75 == 0 else 1
        closes.append(max(1000, round(closes[-1] * jump + random.gauss(0, 30))))
    return as_bars(_around(random, closes))


def simulated(symbol: str, interval: Interval, start: date) -> Bars:
    """The simulator's bars of an NSE share up to the evening of 23 Nov 2026 and no more than
    `LENGTH`."""
    instrument = listing(date(2026, 11, 23)).find("NSE", symbol)
    assert instrument is not None
    now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    begins = datetime.combine(start, time(), UTC)
    return bars_of(candles(7, instrument, interval, begins, now, now))[-LENGTH:]


@cache
def all_long() -> dict[str, Bars]:
    """By name; each of `LENGTH` bars or little less."""
    made = {f"walk {seed}": walk(seed) for seed in range(1, 13)}
    made |= {f"index {seed}": walk(seed, start=24_000, step_ticks=200) for seed in (21, 22)}
    made |= {f"dear {seed}": walk(seed, start=130_000, step_ticks=2_000) for seed in (31, 32)}
    made |= {f"penny {seed}": walk(seed, start=5, step_ticks=0.7) for seed in (41, 42, 43)}
    made |= {"rising": walk(51, drift=30), "rising alone": walk(52, drift=60, step_ticks=1)}
    made |= {
        "falling": walk(53, start=3_000, drift=-30),
        "falling alone": walk(54, start=3_000, drift=-60, step_ticks=1),
    }
    made |= {f"sawtooth of {teeth}": sawtooth(teeth, 35) for teeth in (2, 7, 14, 33, 120)}
    made |= {f"gaps {seed}": gapping(seed) for seed in (61, 62, 63)}
    made |= {
        "INFY by day": simulated("INFY", "1d", date(2024, 6, 3)),
        "INFY by 5 minutes": simulated("INFY", "5m", date(2026, 11, 9)),
        "RELIANCE by minute": simulated("RELIANCE", "1m", date(2026, 11, 19)),
        "TCS by 15 minutes": simulated("TCS", "15m", date(2026, 10, 8)),
    }
    return made


PREDECESSORS_PRICES = [
    *(100, 102, 101, 103, 105, 104, 106, 108, 107, 109),
    *(111, 110, 112, 114, 113, 115, 117, 116, 118, 120),
]
"""turtlestack-lite, tests/unit/technicalIndicators.test.js: its closing prices."""

PREDECESSORS_VOLUMES = [
    *(1000, 1200, 1100, 1300, 1400, 1250, 1350, 1450),
    *(1550, 1650, 1750, 1850, 1950, 2050, 2150),
]


def predecessors_bars() -> Bars:
    """The bars of the same file: each opens 1 INR higher than the one before."""
    return of_rupees(
        (100 + n, 102 + n, 99 + n, 101 + n, volume) for n, volume in enumerate(PREDECESSORS_VOLUMES)
    )


def predecessors_demo() -> Bars:
    """turtlestack-lite, tests/demo.js: 10 bars, each 3 INR higher; the second has a high wick
    more than the third."""
    volumes = (10000, 12000, 11500, 13000, 14500, 16000, 17500, 19000, 20500, 22000)
    highs = (105, 108, 110, 114, 117, 120, 123, 126, 129, 132)
    return of_rupees(
        (100 + 3 * n, high, 98 + 3 * n, 103 + 3 * n, volume)
        for n, (high, volume) in enumerate(zip(highs, volumes, strict=True))
    )


TEXTBOOK_CLOSES = [
    *(44.34, 44.09, 44.15, 43.61, 44.33, 44.83, 45.10, 45.42, 45.84, 46.08, 45.89),
    *(46.03, 45.61, 46.28, 46.28, 46.00, 46.03, 46.41, 46.22, 45.64, 46.21, 46.25),
    *(45.71, 46.45, 45.78, 45.35, 44.03, 44.18, 44.22, 44.57, 43.42, 42.66, 43.13),
]
"""The series on which Wilder's RSI is commonly shown (StockCharts' ChartSchool): first 70.46."""
