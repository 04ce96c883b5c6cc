"""How one order is shown: to a client, an operator and an auditor alike."""

from decimal import Decimal
from typing import Any, Final

from domain.events import OrderDenied, OrderProposed
from domain.instants import outside
from domain.instructions import variety_of
from domain.order_reports import ChangeReport, OrderReport
from domain.order_text import sentences
from domain.vocabulary import OrderSighting, OrderTerms
from mcp_interface.tools.results import (
    CURRENCY,
    Outside,
    Result,
    money,
    plainly,
    rupees,
    wrote,
)

ENDED_OTHERWISE: Final = ("REJECTED", "CANCELLED", "EXPIRED")
INSTEAD: Final = ("gtt", "gtt_cancellation", "conversion")
"""What an order is that is none in the market: its variety."""
IN_A_LIST: Final = 80
"""Characters of a broker's words in a list. The data has all."""


class OrderRow(Result):
    """One order. Money in INR as decimal strings; `safeToRetry` only where no order exists;
    `reason` is ours, `brokerMessage` the broker's."""

    order_key: str | None
    broker_order_id: str | None
    broker: str
    mode: str
    state: str
    status: str | None
    raw_status: Outside
    exchange: str
    trading_symbol: str
    transaction_type: str
    order_type: str
    product: str
    variety: str
    instruction: str | None = None
    validity: str
    quantity: int
    lot_size: int = 1
    filled_quantity: int
    pending_quantity: int
    price: str | None
    trigger_price: str | None
    average_price: str | None
    currency: str = CURRENCY
    placed_at: str | None
    code: str | None = None
    reason: str | None = None
    broker_message: Outside = None
    safe_to_retry: bool = False


def row_of(report: OrderReport) -> OrderRow:
    """An order as the log knows it, with its terms as they stand now."""
    return OrderRow(
        order_key=report.request.order_key,
        broker_order_id=report.broker_order_id or None,  # a conversion has none
        broker=report.request.broker,
        mode=report.request.mode,
        state=report.state,
        placed_at=outside(report.placed_at) if report.placed_at else None,
        code=report.code,
        **why(report.request.broker, report),
        safe_to_retry=report.safe_to_retry,
        **_of_terms(report.terms),
        **seen(report.sighting),
    )


def unsent_row(fact: OrderProposed | OrderDenied, state: str) -> OrderRow:
    """An order that was proposed or denied, and never asked for."""
    return OrderRow(
        order_key=fact.order_key,
        broker_order_id=None,
        broker=fact.broker,
        mode=fact.mode,
        state=state,
        placed_at=None,
        code=fact.rule if isinstance(fact, OrderDenied) else None,
        reason=fact.reason if isinstance(fact, OrderDenied) else None,
        safe_to_retry=state != "AWAITING_APPROVAL",
        **_of_terms(fact.terms),
        **seen(None),
    )


def why(broker: str, told: OrderReport | ChangeReport) -> dict[str, str | None]:
    """What it ended as, in our words and, apart from them, in the broker's."""
    ours = f"{broker.capitalize()} refused it." if told.broker_refused else told.reason
    return {"reason": ours, "broker_message": told.broker_words}


def _of_terms(terms: OrderTerms) -> dict[str, Any]:
    return {
        "exchange": terms.exchange,
        "trading_symbol": terms.trading_symbol,
        "transaction_type": terms.transaction_type,
        "order_type": terms.order_type,
        "product": terms.product,
        "variety": variety_of(terms),
        "instruction": sentences(terms)[-1] if terms.instruction else None,
        "validity": terms.validity,
        "quantity": terms.quantity_shares,
        "price": money(terms.limit_price_inr),
        "trigger_price": money(terms.trigger_price_inr),
    }


def seen(sighting: OrderSighting | None) -> dict[str, Any]:
    return {
        "status": sighting.status if sighting else None,
        "raw_status": sighting.raw_status if sighting else None,
        "filled_quantity": sighting.filled_shares if sighting else 0,
        "pending_quantity": sighting.pending_shares if sighting else 0,
        "average_price": money(sighting.average_price_inr) if sighting else None,
    }


def in_words(row: OrderRow) -> str:
    """`BUY 10 NSE:INFY CNC MARKET: PLACED, FILLED 10 at ₹1,500.00 [B1]`."""
    what = (
        f"{row.transaction_type} {row.quantity} {row.exchange}:{plainly(row.trading_symbol)} "
        f"{row.product} {row.order_type}"
    )
    if row.price:
        what += f" {rupees(Decimal(row.price))}"
    if row.instruction:
        what = row.instruction.removesuffix(".")
    how = "DONE" if row.variety in INSTEAD and row.state == "PLACED" else row.state
    if row.status:
        how += f", {row.status}"
    if row.filled_quantity and row.average_price:
        how += f" {row.filled_quantity} at {rupees(Decimal(row.average_price))}"
    if row.code:
        how += f" ({row.code})"
    named = f" [{plainly(row.broker_order_id)}]" if row.broker_order_id else ""
    return f"{what}: {how}{named}"


def in_a_list(row: OrderRow) -> str:
    """The same with what the broker wrote, where it has ended without being filled."""
    words = row.broker_message if row.status in ENDED_OTHERWISE or row.state == "REJECTED" else None
    return f"{in_words(row)} {wrote(row.broker, words, most=IN_A_LIST)}" if words else in_words(row)
