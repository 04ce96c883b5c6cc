"""A market without a market: the price of an instrument is a pure function of seed and time.

So every instance, the paper broker included, sees the same price at the same second without
talking to another, and an old trade can be explained years later. Contracts follow their spot:
futures by the cost of carry, options by Black and Scholes with one volatility per underlying.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final

from infrastructure.simulator.market.hours import AROUND_THE_CLOCK, MarketHours, session
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.noise import MINUTE, spot_ticks, spot_ticks_by_minute
from infrastructure.simulator.market.options import carried, worth

_SECOND: Final = timedelta(seconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_MINUTES: Final = 240


def price(seed: int, instrument: Instrument, at: datetime) -> Decimal:
    """The price in INR per share during the second in which `at` lies, a multiple of the tick.

    Never below one tick. A contract that has expired keeps its last price.
    """
    return instrument.tick_inr * ticks_at(seed, instrument, second_of(at))


def settlement(seed: int, contract: Instrument) -> Decimal:
    """What a contract is worth in INR per share when it expires: 0 for many an option."""
    assert contract.spot is not None, "only contracts settle"
    spot = spot_ticks(seed, contract.spot, second_of(expires_at(contract)))
    if contract.kind == "FUT":
        return contract.tick_inr * spot
    gain = spot - _strike_ticks(contract)
    return contract.tick_inr * max(gain if contract.kind == "CE" else -gain, 0)


def expires_at(contract: Instrument) -> datetime:
    """The close of its last day, in UTC."""
    assert contract.expiry is not None, "only contracts expire"
    return session(contract.expiry)[1]


def has_expired(instrument: Instrument, at: datetime) -> bool:
    return instrument.is_contract and expires_at(instrument) <= at


def is_on_tick(instrument: Instrument, price_inr: Decimal) -> bool:
    """Whether the exchange would take this price at all."""
    return price_inr > 0 and price_inr % instrument.tick_inr == 0


def first_reached(
    seed: int,
    instrument: Instrument,
    after: datetime,
    until: datetime,
    reached: Callable[[Decimal], bool],
    hours: MarketHours = AROUND_THE_CLOCK,
) -> datetime | None:
    """The first instant in (after, until] at which the price was `reached`, if there is one.

    Looks at every full minute within the hours of trading, and at `until` itself when it is, so
    that an order that nobody looked at for hours is filled by the same minute whoever asks.
    """
    tick_inr = instrument.tick_inr
    for begin, end in hours.spans(after, until):
        for second, ticks in _by_minute(seed, instrument, begin, end):
            if reached(tick_inr * ticks):
                return _EPOCH + second * _SECOND
        if reached(price(seed, instrument, end)):
            return end
    return None


def _by_minute(
    seed: int, instrument: Instrument, after: datetime, until: datetime
) -> Iterator[tuple[int, int]]:
    """(second, ticks) of every full minute between the two, neither of them included."""
    first = ((after - _EPOCH) // (MINUTE * _SECOND) + 1) * MINUTE
    count = -((_EPOCH + first * _SECOND - until) // (MINUTE * _SECOND))
    size = 1  # most orders are filled soon, or were looked at just before
    while count > 0:
        size = min(size * 4, count, _MOST_MINUTES)
        run = ticks_by_minute(seed, instrument, first, size)
        yield from zip(range(first, first + size * MINUTE, MINUTE), run, strict=True)
        first, count = first + size * MINUTE, count - size


def second_of(at: datetime) -> int:
    return (at - _EPOCH) // _SECOND


def ticks_at(seed: int, instrument: Instrument, second: int) -> int:
    """The price in ticks; `second` counts from 1970."""
    if instrument.spot is None or instrument.expiry is None:
        return spot_ticks(seed, instrument, second)
    second = min(second, _expires(instrument.expiry))
    return _contract_ticks(instrument, spot_ticks(seed, instrument.spot, second), second)


def ticks_by_minute(seed: int, instrument: Instrument, first: int, count: int) -> list[int]:
    """`ticks_at` at `count` full minutes, beginning with the second `first`."""
    if instrument.spot is None or instrument.expiry is None:
        return spot_ticks_by_minute(seed, instrument, first, count)
    living = max(0, min(count, (_expires(instrument.expiry) - first) // MINUTE + 1))
    spots = spot_ticks_by_minute(seed, instrument.spot, first, living)
    alive = [_contract_ticks(instrument, spot, first + n * MINUTE) for n, spot in enumerate(spots)]
    dead = count - living
    return alive + ([ticks_at(seed, instrument, first + count * MINUTE)] * dead if dead else [])


def seconds_left(contract: Instrument, second: int) -> int:
    assert contract.expiry is not None, "only contracts expire"
    return max(_expires(contract.expiry) - second, 0)


def _contract_ticks(contract: Instrument, spot: int, second: int) -> int:
    left = seconds_left(contract, second)
    if contract.kind == "FUT":
        value = carried(spot, left)
    else:
        strike, volatility = _strike_ticks(contract), contract.volatility_percent / 100
        value = worth(contract.kind, spot, strike, left, volatility)
    return max(int(value + 0.5), 1)


def _strike_ticks(contract: Instrument) -> int:
    assert contract.strike_inr is not None, "only options have one"
    return int(contract.strike_inr / contract.tick_inr)


@lru_cache(maxsize=256)
def _expires(day: date) -> int:
    return second_of(session(day)[1])
