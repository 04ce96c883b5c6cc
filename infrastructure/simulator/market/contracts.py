"""The contracts on shares and indices: what all of one spot have in common, and how each is made.

Strikes go in the exchange's steps around the level. A contract keeps its symbol and its token for
as long as it is listed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from domain.instruments import plain
from infrastructure.simulator.market.expiries import Expiry
from infrastructure.simulator.market.instruments import (
    INDICES,
    INSTRUMENTS,
    TICK_INR,
    ExchangeName,
    Instrument,
)

FIRST_CONTRACT_TOKEN: Final = 1 << 21
"""Contracts have the tokens from here up to twice as much, on either exchange."""

_STRIKES_REACH: Final = Decimal("0.12")
_MOST_STRIKES: Final = 1 << 8
_WEEKS: Final = 1 << 5

# root | exchange | lot | freeze quantity | strikes' step | volatility % a year | weekly expiries
_CONTRACTS_ON: Final = """
NIFTY      | NFO | 65   | 1755   | 50   | 12 | 4
BANKNIFTY  | NFO | 30   | 600    | 100  | 14 | 0
FINNIFTY   | NFO | 60   | 1200   | 50   | 14 | 0
SENSEX     | BFO | 20   | 1000   | 100  | 12 | 4
RELIANCE   | NFO | 500  | 20000  | 10   | 22 | 0
INFY       | NFO | 400  | 16000  | 20   | 24 | 0
TCS        | NFO | 175  | 7000   | 20   | 22 | 0
HDFCBANK   | NFO | 550  | 22000  | 10   | 18 | 0
ICICIBANK  | NFO | 700  | 28000  | 10   | 20 | 0
SBIN       | NFO | 750  | 30000  | 10   | 22 | 0
AXISBANK   | NFO | 625  | 25000  | 10   | 24 | 0
ITC        | NFO | 1600 | 64000  | 2.5  | 18 | 0
LT         | NFO | 175  | 7000   | 50   | 22 | 0
BHARTIARTL | NFO | 475  | 19000  | 20   | 22 | 0
TATASTEEL  | NFO | 5500 | 220000 | 2.5  | 28 | 0
MARUTI     | NFO | 50   | 2000   | 100  | 22 | 0
"""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What all contracts on one spot have in common. `number` is part of their tokens."""

    number: int
    spot: Instrument
    exchange: ExchangeName
    lot_size_shares: int
    freeze_shares: int
    step_inr: Decimal
    volatility_percent: int
    weeklies: int


@dataclass(frozen=True, kw_only=True)
class Strike:
    """The two options of one strike and expiry."""

    strike_inr: Decimal
    call: Instrument
    put: Instrument


def _terms() -> Iterator[Terms]:
    spots = {each.root: each for each in (*INSTRUMENTS.values(), *INDICES)}
    for number, line in enumerate(_CONTRACTS_ON.strip().splitlines()):
        root, exchange, lot, freeze, step, volatility, weeklies = (
            cell.strip() for cell in line.split("|")
        )
        yield Terms(
            number=number,
            spot=spots[root],
            exchange="BFO" if exchange == "BFO" else "NFO",
            lot_size_shares=int(lot),
            freeze_shares=int(freeze),
            step_inr=Decimal(step),
            volatility_percent=int(volatility),
            weeklies=int(weeklies),
        )


TERMS: Final = {terms.spot.root: terms for terms in _terms()}


def future_of(terms: Terms, expiry: Expiry) -> Instrument:
    """The future that expires then."""
    root = terms.spot.root
    return Instrument(
        exchange=terms.exchange,
        symbol=f"{root}{expiry.code}FUT",
        description=f"{root} {expiry.day:%d %b %Y} FUT",
        exchange_token=_token(terms, expiry, 0),
        root=root,
        path=terms.spot.path,
        level_ticks=terms.spot.level_ticks,
        kind="FUT",
        lot_size_shares=terms.lot_size_shares,
        freeze_shares=terms.freeze_shares,
        expiry=expiry.day,
        spot=terms.spot,
    )


def chain_of(terms: Terms, expiry: Expiry) -> Iterator[Strike]:
    """Every strike of one expiry, the lowest first."""
    level_inr = terms.spot.level_ticks * TICK_INR
    steps = (level_inr * _STRIKES_REACH / terms.step_inr).to_integral_value()
    lowest_inr = ((level_inr / terms.step_inr).to_integral_value() - steps) * terms.step_inr
    count = int(2 * steps + 1)
    assert count < _MOST_STRIKES, "a token has no room for more"
    for number in range(count):
        strike_inr = lowest_inr + number * terms.step_inr
        yield Strike(
            strike_inr=strike_inr,
            call=_option(terms, expiry, strike_inr, "CE", 2 * number + 2),
            put=_option(terms, expiry, strike_inr, "PE", 2 * number + 3),
        )


def _option(
    terms: Terms, expiry: Expiry, strike_inr: Decimal, kind: Literal["CE", "PE"], number: int
) -> Instrument:
    root, strike = terms.spot.root, plain(strike_inr)
    return Instrument(
        exchange=terms.exchange,
        symbol=f"{root}{expiry.code}{strike}{kind}",
        description=f"{root} {expiry.day:%d %b %Y} {strike} {kind}",
        exchange_token=_token(terms, expiry, number),
        root=root,
        path=terms.spot.path,
        level_ticks=terms.spot.level_ticks,
        kind=kind,
        lot_size_shares=terms.lot_size_shares,
        freeze_shares=terms.freeze_shares,
        expiry=expiry.day,
        strike_inr=strike_inr,
        spot=terms.spot,
        volatility_percent=terms.volatility_percent,
    )


def _token(terms: Terms, expiry: Expiry, number: int) -> int:
    """Underlying, week and number of the contract in one: unique on every day, and it stays."""
    place = (terms.number * _WEEKS + expiry.week % _WEEKS) * 2 * (_MOST_STRIKES + 1) + number
    return FIRST_CONTRACT_TOKEN + place
