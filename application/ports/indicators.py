"""Calculates indicators over bars. Pure; behind a port because the library is C over arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from application.market.bars import Bars
from domain.indicators import Wanted

LevelKind = Literal["retracement", "support", "resistance"]


@dataclass(frozen=True, kw_only=True)
class Level:
    """A support, a resistance, or a Fibonacci line (`name` as `61.8%`). `bar` is the index of the
    bar that it is from, where there is one."""

    kind: LevelKind
    name: str
    price_inr: float
    bar: int | None = None


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What a reader has to know, as half a sentence, such as `no value: the closes did not change`.

    It is about `count` of the asked bars, of which `first_bar` and `last_bar` are the outermost
    (indices into all bars); `None` where it is about no bar in particular. `note` is for what only
    qualifies values; otherwise values are missing because of it.
    """

    text: str
    first_bar: int | None = None
    last_bar: int | None = None
    count: int = 0
    note: bool = False


@dataclass(frozen=True, kw_only=True)
class Calculated:
    """One indicator over bars.

    `lines` are by name (`domain.indicators.INDICATORS[...].lines`), one value per asked bar, of the
    bars from index `first` on; `None` where there is none to tell, and then `statements` say why.
    `levels` are of the asked bars as a whole.
    """

    wanted: Wanted
    lines: dict[str, Sequence[float | None]]
    levels: tuple[Level, ...] = ()
    statements: tuple[Statement, ...] = ()


class Indicators(Protocol):
    def calculate(
        self,
        bars: Bars,
        wanted: Sequence[Wanted],
        *,
        first: int,
        last: int,
        day_starts: Sequence[int],
    ) -> tuple[Calculated, ...]:
        """Each over all of `bars`, told of the bars first <= index < last: what lies before is
        warm-up, and what `of_range` indicators look at is exactly the asked bars.

        `day_starts` are the indices at which trading days begin (VWAP begins anew), in order; empty
        where bars are days or longer. Bars that cannot be (a price of 0 or less, high below low,
        negative volume) are never calculated with: each indicator begins anew behind them.

        Raises:
            ValueError: not 0 <= first <= last <= len(bars).
        """
        ...
