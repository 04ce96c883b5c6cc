"""The arguments of GTT orders and of conversions, and what they mean."""

from typing import Annotated, Literal

from pydantic import Field

from domain.errors import InvalidOrder
from domain.instructions import gtt_terms
from domain.vocabulary import (
    ConvertPosition,
    Exchange,
    GttLeg,
    OrderTerms,
    Product,
    TransactionType,
)
from mcp_interface.app import OptionalBroker
from mcp_interface.tools.orders.order_arguments import (
    OrderKey,
    Price,
    Quantity,
    RequiredPrice,
    Wanted,
    named_symbol,
)
from mcp_interface.tools.schemas import UNLISTED

Symbol = Annotated[
    str, Field(max_length=60, description="As INFY, or a name from search_instruments.")
]


def wanted_gtt(
    trading_symbol: Symbol,
    exchange: Exchange,
    transaction_type: TransactionType,
    quantity: Quantity,
    product: Product,
    trigger_price: Annotated[RequiredPrice, Field(description="Of the stop loss, for OCO.")],
    price: Annotated[RequiredPrice, Field(description="The limit once it is triggered.")],
    kind: Annotated[
        Literal["SINGLE", "OCO"],
        Field(description="OCO: stop loss and target; one cancels the other."),
    ] = "SINGLE",
    target_trigger_price: Price = None,
    target_price: Price = None,
    broker: OptionalBroker = None,
    order_key: OrderKey = None,
) -> Wanted:
    """Raises: InvalidOrder: the legs do not fit the kind."""
    legs = [GttLeg(trigger_price_inr=trigger_price, limit_price_inr=price)]
    if (kind == "OCO") != (target_trigger_price is not None) or (kind == "OCO") != (
        target_price is not None
    ):
        raise InvalidOrder(
            "kind='OCO' has target_trigger_price and target_price, kind='SINGLE' has neither; "
            "nothing was sent. Next: give both, or leave both out."
        )
    if target_trigger_price is not None and target_price is not None:
        legs.append(GttLeg(trigger_price_inr=target_trigger_price, limit_price_inr=target_price))
    terms = OrderTerms(
        exchange=exchange,
        trading_symbol=named_symbol(trading_symbol, exchange),
        transaction_type=transaction_type,
        order_type="LIMIT",
        product=product,
        quantity_shares=quantity,
    )
    return Wanted(
        terms=gtt_terms(terms, tuple(legs)), order_key=order_key, broker=broker, slices=False
    )


def wanted_conversion(
    trading_symbol: Symbol,
    exchange: Exchange,
    transaction_type: Annotated[
        TransactionType, Field(description="Of the position: BUY when it is long.")
    ],
    quantity: Quantity,
    new_product: Product,
    old_product: Product,
    overnight: Annotated[bool, Field(description="Held since an earlier day.")] = False,
    position_type: Annotated[
        Literal["day", "overnight"] | None, Field(json_schema_extra=UNLISTED)
    ] = None,
    broker: OptionalBroker = None,
    order_key: OrderKey = None,
) -> Wanted:
    """Raises: InvalidOrder. `position_type` is Kite's own word for `overnight`."""
    terms = OrderTerms(
        exchange=exchange,
        trading_symbol=named_symbol(trading_symbol, exchange),
        transaction_type=transaction_type,
        order_type="MARKET",
        product=new_product,
        quantity_shares=quantity,
        instruction=ConvertPosition(
            from_product=old_product, overnight=overnight or position_type == "overnight"
        ),
    )
    return Wanted(terms=terms, order_key=order_key, broker=broker, slices=False)
