"""An iceberg order is one order here, and at Kite as many as it has legs. Pure.

Kite places the first leg and answers with its id; each later leg comes when the one before it is
filled, as an order of its own whose `parent_order_id` is that id (kite.trade/forum, comment 51629).
Cancelling the leg that is in the market ends the whole.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from msgspec.structs import replace

from application.ports.broker_orders import BrokerOrder
from domain.vocabulary import SETTLED_STATUSES, OrderSighting, OrderStatus

_IN_THE_MARKET: Final = frozenset({"FILLED", "OPEN", "PENDING_SUBMIT", "TRIGGER_PENDING"})


class Leg(NamedTuple):
    """One leg: `whole` is the id of the first one, `total_shares` what all are to come to."""

    order: BrokerOrder
    whole: str
    number: int
    legs: int
    total_shares: int


def wholes(rows: Iterable[BrokerOrder | Leg]) -> tuple[BrokerOrder, ...]:
    """The book with each iceberg as one order, in the place of its first leg."""
    book: list[BrokerOrder | list[Leg]] = []
    icebergs: dict[str, list[Leg]] = {}
    for row in rows:
        if isinstance(row, BrokerOrder):
            book.append(row)
        elif row.whole in icebergs:
            icebergs[row.whole].append(row)
        else:
            icebergs[row.whole] = [row]
            book.append(icebergs[row.whole])
    return tuple(_whole(each) if isinstance(each, list) else each for each in book)


def _whole(legs: list[Leg]) -> BrokerOrder:
    legs.sort(key=lambda leg: leg.number)
    last = legs[-1]
    total = last.total_shares
    tags = dict.fromkeys(tag for leg in legs for tag in leg.order.broker_tags)
    return dataclasses.replace(
        legs[0].order,
        broker_order_id=last.whole,
        quantity_shares=total,
        sighting=_sighting([leg.order.sighting for leg in legs], last),
        broker_tags=tuple(tags),
    )


def _sighting(seen: Sequence[OrderSighting], last: Leg) -> OrderSighting:
    filled = sum(each.filled_shares for each in seen)
    status = _status(seen[-1].status, filled, last.total_shares)
    return replace(
        seen[-1],
        status=status,
        raw_status=f"{seen[-1].raw_status} (leg {last.number} of {last.legs})",
        filled_shares=filled,
        pending_shares=0 if status in SETTLED_STATUSES else last.total_shares - filled,
        average_price_inr=_average(seen, filled),
    )


def _status(of_last: OrderStatus, filled: int, total: int) -> OrderStatus:
    """That of the last leg that there is; but with a filled one more are to come."""
    if filled and filled < total and of_last in _IN_THE_MARKET:
        return "PARTIAL"
    return of_last


def _average(seen: Sequence[OrderSighting], filled: int) -> Decimal | None:
    if not filled:
        return None
    paid = Decimal(0)
    for each in seen:
        if each.filled_shares:
            if each.average_price_inr is None:
                return None
            paid += each.average_price_inr * each.filled_shares
    return paid / filled
