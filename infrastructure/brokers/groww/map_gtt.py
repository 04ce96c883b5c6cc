"""Groww's smart orders, which are good till triggered, in our words. Pure.

A GTT waits for one price. An OCO gets somebody out of an open position: the leg with the profit is
called target, the other one stop loss; neither it nor Groww's answer about it says which side it
trades, so that follows from which of the two prices is the higher one. Prices are texts.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from application.ports.broker_orders import GttLeg, GttOrder, GttTicket
from domain.instruments import plain
from infrastructure.brokers.groww.map_account import PositionRow
from infrastructure.brokers.groww.mapping import Names, NotAtGroww, as_utc, place_of
from infrastructure.brokers.prices import finite

KINDS: Final[Mapping[str, str]] = {"SINGLE": "GTT", "OCO": "OCO"}
_OURS: Final = {word: kind for kind, word in KINDS.items()}
_STATUSES: Final = {
    "ACTIVE": "ACTIVE",
    "TRIGGERED": "TRIGGERED",
    "COMPLETED": "COMPLETED",
    "CANCELLED": "CANCELLED",
    "EXPIRED": "EXPIRED",
    "FAILED": "REJECTED",
}

Arguments = dict[str, Any]
"""By the names of the SDK's own parameters. Any: strings, numbers, and dictionaries of them."""


class _Leg(msgspec.Struct):
    trigger_price: Decimal
    price: Decimal | None = None


class _Order(msgspec.Struct):
    transaction_type: str
    price: Decimal | None = None


class _SmartRow(msgspec.Struct):
    smart_order_id: str
    smart_order_type: str
    status: str
    trading_symbol: str
    exchange: str
    quantity: int
    product_type: str
    order: _Order | None = None
    trigger_price: Decimal | None = None
    target: _Leg | None = None
    stop_loss: _Leg | None = None
    transaction_type: str | None = None
    reference_id: str | None = None
    created_at: str | None = None


class _Page(msgspec.Struct):
    orders: list[_SmartRow]


def word_of(kind: str) -> str:
    """Raises: NotAtGroww."""
    if kind not in KINDS:
        raise NotAtGroww(f"Groww has no smart orders of kind {kind}. Next: {', '.join(KINDS)}.")
    return KINDS[kind]


def gtt_arguments(ticket: GttTicket, net_position_shares: int, names: Names) -> Arguments:
    """For `create_smart_order`; `net_position_shares` is what an OCO gets out of.

    Raises:
        UnknownInstrument, NotAtGroww: Groww could not be told all of it.
    """
    exchange, segment = place_of(ticket.exchange)
    arguments: Arguments = {
        "smart_order_type": word_of(ticket.kind),
        "reference_id": ticket.broker_tag,
        "segment": segment,
        "trading_symbol": names.handle(ticket.exchange, ticket.trading_symbol).trading_symbol,
        "quantity": ticket.quantity_shares,
        "product_type": ticket.product,
        "exchange": exchange,
        "duration": "DAY",
    }
    if ticket.kind == "SINGLE":
        return arguments | _single(ticket)
    if segment == "CASH" and ticket.product != "MIS":
        raise NotAtGroww(
            "Of shares, Groww takes OCO orders for MIS positions only. Next: two SINGLE ones, of "
            "which you cancel the other yourself, or another broker."
        )
    target, stop = _target_and_stop(ticket.transaction_type, ticket.legs)
    return arguments | {
        "transaction_type": ticket.transaction_type,
        "net_position_quantity": net_position_shares,
        "target": {**_triggered(target), "order_type": "LIMIT"},
        "stop_loss": {**_triggered(stop), "order_type": "SL"},
    }


def changed_arguments(ticket: GttTicket, known: GttOrder) -> Arguments:
    """For `modify_smart_order`, which changes one thing in the one kind and another in the other.

    Raises:
        NotAtGroww: `ticket` differs from what is listed in what cannot be changed.
    """
    fixed = ["kind", "exchange", "trading_symbol", "transaction_type"]
    if ticket.kind == "SINGLE":
        fixed.append("product")
    if any(getattr(ticket, name) != getattr(known, name) for name in fixed):
        raise NotAtGroww(
            f"Of {ticket.kind} Groww changes quantity and prices only. Next: cancel it and place a "
            "new one."
        )
    arguments: Arguments = {
        "smart_order_id": known.gtt_id,
        "smart_order_type": word_of(ticket.kind),
        "segment": place_of(ticket.exchange)[1],
        "quantity": ticket.quantity_shares,
    }
    if ticket.kind == "SINGLE":
        return arguments | _single(ticket)
    target, stop = _target_and_stop(ticket.transaction_type, ticket.legs)
    limits = {leg.limit_price_inr for leg in known.legs}
    if {target.limit_price_inr, stop.limit_price_inr} != limits:
        raise NotAtGroww(
            "Of an OCO Groww changes the triggers, not the limit prices. Next: leave those as they "
            "are, or cancel it and place a new one."
        )
    return arguments | {
        "product_type": ticket.product,
        "target": {"trigger_price": plain(target.trigger_price_inr)},
        "stop_loss": {"trigger_price": plain(stop.trigger_price_inr)},
    }


