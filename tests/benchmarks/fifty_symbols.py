"""50 symbols with 5 indicators each on daily candles from the cache on disk, against the same
indicators in plain Python over bars that are at hand."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

from msgspec import structs
from talipp.indicators import ADX, ATR, BB, MACD, RSI
from talipp.ohlcv import OHLCV

from application.market.analyse import Analyse, Analysed, Request
from application.market.market_days import trading_days
from application.market.periods import midnight
from application.market.read_candles import ReadCandles
from application.market.read_market import Symbol
from domain.indicator_text import parse_indicator
from domain.instants import trading_day
from infrastructure.analysis.indicators import TalibIndicators
from infrastructure.calendar.days import exchange_calendar
from infrastructure.candle_store import SqliteCandleStore
from mcp_interface.tools.analysis.analysis_rows import analysis_lines, symbol_row
from tests.application.market import INFY, MarketWorld
from tests.application.world import OPENING_BELL, context
from tests.fakes.instruments import FakeInstruments
from tests.infrastructure.analysis.series import walk

SYMBOLS = [f"SHARE{number}" for number in range(50)]
WANTED = [parse_indicator(each) for each in ("rsi", "macd", "bollinger", "adx", "atr")]
FIRST_DAY = date(2023, 1, 2)
TARGET_MS = 250
ROUNDS = 5

Found = tuple[Analysed, ...]


def run() -> None:
    with TemporaryDirectory() as directory:
        store = SqliteCandleStore(Path(directory), {"paper": "bench"})
        ask = asking(store)
        found = ask()  # fills the cache and loads the libraries
        assert ask()[0].candles.calls == 0, "this is about candles from the cache"
        mine, shown, other = [], [], []
        for _ in range(ROUNDS):
            mine.append(_cpu_ms(ask))
            shown.append(_cpu_ms(lambda: show(found)))
            other.append(_cpu_ms(lambda: in_plain_python(found)))
        store.close()
    ratio = median(o / m for m, o in zip(mine, other, strict=True))
    print(
        f"{len(SYMBOLS)} symbols x {len(WANTED)} indicators on {len(found[0].candles.bars)} cached "
        f"daily candles each: {median(mine):.0f} ms of CPU (below {TARGET_MS}), and "
        f"{median(shown):.0f} ms to word them; the indicators alone in plain Python "
        f"{median(other):.0f} ms; {ratio:.1f} times faster"
    )


def asking(store: SqliteCandleStore) -> Callable[[], Found]:
    world = MarketWorld("paper")
    calendar = exchange_calendar()
    days = list(trading_days(calendar, "NSE", FIRST_DAY, trading_day(OPENING_BELL)))[:-1]
    bars = walk(1, len(days)).candles()
    world.broker.bars = tuple(
        replace(each, starts_at=midnight(day)) for each, day in zip(bars, days, strict=True)
    )
    shares = [structs.replace(INFY, name=f"NSE:{each}", trading_symbol=each) for each in SYMBOLS]
    read_candles = ReadCandles(
        read_broker=world.read_candles.read_broker,
        instruments=FakeInstruments(shares),
        store=store,
        calendar=calendar,
    )
    analyse = Analyse(read_candles=read_candles, indicators=TalibIndicators())
    request = Request(
        symbols=[Symbol(text=each) for each in SYMBOLS],
        wanted=WANTED,
        interval="1d",
        since=None,
        until=OPENING_BELL,
        most=1,
    )
    entered = world.entered()

    def ask() -> Found:
        answered = analyse(context(), entered, "paper", request)
        return tuple(each for each in answered.answer if isinstance(each, Analysed))

    return ask


def show(found: Found) -> None:
    for each in found:
        symbol_row(each, "1d")
        analysis_lines(each, "1d", "concise")


def in_plain_python(found: Found) -> None:
    for each in found:
        bars = each.candles.bars
        closes = [float(units) for units in bars.close]
        whole = [
            OHLCV(*map(float, row))
            for row in zip(bars.open, bars.high, bars.low, bars.close, bars.volume, strict=True)
        ]
        RSI(14, input_values=closes)
        MACD(12, 26, 9, input_values=closes)
        BB(20, 2, input_values=closes)
        ADX(14, 14, input_values=whole)
        ATR(14, input_values=whole)


def _cpu_ms(work: Callable[[], object]) -> float:
    started = process_time()
    work()
    return (process_time() - started) * 1000


if __name__ == "__main__":
    run()
