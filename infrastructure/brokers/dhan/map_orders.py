"""Orders and trades between Dhan's words and ours. Pure: what a row does not say is left unknown,
never guessed."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import msgspec

from application.ports.broker_orders import BrokerOrder, OrderTicket, Trade
from domain.vocabulary import SETTLED_STATUSES, OrderSighting, OrderStatus, OrderTerms
from infrastructure.brokers.dhan.mapping import (
    FROM_ORDER_TYPE,
    FROM_PRODUCT,
    STATUSES,
    TO_ORDER_TYPE,
    TO_PRODUCT,
    VALIDITIES,
    Names,
    NotAtDhan,
    as_utc,
    must_trade,
)
from infrastructure.brokers.prices import finite, price_if_any

_OVER: Final = SETTLED_STATUSES | {"UNKNOWN"}
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)


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
    remaining_quantity: int | None = None
    trading_symbol: str | None = None
    price: Decimal | None = None
    trigger_price: Decimal | None = None
    average_traded_price: Decimal | None = None
    after_market_order: bool = False
    oms_error_description: str | None = None
    create_time: str | None = None
    update_time: str | None = None
    correlation_id: str | None = None


class _TradeRow(msgspec.Struct, rename="camel"):
    order_id: str
    exchange_trade_id: str
    exchange_segment: str
    transaction_type: str
    product_type: str
    security_id: str
    traded_quantity: int
    traded_price: Decimal
    trading_symbol: str | None = None
    exchange_time: str | None = None
    create_time: str | None = None


def order_arguments(ticket: OrderTicket, names: Names) -> dict[str, object]:
    """The SDK's arguments for one order; the correlation id is ours, the user's note stays with us.

    Raises:
        UnknownInstrument, NotAtDhan: Dhan could not be told all of it.
    """
    terms = ticket.terms
    handle = names.handle(terms.exchange, terms.trading_symbol)
    return {
        "security_id": handle.security_id,
        "exchange_segment": handle.exchange_segment,
        "transaction_type": terms.transaction_type,
        "product_type": product_of(terms.product),
        "after_market_order": is_amo(terms),
        "tag": ticket.broker_tag,
        **_changeable(terms),
    }


def changed_arguments(order_id: str, terms: OrderTerms) -> dict[str, object]:
    """The SDK's arguments for new terms: Dhan wants every field, also those that stay as they were.

    Raises:
        NotAtDhan: Dhan could not be told all of it.
    """
    must_trade(terms.exchange)
    # The leg's name is of bracket and cover orders only.
    return {"order_id": order_id, "leg_name": "", **_changeable(terms)}


def product_of(product: str) -> str:
    """Raises: NotAtDhan."""
    if product not in TO_PRODUCT:
        raise NotAtDhan(f"Dhan takes no {product} orders here. Next: choose {_all(TO_PRODUCT)}.")
    return TO_PRODUCT[product]


def is_amo(terms: OrderTerms) -> bool:
    """Raises: NotAtDhan: neither a regular nor an after-market order."""
    if terms.variety not in ("regular", "amo"):
        raise NotAtDhan(f"Dhan takes no {terms.variety} orders here. Next: regular or amo.")
    return terms.variety == "amo"


def _changeable(terms: OrderTerms) -> dict[str, object]:
    if terms.order_type not in TO_ORDER_TYPE:
        raise NotAtDhan(
            f"Dhan takes no {terms.order_type} orders. Next: choose {_all(TO_ORDER_TYPE)}."
        )
    if terms.validity not in VALIDITIES:
        raise NotAtDhan(f"Dhan takes no {terms.validity} orders. Next: choose DAY or IOC.")
    # At most four decimals below ten million: a float shows every one of them again.
    return {
        "order_type": TO_ORDER_TYPE[terms.order_type],
        "quantity": terms.quantity_shares,
        "price": float(terms.limit_price_inr or 0),
        "trigger_price": float(terms.trigger_price_inr or 0),
        "disclosed_quantity": terms.disclosed_quantity_shares or 0,
        "validity": terms.validity,
    }


def _all(words: Iterable[str]) -> str:
    return ", ".join(words)


def broker_orders(
    rows: object, names: Names, hide: Callable[[str], str] = str
) -> tuple[BrokerOrder, ...]:
    """Oldest first. `hide` blots the account out of Dhan's words: some name it.

    Raises:
        ValueError: a row lacks something that every order has.
    """
    found = msgspec.convert(rows, list[_OrderRow], strict=False)
    orders = (_broker_order(row, names, hide) for row in found)
    return tuple(sorted(orders, key=lambda order: order.placed_at or _BEGINNING))


def _broker_order(row: _OrderRow, names: Names, hide: Callable[[str], str]) -> BrokerOrder:
    status, complaint = _status(row), _complaint(row.oms_error_description)
    pending = row.remaining_quantity
    if pending is None:
        pending = row.quantity - row.filled_qty
    exchange, symbol = names.ours(row.exchange_segment, row.security_id, row.trading_symbol)
    return BrokerOrder(
        broker_order_id=row.order_id,
        exchange=exchange,
        trading_symbol=symbol,
        transaction_type=row.transaction_type,
        order_type=FROM_ORDER_TYPE.get(row.order_type, row.order_type),
        product=FROM_PRODUCT.get(row.product_type, row.product_type),
        variety="amo" if row.after_market_order else "regular",
        validity=row.validity,
        quantity_shares=row.quantity,
        limit_price_inr=price_if_any(row.price),
        trigger_price_inr=price_if_any(row.trigger_price),
        sighting=OrderSighting(
            status=status,
            raw_status=row.order_status,
            filled_shares=row.filled_qty,
            pending_shares=0 if status in _OVER else pending,
            average_price_inr=price_if_any(row.average_traded_price),
            status_message=complaint and hide(complaint),
            broker_time=as_utc(row.update_time) or as_utc(row.create_time),
        ),
        placed_at=as_utc(row.create_time),
        broker_tags=(row.correlation_id,) if row.correlation_id else (),
    )


def _complaint(said: str | None) -> str | None:
    """Where other brokers say nothing, Dhan says that all is well."""
    return None if said in (None, "", "CONFIRMED") else said


def _status(row: _OrderRow) -> OrderStatus:
    status = STATUSES.get(row.order_status, "UNKNOWN")
    if status == "OPEN" and row.order_type in FROM_ORDER_TYPE and row.filled_qty == 0:
        return "TRIGGER_PENDING"  # Dhan has one word for both
    return "PARTIAL" if status == "OPEN" and row.filled_qty > 0 else status


def trades(rows: object, names: Names) -> tuple[Trade, ...]:
    """Oldest first.

    Raises:
        ValueError: a row lacks something that every trade has.
    """
    found = (_trade(row, names) for row in msgspec.convert(rows, list[_TradeRow], strict=False))
    return tuple(sorted(found, key=lambda trade: trade.traded_at or _BEGINNING))


def _trade(row: _TradeRow, names: Names) -> Trade:
    exchange, symbol = names.ours(row.exchange_segment, row.security_id, row.trading_symbol)
    return Trade(
        trade_id=row.exchange_trade_id,
        broker_order_id=row.order_id,
        exchange=exchange,
        trading_symbol=symbol,
        transaction_type=row.transaction_type,
        product=FROM_PRODUCT.get(row.product_type, row.product_type),
        quantity_shares=row.traded_quantity,
        price_inr=finite(row.traded_price),
        traded_at=as_utc(row.exchange_time) or as_utc(row.create_time),
    )
