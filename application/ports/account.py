"""What brokers say about an account: money, shares, positions, margins. Amounts in INR."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Who is logged in. `token_ends_at` (UTC) where the broker says so."""

    account_id: str
    account_name: str
    exchanges: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    token_ends_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Funds:
    """Of one segment of the account: `equity`, `commodity` or, where the broker keeps one purse,
    `all`. What it does not say is `None`."""

    segment: str
    available_inr: Decimal
    used_inr: Decimal | None = None
    opening_inr: Decimal | None = None
    collateral_inr: Decimal | None = None
    withdrawable_inr: Decimal | None = None


PriceSource = Literal["holdings", "positions", "quotes"]
"""What a broker was asked when it told a price."""


@dataclass(frozen=True, kw_only=True)
class Holding:
    """Shares held for delivery. Prices per share; `None` where the broker does not say.

    `quantity_shares` is all that is owned: `unsettled_shares`, bought and not delivered yet (T+1),
    and `pledged_shares` are parts of it. `sellable_shares` are those that are delivered and free.
    `bought_today_shares` are part of it where a broker delivers at once (paper).
    """

    exchange: str
    trading_symbol: str
    isin: str | None
    quantity_shares: int
    average_price_inr: Decimal
    last_price_inr: Decimal | None
    previous_close_inr: Decimal | None = None
    price_source: PriceSource = "holdings"
    unsettled_shares: int = 0
    pledged_shares: int = 0
    sellable_shares: int | None = None
    bought_today_shares: int = 0
    bought_today_price_inr: Decimal = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class DayTrades:
    """What one position was made of: `overnight_shares` were carried into the day, negative when
    short. Values are of all shares together, and of a contract times its multiplier."""

    overnight_shares: int
    buy_shares: int
    buy_value_inr: Decimal
    sell_shares: int
    sell_value_inr: Decimal


@dataclass(frozen=True, kw_only=True)
class Position:
    """A net position of the day; `quantity_shares` is negative when short, 0 once it is closed.
    What the broker does not say is `None`. `unrealised_inr` is at `last_price_inr`."""

    exchange: str
    trading_symbol: str
    product: str
    quantity_shares: int
    average_price_inr: Decimal
    last_price_inr: Decimal | None
    previous_close_inr: Decimal | None = None
    price_source: PriceSource = "positions"
    multiplier: int = 1
    realised_inr: Decimal | None = None
    unrealised_inr: Decimal | None = None
    day: DayTrades | None = None


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """Shares of an open position that go from one product to the other. `quantity_shares` is
    positive; `transaction_type` is the side of the position (BUY when long)."""

    exchange: str
    trading_symbol: str
    transaction_type: str
    quantity_shares: int
    from_product: str
    to_product: str
    overnight: bool = False


@dataclass(frozen=True, kw_only=True)
class OrderMargin:
    """What one order would block. Parts that the broker does not name are `None`."""

    exchange: str
    trading_symbol: str
    total_inr: Decimal
    span_inr: Decimal | None = None
    exposure_inr: Decimal | None = None
    option_premium_inr: Decimal | None = None
    charges_inr: Decimal | None = None
    leverage: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Margins:
    """`total_inr` is for all orders together: below the sum where the broker nets them."""

    total_inr: Decimal
    orders: tuple[OrderMargin, ...]
    available_inr: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Charges:
    """What one order would cost beside its price."""

    exchange: str
    trading_symbol: str
    total_inr: Decimal
    brokerage_inr: Decimal | None = None
    transaction_tax_inr: Decimal | None = None
    exchange_charge_inr: Decimal | None = None
    stamp_duty_inr: Decimal | None = None
    gst_inr: Decimal | None = None
    sebi_charge_inr: Decimal | None = None
