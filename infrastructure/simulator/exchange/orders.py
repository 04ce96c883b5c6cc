"""An order as the simulated exchange knows it: what was asked for, a step of its life, a trade."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Literal

from domain.instants import IST

Side = Literal["BUY", "SELL"]
OrderType = Literal["MARKET", "LIMIT", "SL", "SL-M"]
Product = Literal["CNC", "MIS", "NRML", "MTF"]
ExchangeName = Literal["NSE", "BSE", "NFO", "BFO"]
Status = Literal[
    "PUT ORDER REQ RECEIVED",
    "VALIDATION PENDING",
    "AMO REQ RECEIVED",
    "OPEN PENDING",
    "OPEN",
    "TRIGGER PENDING",
    "COMPLETE",
    "CANCELLED",
    "REJECTED",
]

ZERO = Decimal(0)


def end_of_trading_day(at: datetime) -> datetime:
    """The 06:00 IST after `at`, when the brokers forget the day's book and its tokens."""
    local = at.astimezone(IST)
    six = datetime.combine(local.date(), time(6), IST)
    return (six if local < six else six + timedelta(days=1)).astimezone(at.tzinfo)


@dataclass(frozen=True, kw_only=True)
class Iceberg:
    """Which part of a larger order this one is. `parent_id` is the first leg's id, `None` in the
    first leg itself; the next leg comes when this one is filled."""

    leg: int
    legs: int
    total_shares: int
    parent_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class OrderRequest:
    """What the customer asked for, checked for form by the wire face that took it.

    `market_protection_percent` is for MARKET and SL-M: `None` where a broker has no such thing,
    0 for none (refused), -1 for the exchange's own band, or a percentage. An order with a band
    fills no further than that from the last price.
    """

    symbol: str
    side: Side
    quantity_shares: int
    product: Product
    order_type: OrderType
    exchange: ExchangeName = "NSE"
    limit_price_inr: Decimal | None = None
    trigger_price_inr: Decimal | None = None
    validity: Literal["DAY", "IOC"] = "DAY"
    variety: str = "regular"
    tag: str | None = None
    disclosed_shares: int = 0
    market_protection_percent: Decimal | None = None
    iceberg: Iceberg | None = None

    @property
    def signed_shares(self) -> int:
        return self.quantity_shares if self.side == "BUY" else -self.quantity_shares

    @property
    def is_at_market(self) -> bool:
        return self.order_type in ("MARKET", "SL-M")

    @property
    def waits_for_trigger(self) -> bool:
        return self.order_type in ("SL", "SL-M")

    def is_triggered_at(self, price_inr: Decimal) -> bool:
        assert self.trigger_price_inr is not None
        if self.side == "BUY":
            return price_inr >= self.trigger_price_inr
        return price_inr <= self.trigger_price_inr


@dataclass(frozen=True, kw_only=True)
class Order:
    """One step in the life of an order; the steps together are its history.

    A partly filled order is OPEN with `filled_shares`. `worst_price_inr` is the furthest that a
    protected market order goes. `works_from` is when an after-market order enters the market,
    `lapses_at` when the market closes on an order for the day.
    """

    order_id: str
    request: OrderRequest
    status: Status
    at: datetime
    placed_at: datetime
    blocked_inr: Decimal = ZERO
    exchange_order_id: str | None = None
    filled_shares: int = 0
    filled_value_inr: Decimal = ZERO
    filled_at: datetime | None = None
    trades: int = 0
    cancelled_shares: int = 0
    status_message: str | None = None
    modifications: int = 0
    works_from: datetime | None = None
    lapses_at: datetime | None = None
    lapsed: bool = False
    worst_price_inr: Decimal | None = None

    @property
    def is_working(self) -> bool:
        return self.status in ("OPEN", "TRIGGER PENDING", "AMO REQ RECEIVED")

    @property
    def next_leg(self) -> OrderRequest | None:
        """What follows this order once it is filled."""
        ice = self.request.iceberg
        if ice is None or self.status != "COMPLETE" or ice.leg == ice.legs:
            return None
        further = replace(ice, leg=ice.leg + 1, parent_id=ice.parent_id or self.order_id)
        return replace(self.request, iceberg=further)

    @property
    def modified(self) -> bool:
        return self.modifications > 0

    @property
    def pending_shares(self) -> int:
        return self.request.quantity_shares - self.filled_shares if self.is_working else 0

    @property
    def average_price_inr(self) -> Decimal:
        """Over its trades; 0 while there are none."""
        return self.filled_value_inr / self.filled_shares if self.filled_shares else ZERO

    def can_fill_at(self, price_inr: Decimal) -> bool:
        limit = self.worst_price_inr if self.request.is_at_market else self.request.limit_price_inr
        if limit is None:
            return True
        return price_inr <= limit if self.request.side == "BUY" else price_inr >= limit


@dataclass(frozen=True, kw_only=True)
class Fill:
    """One trade. `order` is the order's step after it."""

    order: Order
    shares: int
    price_inr: Decimal

    @property
    def trade_id(self) -> str:
        number = self.order.trades
        return self.order.order_id[-8:] + ("" if number == 1 else f"{number:03d}")

    @property
    def at(self) -> datetime:
        return self.order.at

    @property
    def value_inr(self) -> Decimal:
        return self.price_inr * self.shares
