"""Indicators by TA-Lib. It is loaded when the first one is asked for: it brings numpy."""

from collections.abc import Sequence

from application.market.bars import Bars
from application.ports.indicators import Calculated
from domain.indicators import Wanted
from infrastructure.brokers.importing import IMPORTING


class TalibIndicators:
    def calculate(
        self,
        bars: Bars,
        wanted: Sequence[Wanted],
        *,
        first: int,
        last: int,
        day_starts: Sequence[int],
    ) -> tuple[Calculated, ...]:
        with IMPORTING:
            from infrastructure.analysis.calculation import calculate
        return calculate(bars, wanted, first, last, day_starts)
