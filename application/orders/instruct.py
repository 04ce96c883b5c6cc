"""The one call of an order that is an instruction: keep a GTT order, take one back, convert a
position."""

from datetime import datetime
from decimal import Decimal

from application.ports.account import Conversion
from application.ports.broker_orders import (
    Accepted,
    Declined,
    GttOrder,
    GttTicket,
    Unproven,
    Written,
)
from application.sessions.broker_access import Admission
from domain.events import OrderOutcomeUnknown, OrderPlaced, OrderRejected, OrderRequested, Outcome
from domain.instructions import kind_of
from domain.vocabulary import CancelGtt, ConvertPosition, PlaceGtt


def instruct(admission: Admission, request: OrderRequested, now: datetime) -> Outcome:
    """Call the broker once; never raises. What it calls the thing is the order's id there; a
    conversion has none."""
    written, key = _written(admission, request, now), request.order_key
    match written:
        case Accepted(reference=reference):
            return OrderPlaced(order_key=key, broker_order_id=reference or "", placed_at=now)
        case Declined():
            return OrderRejected(
                order_key=key,
                code=written.code,
                reason=written.reason,
                reached_broker=written.reached_broker,
            )
        case Unproven(cause=cause):
            return OrderOutcomeUnknown(order_key=key, cause=cause)


def _written(admission: Admission, request: OrderRequested, now: datetime) -> Written:
    broker, access, terms = admission.broker, admission.access, request.terms
    match terms.instruction:
        case PlaceGtt(legs=legs):
            ticket = GttTicket(
                broker_tag=request.broker_tag,
                kind=kind_of(legs),
                exchange=terms.exchange,
                trading_symbol=terms.trading_symbol,
                transaction_type=terms.transaction_type,
                product=terms.product,
                quantity_shares=terms.quantity_shares,
                legs=legs,
                last_price_inr=_last_price_inr(request),
            )
            return broker.place_gtt(access, ticket, now)
        case CancelGtt(gtt_id=gtt_id, kind=kind):
            gtt = GttOrder(
                gtt_id=gtt_id,
                kind=kind,
                exchange=terms.exchange,
                trading_symbol=terms.trading_symbol,
                transaction_type=terms.transaction_type,
                product=terms.product,
                quantity_shares=terms.quantity_shares,
                legs=(),
                status="ACTIVE",
                raw_status="",
                created_at=None,
            )
            return broker.cancel_gtt(access, gtt, now)
        case ConvertPosition(from_product=from_product, overnight=overnight):
            conversion = Conversion(
                exchange=terms.exchange,
                trading_symbol=terms.trading_symbol,
                transaction_type=terms.transaction_type,
                quantity_shares=terms.quantity_shares,
                from_product=from_product,
                to_product=terms.product,
                overnight=overnight,
            )
            return broker.convert_position(access, conversion, now)
        case None:
            raise AssertionError("an order in the market is placed, not instructed")


def _last_price_inr(request: OrderRequested) -> Decimal:
    """As the limits saw it: without a fresh one no GTT order is asked for."""
    price = request.risk.price_inr if request.risk else None
    assert price is not None, "the limits let no GTT order pass without a price"
    return price
