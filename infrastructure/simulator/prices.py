"""A market without a market: the price of a share is a pure function of seed, symbol and time.

So every instance, the paper broker included, sees the same price at the same second without
talking to another, and an old trade can be explained years later. Whole numbers only: no float
could round differently on another machine.
"""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from infrastructure.simulator.instruments import INSTRUMENTS, Instrument

_BILLION = 1_000_000_000
_SECOND = timedelta(seconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARK = timedelta(minutes=1)

# Each layer wanders between anchors a period apart. (period in seconds, reach in billionths);
# together the layers within a day reach 2.4 %, the slow ones carry the level over the weeks.
_LAYERS = (
    (40 * 86_400, 60_000_000),
    (5 * 86_400, 15_000_000),
    (6 * 3_600, 10_000_000),
    (3_600, 6_000_000),
    (300, 4_000_000),
    (30, 2_000_000),
    (2, 1_500_000),
)


def price(seed: int, symbol: str, at: datetime) -> Decimal:
    """The price in INR per share during the second in which `at` lies, a multiple of the tick.

    Raises:
        KeyError: no such share; see `instruments.resolve`.
    """
    instrument = INSTRUMENTS[symbol]
    second = (at - _EPOCH) // _SECOND
    moved = _BILLION + sum(
        reach * _wander(seed, symbol, period, second) // _BILLION for period, reach in _LAYERS
    )
    base_ticks = int(instrument.base_price_inr / instrument.tick_inr)
    ticks = (base_ticks * moved + _BILLION // 2) // _BILLION
    return instrument.tick_inr * max(ticks, 1)


def is_on_tick(instrument: Instrument, price_inr: Decimal) -> bool:
    """Whether the exchange would take this price at all."""
    return price_inr > 0 and price_inr % instrument.tick_inr == 0


def first_reached(
    seed: int, symbol: str, after: datetime, until: datetime, reached: Callable[[Decimal], bool]
) -> datetime | None:
    """The first instant in (after, until] at which the price was `reached`, if there is one.

    Looks at every full minute and at `until` itself, so an order that nobody looked at for hours
    is filled by the same minute whoever asks.
    """
    for instant in _marks(after, until):
        if reached(price(seed, symbol, instant)):
            return instant
    return None


def _marks(after: datetime, until: datetime) -> Iterator[datetime]:
    instant = _EPOCH + ((after - _EPOCH) // _MARK + 1) * _MARK
    while instant < until:
        yield instant
        instant += _MARK
    if after < until:
        yield until


def _wander(seed: int, symbol: str, period: int, second: int) -> int:
    """Smooth noise between two anchors, from -1 to 1 in billionths."""
    index, offset = divmod(second, period)
    here, there = _anchor(seed, symbol, period, index), _anchor(seed, symbol, period, index + 1)
    eased = _BILLION * offset * offset * (3 * period - 2 * offset) // period**3
    return here + (there - here) * eased // _BILLION


@lru_cache(maxsize=4096)
def _anchor(seed: int, symbol: str, period: int, index: int) -> int:
    digest = hashlib.blake2b(f"{seed}:{symbol}:{period}:{index}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % (2 * _BILLION + 1) - _BILLION
