"""What brokers say about the market. Prices in INR per share, times in UTC."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from domain.instruments import Instrument

Detail = Literal["ltp", "ohlc", "full"]


@dataclass(frozen=True, kw_only=True)
class DepthLevel:
    price_inr: Decimal
    quantity_shares: int
    orders: int | None = None


@dataclass(frozen=True, kw_only=True)
class Quote:
    """Of one instrument. What the asked detail or the broker does not say is `None` or empty.

    `open`, `high` and `low` are today's, `previous_close_inr` is the trading day's before.
    `bids` and `asks`: the best first, at most five.
    """

    instrument: Instrument
    last_price_inr: Decimal
    open_inr: Decimal | None = None
    high_inr: Decimal | None = None
    low_inr: Decimal | None = None
    previous_close_inr: Decimal | None = None
    volume_shares: int | None = None
    average_price_inr: Decimal | None = None
    open_interest_shares: int | None = None
    lower_circuit_inr: Decimal | None = None
    upper_circuit_inr: Decimal | None = None
    bids: tuple[DepthLevel, ...] = ()
    asks: tuple[DepthLevel, ...] = ()
    traded_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Candle:
    """One bar, named by its start."""

    starts_at: datetime
    open_inr: Decimal
    high_inr: Decimal
    low_inr: Decimal
    close_inr: Decimal
    volume_shares: int
    open_interest_shares: int | None = None


@dataclass(frozen=True, kw_only=True)
class OptionSide:
    """A call or a put of one strike. Greeks as the broker gives them."""

    trading_symbol: str | None
    last_price_inr: Decimal
    open_interest_shares: int | None = None
    volume_shares: int | None = None
    implied_volatility_percent: Decimal | None = None
    delta: Decimal | None = None
    gamma: Decimal | None = None
    theta: Decimal | None = None
    vega: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class OptionRow:
    strike_inr: Decimal
    call: OptionSide | None
    put: OptionSide | None


@dataclass(frozen=True, kw_only=True)
class OptionChain:
    """All strikes of one expiry, the lowest first."""

    underlying: Instrument
    expiry: date
    underlying_price_inr: Decimal | None
    rows: tuple[OptionRow, ...]
