"""Between our words and Dhan's. Pure: what a row does not say is left unknown, never guessed.

Dhan knows shares by security id, which on the NSE is the exchange's own token. Only shares of our
table can be ordered; what Dhan lists beyond them is shown under the name that Dhan gives it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from application.ports.account import Holding, Position
from application.ports.broker_orders import BrokerOrder, OrderTicket
from domain.instants import IST
from domain.vocabulary import OrderSighting, OrderStatus
from infrastructure.brokers.prices import finite, price_if_any
from infrastructure.simulator.instruments import INSTRUMENTS, resolve

# Any: rows as the SDK hands them over; the structs below check them.
Row = Mapping[str, Any]

STATUSES: Final[dict[str, OrderStatus]] = {
    "TRANSIT": "PENDING_SUBMIT",
    "PENDING": "OPEN",
    "TRIGGERED": "TRIGGER_PENDING",
    "PART_TRADED": "PARTIAL",
    "TRADED": "FILLED",
    "CLOSED": "FILLED",
    "CANCELLED": "CANCELLED",
    "EXPIRED": "EXPIRED",
    "REJECTED": "REJECTED",
}
_SETTLED: Final = frozenset({"FILLED", "CANCELLED", "EXPIRED", "REJECTED", "UNKNOWN"})
_SEGMENTS: Final = {
    "NSE_EQ": "NSE",
    "BSE_EQ": "BSE",
    "NSE_FNO": "NFO",
    "BSE_FNO": "BFO",
    "NSE_CURRENCY": "CDS",
    "BSE_CURRENCY": "BCD",
    "MCX_COMM": "MCX",
}
_TO_PRODUCT: Final = {"CNC": "CNC", "MIS": "INTRADAY", "MTF": "MTF"}
_FROM_PRODUCT: Final = {"INTRADAY": "MIS", "MARGIN": "NRML"}
_TO_ORDER_TYPE: Final = {"MARKET": "MARKET", "LIMIT": "LIMIT", "SL": "STOP_LOSS"}
_FROM_ORDER_TYPE: Final = {"STOP_LOSS": "SL", "STOP_LOSS_MARKET": "SL-M"}
_SYMBOLS: Final = {str(each.exchange_token): each.symbol for each in INSTRUMENTS.values()}

PAISA: Final = Decimal("0.01")


class UnknownInstrument(LookupError):
    """No security id is known for this symbol; a guess would be somebody's money."""


class NotAtDhan(ValueError):
    """The order has a term that this adapter has no word of Dhan's for."""


class _OrderRow(msgspec.Struct, rename="camel"):
    order_id: str
    order_status: str
    exchange_segment: str
    transaction_type: str
    order_type: str
    product_type: str
    validity: str
    security_id: str
    quantity: int
    filled_qty: int
    remaining_quantity: int = 0
    trading_symbol: str | None = None
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    average_traded_price: Decimal | None = None
    after_market_order: bool = False
    oms_error_description: str | None = None
    create_time: str | None = None
    update_time: str | None = None
    correlation_id: str | None = None


class _HoldingRow(msgspec.Struct, rename="camel"):
    exchange: str
    trading_symbol: str
    security_id: str
    total_qty: int
    avg_cost_price: Decimal
    last_traded_price: Decimal
    isin: str | None = None


class _PositionRow(msgspec.Struct, rename="camel"):
    exchange_segment: str
    product_type: str
    security_id: str
    net_qty: int
    cost_price: Decimal
    unrealized_profit: Decimal
    multiplier: int = 1
    trading_symbol: str | None = None


class Profile(msgspec.Struct, rename="camel"):
    """Whose token it is."""

    dhan_client_id: str


class NewToken(msgspec.Struct, rename="camel"):
    """Dhan's answer to a PIN and a code."""

    access_token: str
    dhan_client_name: str | None = None


def order_arguments(ticket: OrderTicket) -> dict[str, object]:
    """The SDK's arguments for one order; the correlation id is ours, the user's note stays with us.

    Raises:
        UnknownInstrument, NotAtDhan: Dhan could not be told all of it.
    """
    terms = ticket.terms
    listed = resolve(terms.exchange, terms.trading_symbol)
    if listed is None:
        name = f"{terms.exchange}:{terms.trading_symbol}"
        raise UnknownInstrument(f"No security id is known for {name}.")
    if terms.order_type not in _TO_ORDER_TYPE or terms.product not in _TO_PRODUCT:
        raise NotAtDhan(f"Dhan takes no {terms.order_type} orders for {terms.product} here.")
    # At most four decimals below ten million: a float shows every one of them again.
    return {
        "security_id": str(listed.exchange_token),
        "exchange_segment": "NSE_EQ",
        "transaction_type": terms.transaction_type,
        "quantity": terms.quantity_shares,
        "order_type": _TO_ORDER_TYPE[terms.order_type],
        "product_type": _TO_PRODUCT[terms.product],
        "price": float(terms.limit_price_inr or 0),
        "trigger_price": float(terms.trigger_price_inr or 0),
        "disclosed_quantity": terms.disclosed_quantity_shares or 0,
        "after_market_order": terms.variety == "amo",
        "validity": terms.validity,
        "tag": ticket.broker_tag,
    }


