"""What kept candles cost: 100,000 of them, and 50 symbols of daily ones over two years.

Beside it the same bars as SQLite rows, one a candle, read into `Candle` objects.
"""

import sqlite3
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import process_time

from application.market.bar_times import is_quiet, settled_before, start_of_warm_up
from application.market.bars import COLUMNS, Bars, bars_of
from application.market.gaps import find_gaps
from application.market.keep_candles import Wanted, read_through
from application.market.periods import Period
from application.ports.candle_store import Kept
from application.ports.market import Candle
from domain.instruments import Instrument
from domain.vocabulary import Interval
from infrastructure.calendar.days import exchange_calendar
from infrastructure.candle_store import SqliteCandleStore

SYMBOLS = 50
NOW = datetime(2026, 11, 22, 6, 30, tzinfo=UTC)
"""A Sunday."""
TWO_YEARS = Period(start=datetime(2024, 11, 21, 18, 30, tzinfo=UTC), end=NOW)
MINUTES = 100_000
TIMES = 9


def run() -> None:
    with tempfile.TemporaryDirectory(prefix="trading-bench-") as name:
        store = SqliteCandleStore(Path(name), {"kite": ""})
        minutes = _bars(_minutes(MINUTES))
        symbols = [_instrument(number) for number in range(SYMBOLS)]
        daily = _bars(_days())
        _keep(store, "NSE:S0", "1m", minutes)
        for each in symbols:
            _keep(store, each.name, "1d", daily)
        reading = _cpu(lambda: store.read("kite", "NSE:S0", "1m"))
        fifty = _cpu(lambda: [_told(store, each) for each in symbols])
        store.close()
        by_row = _rows(Path(name) / "rows.db", minutes)
    print(
        f"kept candles: {MINUTES} read in {reading * 1e3:.1f} ms of CPU (as one row a candle "
        f"{by_row * 1e3:.0f} ms); {SYMBOLS} symbols of {len(daily)} daily bars with their gaps, "
        f"out of what is kept, {fifty * 1e3:.1f} ms"
    )


def _told(store: SqliteCandleStore, instrument: Instrument) -> int:
    """What `ReadCandles` does for one symbol, past the broker's admission."""
    calendar = exchange_calendar()
    start = start_of_warm_up(calendar, "NSE", "1d", TWO_YEARS.start + timedelta(days=400), 250)
    period = Period(start=min(start, TWO_YEARS.start), end=NOW)
    wanted = Wanted(
        period=period,
        interval="1d",
        settled=settled_before(calendar, "NSE", "1d", NOW),
        reach=timedelta(days=2000),
        at=NOW,
        quiet=lambda since, until: is_quiet(calendar, "NSE", since, until),
    )
    told = read_through(store.read("kite", instrument.name, "1d"), wanted, _nobody)
    assert not find_gaps(calendar, instrument, "1d", told.bars, period, NOW)
    return len(told.bars)


def _nobody(_periods: list[Period]) -> list[Bars]:
    raise AssertionError("the broker was asked for what is kept")


def _keep(store: SqliteCandleStore, name: str, interval: Interval, bars: Bars) -> None:
    kept = Kept(since=TWO_YEARS.start, until=NOW, checked_at=NOW, bars=bars)
    store.write("kite", name, interval, kept)


def _days() -> list[datetime]:
    calendar, day, found = exchange_calendar(), date(2024, 11, 22), []
    while day < date(2026, 11, 22):
        if calendar.hours("NSE", day):
            found.append(datetime.combine(day, datetime.min.time(), UTC) - timedelta(hours=5.5))
        day += timedelta(days=1)
    return found


def _minutes(count: int) -> list[datetime]:
    opens = [day + timedelta(hours=9.25) for day in _days()]
    starts = (bell + timedelta(minutes=minute) for bell in opens for minute in range(375))
    return [start for start, _ in zip(starts, range(count), strict=False)]


def _bars(starts: list[datetime]) -> Bars:
    one = Decimal("1500.05")
    return bars_of(
        Candle(
            starts_at=at,
            open_inr=one,
            high_inr=one + 1,
            low_inr=one - 1,
            close_inr=one + Decimal("0.05") * (number % 20),
            volume_shares=1000 + number,
        )
        for number, at in enumerate(starts)
    )


def _instrument(number: int) -> Instrument:
    return Instrument(
        name=f"NSE:S{number}",
        exchange="NSE",
        kind="EQ",
        trading_symbol=f"S{number}",
        exchange_token=str(number),
        description="",
        tick_inr=Decimal("0.05"),
    )


def _rows(file: Path, bars: Bars) -> float:
    """CPU seconds for the same bars out of an ordinary table."""
    connection = sqlite3.connect(file)
    connection.execute(f"CREATE TABLE bars ({', '.join(f'{name} INTEGER' for name in COLUMNS)})")
    columns = [getattr(bars, name) for name in COLUMNS]
    marks = ", ".join("?" * len(COLUMNS))
    connection.executemany(f"INSERT INTO bars VALUES ({marks})", zip(*columns, strict=True))

    def read() -> list[Candle]:
        found = connection.execute("SELECT starts_at, open, high, low, close, volume FROM bars")
        return [
            Candle(
                starts_at=datetime.fromtimestamp(at, UTC),
                open_inr=Decimal(first) / 10_000,
                high_inr=Decimal(high) / 10_000,
                low_inr=Decimal(low) / 10_000,
                close_inr=Decimal(close) / 10_000,
                volume_shares=volume,
            )
            for at, first, high, low, close, volume in found
        ]

    took = _cpu(read, times=1)
    connection.close()
    return took


def _cpu(job: Callable[[], object], times: int = TIMES) -> float:
    """Median CPU seconds of one run, after one that counts for nothing."""
    job()
    taken = []
    for _ in range(times):
        began = process_time()
        job()
        taken.append(process_time() - began)
    return median(taken)


if __name__ == "__main__":
    run()
