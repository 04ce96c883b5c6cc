"""What the exchange shows about an instrument: quote, market depth, price bands, option chain.

Pure functions of seed, instrument and time. With market hours kept, ask for `hours.tape(now)`.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from application.ports.market import DepthLevel
from infrastructure.simulator.market import options
from infrastructure.simulator.market.hours import previous_trading_day, session, session_day
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.noise import MINUTE, draw
from infrastructure.simulator.market.prices import price, second_of, seconds_left, ticks_at
from infrastructure.simulator.market.tape import (
    day_volume,
    open_interest_at,
    session_ticks,
    volume_at,
)
from infrastructure.simulator.market.universe import listed

_LEVELS: Final = 5
_BILLION: Final = 1_000_000_000
# The exchanges give shares with contracts a band that moves on, and other shares a fixed one.
_BAND_PERCENT: Final = 20
_BAND_WITH_CONTRACTS_PERCENT: Final = 10
_PAISA: Final = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Quote:
    """Open, high, low and volume are of the latest session, the previous close of the one before.

    An index has no volume, depth or price band; open interest is 0 unless it is a contract.
    """

    instrument: Instrument
    traded_at: datetime
    last_price_inr: Decimal
    open_inr: Decimal
    high_inr: Decimal
    low_inr: Decimal
    previous_close_inr: Decimal
    average_price_inr: Decimal
    volume_shares: int
    last_quantity_shares: int
    buy_quantity_shares: int
    sell_quantity_shares: int
    bids: tuple[DepthLevel, ...]
    asks: tuple[DepthLevel, ...]
    open_interest_shares: int
    oi_day_high: int
    oi_day_low: int
    lower_circuit_inr: Decimal | None
    upper_circuit_inr: Decimal | None


@dataclass(frozen=True, kw_only=True)
class Greeks:
    """`theta` for one day, `vega` for one percentage point of volatility; per share, in INR."""

    delta: Decimal
    gamma: Decimal
    theta: Decimal
    vega: Decimal


@dataclass(frozen=True, kw_only=True)
class ChainSide:
    """The call or the put of one strike. A bid or ask of `None` means that there is none."""

    instrument: Instrument
    last_price_inr: Decimal
    previous_close_inr: Decimal
    volume_shares: int
    open_interest_shares: int
    previous_open_interest_shares: int
    bid: DepthLevel | None
    ask: DepthLevel | None
    implied_volatility_percent: Decimal
    greeks: Greeks


@dataclass(frozen=True, kw_only=True)
class ChainRow:
    strike_inr: Decimal
    call: ChainSide
    put: ChainSide


def quote(seed: int, instrument: Instrument, at: datetime) -> Quote:
    """Everything at once; `price` alone is much cheaper."""
    day, second = session_day(at), second_of(at)
    opens = second_of(session(day)[0])
    tick_inr = instrument.tick_inr
    last = ticks_at(seed, instrument, second)
    marks = session_ticks(seed, instrument, day)[: (second - opens) // MINUTE + 1]
    high, low = max(*marks, last), min(*marks, last)
    bids, asks = depth(seed, instrument, at)
    band = circuit(seed, instrument, at)
    interest = open_interest_at(seed, instrument, second)
    at_open = open_interest_at(seed, instrument, opens)
    average = tick_inr * (marks[0] + high + low + last) / 4
    return Quote(
        instrument=instrument,
        traded_at=at.replace(microsecond=0),
        last_price_inr=tick_inr * last,
        open_inr=tick_inr * marks[0],
        high_inr=tick_inr * high,
        low_inr=tick_inr * low,
        previous_close_inr=previous_close(seed, instrument, at),
        average_price_inr=average.quantize(_PAISA),
        volume_shares=volume_at(seed, instrument, day, second),
        last_quantity_shares=bids[0].quantity_shares if bids else 0,
        buy_quantity_shares=sum(level.quantity_shares for level in bids),
        sell_quantity_shares=sum(level.quantity_shares for level in asks),
        bids=bids,
        asks=asks,
        open_interest_shares=interest,
        oi_day_high=max(interest, at_open),
        oi_day_low=min(interest, at_open),
        lower_circuit_inr=band[0] if band else None,
        upper_circuit_inr=band[1] if band else None,
    )


def previous_close(seed: int, instrument: Instrument, at: datetime) -> Decimal:
    """The closing price of the session before the latest one, in INR."""
    closed_at = session(previous_trading_day(session_day(at)))[1]
    return price(seed, instrument, closed_at)


def depth(
    seed: int, instrument: Instrument, at: datetime
) -> tuple[tuple[DepthLevel, ...], tuple[DepthLevel, ...]]:
    """Five bids and five asks around the last price, the best first. No bid is below one tick."""
    if instrument.kind == "INDEX":
        return (), ()
    second = second_of(at)
    last = ticks_at(seed, instrument, second)
    lots = day_volume(seed, instrument, session_day(at)) // instrument.lot_size_shares // 2000

    def level(ticks: int, number: int) -> DepthLevel:
        drawn = _BILLION + draw(seed, f"depth:{instrument.symbol}:{number}", 1, second)
        quantity = 1 + lots * drawn // _BILLION
        return DepthLevel(
            price_inr=instrument.tick_inr * ticks,
            quantity_shares=quantity * instrument.lot_size_shares,
            orders=1 + drawn % min(quantity, 20),
        )

    asks = tuple(level(last + n, n) for n in range(1, _LEVELS + 1))
    return tuple(level(last - n, -n) for n in range(1, _LEVELS + 1) if last > n), asks


def circuit(seed: int, instrument: Instrument, at: datetime) -> tuple[Decimal, Decimal] | None:
    """The lowest and the highest price that the exchange takes in this session, in INR.

    An option may move by as much as what it is on.
    """
    if instrument.kind == "INDEX":
        return None
    spot, tick_inr = instrument.spot or instrument, instrument.tick_inr
    has_contracts = any(each.root == instrument.root for each in listed(at).underlyings)
    percent = _BAND_WITH_CONTRACTS_PERCENT if has_contracts else _BAND_PERCENT
    middle = previous_close(seed, instrument, at)
    of = middle if instrument.strike_inr is None else previous_close(seed, spot, at)
    ticks_away = of * percent / 100 // tick_inr
    return max(middle - ticks_away * tick_inr, tick_inr), middle + ticks_away * tick_inr


def greeks(seed: int, option: Instrument, at: datetime) -> Greeks:
    """Of an option, by the model that its price comes from."""
    assert option.spot is not None, "only options have them"
    assert option.strike_inr is not None, "only options have them"
    second = second_of(at)
    found = options.greeks(
        option.kind,
        float(price(seed, option.spot, at)),
        float(option.strike_inr),
        seconds_left(option, second),
        option.volatility_percent / 100,
    )
    return Greeks(
        delta=_rounded(found.delta, 4),
        gamma=_rounded(found.gamma, 6),
        theta=_rounded(found.theta, 4),
        vega=_rounded(found.vega, 4),
    )


def option_chain(seed: int, root: str, expiry: date, at: datetime) -> tuple[ChainRow, ...]:
    """Every strike, the lowest first; empty when nothing on it expires then."""
    return tuple(
        ChainRow(
            strike_inr=strike.strike_inr,
            call=_side(seed, strike.call, at),
            put=_side(seed, strike.put, at),
        )
        for strike in listed(at).chain(root, expiry)
    )


def _side(seed: int, option: Instrument, at: datetime) -> ChainSide:
    second, day = second_of(at), session_day(at)
    bids, asks = depth(seed, option, at)
    closed = second_of(session(previous_trading_day(day))[1])
    return ChainSide(
        instrument=option,
        last_price_inr=price(seed, option, at),
        previous_close_inr=previous_close(seed, option, at),
        volume_shares=volume_at(seed, option, day, second),
        open_interest_shares=open_interest_at(seed, option, second),
        previous_open_interest_shares=open_interest_at(seed, option, closed),
        bid=bids[0] if bids else None,
        ask=asks[0],
        implied_volatility_percent=Decimal(option.volatility_percent),
        greeks=greeks(seed, option, at),
    )


def _rounded(value: float, places: int) -> Decimal:
    return Decimal(round(value * 10**places)).scaleb(-places)
