"""Candles of a broker: kept where they are closed for good, fetched in pieces where not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from application.market.bar_times import bar_end, is_quiet, settled_before, start_of_warm_up
from application.market.bars import Bars, bars_of, joined
from application.market.gaps import Gaps, find_gaps
from application.market.keep_candles import Wanted, read_through, within
from application.market.periods import Period, bar_start, length_of, most_days, pieces
from application.market.read_market import Symbol
from application.ports.broker import Broker
from application.ports.calendar import Calendar
from application.ports.candle_store import CandleStore
from application.ports.instruments import Instruments
from application.read_broker import Answered, ReadBroker
from application.sessions.broker_access import Admission
from application.sessions.enter_session import Entered
from application.writer import Context
from domain.errors import BrokerLoginRequired, BrokerUnavailable, InvalidArgument, Refusal
from domain.instruments import Instrument
from domain.vocabulary import Exchange, Interval

MOST_CALLS: Final = 50
"""To the broker, for one instrument."""
MOST_BARS: Final = 100_000
GIVEN_UP_AFTER: Final = 2
"""Symbols in a row that a broker gave no usable answer for: the others are not asked for."""

Progress = Callable[[int, int], None]
"""Is told how many calls to the broker are done, and how many it will be."""


def unheard(_done: int, _total: int) -> None:
    """The progress that nobody listens to."""


@dataclass(frozen=True, kw_only=True)
class Candles:
    """The bars of `period`, and before them (up to the index `first`) those asked for as a warm-up.

    `fetched_at` is when the broker was last asked about them, `calls` how often just now, and
    `from_cache` counts the bars that it was not asked for. `gaps` are those of all bars.
    `last_ends_at` is when the last one is over, by the exchange's calendar.
    """

    instrument: Instrument
    interval: Interval
    period: Period
    bars: Bars
    first: int
    fetched_at: datetime
    calls: int
    from_cache: int
    gaps: Gaps
    last_ends_at: datetime | None
    is_last_open: bool


@dataclass(frozen=True, kw_only=True)
class WantedBars:
    """`warm_up`: so many bars more, before the period."""

    interval: Interval
    period: Period
    warm_up: int = 0


@dataclass(frozen=True, kw_only=True)
class ReadCandles:
    read_broker: ReadBroker
    instruments: Instruments
    store: CandleStore
    calendar: Calendar

    def __call__(
        self,
        context: Context,
        entered: Entered,
        named: str | None,
        symbol: Symbol,
        wanted: WantedBars,
        progress: Progress = unheard,
    ) -> Answered[Candles]:
        """Raises:
        UnknownInstrument, NotSupportedByBroker: no such instrument or interval there.
        InvalidArgument: the period has too many bars.
        And as `ReadBroker.ask`.
        """
        admission = self.read_broker.admit(context, entered, named, "candles")
        answer = self._told(context, entered, admission, symbol, wanted, progress)
        return Answered(admission=admission, answer=answer)

    def several(
        self,
        context: Context,
        entered: Entered,
        named: str | None,
        symbols: Sequence[Symbol],
        wanted: WantedBars,
        progress: Progress = unheard,
    ) -> Answered[tuple[Candles | Refusal, ...]]:
        """One after the other, as they were asked; where there are none of one, the refusal that
        says why. `progress` counts symbols.

        Raises:
            BrokerLoginRequired: the login is over. And as `ReadBroker.ask`, before anything is
                asked.
        """
        admission = self.read_broker.admit(context, entered, named, "candles")
        told: list[Candles | Refusal] = []
        silent = 0
        for number, symbol in enumerate(symbols):
            if silent == GIVEN_UP_AFTER:
                told.append(told[-1])
                continue
            try:
                told.append(self._told(context, entered, admission, symbol, wanted, unheard))
                silent = 0
            except BrokerLoginRequired:
                raise
            except Refusal as refusal:
                silent = silent + 1 if isinstance(refusal, BrokerUnavailable) else 0
                told.append(refusal)
            progress(number + 1, len(symbols))
        return Answered(admission=admission, answer=tuple(told))

    def _told(
        self,
        context: Context,
        entered: Entered,
        admission: Admission,
        symbol: Symbol,
        wanted: WantedBars,
        progress: Progress,
    ) -> Candles:
        instrument = self.instruments.resolve(symbol.text, symbol.exchange)
        return self.read_broker.asking(
            context,
            entered,
            admission,
            lambda: self._candles(admission, instrument, wanted, progress),
        )

    def _candles(
        self, admission: Admission, instrument: Instrument, wanted: WantedBars, progress: Progress
    ) -> Candles:
        now, broker = self.read_broker.clock.now(), admission.broker
        interval, exchange = wanted.interval, instrument.exchange
        period = self._with_warm_up(broker, exchange, wanted)
        asking = _Asking(admission, instrument, interval, now, progress)
        kept = self.store.read(broker.name, instrument.name, interval)
        settled = settled_before(self.calendar, exchange, interval, now)
        if length_of(interval) is None and interval != "1d":
            # A broker may tell of the part of a week that it was asked for.
            settled = min(settled, bar_start(period.end, interval))
        through = Wanted(
            period=period,
            interval=interval,
            settled=settled,
            reach=_longest_span(broker, interval),
            at=now,
            quiet=partial(is_quiet, self.calendar, exchange),
        )
        told = read_through(kept, through, asking)
        if told.kept is not None:
            self.store.write(broker.name, instrument.name, interval, told.kept)
        bars = told.bars
        ends_at = bar_end(self.calendar, exchange, bars.starts(-1), interval) if len(bars) else None
        before = Period(start=period.start, end=wanted.period.start)
        return Candles(
            instrument=instrument,
            interval=interval,
            period=wanted.period,
            bars=bars,
            first=len(within(bars, before)) if wanted.warm_up else 0,
            fetched_at=kept.checked_at if kept and not asking.calls else now,
            calls=asking.calls,
            from_cache=told.from_cache,
            gaps=find_gaps(self.calendar, instrument, interval, bars, period, now),
            last_ends_at=ends_at,
            is_last_open=ends_at is not None and ends_at > now,
        )

    def _with_warm_up(self, broker: Broker, exchange: Exchange, wanted: WantedBars) -> Period:
        """The whole period to read. A warm-up is at most as long as a period may be, and comes on
        top of it: the same bar must not be told otherwise at the beginning of a long period."""
        begins, ends = wanted.period.start, wanted.period.end
        earliest = begins - _longest(broker, wanted)
        start = start_of_warm_up(self.calendar, exchange, wanted.interval, begins, wanted.warm_up)
        return Period(start=min(max(start, earliest), begins), end=ends)


@dataclass
class _Asking:
    """Puts one question to the broker, piece by piece."""

    admission: Admission
    instrument: Instrument
    interval: Interval
    at: datetime
    progress: Progress
    calls: int = field(default=0, init=False)
    planned: int = field(default=0, init=False)

    def __call__(self, periods: list[Period]) -> list[Bars]:
        span = _longest_span(self.admission.broker, self.interval)
        cut = [list(pieces(period, self.interval, span)) for period in periods]
        self.planned += sum(map(len, cut))
        return [joined(self._piece(each) for each in parts) for parts in cut]

    def _piece(self, piece: Period) -> Bars:
        bars = self.admission.broker.candles(
            self.admission.access,
            self.instrument,
            self.interval,
            piece.start,
            piece.end,
            self.at,
        )
        self.calls += 1
        self.progress(self.calls, self.planned)
        return bars_of(bars)


def _longest_span(broker: Broker, interval: Interval) -> timedelta:
    """Of one call; an interval that the broker lacks is for the broker to refuse, in one."""
    return broker.offer.longest_span.get(interval, timedelta(days=36_500))


def _longest(broker: Broker, wanted: WantedBars) -> timedelta:
    """How long a period may be.

    Raises:
        InvalidArgument: the one that is wanted is longer.
    """
    interval, period = wanted.interval, wanted.period
    span = _longest_span(broker, interval)
    most = timedelta(days=min(most_days(interval, MOST_BARS), span.days * MOST_CALLS))
    if period.end - period.start > most:
        raise InvalidArgument(
            f"That is too long: at {broker.display_name} at most {most.days} days of {interval} "
            "bars come at once. Next: ask in parts, or for a longer interval."
        )
    return most
