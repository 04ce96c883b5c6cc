"""The market that paper money sees: the simulated one, a function of seed, instrument and time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from application.ports.market import Candle, Detail, Quote
from domain.capabilities import OFFERS
from domain.errors import NotSupportedByBroker, UnknownInstrument
from domain.instruments import Instrument
from domain.vocabulary import Interval
from infrastructure.simulator.market import candles as simulated
from infrastructure.simulator.market import instruments
from infrastructure.simulator.market import quotes as market
from infrastructure.simulator.market.prices import price
from infrastructure.simulator.market.universe import listed


def quotes(
    seed: int, wanted: Sequence[Instrument], detail: Detail, now: datetime
) -> tuple[Quote, ...]:
    """In the order asked; what is not simulated is missing."""
    known = ((each, _simulated(each, now)) for each in wanted)
    return tuple(_quote(seed, each, found, detail, now) for each, found in known if found)


def candles(
    seed: int,
    instrument: Instrument,
    interval: Interval,
    start: datetime,
    end: datetime,
    now: datetime,
) -> tuple[Candle, ...]:
    """Bars with start <= starts_at < end, of the exchange's hours.

    Raises:
        NotSupportedByBroker: paper has no such interval.
        UnknownInstrument: it is not simulated.
    """
    intervals = OFFERS["paper"].longest_span
    if interval not in intervals:
        raise NotSupportedByBroker(
            f"paper has no candles of {interval}. Next: choose one of {', '.join(intervals)}."
        )
    found = _simulated(instrument, now)
    if found is None:
        raise UnknownInstrument(
            f"{instrument.name} is not simulated. Next: search_instruments for another."
        )
    bars = simulated.candles(seed, found, interval, start, end, now)
    return tuple(bar for bar in bars if start <= bar.starts_at < end)


def _simulated(instrument: Instrument, now: datetime) -> instruments.Instrument | None:
    return listed(now).find(instrument.exchange, instrument.trading_symbol)


def _quote(
    seed: int,
    instrument: Instrument,
    found: instruments.Instrument,
    detail: Detail,
    now: datetime,
) -> Quote:
    if detail == "ltp":
        return Quote(instrument=instrument, last_price_inr=price(seed, found, now))
    seen = market.quote(seed, found, now)
    ohlc = Quote(
        instrument=instrument,
        last_price_inr=seen.last_price_inr,
        open_inr=seen.open_inr,
        high_inr=seen.high_inr,
        low_inr=seen.low_inr,
        previous_close_inr=seen.previous_close_inr,
    )
    if detail == "ohlc":
        return ohlc
    return replace(
        ohlc,
        volume_shares=seen.volume_shares,
        average_price_inr=seen.average_price_inr,
        open_interest_shares=seen.open_interest_shares if found.is_contract else None,
        lower_circuit_inr=seen.lower_circuit_inr,
        upper_circuit_inr=seen.upper_circuit_inr,
        bids=tuple(seen.bids),
        asks=tuple(seen.asks),
        traded_at=seen.traded_at,
    )
