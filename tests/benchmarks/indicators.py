"""RSI, MACD and Bollinger over 100,000 bars in one call, and what 50 symbols take, against plain
Python."""

from collections.abc import Callable
from math import sqrt
from statistics import median
from time import process_time

from application.market.bars import Bars
from domain.indicator_text import parse_indicator
from infrastructure.analysis.indicators import TalibIndicators
from tests.infrastructure.analysis import plain
from tests.infrastructure.analysis.series import walk

LONG_BARS = 100_000
TARGET_MS = 20.0
SYMBOLS, DAYS = 50, 500
ROUNDS = 9
THREE = [parse_indicator(text) for text in ("rsi:14", "macd:12,26,9", "bollinger:20,2")]
FIVE = [*THREE, *(parse_indicator(text) for text in ("adx:14", "atr:14"))]


def plain_three(bars: Bars) -> None:
    """The definitions, without any library; the windows' sums run along."""
    prices = plain.prices(bars)
    plain.rsi(prices, 14)
    macd = [
        fast - slow
        for fast, slow in zip(_ema(prices.close, 12), _ema(prices.close, 26), strict=True)
    ]
    _ema(macd, 9)
    total, squares = 0, 0
    for n, close in enumerate(prices.close):
        gone = prices.close[n - 20] if n >= 20 else 0
        total, squares = total + close - gone, squares + close * close - gone * gone
        sqrt(max(0, squares / 20 - (total / 20) ** 2))


def _ema(values: list[int] | list[float], period: int) -> list[float]:
    share, told = 2 / (period + 1), [float(values[0])]
    for value in values[1:]:
        told.append(told[-1] + share * (value - told[-1]))
    return told


def run() -> None:
    bars = walk(1, LONG_BARS, start=20_000)
    days = [walk(seed, DAYS + 500) for seed in range(SYMBOLS)]
    calculate = TalibIndicators().calculate

    def ours() -> None:
        calculate(bars, THREE, first=0, last=LONG_BARS, day_starts=())

    def fifty() -> None:
        for one in days:
            answers = calculate(one, FIVE, first=500, last=500 + DAYS, day_starts=())
            for answer in answers:
                for line in answer.lines.values():
                    list(line)

    ours()  # loads the library
    mine, other = [], []
    for _ in range(ROUNDS):
        mine.append(_cpu_ms(ours))
        other.append(_cpu_ms(lambda: plain_three(bars)))
    ratio = median(o / m for m, o in zip(mine, other, strict=True))
    print(
        f"RSI, MACD and Bollinger over {LONG_BARS:,} bars in one call: {median(mine):.1f} ms of "
        f"CPU (below {TARGET_MS:.0f}), plain Python {median(other):.0f} ms; "
        f"{ratio:.0f} times faster"
    )
    print(
        f"5 indicators x {SYMBOLS} symbols x {DAYS} daily bars, every value read: "
        f"{median(_cpu_ms(fifty) for _ in range(ROUNDS)):.0f} ms of CPU"
    )


def _cpu_ms(work: Callable[[], None]) -> float:
    started = process_time()
    work()
    return (process_time() - started) * 1000


if __name__ == "__main__":
    run()
