"""Technical indicators of instruments, from the candles of one broker."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from application.market.missing_bars import Range
from application.market.periods import Period, length_of
from application.market.read_candles import Candles, Progress, ReadCandles, WantedBars, unheard
from application.market.read_market import Symbol
from application.market.readings import Reading, read
from application.ports.indicators import Indicators
from application.read_broker import Answered
from application.sessions.enter_session import Entered
from application.writer import Context
from domain.errors import Refusal
from domain.indicators import INDICATORS, Wanted, warm_up_bars
from domain.vocabulary import Interval

RANGE_BARS: Final = 250
"""What Fibonacci, support and resistance and OBV look at where no dates are given: about a year of
daily bars."""

LONGEST_DAY: Final = timedelta(hours=15)
"""Of trading: MCX, 09:00 to 23:55."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """`since` is where the asked bars begin; without it the last ones up to `until` are meant. The
    last `most` of them are told, after leaving out `newer`."""

    symbols: Sequence[Symbol]
    wanted: Sequence[Wanted]
    interval: Interval
    since: datetime | None
    until: datetime
    most: int
    newer: int = 0
    allow_gaps: bool = False


@dataclass(frozen=True, kw_only=True)
class Analysed:
    """`newer`: to leave out so many of the newest bars tells of those before the told ones; `None`
    where the asked period has none, or no beginning."""

    symbol: Symbol
    candles: Candles
    readings: tuple[Reading, ...]
    told: Range
    newer: int | None


@dataclass(frozen=True, kw_only=True)
class NotAnalysed:
    symbol: Symbol
    refusal: Refusal


@dataclass(frozen=True, kw_only=True)
class Analyse:
    read_candles: ReadCandles
    indicators: Indicators

    def __call__(
        self,
        context: Context,
        entered: Entered,
        named: str | None,
        request: Request,
        progress: Progress = unheard,
    ) -> Answered[tuple[Analysed | NotAnalysed, ...]]:
        """Every symbol in the order asked; what one of them lacks says nothing about the others.

        Raises:
            Refusal: no symbol has any candles; the first one's reason.
            And as `ReadCandles`.
        """
        found = self.read_candles.several(
            context,
            entered,
            named,
            request.symbols,
            WantedBars(
                interval=request.interval,
                period=Period(start=request.since or request.until, end=request.until),
                warm_up=bars_before(request),
            ),
            progress,
        )
        analysed = tuple(
            NotAnalysed(symbol=symbol, refusal=answer)
            if isinstance(answer, Refusal)
            else self._analysed(symbol, answer, request)
            for symbol, answer in zip(request.symbols, found.answer, strict=True)
        )
        refusals = [each.refusal for each in analysed if isinstance(each, NotAnalysed)]
        if len(refusals) == len(analysed):
            raise refusals[0]
        return Answered(admission=found.admission, answer=analysed)

    def _analysed(self, symbol: Symbol, candles: Candles, request: Request) -> Analysed:
        told = told_range(candles, request)
        has_older = request.since is not None and told.asked < told.first
        return Analysed(
            symbol=symbol,
            candles=candles,
            readings=read(
                self.indicators, candles, request.wanted, told, allow_gaps=request.allow_gaps
            ),
            told=told,
            newer=len(candles.bars) - told.first if has_older else None,
        )


def bars_before(request: Request) -> int:
    """How many bars before the asked period have to be there: those that are told, where it has no
    beginning, and what the indicators need before them.

    One more, since a last bar that is open is told beside those that were asked for.
    """
    has_beginning = request.since is not None
    length = length_of(request.interval)
    # Of the day before, too: only then is it seen when the first bars of the day are missing.
    a_day = LONGEST_DAY // length if length else 0
    told = 0 if has_beginning else request.most + request.newer + 1
    whole = 0 if has_beginning else RANGE_BARS
    return max(
        whole
        if INDICATORS[each.name].of_range
        else told + (a_day if INDICATORS[each.name].from_day_start else warm_up_bars(each))
        for each in request.wanted
    )


def told_range(candles: Candles, request: Request) -> Range:
    count = len(candles.bars)
    earliest = candles.first if request.since is not None else 0
    last = max(earliest, count - request.newer)
    # A number that can still change is never the only one that is told.
    most = request.most + (1 if candles.is_last_open and not request.newer else 0)
    first = max(earliest, last - most)
    asked = earliest if request.since is not None else min(first, max(0, count - RANGE_BARS))
    return Range(asked=asked, first=first, last=last)
