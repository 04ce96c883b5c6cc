"""Orders as brokers take and show them, and how a call that changes something can end."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from domain.capabilities import GttKind
from domain.vocabulary import GttLeg as GttLeg
from domain.vocabulary import OrderSighting, OrderTerms

LOGIN_EXPIRED: Final = "LOGIN_EXPIRED"
"""The code of a refusal that says that the token is no longer valid."""


@dataclass(frozen=True, kw_only=True)
class OrderTicket:
    """One order, ready to be sent. `broker_tag` is ours: 20 characters, [a-z][a-z0-9]*."""

    order_key: str
    broker_tag: str
    terms: OrderTerms


@dataclass(frozen=True, kw_only=True)
class BrokerOrder:
    """One row of the broker's order book. `broker_tags` are the tags that the broker shows."""

    broker_order_id: str
    exchange: str
    trading_symbol: str
    transaction_type: str
    order_type: str
    product: str
    variety: str
    validity: str
    quantity_shares: int
    limit_price_inr: Decimal | None
    trigger_price_inr: Decimal | None
    sighting: OrderSighting
    placed_at: datetime | None
    broker_tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Trade:
    """One fill of one order."""

    trade_id: str
    broker_order_id: str
    exchange: str
    trading_symbol: str
    transaction_type: str
    product: str
    quantity_shares: int
    price_inr: Decimal
    traded_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class GttTicket:
    """A good-till-triggered order. SINGLE has one leg; OCO two, the lower trigger first, and the
    one that triggers cancels the other. `last_price_inr` is the price now, which Kite wants."""

    broker_tag: str
    kind: GttKind
    exchange: str
    trading_symbol: str
    transaction_type: str
    product: str
    quantity_shares: int
    legs: tuple[GttLeg, ...]
    last_price_inr: Decimal


@dataclass(frozen=True, kw_only=True)
class GttOrder:
    """One as the broker lists it. `status` is ACTIVE, TRIGGERED, CANCELLED, EXPIRED, REJECTED,
    COMPLETED or UNKNOWN; `raw_status` is the broker's."""

    gtt_id: str
    kind: str
    exchange: str
    trading_symbol: str
    transaction_type: str
    product: str
    quantity_shares: int
    legs: tuple[GttLeg, ...]
    status: str
    raw_status: str
    created_at: datetime | None
    broker_tag: str | None = None


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """The broker said yes. `reference` is its id of what was changed or made, if it gave one."""

    reference: str | None = None


@dataclass(frozen=True, kw_only=True)
class Declined:
    """Proven: nothing was changed. `reached_broker` is false when no byte of it was sent."""

    code: str
    reason: str
    reached_broker: bool = True


@dataclass(frozen=True, kw_only=True)
class Unproven:
    """Whether it happened cannot be told from the answer, or from its absence."""

    cause: str


Written = Accepted | Declined | Unproven
