"""How one order is shown: to a client, an operator and an auditor alike."""

from decimal import Decimal
from typing import Any

from domain.events import OrderDenied, OrderProposed
from domain.instants import outside
from domain.order_reports import OrderReport
from domain.vocabulary import OrderSighting, OrderTerms
from mcp_interface.tools.results import CURRENCY, Result, money, rupees


class OrderRow(Result):
    """One order. Money in INR as decimal strings; `safeToRetry` only where no order exists."""

    order_key: str | None
    broker_order_id: str | None
    broker: str
    mode: str
    state: str
    status: str | None
    raw_status: str | None
    exchange: str
    trading_symbol: str
    transaction_type: str
    order_type: str
    product: str
    variety: str
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
    safe_to_retry: bool = False


def row_of(report: OrderReport) -> OrderRow:
    """An order as the log knows it, with its terms as they stand now."""
    return OrderRow(
        order_key=report.request.order_key,
        broker_order_id=report.broker_order_id,
        broker=report.request.broker,
        mode=report.request.mode,
        state=report.state,
        placed_at=outside(report.placed_at) if report.placed_at else None,
        code=report.code,
        reason=report.reason,
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


def _of_terms(terms: OrderTerms) -> dict[str, Any]:
    return {
        "exchange": terms.exchange,
        "trading_symbol": terms.trading_symbol,
        "transaction_type": terms.transaction_type,
        "order_type": terms.order_type,
        "product": terms.product,
        "variety": terms.variety,
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
    """`BUY 10 NSE:INFY CNC MARKET: PLACED, FILLED 10 at ₹1,500.00 (PAPER-abc)`."""
    what = (
        f"{row.transaction_type} {row.quantity} {row.exchange}:{row.trading_symbol} {row.product} "
        f"{row.order_type}"
    )
    if row.price:
        what += f" {rupees(Decimal(row.price))}"
    how = row.state
    if row.status:
        how += f", {row.status}"
    if row.filled_quantity and row.average_price:
        how += f" {row.filled_quantity} at {rupees(Decimal(row.average_price))}"
    if row.code:
        how += f" ({row.code})"
    named = f" [{row.broker_order_id}]" if row.broker_order_id else ""
    return f"{what}: {how}{named}"
