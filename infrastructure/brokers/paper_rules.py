"""What paper refuses, as a real broker would: judged by the book at that instant.

Each answers with a code and a reason for the user, or with `None`.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from domain.order_reports import OrderReport
from domain.order_text import rupees
from domain.vocabulary import OrderTerms
from infrastructure.brokers.paper_book import PaperBook, accepted, fold_book
from infrastructure.brokers.paper_orders import see
from infrastructure.simulator.market.instruments import INSTRUMENTS
from infrastructure.simulator.market.prices import is_on_tick, price

Refusal = tuple[str, str]

_LASTING: Final = ("exchange", "trading_symbol", "transaction_type", "product", "variety")


def order_refused(seed: int, book: PaperBook, terms: OrderTerms, now: datetime) -> Refusal | None:
    """Why an order with these terms cannot be taken into this book."""
    instrument = INSTRUMENTS.get(terms.trading_symbol) if terms.exchange == "NSE" else None
    if instrument is None:
        return "UNKNOWN_INSTRUMENT", f"{terms.trading_symbol} is not traded on paper."
    for each in (terms.limit_price_inr, terms.trigger_price_inr):
        if each is not None and not is_on_tick(instrument, each):
            return "PRICE_NOT_ON_TICK", f"Prices go in steps of {rupees(instrument.tick_inr)}."
    if terms.product == "CNC" and terms.transaction_type == "SELL":
        free = book.free_shares(terms.trading_symbol)
        if terms.quantity_shares > free:
            return "INSUFFICIENT_HOLDINGS", f"You can sell {free} shares of it."
        return None
    each = terms.limit_price_inr or price(seed, instrument, now)
    needed, free_cash = each * terms.quantity_shares, book.free_cash_inr()
    if needed > free_cash:
        lacks = f"It needs {rupees(needed)} and you have {rupees(round(free_cash, 2))}."
        return "INSUFFICIENT_FUNDS", lacks
    return None


def change_refused(
    seed: int,
    history: Iterable[OrderReport],
    broker_order_id: str,
    terms: OrderTerms | None,
    now: datetime,
) -> Refusal | None:
    """Why this order cannot take these terms, all of them, or (`None`) be cancelled."""
    reports = accepted(history)
    report = next((r for r in reports if r.broker_order_id == broker_order_id), None)
    if report is None:
        return "NOT_FOUND", f"There is no paper order {broker_order_id}."
    order = see(seed, report, now, changing=True)
    if not order.is_open:
        return "ORDER_NOT_OPEN", f"The order is {order.sighting.status} and stays so."
    if terms is None:
        return None
    for word in _LASTING:
        if getattr(terms, word) != getattr(order.terms, word):
            return "INPUT_REFUSED", f"The {word} of an order cannot be changed."
    others = fold_book(seed, (r for r in reports if r is not report), now)
    return order_refused(seed, others, terms, now)
