"""Dhan's margin calculators: what comes in and what they answer. Documented, not recorded."""

from decimal import Decimal

import msgspec

from infrastructure.simulator.dhan.rows import Row
from infrastructure.simulator.dhan.wire import (
    PRODUCTS,
    DhanProduct,
    Named,
    Segment,
    Shares,
    instrument_of,
)
from infrastructure.simulator.exchange.accounts import PAISA
from infrastructure.simulator.exchange.charges import Charges
from infrastructure.simulator.exchange.margins import BasketMargin, Margin
from infrastructure.simulator.exchange.orders import OrderRequest, Side
from infrastructure.simulator.market.universe import Listing


class Scrip(msgspec.Struct, kw_only=True, rename="camel"):
    """A price of 0 stands for the last one."""

    exchange_segment: Segment
    transaction_type: Side
    quantity: Shares
    product_type: DhanProduct
    security_id: str
    price: Decimal
    trigger_price: Decimal = Decimal(0)


class Single(Scrip, kw_only=True, rename="camel"):
    dhan_client_id: str


class Basket(Named, kw_only=True, rename="camel"):
    include_position: bool
    include_order: bool
    scrip_list: list[Scrip]


def request_of(asked: Scrip, listing: Listing) -> OrderRequest:
    """Raises: Refused: nothing like that is listed."""
    instrument = instrument_of(listing, asked.exchange_segment, asked.security_id)
    return OrderRequest(
        exchange=instrument.exchange,
        symbol=instrument.symbol,
        side=asked.transaction_type,
        quantity_shares=asked.quantity,
        product=PRODUCTS[asked.product_type],
        order_type="LIMIT" if asked.price else "MARKET",
        limit_price_inr=asked.price or None,
    )


def margin_row(margin: Margin, charges: Charges, available: Decimal) -> Row:
    total = margin.total_inr.quantize(PAISA)
    return {
        "totalMargin": total,
        "spanMargin": margin.span_inr.quantize(PAISA),
        "exposureMargin": margin.exposure_inr.quantize(PAISA),
        "availableBalance": available,
        "variableMargin": margin.cash_inr.quantize(PAISA),
        "insufficientBalance": max(Decimal(0), total - available),
        "brokerage": charges.brokerage_inr.quantize(PAISA),
        "leverage": f"{margin.leverage:.2f}",
    }


def basket_row(margin: BasketMargin) -> Row:
    """In snake case and texts, unlike everything else that Dhan says."""
    final = margin.final
    return {
        "total_margin": f"{final.total_inr:.2f}",
        "span_margin": f"{final.span_inr:.2f}",
        "exposure_margin": f"{final.exposure_inr:.2f}",
        "equity_margin": f"{final.cash_inr:.2f}",
        "fo_margin": f"{final.premium_inr + final.span_inr + final.exposure_inr:.2f}",
        "commodity_margin": "0.00",
        "currency": "INR",
        "hedge_benefit": f"{max(Decimal(0), margin.initial.total_inr - final.total_inr):.2f}",
    }
