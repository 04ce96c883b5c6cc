"""What can be traded, under one name over all brokers.

`NSE:INFY`, `NSE:NIFTY 50`, `NFO:NIFTY:2026-11-26:FUT`, `NFO:NIFTY:2026-11-26:24650:CE`. The parts
come from the instrument's attributes, never from cutting a broker's symbol into pieces.
"""

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

from domain.vocabulary import Exchange

Kind = Literal["EQ", "INDEX", "FUT", "CE", "PE"]


class KiteHandle(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    instrument_token: int
    trading_symbol: str


class DhanHandle(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`exchange_segment` as in NSE_EQ or IDX_I, `instrument` as in EQUITY or OPTIDX."""

    security_id: str
    exchange_segment: str
    instrument: str


class GrowwHandle(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """`groww_symbol` as in NSE-INFY, `segment` as in CASH or FNO."""

    trading_symbol: str
    groww_symbol: str
    segment: str


class Instrument(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One share, index or contract of one trading day's table.

    A handle is `None` where the broker does not list it, or where what it lists does not agree
    with the others: such an instrument cannot be used there.
    """

    name: str
    exchange: Exchange
    kind: Kind
    trading_symbol: str
    exchange_token: str
    description: str
    tick_inr: Decimal
    lot_size_shares: int = 1
    isin: str | None = None
    underlying: str | None = None
    expiry: date | None = None
    strike_inr: Decimal | None = None
    kite: KiteHandle | None = None
    dhan: DhanHandle | None = None
    groww: GrowwHandle | None = None


def canonical_name(
    exchange: Exchange,
    trading_symbol: str,
    kind: Kind,
    underlying: str | None = None,
    expiry: date | None = None,
    strike_inr: Decimal | None = None,
) -> str:
    """The one name. Shares and indices: exchange and symbol; contracts: by their attributes.

    Raises:
        ValueError: a contract without an underlying or an expiry, an option without a strike.
    """
    if kind in ("EQ", "INDEX"):
        return f"{exchange}:{trading_symbol}"
    if not underlying or expiry is None or (kind != "FUT" and strike_inr is None):
        raise ValueError(f"{trading_symbol} is a contract without all of its attributes")
    contract = f"{exchange}:{underlying}:{expiry.isoformat()}"
    if kind == "FUT" or strike_inr is None:
        return f"{contract}:FUT"
    return f"{contract}:{plain(strike_inr)}:{kind}"


def plain(number: Decimal) -> str:
    """Without an exponent and without zeros that say nothing: 24650, 1212.5."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
