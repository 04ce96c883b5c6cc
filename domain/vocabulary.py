"""The words of the field, spelled once. Values outside these lists are refused, never defaulted."""

from datetime import datetime
from decimal import Decimal
from typing import Literal, get_args

import msgspec

BrokerName = Literal["kite", "groww", "dhan", "paper"]
Mode = Literal["PAPER", "SIMULATED", "LIVE"]
Exchange = Literal["NSE", "BSE", "NFO", "BFO", "CDS", "BCD", "MCX"]
TransactionType = Literal["BUY", "SELL"]
OrderType = Literal["MARKET", "LIMIT", "SL", "SL-M"]
Product = Literal["CNC", "MIS", "NRML", "MTF", "CO", "BO"]
Variety = Literal["regular", "amo", "co", "bo", "iceberg"]
Validity = Literal["DAY", "IOC", "TTL"]
Interval = Literal[
    "1m", "2m", "3m", "5m", "10m", "15m", "25m", "30m", "60m", "4h", "1d", "1w", "1M"
]
OrderStatus = Literal[
    "PENDING_SUBMIT",
    "OPEN",
    "TRIGGER_PENDING",
    "PARTIAL",
    "FILLED",
    "CANCEL_PENDING",
    "CANCELLED",
    "EXPIRED",
    "REJECTED",
    "UNKNOWN",
]

Approval = Literal["elicitation", "page", "tool"]
"""How a person said yes or no: asked by their client, on our page, or through `confirm_order`."""
ChangeKind = Literal["modify", "cancel"]
SwitchScope = Literal["global", "user", "account"]

BROKERS: tuple[BrokerName, ...] = get_args(BrokerName)
SETTLED_STATUSES: frozenset[str] = frozenset({"FILLED", "CANCELLED", "EXPIRED", "REJECTED"})


class GttLeg(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is sent when the trigger price is reached: a LIMIT order. Prices in INR."""

    trigger_price_inr: Decimal
    limit_price_inr: Decimal


class PlaceGtt(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="place_gtt"):
    """The order does not enter the market: the broker keeps it and sends it when a trigger price is
    reached. One leg, or two (OCO): the lower trigger first; what is triggered cancels the other."""

    legs: tuple[GttLeg, ...]


class CancelGtt(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="cancel_gtt"):
    """Such an order, which the broker calls `gtt_id`, is taken back. `kind`: SINGLE or OCO."""

    gtt_id: str
    kind: str


class ConvertPosition(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag="convert_position"):
    """Nothing is bought or sold: shares of an open position go from this product to that of the
    terms. The side of the terms is the position's: BUY when it is long."""

    from_product: str
    overnight: bool = False


Instruction = PlaceGtt | CancelGtt | ConvertPosition


class OrderTerms(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the user wants to happen, in the field's own words. With an `instruction` the broker is
    asked for that instead of an order in the market.

    `quantity_shares` counts shares, never lots. Prices are in INR: `limit_price_inr` for LIMIT and
    SL orders, `trigger_price_inr` for SL and SL-M. `tag` is the user's own note and is only data.
    """

    exchange: Exchange
    trading_symbol: str
    transaction_type: TransactionType
    order_type: OrderType
    product: Product
    quantity_shares: int
    variety: Variety = "regular"
    validity: Validity = "DAY"
    limit_price_inr: Decimal | None = None
    trigger_price_inr: Decimal | None = None
    disclosed_quantity_shares: int | None = None
    tag: str | None = None
    instruction: Instruction | None = None


class OrderSighting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a broker says about one order at one moment. `status` is ours, `raw_status` theirs."""

    status: OrderStatus
    raw_status: str
    filled_shares: int
    pending_shares: int
    average_price_inr: Decimal | None = None
    status_message: str | None = None
    broker_time: datetime | None = None


class RiskFacts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the risk rules looked at, so that the same order can be judged again later.

    `price_inr` is the last price and `price_at` when it was read, `value_inr` quantity times the
    price that the order would go at; both `None` where no price was to be had. Counters are of the
    principal's trading day before this order, `unknown_open` of the account; `same_order_at` is
    when the same order was last asked for. Where an order is modified, `held_inr` is what it holds
    of the day's value already. `exchange_open` is what the calendar said, `None` where an older
    release did not ask it; `closed_because` names a day without trading, and `opens_at` is when the
    next session begins, where there is none now.
    """

    price_inr: Decimal | None = None
    price_at: datetime | None = None
    value_inr: Decimal | None = None
    tick_inr: Decimal | None = None
    lot_size_shares: int | None = None
    kind: str | None = None
    orders_today: int = 0
    value_today_inr: Decimal = Decimal(0)
    orders_last_second: int = 0
    orders_last_minute: int = 0
    unknown_open: int = 0
    same_order_at: datetime | None = None
    held_inr: Decimal = Decimal(0)
    exchange_open: bool | None = None
    closed_because: str | None = None
    opens_at: datetime | None = None
