"""Bars as columns: what is kept of candles, and what indicators are calculated from."""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from application.ports.market import Candle

UNITS_A_RUPEE: Final = 10_000
"""Prices are whole numbers of 0.0001 INR, the finest tick of any exchange here."""
NO_INTEREST: Final = -1
_UNIT: Final = Decimal(1) / UNITS_A_RUPEE


@dataclass(frozen=True, kw_only=True)
class Bars:
    """Oldest first, without doubles; all columns (64-bit integers) have one length.

    `starts_at` in seconds since 1970 (UTC), prices in 0.0001 INR, `volume` and `open_interest` in
    shares; `NO_INTEREST` where there is none.
    """

    starts_at: "array[int]"
    open: "array[int]"
    high: "array[int]"
    low: "array[int]"
    close: "array[int]"
    volume: "array[int]"
    open_interest: "array[int]"

    def __len__(self) -> int:
        return len(self.starts_at)

    def __getitem__(self, part: slice) -> "Bars":
        return Bars(**{name: getattr(self, name)[part] for name in COLUMNS})

    def starts(self, index: int) -> datetime:
        return datetime.fromtimestamp(self.starts_at[index], UTC)

    def candle(self, index: int) -> Candle:
        interest = self.open_interest[index]
        return Candle(
            starts_at=self.starts(index),
            open_inr=self.open[index] * _UNIT,
            high_inr=self.high[index] * _UNIT,
            low_inr=self.low[index] * _UNIT,
            close_inr=self.close[index] * _UNIT,
            volume_shares=self.volume[index],
            open_interest_shares=None if interest == NO_INTEREST else interest,
        )

    def candles(self) -> Iterator[Candle]:
        return (self.candle(index) for index in range(len(self)))


COLUMNS: Final = ("starts_at", "open", "high", "low", "close", "volume", "open_interest")


def bars_of(candles: Iterable[Candle]) -> Bars:
    """What is finer than 0.0001 INR is rounded: no exchange has such prices, but brokers that
    adjust old ones for a split divide them."""
    columns = {name: array("q") for name in COLUMNS}
    units = _Units()
    for candle in candles:
        interest = candle.open_interest_shares
        columns["starts_at"].append(int(candle.starts_at.timestamp()))
        columns["open"].append(units[candle.open_inr])
        columns["high"].append(units[candle.high_inr])
        columns["low"].append(units[candle.low_inr])
        columns["close"].append(units[candle.close_inr])
        columns["volume"].append(candle.volume_shares)
        columns["open_interest"].append(NO_INTEREST if interest is None else interest)
    return Bars(**columns)


def joined(parts: Iterable[Bars]) -> Bars:
    """One after the other, as they come."""
    columns = {name: array("q") for name in COLUMNS}
    for part in parts:
        for name, column in columns.items():
            column.extend(getattr(part, name))
    return Bars(**columns)


class _Units(dict[Decimal, int]):
    """Prices in 0.0001 INR. They repeat, so each is worked out once."""

    def __missing__(self, price_inr: Decimal) -> int:
        units = self[price_inr] = int((price_inr * UNITS_A_RUPEE).to_integral_value())
        return units
