"""The one call of an order that is an instruction: keep a GTT order, take one back, convert a
position."""

from datetime import datetime
from decimal import Decimal

from application.ports.account import Conversion
from application.ports.broker import BrokerDown, reason
from application.ports.broker_orders import (
    Accepted,
    Declined,
    GttOrder,
    GttTicket,
    Unproven,
    Written,
)
from application.sessions.broker_access import Admission
from domain.errors import BrokerUnavailable, InvalidOrder
from domain.events import OrderOutcomeUnknown, OrderPlaced, OrderRejected, OrderRequested, Outcome
from domain.instructions import kind_of
from domain.vocabulary import CancelGtt, ConvertPosition, OrderTerms, PlaceGtt


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


def must_hold(admission: Admission, terms: OrderTerms, now: datetime) -> None:
    """Whether there is such a position to convert: some brokers convert whatever is named, or
    answer what nobody can tell from a yes.

    Raises:
        InvalidOrder: there is none. BrokerUnavailable: it cannot be looked up. LoginExpired.
    """
    instruction, broker = terms.instruction, admission.broker
    if not isinstance(instruction, ConvertPosition):
        return
    try:
        positions = broker.positions(admission.access, now)
    except BrokerDown as down:
        raise BrokerUnavailable(
            f"{broker.display_name} does not show its positions{reason(down)}, and nothing is "
            "converted before they were seen. Nothing was sent. Next: try again in a moment."
        ) from None
    sign = 1 if terms.transaction_type == "BUY" else -1
    held = sum(
        sign * each.quantity_shares
        for each in positions
        if (each.exchange, each.trading_symbol, each.product)
        == (terms.exchange, terms.trading_symbol, instruction.from_product)
    )
    if held < terms.quantity_shares:
        side = "long" if sign > 0 else "short"
        raise InvalidOrder(
            f"{broker.display_name} shows {max(held, 0)} shares of a {side} position in "
            f"{terms.exchange}:{terms.trading_symbol} of product {instruction.from_product}; "
            f"nothing was sent. Next: get_positions(broker='{broker.name}')."
        )


def _last_price_inr(request: OrderRequested) -> Decimal:
    """As the limits saw it: without a fresh one no GTT order is asked for."""
    price = request.risk.price_inr if request.risk else None
    assert price is not None, "the limits let no GTT order pass without a price"
    return price
