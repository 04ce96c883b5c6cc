"""How the end of a call that placed an order becomes a fact."""

from datetime import datetime

from application.ports.broker_orders import Accepted, Declined, Unproven, Written
from domain.events import OrderOutcomeUnknown, OrderPlaced, OrderRejected, Outcome


def as_fact(written: Written, order_key: str, now: datetime) -> Outcome:
    """A yes that names no order is not a placed order."""
    match written:
        case Accepted(reference=str(broker_order_id)):
            return OrderPlaced(order_key=order_key, broker_order_id=broker_order_id, placed_at=now)
        case Accepted():
            return OrderOutcomeUnknown(
                order_key=order_key, cause="The broker said yes without naming the order."
            )
        case Declined(code=code, reason=reason, reached_broker=reached_broker):
            return OrderRejected(
                order_key=order_key, code=code, reason=reason, reached_broker=reached_broker
            )
        case Unproven(cause=cause):
            return OrderOutcomeUnknown(order_key=order_key, cause=cause)
