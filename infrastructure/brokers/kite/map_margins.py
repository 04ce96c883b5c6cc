"""Margins and charges between our words and Kite's. Pure."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from application.ports.account import Charges, Margins, OrderMargin
from domain.errors import InvalidOrder
from domain.vocabulary import OrderTerms
from infrastructure.brokers.prices import finite


class _Gst(msgspec.Struct):
    total: Decimal


class _ChargesRow(msgspec.Struct):
    total: Decimal
    transaction_tax: Decimal
    exchange_turnover_charge: Decimal
    sebi_turnover_charge: Decimal
    brokerage: Decimal
    stamp_duty: Decimal
    gst: _Gst


class _MarginRow(msgspec.Struct):
    exchange: str
    tradingsymbol: str
    total: Decimal
    span: Decimal
    exposure: Decimal
    option_premium: Decimal
    leverage: Decimal
    charges: _ChargesRow


class _Total(msgspec.Struct):
    total: Decimal


class _BasketRow(msgspec.Struct):
    final: _Total
    orders: list[_MarginRow]


class _NoteRow(msgspec.Struct):
    exchange: str
    tradingsymbol: str
    charges: _ChargesRow


def margin_arguments(orders: Sequence[OrderTerms]) -> list[Mapping[str, Any]]:
    """For `order_margins` and `basket_order_margins`, which send them as JSON. Any: strings and
    numbers; the SDK cannot write a Decimal, and a float of so few digits says the same."""
    return [
        {
            **_order(terms),
            "price": float(terms.limit_price_inr or 0),
            "trigger_price": float(terms.trigger_price_inr or 0),
        }
        for terms in orders
    ]


def charge_arguments(orders: Sequence[OrderTerms]) -> list[Mapping[str, Any]]:
    """For `get_virtual_contract_note`. Kite wants an id for each order and makes nothing of it.

    Raises:
        InvalidOrder: an order without any price.
    """
    return [
        {**_order(terms), "order_id": str(number), "average_price": float(_price(terms))}
        for number, terms in enumerate(orders, start=1)
    ]


def _order(terms: OrderTerms) -> dict[str, Any]:
    return {
        "exchange": terms.exchange,
        "tradingsymbol": terms.trading_symbol,
        "transaction_type": terms.transaction_type,
        "variety": terms.variety,
        "product": terms.product,
        "order_type": terms.order_type,
        "quantity": terms.quantity_shares,
    }


def _price(terms: OrderTerms) -> Decimal:
    price_inr = terms.limit_price_inr or terms.trigger_price_inr
    if price_inr is None:
        raise InvalidOrder(
            "What a market order costs depends on its price. Next: give the price to reckon with."
        )
    return price_inr


def margins(answer: object) -> Margins:
    """Of orders by themselves.

    Raises:
        ValueError: a row lacks something.
    """
    rows = msgspec.convert(answer, list[_MarginRow], strict=False)
    return Margins(
        total_inr=sum((finite(row.total) for row in rows), Decimal(0)),
        orders=tuple(map(_margin, rows)),
    )


def basket_margins(answer: object) -> Margins:
    """Of orders that are placed together: `final` is after what they save each other.

    Raises:
        ValueError: something is missing.
    """
    basket = msgspec.convert(answer, _BasketRow, strict=False)
    return Margins(total_inr=finite(basket.final.total), orders=tuple(map(_margin, basket.orders)))


def _margin(row: _MarginRow) -> OrderMargin:
    return OrderMargin(
        exchange=row.exchange,
        trading_symbol=row.tradingsymbol,
        total_inr=finite(row.total),
        span_inr=finite(row.span),
        exposure_inr=finite(row.exposure),
        option_premium_inr=finite(row.option_premium),
        charges_inr=finite(row.charges.total),
        leverage=finite(row.leverage),
    )


def charges(answer: object, asked: int) -> tuple[Charges, ...]:
    """Raises:
    ValueError: a row lacks something, or there is not one for each order asked.
    """
    rows = msgspec.convert(answer, list[_NoteRow], strict=False)
    if len(rows) != asked:
        raise ValueError("not one row of charges for each order")
    return tuple(
        Charges(
            exchange=row.exchange,
            trading_symbol=row.tradingsymbol,
            total_inr=finite(row.charges.total),
            brokerage_inr=finite(row.charges.brokerage),
            transaction_tax_inr=finite(row.charges.transaction_tax),
            exchange_charge_inr=finite(row.charges.exchange_turnover_charge),
            stamp_duty_inr=finite(row.charges.stamp_duty),
            gst_inr=finite(row.charges.gst.total),
            sebi_charge_inr=finite(row.charges.sebi_turnover_charge),
        )
        for row in rows
    )
