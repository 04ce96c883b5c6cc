"""What is told about margins and charges of orders that nobody has placed."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from mcp.types import CallToolResult

from application.ports.account import Charges, Margins, OrderMargin
from application.read_broker import Answered
from application.sessions.enter_session import Entered
from domain.vocabulary import OrderTerms
from mcp_interface.app import App, result
from mcp_interface.tools.results import CURRENCY, Form, Result, money, rupees, screenful


class MarginRow(Result):
    """What one order would block by itself; none: the broker does not say."""

    symbol: str
    exchange: str
    transaction_type: str
    quantity: int
    total: str
    span: str | None
    exposure: str | None
    option_premium: str | None
    charges: str | None
    leverage: str | None


class OrderMargins(Result):
    """`total` is of all orders, `sumOfOrders` of each by itself; `saved` what lies between."""

    broker: str
    mode: str
    currency: str = CURRENCY
    total: str
    sum_of_orders: str
    saved: str
    available: str | None
    orders: list[MarginRow]
    session_id: str


class ChargesRow(Result):
    """What one order would cost beside its price; `price` is what it was reckoned with."""

    symbol: str
    exchange: str
    transaction_type: str
    quantity: int
    price: str | None
    total: str
    brokerage: str | None
    transaction_tax: str | None
    exchange_charge: str | None
    stamp_duty: str | None
    gst: str | None
    sebi_charge: str | None


class OrderCharges(Result):
    broker: str
    mode: str
    currency: str = CURRENCY
    total: str
    orders: list[ChargesRow]
    session_id: str


def margins_told(
    app: App,
    entered: Entered,
    told: Answered[Margins],
    terms: Sequence[OrderTerms],
    form: Form,
    *,
    with_rows: bool,
) -> CallToolResult:
    margins, broker = told.answer, told.admission.broker
    rows = [_margin_row(t, margin) for t, margin in zip(terms, margins.orders, strict=True)]
    alone = sum((margin.total_inr for margin in margins.orders), Decimal(0))
    saved = alone - margins.total_inr
    model = OrderMargins(
        broker=broker.name,
        mode=told.admission.mode,
        total=money(margins.total_inr),
        sum_of_orders=money(alone),
        saved=money(saved),
        available=money(margins.available_inr),
        orders=rows if with_rows else [],
        session_id=str(entered.session_id),
    )
    of_all = f"{len(rows)} orders would block" if len(rows) > 1 else "The order would block"
    head = f"{of_all} {rupees(margins.total_inr)} at {broker.display_name}."
    if saved:
        head += f" One by one they would block {rupees(alone)}."
    lines = [
        f"{_in_words(t)}: {rupees(margin.total_inr)}"
        for t, margin in zip(terms, margins.orders, strict=True)
    ]
    shown = screenful(lines, form) if with_rows else []
    return result(app.first_line_at(entered, told.admission), [head, *shown], model)


def charges_told(
    app: App,
    entered: Entered,
    told: Answered[tuple[Charges, ...]],
    terms: Sequence[OrderTerms],
    form: Form,
) -> CallToolResult:
    broker = told.admission.broker
    pairs = list(zip(terms, told.answer, strict=True))
    total = sum((charges.total_inr for charges in told.answer), Decimal(0))
    model = OrderCharges(
        broker=broker.name,
        mode=told.admission.mode,
        total=money(total),
        orders=[_charges_row(t, charges) for t, charges in pairs],
        session_id=str(entered.session_id),
    )
    head = f"{len(pairs)} orders would cost {rupees(total)} at {broker.display_name}, in all."
    lines = [f"{_in_words(t)}: {rupees(charges.total_inr)}" for t, charges in pairs]
    return result(
        app.first_line_at(entered, told.admission), [head, *screenful(lines, form)], model
    )


def _margin_row(terms: OrderTerms, margin: OrderMargin) -> MarginRow:
    return MarginRow(
        **_named(terms),
        total=money(margin.total_inr),
        span=money(margin.span_inr),
        exposure=money(margin.exposure_inr),
        option_premium=money(margin.option_premium_inr),
        charges=money(margin.charges_inr),
        leverage=None if margin.leverage is None else f"{margin.leverage:f}",
    )


def _charges_row(terms: OrderTerms, charges: Charges) -> ChargesRow:
    return ChargesRow(
        **_named(terms),
        price=money(terms.limit_price_inr or terms.trigger_price_inr),
        total=money(charges.total_inr),
        brokerage=money(charges.brokerage_inr),
        transaction_tax=money(charges.transaction_tax_inr),
        exchange_charge=money(charges.exchange_charge_inr),
        stamp_duty=money(charges.stamp_duty_inr),
        gst=money(charges.gst_inr),
        sebi_charge=money(charges.sebi_charge_inr),
    )


def _named(terms: OrderTerms) -> dict[str, Any]:
    """Any: texts and a number, by the names of fields."""
    return {
        "symbol": terms.trading_symbol,
        "exchange": terms.exchange,
        "transaction_type": terms.transaction_type,
        "quantity": terms.quantity_shares,
    }


def _in_words(terms: OrderTerms) -> str:
    return (
        f"{terms.transaction_type} {terms.quantity_shares} {terms.exchange}:{terms.trading_symbol} "
        f"{terms.order_type} {terms.product}"
    )
