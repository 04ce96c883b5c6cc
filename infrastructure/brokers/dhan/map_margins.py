"""What orders would block, asked in Dhan's words and told in ours. Pure."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from application.ports.account import Margins, OrderMargin
from domain.vocabulary import OrderTerms
from infrastructure.brokers.dhan.map_account import amount_if_any
from infrastructure.brokers.dhan.map_orders import product_of
from infrastructure.brokers.dhan.mapping import Names
from infrastructure.brokers.prices import finite


class _MarginRow(msgspec.Struct, rename="camel"):
    total_margin: Decimal
    span_margin: Decimal | None = None
    exposure_margin: Decimal | None = None
    available_balance: Decimal | None = None
    brokerage: Decimal | None = None
    leverage: str | None = None


class _BasketRow(msgspec.Struct):
    """In snake case, and its numbers are texts: the one answer of Dhan's that is like this."""

    total_margin: Decimal


def margin_arguments(terms: OrderTerms, names: Names) -> dict[str, object]:
    """For one order alone. A market order has no price; Dhan takes its own.

    Raises:
        UnknownInstrument, NotAtDhan: Dhan could not be told all of it.
    """
    handle = names.handle(terms.exchange, terms.trading_symbol)
    return {
        "security_id": handle.security_id,
        "exchange_segment": handle.exchange_segment,
        "transaction_type": terms.transaction_type,
        "quantity": terms.quantity_shares,
        "product_type": product_of(terms.product),
        "price": float(terms.limit_price_inr or 0),
        "trigger_price": float(terms.trigger_price_inr or 0),
    }


def basket_arguments(orders: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """The same for several, in the words of the wire: here the SDK passes on what it is given."""
    return [{_camel(name): value for name, value in each.items()} for each in orders]


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)


def margins(
    orders: Sequence[OrderTerms], rows: Sequence[object], together: object | None
) -> Margins:
    """`rows` has one for each order; `together` is what a basket of them blocks.

    Raises:
        ValueError: a row lacks the total.
    """
    said = [msgspec.convert(row, _MarginRow, strict=False) for row in rows]
    each = tuple(_order_margin(terms, row) for terms, row in zip(orders, said, strict=True))
    total = sum((row.total_inr for row in each), Decimal(0))
    if together is not None:
        total = finite(msgspec.convert(together, _BasketRow, strict=False).total_margin)
    available = amount_if_any(said[0].available_balance) if said else None
    return Margins(total_inr=total, orders=each, available_inr=available)


def _order_margin(terms: OrderTerms, row: _MarginRow) -> OrderMargin:
    return OrderMargin(
        exchange=terms.exchange,
        trading_symbol=terms.trading_symbol,
        total_inr=finite(row.total_margin),
        span_inr=amount_if_any(row.span_margin),
        exposure_inr=amount_if_any(row.exposure_margin),
        charges_inr=amount_if_any(row.brokerage),
        leverage=_leverage(row.leverage),
    )


def _leverage(said: str | None) -> Decimal | None:
    """A text such as "4.00", with or without an x behind it."""
    try:
        return None if said is None else finite(Decimal(said.strip().rstrip("xX")))
    except (ArithmeticError, ValueError):
        return None
