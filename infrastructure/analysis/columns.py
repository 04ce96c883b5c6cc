"""Columns of bars as arrays that TA-Lib takes, and the results as a port tells them."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import NDArray

from application.market.bars import Bars

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Of bars, oldest first; `begin` is the index in all bars of the first one here.

    The floats that TA-Lib wants stay whole numbers (of 0.0001 INR, of shares) while something is
    calculated: a float holds those exactly, so that the running sums in TA-Lib do not drift,
    however long the series.
    """

    bars: Bars
    begin: int
    end: int

    def __len__(self) -> int:
        return self.end - self.begin

    def part(self, begin: int, end: int) -> "Columns":
        """Of the bars begin <= index < end, counted in all bars."""
        return Columns(bars=self.bars, begin=begin, end=end)

    @cached_property
    def high(self) -> Floats:
        return self._whole(self.bars.high).astype(np.float64)

    @cached_property
    def low(self) -> Floats:
        return self._whole(self.bars.low).astype(np.float64)

    @cached_property
    def close(self) -> Floats:
        return self._whole(self.bars.close).astype(np.float64)

    @cached_property
    def volume(self) -> Floats:
        return self._whole(self.bars.volume).astype(np.float64)

    @cached_property
    def typical_times_three(self) -> Floats:
        """High + low + close: in whole units, so that equal ones are exactly equal."""
        return self.high + self.low + self.close

    @cached_property
    def impossible(self) -> Mask:
        """Which bars no market makes: a price of 0 or less, high below low, negative volume."""
        bars = self.bars
        opens, high, low, close, volume = (
            self._whole(column)
            for column in (bars.open, bars.high, bars.low, bars.close, bars.volume)
        )
        lowest = np.minimum(np.minimum(opens, close), low)
        return (lowest <= 0) | (high < low) | (volume < 0)

    def possible_parts(self) -> Iterator["Columns"]:
        """The unbroken runs of bars that can be calculated with."""
        if not self.impossible.any():
            yield self
            return
        edges = np.flatnonzero(np.diff(self.impossible, prepend=True, append=True))
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            yield self.part(self.begin + begin, self.begin + end)

    def _whole(self, column: "array[int]") -> Whole:
        # The array's own memory: its items do not become Python numbers on the way.
        return np.asarray(column)[self.begin : self.end]


@dataclass(frozen=True)
class Told(Sequence[float | None]):
    """A line of values; `None` where there is none. A value becomes a Python number when it is
    looked at: of 100,000 bars mostly the last few are."""

    values: Floats

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, at: int) -> float | None: ...

    @overload
    def __getitem__(self, at: slice) -> "Told": ...

    def __getitem__(self, at: int | slice) -> "float | Told | None":
        if isinstance(at, slice):
            return Told(self.values[at])
        value = float(self.values[at])
        return None if value != value else value

    def __iter__(self) -> Iterator[float | None]:
        return (None if value != value else value for value in self.values.tolist())
