"""Indicators that tell the close for every line, so that a test sees which bars were asked of."""

from collections.abc import Sequence

from application.market.bars import UNITS_A_RUPEE, Bars
from application.ports.indicators import Calculated, Statement
from domain.indicators import INDICATORS, Wanted


class CloseForEverything:
    """`statements` are told with every indicator; `asked` remembers (first, last, day_starts)."""

    def __init__(self, *statements: Statement) -> None:
        self.statements = statements
        self.asked: list[tuple[int, int, tuple[int, ...]]] = []

    def calculate(
        self,
        bars: Bars,
        wanted: Sequence[Wanted],
        *,
        first: int,
        last: int,
        day_starts: Sequence[int],
    ) -> tuple[Calculated, ...]:
        self.asked.append((first, last, tuple(day_starts)))
        closes = [units / UNITS_A_RUPEE for units in bars.close[first:last]]
        return tuple(
            Calculated(
                wanted=one,
                lines=dict.fromkeys(INDICATORS[one.name].lines, closes),
                statements=self.statements,
            )
            for one in wanted
        )