def position_to_leave(ticket: GttTicket, rows: Iterable[PositionRow]) -> int:
    """How many shares are open of what this OCO is to get out of; negative when short.

    Raises:
        NotAtGroww: fewer than it is to trade, or they are on the other side.
    """
    exchange, _ = place_of(ticket.exchange)
    held = sum(
        row.quantity for row in rows if row.exchange == exchange and row.product == ticket.product
    )
    closable = held if ticket.transaction_type == "SELL" else -held
    if closable < ticket.quantity_shares:
        raise NotAtGroww(
            f"At Groww an OCO gets you out of an open position, and this one {ticket.product} "
            f"position is {held} shares. Next: open it first, or choose SINGLE."
        )
    return held


def smart_order_id(answer: object) -> str | None:
    """The id of what was made or changed; `None`: the answer names none."""
    found = answer.get("smart_order_id") if isinstance(answer, dict) else None
    return found if isinstance(found, str) and found else None


def is_cancelled(answer: object) -> bool:
    return isinstance(answer, dict) and answer.get("status") == "CANCELLED"


def gtt_orders(answer: object, segment: str, names: Names) -> tuple[GttOrder, ...]:
    """One page.

    Raises:
        ValueError: a row lacks something.
    """
    rows = msgspec.convert(answer, _Page, strict=False).orders
    return tuple(_gtt_order(row, segment, names) for row in rows)


def gtt_order(answer: object, segment: str, names: Names) -> GttOrder:
    """Raises: ValueError: it lacks something."""
    return _gtt_order(msgspec.convert(answer, _SmartRow, strict=False), segment, names)


def _gtt_order(row: _SmartRow, segment: str, names: Names) -> GttOrder:
    exchange, symbol = names.ours(row.exchange, segment, row.trading_symbol)
    side, legs = _side_and_legs(row)
    return GttOrder(
        gtt_id=row.smart_order_id,
        kind=_OURS.get(row.smart_order_type, row.smart_order_type),
        exchange=exchange,
        trading_symbol=symbol,
        transaction_type=side,
        product=row.product_type,
        quantity_shares=row.quantity,
        legs=legs,
        status=_STATUSES.get(row.status, "UNKNOWN"),
        raw_status=row.status,
        created_at=as_utc(row.created_at),
        broker_tag=row.reference_id,
    )


def _side_and_legs(row: _SmartRow) -> tuple[str, tuple[GttLeg, ...]]:
    if row.target is not None and row.stop_loss is not None:
        sells = row.target.trigger_price > row.stop_loss.trigger_price
        legs = (_leg(leg.trigger_price, leg.price) for leg in (row.target, row.stop_loss))
        return (
            row.transaction_type or ("SELL" if sells else "BUY"),
            tuple(sorted(legs, key=lambda leg: leg.trigger_price_inr)),
        )
    if row.order is None or row.trigger_price is None:
        raise ValueError("a smart order without its order")
    return row.order.transaction_type, (_leg(row.trigger_price, row.order.price),)


def _leg(trigger_inr: Decimal, limit_inr: Decimal | None) -> GttLeg:
    """Orders that were made elsewhere may be at market, which has no price: 0, as brokers say."""
    return GttLeg(
        trigger_price_inr=finite(trigger_inr), limit_price_inr=finite(limit_inr or Decimal(0))
    )


def _single(ticket: GttTicket) -> Arguments:
    if len(ticket.legs) != 1:
        raise NotAtGroww("A SINGLE smart order has one leg. Next: one leg, or OCO with two.")
    (leg,) = ticket.legs
    is_above = leg.trigger_price_inr > ticket.last_price_inr
    return {
        "trigger_price": plain(leg.trigger_price_inr),
        "trigger_direction": "UP" if is_above else "DOWN",
        "order": {
            "order_type": "LIMIT",
            "price": plain(leg.limit_price_inr),
            "transaction_type": ticket.transaction_type,
        },
    }


def _target_and_stop(side: str, legs: tuple[GttLeg, ...]) -> tuple[GttLeg, GttLeg]:
    """Whoever sells takes the profit above, whoever buys below."""
    if len(legs) != 2:
        raise NotAtGroww("An OCO smart order has two legs. Next: two legs, or SINGLE with one.")
    lower, upper = sorted(legs, key=lambda leg: leg.trigger_price_inr)
    return (upper, lower) if side == "SELL" else (lower, upper)


def _triggered(leg: GttLeg) -> dict[str, str]:
    return {"trigger_price": plain(leg.trigger_price_inr), "price": plain(leg.limit_price_inr)}
