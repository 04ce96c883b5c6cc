"""Option chains and expiries as Dhan tells them, in our words. Pure."""

from datetime import date
from decimal import Decimal
from typing import Final

import msgspec

from application.ports.market import OptionChain, OptionRow, OptionSide
from domain.instruments import Instrument, plain
from infrastructure.brokers.dhan.mapping import Names
from infrastructure.brokers.prices import finite, price_if_any

_OPTIONS_SEGMENT: Final = {"NSE": "NSE_FNO", "BSE": "BSE_FNO"}


class _Greeks(msgspec.Struct):
    delta: Decimal | None = None
    gamma: Decimal | None = None
    theta: Decimal | None = None
    vega: Decimal | None = None


class _Side(msgspec.Struct):
    last_price: Decimal
    greeks: _Greeks | None = None
    implied_volatility: Decimal | None = None
    oi: int | None = None
    volume: int | None = None
    security_id: int | str | None = None


class _Strike(msgspec.Struct):
    ce: _Side | None = None
    pe: _Side | None = None


class _Chain(msgspec.Struct):
    oc: dict[str, _Strike]
    last_price: Decimal | None = None


class _WrappedChain(msgspec.Struct):
    data: _Chain


class _WrappedExpiries(msgspec.Struct):
    data: list[date]


def expiries(answer: object) -> tuple[date, ...]:
    """None where Dhan has nothing. Raises: ValueError: not a list of dates."""
    if answer == []:
        return ()
    return tuple(sorted(msgspec.convert(answer, _WrappedExpiries, strict=False).data))


def option_chain(underlying: Instrument, expiry: date, answer: object, names: Names) -> OptionChain:
    """Raises: ValueError: a side lacks its price, or a strike is not a number."""
    said = msgspec.convert(answer, _WrappedChain, strict=False).data
    segment = _OPTIONS_SEGMENT.get(underlying.exchange, underlying.exchange)
    rows = (
        OptionRow(
            strike_inr=Decimal(plain(msgspec.convert(strike, Decimal, strict=False))),
            call=_side(sides.ce, segment, names),
            put=_side(sides.pe, segment, names),
        )
        for strike, sides in said.oc.items()
    )
    return OptionChain(
        underlying=underlying,
        expiry=expiry,
        underlying_price_inr=price_if_any(said.last_price),
        rows=tuple(sorted(rows, key=lambda row: row.strike_inr)),
    )


def _side(side: _Side | None, segment: str, names: Names) -> OptionSide | None:
    if side is None:
        return None
    greeks = side.greeks or _Greeks()
    return OptionSide(
        trading_symbol=_symbol(side.security_id, segment, names),
        last_price_inr=finite(side.last_price),
        open_interest_shares=side.oi,
        volume_shares=side.volume,
        implied_volatility_percent=side.implied_volatility,
        delta=greeks.delta,
        gamma=greeks.gamma,
        theta=greeks.theta,
        vega=greeks.vega,
    )


def _symbol(security_id: int | str | None, segment: str, names: Names) -> str | None:
    """Older answers name no contracts; Dhan's number alone says nothing to a person."""
    if security_id is None:
        return None
    known = names.known(segment, str(security_id))
    return None if known is None else known.trading_symbol
