"""An order as the simulated exchange knows it: what was asked for, and one step of its life."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Literal

from domain.instants import IST

Side = Literal["BUY", "SELL"]
OrderType = Literal["MARKET", "LIMIT", "SL", "SL-M"]
Product = Literal["CNC", "MIS"]
Status = Literal[
    "PUT ORDER REQ RECEIVED",
    "VALIDATION PENDING",
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
class OrderRequest:
    """What the customer asked for, checked for form by the wire face that took it."""

    symbol: str
    side: Side
    quantity_shares: int
    product: Product
    order_type: OrderType
    limit_price_inr: Decimal | None = None
    trigger_price_inr: Decimal | None = None
    validity: Literal["DAY", "IOC"] = "DAY"
    variety: str = "regular"
    tag: str | None = None

    @property
    def signed_shares(self) -> int:
        return self.quantity_shares if self.side == "BUY" else -self.quantity_shares

    def is_triggered_at(self, price_inr: Decimal) -> bool:
        assert self.trigger_price_inr is not None
        if self.side == "BUY":
            return price_inr >= self.trigger_price_inr
        return price_inr <= self.trigger_price_inr

    def can_fill_at(self, price_inr: Decimal) -> bool:
        if self.order_type in ("MARKET", "SL-M"):
            return True
        assert self.limit_price_inr is not None
        if self.side == "BUY":
            return price_inr <= self.limit_price_inr
        return price_inr >= self.limit_price_inr


@dataclass(frozen=True, kw_only=True)
class Order:
    """One step in the life of an order; the steps together are its history."""

    order_id: str
    request: OrderRequest
    status: Status
    at: datetime
    placed_at: datetime
    blocked_inr: Decimal = ZERO
    exchange_order_id: str | None = None
    filled_shares: int = 0
    average_price_inr: Decimal = ZERO
    cancelled_shares: int = 0
    status_message: str | None = None
    modified: bool = False

    @property
    def is_working(self) -> bool:
        return self.status in ("OPEN", "TRIGGER PENDING")

    @property
    def pending_shares(self) -> int:
        return self.request.quantity_shares if self.is_working else 0


@dataclass(frozen=True, kw_only=True)
class Fill:
    """Every order fills whole, in one trade."""

    order: Order

    @property
    def trade_id(self) -> str:
        return self.order.order_id[-8:]

    @property
    def value_inr(self) -> Decimal:
        return self.order.average_price_inr * self.order.filled_shares
