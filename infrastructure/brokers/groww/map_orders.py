"""Orders and trades between Groww's words and ours. Pure: what a row does not say is left unknown,
never guessed."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

import msgspec

from application.ports.broker_orders import BrokerOrder, OrderTicket, Trade
from domain.vocabulary import OrderSighting, OrderStatus, OrderTerms
from infrastructure.brokers.groww.mapping import (
    FROM_ORDER_TYPE,
    PRODUCTS,
    STATUSES,
    TO_ORDER_TYPE,
    VALIDITIES,
    Names,
    NotAtGroww,
    as_utc,
    place_of,
)
from infrastructure.brokers.prices import finite, price_if_any

Arguments = dict[str, str | int | float | None]
"""By the names of the SDK's own parameters."""

_STILL_WORKING: Final = frozenset(
    {"PENDING_SUBMIT", "OPEN", "PARTIAL", "TRIGGER_PENDING", "CANCEL_PENDING"}
)
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)


class OrderRow(msgspec.Struct):
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


class _TradeRow(msgspec.Struct):
    groww_trade_id: str
    groww_order_id: str
    trading_symbol: str
    exchange: str
    segment: str
    transaction_type: str
    product: str
    quantity: int
    price: Decimal
    trade_date_time: str | None = None
    created_at: str | None = None


class _OrderPage(msgspec.Struct):
    order_list: list[OrderRow]


class _TradePage(msgspec.Struct):
    trade_list: list[_TradeRow]


class _Named(msgspec.Struct):
    groww_order_id: str


def order_arguments(ticket: OrderTicket, names: Names) -> Arguments:
    """For `place_order`. The reference is ours, always: the SDK would make up one of its own.

    Raises:
        UnknownInstrument, NotAtGroww: Groww could not be told all of it.
    """
    terms = ticket.terms
    exchange, segment = place_of(terms.exchange)
    if terms.product not in PRODUCTS:
        raise NotAtGroww(f"Groww takes no {terms.product} orders. Next: {', '.join(PRODUCTS)}.")
    if terms.variety != "regular":
        raise NotAtGroww(f"Groww takes no {terms.variety} orders. Next: regular.")
    if terms.validity not in VALIDITIES:
        raise NotAtGroww(f"Groww takes no {terms.validity} orders. Next: DAY or IOC.")
    changeable = _changeable(terms)
    return {
        "validity": terms.validity,
        "exchange": exchange,
        "segment": segment,
        "product": terms.product,
        "trading_symbol": names.handle(terms.exchange, terms.trading_symbol).trading_symbol,
        "transaction_type": terms.transaction_type,
        "order_reference_id": ticket.broker_tag,
        **changeable,
        "price": changeable["price"] or 0.0,
    }


def changed_arguments(order_id: str, terms: OrderTerms) -> Arguments:
    """For `modify_order`, which knows of no product and no validity.

    Raises:
        NotAtGroww: Groww could not be told all of it.
    """
    if terms.validity != "DAY":
        raise NotAtGroww(
            "Groww changes no validity, and an order that waits is a DAY order. Next: leave "
            "validity out, or cancel it and place a new one."
        )
    _, segment = place_of(terms.exchange)
    return {"groww_order_id": order_id, "segment": segment, **_changeable(terms)}


def _changeable(terms: OrderTerms) -> Arguments:
    if terms.disclosed_quantity_shares is not None:
        raise NotAtGroww("Groww has no disclosed quantity. Next: leave disclosed_quantity out.")
    if terms.order_type not in TO_ORDER_TYPE:
        raise NotAtGroww(f"Groww takes no {terms.order_type}. Next: {', '.join(TO_ORDER_TYPE)}.")
    limit, trigger = terms.limit_price_inr, terms.trigger_price_inr
    return {
        "order_type": TO_ORDER_TYPE[terms.order_type],
        "quantity": terms.quantity_shares,
        # At most four decimals below ten million: a float shows every one of them again.
        "price": None if limit is None else float(limit),
        "trigger_price": None if trigger is None else float(trigger),
    }


