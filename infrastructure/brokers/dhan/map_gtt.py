"""Dhan's forever orders, which are good till triggered, in our words. Pure.

Of an OCO's two legs Dhan calls the first one the target and the second one the stop loss. It lists
a row per leg under one id, and changes one leg per call.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from application.ports.broker_orders import GttLeg, GttOrder, GttTicket
from infrastructure.brokers.dhan.map_orders import product_of
from infrastructure.brokers.dhan.mapping import FROM_PRODUCT, Names, NotAtDhan, as_utc
from infrastructure.brokers.prices import finite

_STATUSES: Final = {
    "CONFIRM": "ACTIVE",
    "PENDING": "ACTIVE",
    "TRIGGERED": "TRIGGERED",
    "TRADED": "COMPLETED",
    "CANCELLED": "CANCELLED",
    "EXPIRED": "EXPIRED",
    "REJECTED": "REJECTED",
}
# Of two legs one can be over while the other is not; what comes first here is said of both.
_LOUDEST: Final = ("COMPLETED", "TRIGGERED", "ACTIVE", "REJECTED", "CANCELLED", "EXPIRED")
_KINDS: Final = frozenset({"SINGLE", "OCO"})
_PRODUCTS: Final = frozenset({"CNC", "NRML", "MTF"})


class _ForeverRow(msgspec.Struct, rename="camel"):
    """`order_type` holds SINGLE or OCO here, as the documentation says; `order_flag` may, too."""

    order_id: str
    order_status: str
    exchange_segment: str
    transaction_type: str
    product_type: str
    order_type: str
    security_id: str
    quantity: int
    price: Decimal
    trigger_price: Decimal
    order_flag: str | None = None
    trading_symbol: str | None = None
    create_time: str | None = None
    correlation_id: str | None = None


def gtt_arguments(ticket: GttTicket, names: Names) -> dict[str, object]:
    """The SDK's arguments for a new one.

    Raises:
        UnknownInstrument, NotAtDhan: Dhan could not be told all of it.
    """
    if ticket.product not in _PRODUCTS:
        raise NotAtDhan(f"Dhan takes no forever orders for {ticket.product}. Next: choose CNC.")
    legs = _named_legs(ticket.kind, ticket.transaction_type, ticket.legs)
    handle = names.handle(ticket.exchange, ticket.trading_symbol)
    first = legs["TARGET_LEG"]
    arguments: dict[str, object] = {
        "security_id": handle.security_id,
        "exchange_segment": handle.exchange_segment,
        "transaction_type": ticket.transaction_type,
        "product_type": product_of(ticket.product),
        "order_type": "LIMIT",
        "order_flag": ticket.kind,
        "quantity": ticket.quantity_shares,
        "price": float(first.limit_price_inr),
        "trigger_Price": float(first.trigger_price_inr),
        "validity": "DAY",
        "tag": ticket.broker_tag,
    }
    if "STOP_LOSS_LEG" in legs:
        second = legs["STOP_LOSS_LEG"]
        arguments |= {
            "quantity1": ticket.quantity_shares,
            "price1": float(second.limit_price_inr),
            "trigger_Price1": float(second.trigger_price_inr),
        }
    return arguments


def changed_gtt_arguments(ticket: GttTicket, known: GttOrder) -> dict[str, object]:
    """The SDK's arguments for the one leg in which `ticket` differs from what Dhan lists.

    Raises:
        NotAtDhan: it differs in what cannot be changed, or in both legs.
    """
    fixed = ("kind", "exchange", "trading_symbol", "transaction_type", "product")
    if any(getattr(ticket, name) != getattr(known, name) for name in fixed):
        raise NotAtDhan(
            "Of a forever order Dhan changes quantity and prices only. Next: cancel it and place "
            "a new one."
        )
    new = _named_legs(ticket.kind, ticket.transaction_type, ticket.legs)
    old = _named_legs(known.kind, known.transaction_type, known.legs)
    resized = ticket.quantity_shares != known.quantity_shares
    changed = [name for name, leg in new.items() if resized or leg != old[name]]
    if len(changed) > 1:
        raise NotAtDhan(
            "Dhan changes one leg of an OCO at a time, and this changes both. Next: change one "
            "leg's prices first; for another quantity, cancel it and place a new one."
        )
    name = changed[0] if changed else "TARGET_LEG"
    return {
        "order_id": known.gtt_id,
        "order_flag": ticket.kind,
        "order_type": "LIMIT",
        "leg_name": name,
        "quantity": ticket.quantity_shares,
        "price": float(new[name].limit_price_inr),
        "trigger_price": float(new[name].trigger_price_inr),
        "disclosed_quantity": 0,
        "validity": "DAY",
    }


def _named_legs(kind: str, side: str, legs: tuple[GttLeg, ...]) -> dict[str, GttLeg]:
    """By Dhan's names for them. Whoever sells takes the profit above, whoever buys below."""
    if kind == "SINGLE" and len(legs) == 1:
        return {"TARGET_LEG": legs[0]}
    if kind == "OCO" and len(legs) == 2:
        lower, upper = sorted(legs, key=lambda leg: leg.trigger_price_inr)
        target, stop = (upper, lower) if side == "SELL" else (lower, upper)
        return {"TARGET_LEG": target, "STOP_LOSS_LEG": stop}
    raise NotAtDhan(
        f"Dhan takes no {kind} forever orders with {len(legs)} legs. Next: SINGLE with one, or OCO "
        "with two."
    )


def gtt_orders(rows: object, names: Names) -> tuple[GttOrder, ...]:
    """In Dhan's order.

    Raises:
        ValueError: a row lacks something.
    """
    by_id: dict[str, list[_ForeverRow]] = {}
    for row in msgspec.convert(rows, list[_ForeverRow], strict=False):
        by_id.setdefault(row.order_id, []).append(row)
    return tuple(_gtt_order(each, names) for each in by_id.values())


def _gtt_order(rows: list[_ForeverRow], names: Names) -> GttOrder:
    row = rows[0]
    exchange, symbol = names.ours(row.exchange_segment, row.security_id, row.trading_symbol)
    legs = (
        GttLeg(trigger_price_inr=finite(each.trigger_price), limit_price_inr=finite(each.price))
        for each in rows
    )
    statuses = {_STATUSES.get(each.order_status, "UNKNOWN") for each in rows}
    return GttOrder(
        gtt_id=row.order_id,
        kind=row.order_type if row.order_type in _KINDS else row.order_flag or row.order_type,
        exchange=exchange,
        trading_symbol=symbol,
        transaction_type=row.transaction_type,
        product=FROM_PRODUCT.get(row.product_type, row.product_type),
        quantity_shares=row.quantity,
        legs=tuple(sorted(legs, key=lambda leg: leg.trigger_price_inr)),
        status=next((each for each in _LOUDEST if each in statuses), "UNKNOWN"),
        raw_status="/".join(dict.fromkeys(each.order_status for each in rows)),
        created_at=_first(as_utc(each.create_time) for each in rows),
        broker_tag=next((each.correlation_id for each in rows if each.correlation_id), None),
    )


def _first(instants: Iterable[datetime | None]) -> datetime | None:
    return min((each for each in instants if each is not None), default=None)
