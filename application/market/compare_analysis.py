"""Where the candles of two brokers differ, of those that an indicator's last value is made from.

The same bars give the same value: the calculation is one. So a difference is in the candles, or in
how far back they go.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, Literal

from application.market.analyse import Analysed
from application.market.bars import Bars
from application.market.missing_bars import window_start
from application.market.read_candles import Candles
from application.market.readings import Reading, Value
from domain.indicators import INDICATORS, IndicatorName, Wanted
from domain.vocabulary import BrokerName, Mode

DifferenceKind = Literal["lastBar", "begin", "missing", "adjusted", "prices", "volumes"]
TOLD_TIMES: Final = 3
ADJUSTED_BARS: Final = 5
"""So many bars in one ratio are no accident."""
_SAME_RATIO: Final = 0.002
"""Adjusted prices are rounded to ticks: of a share at 25 INR by up to 0.1 %, at either broker."""
_UNADJUSTED: Final = 0.01
_CLOSES_ONLY: Final[frozenset[IndicatorName]] = frozenset(
    {"RSI", "MACD", "BOLLINGER", "SMA", "EMA", "OBV"}
)


@dataclass(frozen=True, kw_only=True)
class AtBroker:
    """What one broker's candles say of one indicator."""

    broker: BrokerName
    mode: Mode
    found: Analysed

    @property
    def reading(self) -> Reading:
        return self.found.readings[0]

    @property
    def candles(self) -> Candles:
        return self.found.candles


@dataclass(frozen=True, kw_only=True)
class Difference:
    """At `broker`, seen from `reference`. `times`: of the first few of `bars` bars, by their start;
    of `lastBar` and `begin` those of the reference's bar and of the broker's, and `are_open`
    whether they still are. `largest_percent` of the reference's number; `ratio` of closes, where
    history is adjusted."""

    kind: DifferenceKind
    broker: BrokerName
    reference: BrokerName
    bars: int = 0
    times: tuple[datetime, ...] = ()
    are_open: tuple[bool, ...] = ()
    largest_percent: Decimal | None = None
    ratio: Decimal | None = None


def compare(reference: AtBroker, other: AtBroker) -> tuple[Difference, ...]:
    """What differs at `other`. Bars that are still open are left out: the brokers were not asked
    in the same instant."""
    wanted = reference.reading.wanted
    ours, theirs = reference.candles, other.candles
    if not ours.bars or not theirs.bars:
        return ()
    found = _Found(
        reference=reference.broker, broker=other.broker, ours=ours.bars, theirs=theirs.bars
    )
    needed = min(
        window_start(each.candles.bars, wanted, each.found.told) for each in (reference, other)
    )
    begins = [max(needed, each.bars.starts_at[0]) for each in (ours, theirs)]
    until = min(each.bars.starts_at[-1] for each in (ours, theirs))
    here, there = (_closed(each, max(begins), until) for each in (ours, theirs))
    pairs = [(each, here[each], there[each]) for each in sorted(here.keys() & there.keys())]
    return (
        *_last_bars(reference, other),
        *found.begins(*begins),
        *found.missing(other.broker, reference.broker, sorted(here.keys() - there.keys())),
        *found.missing(reference.broker, other.broker, sorted(there.keys() - here.keys())),
        *found.prices(pairs, wanted),
        *(
            found.unlike("volumes", pairs, ("volume",))
            if INDICATORS[wanted.name].needs_volume
            else ()
        ),
    )


def last_common_bar(readings: Sequence[Reading]) -> datetime | None:
    """The newest closed bar that all of them have a value of."""
    told = [
        {value.starts_at for value in reading.values if value.is_told and not value.is_open}
        for reading in readings
    ]
    return max(set.intersection(*told), default=None) if told else None


def value_at(reading: Reading, starts_at: datetime) -> Value | None:
    return next((value for value in reading.values if value.starts_at == starts_at), None)


Pair = tuple[int, int, int]
"""When a bar starts (seconds since 1970), and its index at the one and at the other."""


