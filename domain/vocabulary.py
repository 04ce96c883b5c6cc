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

BROKERS: tuple[BrokerName, ...] = get_args(BrokerName)
SETTLED_STATUSES: frozenset[str] = frozenset({"FILLED", "CANCELLED", "EXPIRED", "REJECTED"})


class OrderTerms(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the user wants to happen, in the field's own words.

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


class OrderSighting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a broker says about one order at one moment. `status` is ours, `raw_status` theirs."""

    status: OrderStatus
    raw_status: str
    filled_shares: int
    pending_shares: int
    average_price_inr: Decimal | None = None
    status_message: str | None = None
    broker_time: datetime | None = None
