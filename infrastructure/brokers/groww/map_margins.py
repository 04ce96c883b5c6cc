"""What orders would block, asked in Groww's words and told in ours. Pure."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from application.ports.account import Margins, OrderMargin
from domain.vocabulary import OrderTerms
from infrastructure.brokers.groww.mapping import TO_ORDER_TYPE, Names, place_of
from infrastructure.brokers.prices import finite

Order = dict[str, str | int | float]


class _MarginRow(msgspec.Struct):
    total_requirement: Decimal
    span_required: Decimal | None = None
    exposure_required: Decimal | None = None
    option_buy_premium: Decimal | None = None
    brokerage_and_charges: Decimal | None = None


def margin_arguments(terms: OrderTerms, names: Names) -> tuple[str, Order]:
    """Segment and order, for `get_order_margin_details`. The SDK drops the trigger price, so it
    stands for the price where there is no other.

    Raises:
        UnknownInstrument, NotAtGroww: Groww could not be told all of it.
    """
    exchange, segment = place_of(terms.exchange)
    return segment, {
        "trading_symbol": names.handle(terms.exchange, terms.trading_symbol).trading_symbol,
        "transaction_type": terms.transaction_type,
        "quantity": terms.quantity_shares,
        "price": float(terms.limit_price_inr or terms.trigger_price_inr or 0),
        "order_type": TO_ORDER_TYPE[terms.order_type],
        "product": terms.product,
        "exchange": exchange,
    }


def margins(
    orders: Sequence[OrderTerms], rows: Sequence[object], together: object | None
) -> Margins:
    """`rows` has one for each order; `together` is what those of derivatives block as a basket,
    which is less where they hedge each other. Shares have no baskets at Groww.

    Raises:
        ValueError: a row lacks the total.
    """
    said = [msgspec.convert(row, _MarginRow, strict=False) for row in rows]
    each = tuple(_order_margin(terms, row) for terms, row in zip(orders, said, strict=True))
    alone = [row for row in each if together is None or not is_derivative(row.exchange)]
    total = sum((row.total_inr for row in alone), Decimal(0))
    if together is not None:
        total += finite(msgspec.convert(together, _MarginRow, strict=False).total_requirement)
    return Margins(total_inr=total, orders=each)


def is_derivative(exchange: str) -> bool:
    """Raises: NotAtGroww."""
    return place_of(exchange)[1] == "FNO"


def _order_margin(terms: OrderTerms, row: _MarginRow) -> OrderMargin:
    return OrderMargin(
        exchange=terms.exchange,
        trading_symbol=terms.trading_symbol,
        total_inr=finite(row.total_requirement),
        span_inr=_if_any(row.span_required),
        exposure_inr=_if_any(row.exposure_required),
        option_premium_inr=_if_any(row.option_buy_premium),
        charges_inr=_if_any(row.brokerage_and_charges),
    )


def _if_any(amount_inr: Decimal | None) -> Decimal | None:
    """Here 0 means 0."""
    return None if amount_inr is None else finite(amount_inr)
