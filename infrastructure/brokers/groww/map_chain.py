"""Option chains and expiries as Groww tells them, in our words. Pure."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

import msgspec

from application.ports.market import OptionChain, OptionRow, OptionSide
from domain.instruments import Instrument, plain
from infrastructure.brokers.groww.mapping import Names, NotAtGroww, handle_of, place_of
from infrastructure.brokers.prices import finite, price_if_any
from infrastructure.instruments.indices import ALIAS_OF

_OPTIONS: Final = "FNO"


class _Greeks(msgspec.Struct):
    delta: Decimal | None = None
    gamma: Decimal | None = None
    theta: Decimal | None = None
    vega: Decimal | None = None
    iv: Decimal | None = None


class _Side(msgspec.Struct):
    ltp: Decimal
    trading_symbol: str | None = None
    open_interest: int | None = None
    volume: int | None = None
    greeks: _Greeks | None = None


class _Strike(msgspec.Struct, rename={"call": "CE", "put": "PE"}):
    call: _Side | None = None
    put: _Side | None = None


class _Chain(msgspec.Struct):
    strikes: dict[str, _Strike]
    underlying_ltp: Decimal | None = None


class _Expiries(msgspec.Struct):
    expiries: list[date]


def underlying_of(instrument: Instrument) -> tuple[str, str]:
    """Groww's exchange, and what contracts on it are called: NIFTY for NIFTY 50.

    Raises:
        UnknownInstrument: Groww does not list it. NotAtGroww: it is a contract itself.
    """
    exchange, segment = place_of(instrument.exchange)
    if segment == _OPTIONS:
        raise NotAtGroww(
            f"{instrument.name} is a contract itself. Next: name what it is on, such as NSE:INFY."
        )
    own = handle_of(instrument).trading_symbol
    return exchange, ALIAS_OF.get((instrument.exchange, instrument.trading_symbol), own)


def expiries(answers: Iterable[object], today: date) -> tuple[date, ...]:
    """Those that are still to come: Groww tells the past ones of the year, too.

    Raises:
        ValueError: not dates.
    """
    found = {
        day
        for answer in answers
        for day in msgspec.convert(answer, _Expiries, strict=False).expiries
    }
    return tuple(sorted(day for day in found if day >= today))


def option_chain(underlying: Instrument, expiry: date, answer: object, names: Names) -> OptionChain:
    """Raises: ValueError: a side lacks its price, or a strike is not a number."""
    said = msgspec.convert(answer, _Chain, strict=False)
    exchange, _ = place_of(underlying.exchange)
    rows = (
        OptionRow(
            strike_inr=Decimal(plain(msgspec.convert(strike, Decimal, strict=False))),
            call=_side(sides.call, exchange, names),
            put=_side(sides.put, exchange, names),
        )
        for strike, sides in said.strikes.items()
    )
    return OptionChain(
        underlying=underlying,
        expiry=expiry,
        underlying_price_inr=price_if_any(said.underlying_ltp),
        rows=tuple(sorted(rows, key=lambda row: row.strike_inr)),
    )


def _side(side: _Side | None, exchange: str, names: Names) -> OptionSide | None:
    if side is None:
        return None
    greeks, symbol = side.greeks or _Greeks(), side.trading_symbol
    return OptionSide(
        trading_symbol=names.ours(exchange, _OPTIONS, symbol)[1] if symbol else None,
        last_price_inr=finite(side.ltp),
        open_interest_shares=side.open_interest,
        volume_shares=side.volume,
        implied_volatility_percent=greeks.iv,
        delta=greeks.delta,
        gamma=greeks.gamma,
        theta=greeks.theta,
        vega=greeks.vega,
    )
