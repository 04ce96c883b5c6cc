"""Between our words and Groww's. Pure: what a row does not say is left unknown, never guessed."""

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
    "NEW": "PENDING_SUBMIT",
    "ACKED": "PENDING_SUBMIT",
    "APPROVED": "PENDING_SUBMIT",
    "OPEN": "OPEN",
    "MODIFICATION_REQUESTED": "OPEN",
    "TRIGGER_PENDING": "TRIGGER_PENDING",
    "EXECUTED": "FILLED",
    "DELIVERY_AWAITED": "FILLED",
    "COMPLETED": "FILLED",
    "CANCELLATION_REQUESTED": "CANCEL_PENDING",
    "CANCELLED": "CANCELLED",
    "REJECTED": "REJECTED",
    "FAILED": "REJECTED",
}
_STILL_WORKING: Final = frozenset({"PENDING_SUBMIT", "OPEN", "TRIGGER_PENDING", "CANCEL_PENDING"})

SEGMENTS: Final = ("CASH", "FNO")
_TO_GROWW: Final = {
    "NSE": ("NSE", "CASH"),
    "BSE": ("BSE", "CASH"),
    "NFO": ("NSE", "FNO"),
    "BFO": ("BSE", "FNO"),
}
_FROM_GROWW: Final = {theirs: ours for ours, theirs in _TO_GROWW.items()}


class NotAtGroww(ValueError):
    """The order has a term that Groww has no word for. The text is for a person."""


class _OrderRow(msgspec.Struct):
    groww_order_id: str
    order_status: str
    trading_symbol: str
    exchange: str
    segment: str
    transaction_type: str
    order_type: str
    product: str
    validity: str
    quantity: int
    filled_quantity: int
    remaining_quantity: int = 0
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    average_fill_price: Decimal | None = None
    remark: str | None = None
    created_at: str | None = None
    exchange_time: str | None = None
    order_reference_id: str | None = None


class _HoldingRow(msgspec.Struct):
    trading_symbol: str
    quantity: Decimal
    average_price: Decimal
    isin: str | None = None


class _PositionRow(msgspec.Struct):
    trading_symbol: str
    exchange: str
    segment: str
    product: str
    quantity: int
    net_price: Decimal


class Profile(msgspec.Struct):
    """Whose token it is. `ucc` is the client code that contract notes bear, too."""

    ucc: str


class DayToken(msgspec.Struct):
    token: str


def order_arguments(ticket: OrderTicket) -> dict[str, str | int | float | None]:
    """The SDK's arguments for one order; the reference is ours, the user's note stays with us.

    Raises:
        NotAtGroww: Groww could not be told all of it.
    """
    terms = ticket.terms
    if terms.disclosed_quantity_shares is not None:
        raise NotAtGroww("Groww has no disclosed quantity. Next: leave disclosed_quantity out.")
    if terms.exchange not in _TO_GROWW:
        raise NotAtGroww(f"Groww takes no orders for {terms.exchange}.")
    exchange, segment = _TO_GROWW[terms.exchange]
    limit, trigger = terms.limit_price_inr, terms.trigger_price_inr
    return {
        "validity": terms.validity,
        "exchange": exchange,
        "segment": segment,
        "order_type": terms.order_type.replace("-", "_"),
        "product": terms.product,
        "quantity": terms.quantity_shares,
        "trading_symbol": terms.trading_symbol,
        "transaction_type": terms.transaction_type,
        "order_reference_id": ticket.broker_tag,
        # At most four decimals below ten million: a float shows every one of them again.
        "price": 0.0 if limit is None else float(limit),
        "trigger_price": None if trigger is None else float(trigger),
    }


def broker_orders(rows: Iterable[Row]) -> tuple[BrokerOrder, ...]:
    """Raises:
    ValueError: a row lacks something that every order has.
    """
    found = [
        _broker_order(row) for row in msgspec.convert(list(rows), list[_OrderRow], strict=False)
    ]
    beginning = datetime.min.replace(tzinfo=UTC)
    return tuple(sorted(found, key=lambda order: order.placed_at or beginning))


