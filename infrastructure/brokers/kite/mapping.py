"""Between our words and Kite's. Pure: what a row does not say is left unknown, never guessed."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from application.ports.account import Holding, Position
from application.ports.broker_orders import BrokerOrder, OrderTicket
from domain.instants import IST
from domain.vocabulary import OrderSighting, OrderStatus
from infrastructure.brokers.prices import finite, price_if_any

# Any: rows as the SDK hands them over; the structs below check them.
Row = Mapping[str, Any]

STATUSES: Final[dict[str, OrderStatus]] = {
    "PUT ORDER REQ RECEIVED": "PENDING_SUBMIT",
    "VALIDATION PENDING": "PENDING_SUBMIT",
    "OPEN PENDING": "PENDING_SUBMIT",
    "AMO REQ RECEIVED": "PENDING_SUBMIT",
    "OPEN": "OPEN",
    "MODIFY PENDING": "OPEN",
    "MODIFY VALIDATION PENDING": "OPEN",
    "UPDATE": "OPEN",
    "TRIGGER PENDING": "TRIGGER_PENDING",
    "COMPLETE": "FILLED",
    "CANCEL PENDING": "CANCEL_PENDING",
    "CANCELLED": "CANCELLED",
    "LAPSED": "EXPIRED",
    "REJECTED": "REJECTED",
}


class _OrderRow(msgspec.Struct):
    order_id: str
    status: str
    exchange: str
    tradingsymbol: str
    transaction_type: str
    order_type: str
    product: str
    variety: str
    validity: str
    quantity: int
    filled_quantity: int
    pending_quantity: int
    price: Decimal
    trigger_price: Decimal
    average_price: Decimal
    status_message: str | None = None
    tag: str | None = None
    tags: list[str] = []
    # Any: the SDK makes datetimes of well-formed instants and leaves the rest as it came.
    order_timestamp: Any = None
    exchange_timestamp: Any = None


class _HoldingRow(msgspec.Struct):
    exchange: str
    tradingsymbol: str
    quantity: int
    average_price: Decimal
    last_price: Decimal
    t1_quantity: int = 0
    isin: str | None = None


class _PositionRow(msgspec.Struct):
    exchange: str
    tradingsymbol: str
    product: str
    quantity: int
    average_price: Decimal
    last_price: Decimal


class Profile(msgspec.Struct, kw_only=True):
    """Whose token it is."""

    user_id: str
    user_name: str = ""


class NewToken(Profile, kw_only=True):
    """Kite's answer to a request token."""

    access_token: str


def order_arguments(ticket: OrderTicket) -> dict[str, str | int]:
    """The SDK's arguments for one order.

    Market and SL-M orders carry Kite's automatic price protection (-1): without one, Kite refuses
    them. The tag is ours; the user's own note stays with us.
    """
    terms = ticket.terms
    arguments: dict[str, str | int] = {
        "variety": terms.variety,
        "exchange": terms.exchange,
        "tradingsymbol": terms.trading_symbol,
        "transaction_type": terms.transaction_type,
        "quantity": terms.quantity_shares,
        "product": terms.product,
        "order_type": terms.order_type,
        "validity": terms.validity,
        "tag": ticket.broker_tag,
    }
    if terms.order_type in ("MARKET", "SL-M"):
        arguments["market_protection"] = -1
    if terms.limit_price_inr is not None:
        arguments["price"] = f"{terms.limit_price_inr:f}"
    if terms.trigger_price_inr is not None:
        arguments["trigger_price"] = f"{terms.trigger_price_inr:f}"
    if terms.disclosed_quantity_shares is not None:
        arguments["disclosed_quantity"] = terms.disclosed_quantity_shares
    return arguments


def broker_orders(rows: object) -> tuple[BrokerOrder, ...]:
    """Raises:
    ValueError: a row lacks something that every order has.
    """
    return tuple(_broker_order(row) for row in msgspec.convert(rows, list[_OrderRow], strict=False))


def _broker_order(row: _OrderRow) -> BrokerOrder:
    return BrokerOrder(
        broker_order_id=row.order_id,
        exchange=row.exchange,
        trading_symbol=row.tradingsymbol,
        transaction_type=row.transaction_type,
        order_type=row.order_type,
        product=row.product,
        variety=row.variety,
        validity=row.validity,
        quantity_shares=row.quantity,
        limit_price_inr=price_if_any(row.price),
        trigger_price_inr=price_if_any(row.trigger_price),
        sighting=OrderSighting(
            status=_status(row),
            raw_status=row.status,
            filled_shares=row.filled_quantity,
            pending_shares=row.pending_quantity,
            average_price_inr=price_if_any(row.average_price),
            status_message=row.status_message,
            broker_time=as_utc(row.order_timestamp),
        ),
        placed_at=as_utc(row.exchange_timestamp) or as_utc(row.order_timestamp),
        broker_tags=tuple(dict.fromkeys(_given([row.tag, *row.tags]))),
    )


def holdings(rows: object) -> tuple[Holding, ...]:
    """Shares bought yesterday and not delivered yet (T+1) are held, too.

    Raises:
        ValueError: a row lacks something.
    """
    return tuple(
        Holding(
            exchange=row.exchange,
            trading_symbol=row.tradingsymbol,
            isin=row.isin,
            quantity_shares=row.quantity + row.t1_quantity,
            average_price_inr=finite(row.average_price),
            last_price_inr=finite(row.last_price),
        )
        for row in msgspec.convert(rows, list[_HoldingRow], strict=False)
    )


def net_positions(answer: object) -> tuple[Position, ...]:
    """Raises:
    ValueError: there is no `net`, or a row lacks something.
    """
    rows = msgspec.convert(answer, dict[str, list[_PositionRow]], strict=False)
    if "net" not in rows:
        raise ValueError("no net positions in the answer")
    return tuple(
        Position(
            exchange=row.exchange,
            trading_symbol=row.tradingsymbol,
            product=row.product,
            quantity_shares=row.quantity,
            average_price_inr=finite(row.average_price),
            last_price_inr=finite(row.last_price),
        )
        for row in rows["net"]
    )


def as_utc(instant: object) -> datetime | None:
    """Kite's instants have no zone and mean IST."""
    if not isinstance(instant, datetime):
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=IST)).astimezone(UTC)


def _status(row: _OrderRow) -> OrderStatus:
    status = STATUSES.get(row.status, "UNKNOWN")
    return "PARTIAL" if status == "OPEN" and row.filled_quantity > 0 else status


def _given(tags: Iterable[str | None]) -> list[str]:
    return [tag for tag in tags if tag]