def _last_bars(reference: AtBroker, other: AtBroker) -> list[Difference]:
    both = [each.candles for each in (reference, other)]
    times = tuple(each.bars.starts(-1) for each in both)
    if times[0] == times[1]:
        return []
    are_open = tuple(each.is_last_open for each in both)
    return [
        Difference(
            kind="lastBar",
            broker=other.broker,
            reference=reference.broker,
            times=times,
            are_open=are_open,
        )
    ]


@dataclass(frozen=True, kw_only=True)
class _Found:
    """`ours` are the reference's bars, `theirs` the broker's."""

    reference: BrokerName
    broker: BrokerName
    ours: Bars
    theirs: Bars

    def begins(self, ours: int, theirs: int) -> list[Difference]:
        if ours == theirs:
            return []
        return [self._difference("begin", times=(_instant(ours), _instant(theirs)))]

    def missing(
        self, broker: BrokerName, other: BrokerName, gone: Sequence[int]
    ) -> list[Difference]:
        if not gone:
            return []
        times = tuple(map(_instant, gone[:TOLD_TIMES]))
        return [
            Difference(kind="missing", broker=broker, reference=other, bars=len(gone), times=times)
        ]

    def prices(self, pairs: Sequence[Pair], wanted: Wanted) -> list[Difference]:
        names = ("close",) if wanted.name in _CLOSES_ONLY else ("high", "low", "close")
        count, ratio = _adjusted(pairs, self.ours, self.theirs)
        unlike = self.unlike("prices", pairs[count:], names)
        if not count:
            return unlike
        last = (_instant(pairs[count - 1][0]),)
        ratio_told = Decimal(f"{ratio:.4f}")
        return [self._difference("adjusted", bars=count, times=last, ratio=ratio_told), *unlike]

    def unlike(
        self, kind: DifferenceKind, pairs: Sequence[Pair], names: tuple[str, ...]
    ) -> list[Difference]:
        """Bars of which any of these columns differs."""
        times: set[int] = set()
        largest = 0.0
        for name in names:
            mine, yours = getattr(self.ours, name), getattr(self.theirs, name)
            for starts_at, here, there in pairs:
                if mine[here] != yours[there]:
                    times.add(starts_at)
                    largest = max(largest, abs(yours[there] / mine[here] - 1) if mine[here] else 1)
        if not times:
            return []
        return [
            self._difference(
                kind,
                bars=len(times),
                times=tuple(map(_instant, sorted(times)[:TOLD_TIMES])),
                largest_percent=Decimal(f"{largest * 100:.4f}"),
            )
        ]

    def _difference(
        self,
        kind: DifferenceKind,
        *,
        times: tuple[datetime, ...],
        bars: int = 0,
        largest_percent: Decimal | None = None,
        ratio: Decimal | None = None,
    ) -> Difference:
        return Difference(
            kind=kind,
            broker=self.broker,
            reference=self.reference,
            bars=bars,
            times=times,
            largest_percent=largest_percent,
            ratio=ratio,
        )


def _adjusted(pairs: Sequence[Pair], ours: Bars, theirs: Bars) -> tuple[int, float]:
    """How many of the oldest bars have closes in one ratio, far from 1, and that ratio: a split or
    bonus that the history of only one broker has been adjusted for. 0 where it is not so."""
    ratios = [
        theirs.close[there] / ours.close[here] if ours.close[here] else 1.0
        for _, here, there in pairs
    ]
    count = next(
        (i + 1 for i in range(len(ratios) - 1, -1, -1) if abs(ratios[i] - 1) > _UNADJUSTED), 0
    )
    if count < ADJUSTED_BARS:
        return 0, 1.0
    ratio = ratios[count - 1]
    alike = all(abs(each / ratio - 1) <= _SAME_RATIO for each in ratios[:count])
    return (count, ratio) if alike else (0, 1.0)


def _closed(candles: Candles, since: int, until: int) -> dict[int, int]:
    """The index of each closed bar that starts from `since` up to `until`, by its start."""
    starts = candles.bars.starts_at
    closed = len(starts) - (1 if candles.is_last_open else 0)
    last = min(closed, bisect_right(starts, until))
    return {starts[index]: index for index in range(bisect_left(starts, since), last)}


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