def broker_orders(rows: object) -> tuple[BrokerOrder, ...]:
    """Raises:
    ValueError: a row lacks something that every order has.
    """
    found = [_broker_order(row) for row in msgspec.convert(rows, list[_OrderRow], strict=False)]
    beginning = datetime.min.replace(tzinfo=UTC)
    return tuple(sorted(found, key=lambda order: order.placed_at or beginning))


def _broker_order(row: _OrderRow) -> BrokerOrder:
    status = _status(row)
    return BrokerOrder(
        broker_order_id=row.order_id,
        exchange=_SEGMENTS.get(row.exchange_segment, row.exchange_segment),
        trading_symbol=_symbol(row.trading_symbol, row.exchange_segment, row.security_id),
        transaction_type=row.transaction_type,
        order_type=_FROM_ORDER_TYPE.get(row.order_type, row.order_type),
        product=_FROM_PRODUCT.get(row.product_type, row.product_type),
        variety="amo" if row.after_market_order else "regular",
        validity=row.validity,
        quantity_shares=row.quantity,
        limit_price_inr=price_if_any(row.price),
        trigger_price_inr=price_if_any(row.trigger_price),
        sighting=OrderSighting(
            status=status,
            raw_status=row.order_status,
            filled_shares=row.filled_qty,
            pending_shares=0 if status in _SETTLED else row.remaining_quantity,
            average_price_inr=price_if_any(row.average_traded_price),
            status_message=row.oms_error_description or None,
            broker_time=as_utc(row.update_time) or as_utc(row.create_time),
        ),
        placed_at=as_utc(row.create_time),
        broker_tags=(row.correlation_id,) if row.correlation_id else (),
    )


def holdings(rows: object) -> tuple[Holding, ...]:
    """Dhan says "ALL" for shares that both exchanges take; they are shown as the NSE's.

    Raises:
        ValueError: a row lacks something, such as a price of today.
    """
    return tuple(
        Holding(
            exchange="NSE" if row.exchange == "ALL" else row.exchange,
            trading_symbol=row.trading_symbol,
            isin=row.isin,
            quantity_shares=row.total_qty,
            average_price_inr=finite(row.avg_cost_price),
            last_price_inr=finite(row.last_traded_price),
        )
        for row in msgspec.convert(rows, list[_HoldingRow], strict=False)
    )


def positions(rows: object) -> tuple[Position, ...]:
    """Open positions. Dhan gives no price of today, only the profit that it makes, from which the
    price follows to the paisa; a closed position has neither, and is left out.

    Raises:
        ValueError: a row lacks something.
    """
    return tuple(
        Position(
            exchange=_SEGMENTS.get(row.exchange_segment, row.exchange_segment),
            trading_symbol=_symbol(row.trading_symbol, row.exchange_segment, row.security_id),
            product=_FROM_PRODUCT.get(row.product_type, row.product_type),
            quantity_shares=row.net_qty,
            average_price_inr=finite(row.cost_price),
            last_price_inr=_last_price(row),
        )
        for row in msgspec.convert(rows, list[_PositionRow], strict=False)
        if row.net_qty != 0
    )


def as_utc(instant: str | None) -> datetime | None:
    """Dhan's instants have no zone and mean IST; "NA" and the year 1 mean that there was none."""
    try:
        read = datetime.fromisoformat(instant or "")
    except ValueError:
        return None
    return read.replace(tzinfo=IST).astimezone(UTC) if read.year > 1 else None


def _last_price(row: _PositionRow) -> Decimal:
    gain_each = finite(row.unrealized_profit) / (row.net_qty * row.multiplier)
    return (finite(row.cost_price) + gain_each).quantize(PAISA)


def _status(row: _OrderRow) -> OrderStatus:
    status = STATUSES.get(row.order_status, "UNKNOWN")
    if status == "OPEN" and row.order_type in _FROM_ORDER_TYPE:
        return "TRIGGER_PENDING"  # Dhan has one word for both
    return "PARTIAL" if status == "OPEN" and row.filled_qty > 0 else status


def _symbol(named: str | None, segment: str, security_id: str) -> str:
    if named:
        return named
    return _SYMBOLS.get(security_id, security_id) if segment == "NSE_EQ" else security_id