def _broker_order(row: _OrderRow) -> BrokerOrder:
    status = STATUSES.get(row.order_status, "UNKNOWN")
    return BrokerOrder(
        broker_order_id=row.groww_order_id,
        exchange=_exchange(row.exchange, row.segment),
        trading_symbol=row.trading_symbol,
        transaction_type=row.transaction_type,
        order_type=row.order_type.replace("_", "-"),
        product=row.product,
        variety="regular",
        validity=row.validity,
        quantity_shares=row.quantity,
        limit_price_inr=price_if_any(row.price),
        trigger_price_inr=price_if_any(row.trigger_price),
        sighting=OrderSighting(
            status="PARTIAL" if status == "OPEN" and row.filled_quantity > 0 else status,
            raw_status=row.order_status,
            filled_shares=row.filled_quantity,
            pending_shares=row.remaining_quantity if status in _STILL_WORKING else 0,
            average_price_inr=price_if_any(row.average_fill_price),
            status_message=row.remark or None,
            broker_time=as_utc(row.exchange_time) or as_utc(row.created_at),
        ),
        placed_at=as_utc(row.created_at),
        broker_tags=(row.order_reference_id,) if row.order_reference_id else (),
    )


def holding_rows(answer: Row) -> list[_HoldingRow]:
    """Raises: ValueError: a row lacks something."""
    return msgspec.convert(answer["holdings"], list[_HoldingRow], strict=False)


def holdings(rows: Iterable[_HoldingRow], prices: Mapping[str, Decimal]) -> tuple[Holding, ...]:
    """Groww does not say where shares were bought; both exchanges take them, and it shows the NSE.

    Raises:
        KeyError, ValueError: no price for one of them, or a row makes no sense.
    """
    return tuple(
        Holding(
            exchange="NSE",
            trading_symbol=row.trading_symbol,
            isin=row.isin,
            quantity_shares=_whole(row.quantity),
            average_price_inr=finite(row.average_price),
            last_price_inr=prices[f"NSE_{row.trading_symbol}"],
        )
        for row in rows
    )


def position_rows(answer: Row) -> list[_PositionRow]:
    """Raises: ValueError: a row lacks something."""
    return msgspec.convert(answer["positions"], list[_PositionRow], strict=False)


def positions(rows: Iterable[_PositionRow], prices: Mapping[str, Decimal]) -> tuple[Position, ...]:
    """Raises: KeyError, ValueError: no price for one of them, or a row makes no sense."""
    return tuple(
        Position(
            exchange=_exchange(row.exchange, row.segment),
            trading_symbol=row.trading_symbol,
            product=row.product,
            quantity_shares=row.quantity,
            average_price_inr=finite(row.net_price),
            last_price_inr=prices[f"{row.exchange}_{row.trading_symbol}"],
        )
        for row in rows
    )


def last_prices(answer: Row) -> dict[str, Decimal]:
    """Raises: ValueError: not prices."""
    found = msgspec.convert(dict(answer), dict[str, Decimal], strict=False)
    return {name: finite(price) for name, price in found.items()}


def as_utc(instant: str | None) -> datetime | None:
    """Groww's instants have no zone and mean IST. What cannot be read is left unknown."""
    try:
        read = datetime.fromisoformat(instant or "")
    except ValueError:
        return None
    return (read if read.tzinfo else read.replace(tzinfo=IST)).astimezone(UTC)


def _exchange(exchange: str, segment: str) -> str:
    return _FROM_GROWW.get((exchange, segment), f"{exchange}_{segment}")


def _whole(shares: Decimal) -> int:
    if shares != int(shares):
        raise ValueError("a holding of part of a share")
    return int(shares)
