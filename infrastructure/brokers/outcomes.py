"""What a call that changes something ends as, whichever broker it was for."""

from datetime import datetime

from application.ports.broker import BrokerDown, LoginExpired
from application.ports.broker_orders import LOGIN_EXPIRED, Accepted, Declined, Unproven, Written
from domain.errors import NotSupportedByBroker, UnknownInstrument
from domain.events import OrderOutcomeUnknown, OrderPlaced, OrderRejected, Outcome
from infrastructure.brokers.refusals import NEVER_SENT


class NotThere(LookupError):
    """The broker lists nothing under this id. The text is for the user."""


def unprepared(error: Exception) -> Declined:
    """What kept the call from being made. Whatever it is, nothing was sent."""
    match error:
        case UnknownInstrument():
            code, reason = "UNKNOWN_INSTRUMENT", str(error)
        case NotSupportedByBroker():
            code, reason = "NOT_SUPPORTED", str(error)
        case NotThere():
            code, reason = "NOT_FOUND", str(error)
        case LoginExpired():
            code, reason = LOGIN_EXPIRED, str(error)
        case BrokerDown():
            code, reason = NEVER_SENT, f"What it is about could not be read first: {error}"
        case _:
            code = NEVER_SENT
            reason = f"It could not be prepared ({type(error).__name__}); nothing was sent."
    return Declined(code=code, reason=reason, reached_broker=False)


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
