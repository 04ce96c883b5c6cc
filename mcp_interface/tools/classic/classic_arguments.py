"""The arguments that the server before this one had for each kind of order, and what they mean."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from domain.errors import InvalidOrder, NotSupportedByBroker
from domain.vocabulary import BROKERS, Exchange, OrderType, Product, TransactionType, Validity
from mcp_interface.app import OptionalBroker
from mcp_interface.tools.orders.order_arguments import (
    OrderKey,
    Price,
    Quantity,
    RequiredPrice,
    Wanted,
    wanted_order,
)

Symbol = Annotated[str, Field(max_length=60)]
ItsBroker = Annotated[str | None, Field(max_length=20)]
"""Of a tool that is one broker's, which is the one without it."""
Segment = Literal["CASH", "FNO", "COMM", "CURRENCY"] | None
Tag = Annotated[str | None, Field(max_length=64)]
MarketOrLimit = Literal["MARKET", "LIMIT"]


def only_for(its_own: str, tool: str, broker: str | None) -> str:
    """The broker that the tool is for; names of no broker go on, to be refused as such.

    Raises:
        NotSupportedByBroker: another broker of ours is named.
    """
    if broker != its_own and broker in BROKERS:
        raise NotSupportedByBroker(
            f"{tool} is for {its_own} alone; nobody was asked. Next: leave broker out, or use "
            "preview_order and create_order, which take any broker."
        )
    return broker or its_own


def after_market(
    trading_symbol: Symbol,
    exchange: Exchange,
    transaction_type: TransactionType,
    order_type: OrderType,
    quantity: Quantity,
    product: Product,
    broker: OptionalBroker = None,
    price: Price = None,
    trigger_price: Price = None,
    validity: Validity = "DAY",
    tag: Tag = None,
    order_key: OrderKey = None,
) -> Wanted:
    return wanted_order(
        trading_symbol,
        exchange,
        transaction_type,
        order_type,
        quantity,
        product,
        order_key,
        broker,
        variety="amo",
        price=price,
        trigger_price=trigger_price,
        validity=validity,
        tag=tag,
    )


def iceberg(
    trading_symbol: Symbol,
    exchange: Exchange,
    transaction_type: TransactionType,
    quantity: Quantity,
    disclosed_quantity: Annotated[Quantity, Field(description="Shares of one leg.")],
    price: RequiredPrice,
    product: Product,
    broker: OptionalBroker = None,
    validity: Validity = "DAY",
    tag: Tag = None,
    order_key: OrderKey = None,
) -> Wanted:
    return wanted_order(
        trading_symbol,
        exchange,
        transaction_type,
        "LIMIT",
        quantity,
        product,
        order_key,
        broker,
        variety="iceberg",
        price=price,
        validity=validity,
        disclosed_quantity=disclosed_quantity,
        tag=tag,
    )


def cover(
    trading_symbol: Symbol,
    exchange: Exchange,
    transaction_type: TransactionType,
    order_type: MarketOrLimit,
    quantity: Quantity,
    stoploss: RequiredPrice,
    broker: OptionalBroker = None,
    price: Price = None,
    trailing_stoploss: Price = None,
    tag: Tag = None,
    order_key: OrderKey = None,
) -> Wanted:
    return wanted_order(
        trading_symbol,
        exchange,
        transaction_type,
        order_type,
        quantity,
        "MIS",
        order_key,
        broker,
        variety="co",
        price=price,
        stoploss=stoploss,
        trailing_stoploss=trailing_stoploss,
        tag=tag,
    )


def bracket(
    trading_symbol: Symbol,
    exchange: Exchange,
    transaction_type: TransactionType,
    quantity: Quantity,
    price: RequiredPrice,
    stoploss: RequiredPrice,
    squareoff: RequiredPrice,
    broker: OptionalBroker = None,
    trailing_stoploss: Price = None,
    tag: Tag = None,
    order_key: OrderKey = None,
) -> Wanted:
    return wanted_order(
        trading_symbol,
        exchange,
        transaction_type,
        "LIMIT",
        quantity,
        "MIS",
        order_key,
        broker,
        variety="bo",
        price=price,
        stoploss=stoploss,
        squareoff=squareoff,
        trailing_stoploss=trailing_stoploss,
        tag=tag,
    )


def until_a_date(
    trading_symbol: Symbol,
    exchange: Exchange,
    transaction_type: TransactionType,
    order_type: Literal["LIMIT", "SL", "SL-M"],
    quantity: Quantity,
    validity_date: Annotated[str, Field(max_length=30, description="As 2026-11-30.")],
    product: Product,
    broker: ItsBroker = None,
    segment: Segment = None,
    price: Price = None,
    trigger_price: Price = None,
    order_reference_id: Tag = None,
    order_key: OrderKey = None,
) -> Wanted:
    """Raises: InvalidOrder: that is no date. And as `wanted_order`."""
    try:
        date.fromisoformat(validity_date)
    except ValueError:
        raise InvalidOrder("validity_date is no date. Next: give it as 2026-11-30.") from None
    return wanted_order(
        trading_symbol,
        exchange,
        transaction_type,
        order_type,
        quantity,
        product,
        order_key,
        only_for("groww", "place_groww_gtd_order", broker),
        price=price,
        trigger_price=trigger_price,
        segment=segment,
        order_reference_id=order_reference_id,
    )


def groww_bracket(
    trading_symbol: Symbol,
    exchange: Exchange,
    transaction_type: TransactionType,
    quantity: Quantity,
    price: RequiredPrice,
    stop_loss: RequiredPrice,
    target: RequiredPrice,
    broker: ItsBroker = None,
    segment: Segment = None,
    order_reference_id: Tag = None,
    order_key: OrderKey = None,
) -> Wanted:
    return wanted_order(
        trading_symbol,
        exchange,
        transaction_type,
        "LIMIT",
        quantity,
        "MIS",
        order_key,
        only_for("groww", "place_groww_bracket_order", broker),
        variety="bo",
        price=price,
        segment=segment,
        stoploss=stop_loss,
        squareoff=target,
        order_reference_id=order_reference_id,
    )


def groww_cover(
    trading_symbol: Symbol,
    exchange: Exchange,
    transaction_type: TransactionType,
    order_type: MarketOrLimit,
    quantity: Quantity,
    stop_loss: RequiredPrice,
    broker: ItsBroker = None,
    segment: Segment = None,
    price: Price = None,
    order_reference_id: Tag = None,
    order_key: OrderKey = None,
) -> Wanted:
    return wanted_order(
        trading_symbol,
        exchange,
        transaction_type,
        order_type,
        quantity,
        "MIS",
        order_key,
        only_for("groww", "place_groww_cover_order", broker),
        variety="co",
        price=price,
        segment=segment,
        stoploss=stop_loss,
        order_reference_id=order_reference_id,
    )
