"""Good-till-triggered orders between our words and Kite's. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from application.ports.broker_orders import GttLeg, GttOrder, GttTicket
from domain.capabilities import GttKind
from infrastructure.brokers.kite.map_orders import as_utc
from infrastructure.brokers.prices import finite

KINDS: Final[Mapping[GttKind, tuple[str, int]]] = {"SINGLE": ("single", 1), "OCO": ("two-leg", 2)}
"""Kite's word, and how many legs it has."""

STATUSES: Final[Mapping[str, str]] = {
    "active": "ACTIVE",
    "triggered": "TRIGGERED",
    "cancelled": "CANCELLED",
    "deleted": "CANCELLED",
    "expired": "EXPIRED",
    "rejected": "REJECTED",
}
"""Kite also has "disabled", which we have no word for: it stays raw."""

_OURS: Final = {word: kind for kind, (word, _) in KINDS.items()}


class _Condition(msgspec.Struct):
    exchange: str
    tradingsymbol: str
    trigger_values: list[Decimal]


class _Leg(msgspec.Struct):
    transaction_type: str
    product: str
    quantity: int
    price: Decimal


class _GttRow(msgspec.Struct):
    id: int
    type: str
    status: str
    condition: _Condition
    orders: list[_Leg]
    created_at: str | None = None


def gtt_arguments(ticket: GttTicket) -> dict[str, Any]:
    """For `place_gtt` and, with the id, `modify_gtt`.

    The SDK writes JSON of its own and cannot write a Decimal; a float of so few digits comes out as
    it was written. Any: strings, numbers, and lists of them.

    Raises:
        ValueError: not as many legs as its kind has.
    """
    word, legs = KINDS[ticket.kind]
    if len(ticket.legs) != legs:
        raise ValueError(f"a GTT of kind {ticket.kind} has {legs} legs")
    return {
        "trigger_type": word,
        "tradingsymbol": ticket.trading_symbol,
        "exchange": ticket.exchange,
        "trigger_values": [float(leg.trigger_price_inr) for leg in ticket.legs],
        "last_price": float(ticket.last_price_inr),
        "orders": [
            {
                "transaction_type": ticket.transaction_type,
                "quantity": ticket.quantity_shares,
                "order_type": "LIMIT",
                "product": ticket.product,
                "price": float(leg.limit_price_inr),
            }
            for leg in ticket.legs
        ],
    }


def gtt_id(answer: object) -> str | None:
    """The id of what was made, changed or cancelled; `None`: the answer names none."""
    number = answer.get("trigger_id") if isinstance(answer, dict) else None
    return str(number) if isinstance(number, int) and not isinstance(number, bool) else None


def gtt_orders(rows: object) -> tuple[GttOrder, ...]:
    """Raises:
    ValueError: a row lacks something, or has not one price for every trigger.
    """
    return tuple(_gtt_order(row) for row in msgspec.convert(rows, list[_GttRow], strict=False))


def _gtt_order(row: _GttRow) -> GttOrder:
    first = row.orders[0] if row.orders else None
    if first is None:
        raise ValueError("a GTT without an order")
    return GttOrder(
        gtt_id=str(row.id),
        kind=_OURS.get(row.type, row.type),
        exchange=row.condition.exchange,
        trading_symbol=row.condition.tradingsymbol,
        transaction_type=first.transaction_type,
        product=first.product,
        quantity_shares=first.quantity,
        legs=tuple(
            GttLeg(trigger_price_inr=finite(trigger), limit_price_inr=finite(leg.price))
            for trigger, leg in zip(row.condition.trigger_values, row.orders, strict=True)
        ),
        status=STATUSES.get(row.status, "UNKNOWN"),
        raw_status=row.status,
        created_at=as_utc(row.created_at),
    )