def order_id(answer: object) -> str | None:
    """The id of the order that was placed, changed or cancelled; `None`: the answer names none."""
    found = answer.get("groww_order_id") if isinstance(answer, dict) else None
    return found if isinstance(found, str) and found else None


def broker_orders(
    rows: Iterable[OrderRow], names: Names, hide: Callable[[str], str] = str
) -> tuple[BrokerOrder, ...]:
    """Oldest first. `hide` blots the account out of Groww's words: some name it."""
    found = (_broker_order(row, names, hide) for row in rows)
    return tuple(sorted(found, key=lambda order: order.placed_at or _BEGINNING))


def order_rows(answer: object) -> list[OrderRow]:
    """One page of the book.

    Raises:
        ValueError: a row lacks something that every order has.
    """
    return msgspec.convert(answer, _OrderPage, strict=False).order_list


def order_row(answer: object) -> OrderRow:
    """Raises: ValueError: it lacks something that every order has."""
    return msgspec.convert(answer, OrderRow, strict=False)


def named_order(answer: object) -> str:
    """Which order Groww finds under a reference.

    Raises:
        ValueError: it names none.
    """
    return msgspec.convert(answer, _Named).groww_order_id


def _broker_order(row: OrderRow, names: Names, hide: Callable[[str], str]) -> BrokerOrder:
    exchange, symbol = names.ours(row.exchange, row.segment, row.trading_symbol)
    return BrokerOrder(
        broker_order_id=row.groww_order_id,
        exchange=exchange,
        trading_symbol=symbol,
        transaction_type=row.transaction_type,
        order_type=FROM_ORDER_TYPE.get(row.order_type, row.order_type),
        product=row.product,
        variety="regular",
        validity=row.validity,
        quantity_shares=row.quantity,
        limit_price_inr=price_if_any(row.price),
        trigger_price_inr=price_if_any(row.trigger_price),
        sighting=sighting(row, hide),
        placed_at=as_utc(row.created_at),
        broker_tags=(row.order_reference_id,) if row.order_reference_id else (),
    )


def sighting(row: OrderRow, hide: Callable[[str], str] = str) -> OrderSighting:
    """`hide` as above."""
    status = _status(row)
    return OrderSighting(
        status=status,
        raw_status=row.order_status,
        filled_shares=row.filled_quantity,
        pending_shares=row.remaining_quantity if status in _STILL_WORKING else 0,
        average_price_inr=price_if_any(row.average_fill_price),
        status_message=hide(row.remark) if row.remark else None,
        broker_time=as_utc(row.exchange_time) or as_utc(row.created_at),
    )


def _status(row: OrderRow) -> OrderStatus:
    status = STATUSES.get(row.order_status, "UNKNOWN")
    return "PARTIAL" if status == "OPEN" and row.filled_quantity > 0 else status


def trades(answer: object, names: Names) -> list[Trade]:
    """One page of the fills of one order.

    Raises:
        ValueError: a row lacks something that every trade has.
    """
    rows = msgspec.convert(answer, _TradePage, strict=False).trade_list
    return [_trade(row, names) for row in rows]


def oldest_first(found: Iterable[Trade]) -> tuple[Trade, ...]:
    return tuple(sorted(found, key=lambda trade: trade.traded_at or _BEGINNING))


def _trade(row: _TradeRow, names: Names) -> Trade:
    exchange, symbol = names.ours(row.exchange, row.segment, row.trading_symbol)
    return Trade(
        trade_id=row.groww_trade_id,
        broker_order_id=row.groww_order_id,
        exchange=exchange,
        trading_symbol=symbol,
        transaction_type=row.transaction_type,
        product=row.product,
        quantity_shares=row.quantity,
        price_inr=finite(row.price),
        traded_at=as_utc(row.trade_date_time) or as_utc(row.created_at),
    )
