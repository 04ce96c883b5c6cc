"""The arguments of an order, which two tools take, and what they mean."""

import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, get_type_hints

from msgspec.structs import replace
from pydantic import BeforeValidator, Field, WithJsonSchema

from application.place_order import Order
from application.ports.instruments import Instruments
from domain.errors import InvalidOrder, NotSupportedByBroker, UnknownInstrument
from domain.events import OrderProposed
from domain.orders import plain_prices
from domain.vocabulary import (
    Exchange,
    OrderTerms,
    OrderType,
    Product,
    TransactionType,
    Validity,
    Variety,
)
from mcp_interface.app import Mcp, OptionalBroker
from mcp_interface.tools.schemas import UNLISTED


def _plain_number(value: object) -> object:
    """Python reads `1_0` and other scripts' digits as numbers; a price is neither."""
    if isinstance(value, str) and not re.fullmatch(r"\s*[0-9]+(\.[0-9]+)?\s*", value, re.ASCII):
        raise ValueError("must be a decimal number, such as 1500.05")
    return value


_PRICE = {"type": ["number", "string", "null"], "exclusiveMinimum": 0}
# Pydantic's own schema says the bounds in words that JSON Schema does not have.
Price = Annotated[
    Decimal | None,
    BeforeValidator(_plain_number),
    Field(max_digits=15, decimal_places=4, gt=0),
    WithJsonSchema({**_PRICE, "description": "INR per share."}),
]
Leg = Annotated[Price, WithJsonSchema({**_PRICE, **UNLISTED})]
"""A price of an order that nobody here takes; it is known so that it can be refused in words."""
Quantity = Annotated[int, Field(strict=True, gt=0, description="Shares, not lots.")]
OrderKey = Annotated[
    str | None,
    Field(max_length=64, description="Yours; repeat it to retry. Minted when left out."),
]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a caller asked for, the symbol as they wrote it."""

    terms: OrderTerms
    order_key: str | None
    broker: str | None
    slices: bool

    def order(self, instruments: Instruments) -> Order:
        """With the exchange's own symbol. Raises: UnknownInstrument: see `listed_symbol`."""
        terms = self.terms
        symbol = listed_symbol(instruments, terms.trading_symbol, terms.exchange)
        return Order(
            terms=replace(terms, trading_symbol=symbol),
            order_key=self.order_key,
            broker=self.broker,
            slices=self.slices,
        )


def is_that(order: Order, proposal: OrderProposed) -> bool:
    """Whether the caller asks for what was proposed; key and broker may be left out again."""
    return (
        plain_prices(order.terms) == plain_prices(proposal.terms)
        and order.order_key in (None, proposal.order_key)
        and order.broker in (None, proposal.broker)
    )


def wanted(
    trading_symbol: Annotated[
        str, Field(max_length=60, description="As INFY, or a name from search_instruments.")
    ],
    exchange: Exchange,
    transaction_type: TransactionType,
    order_type: OrderType,
    quantity: Quantity,
    product: Annotated[Product, Field(description="CNC delivery, MIS intraday, NRML F&O.")],
    order_key: OrderKey = None,
    broker: OptionalBroker = None,
    variety: Variety | None = None,
    price: Price = None,
    trigger_price: Price = None,
    validity: Validity = "DAY",
    disclosed_quantity: Annotated[int | None, Field(strict=True, gt=0)] = None,
    tag: Annotated[str | None, Field(max_length=64, description="A note of yours.")] = None,
    amo: Annotated[bool, Field(json_schema_extra=UNLISTED)] = False,
    segment: Annotated[
        Literal["CASH", "FNO", "COMM", "CURRENCY"] | None, Field(json_schema_extra=UNLISTED)
    ] = None,
    stoploss: Leg = None,
    squareoff: Leg = None,
    trailing_stoploss: Leg = None,
    symboltoken: Annotated[str | None, Field(max_length=40, json_schema_extra=UNLISTED)] = None,
    order_reference_id: Annotated[
        str | None, Field(max_length=64, json_schema_extra=UNLISTED)
    ] = None,
    slices: Annotated[
        bool, Field(description="Go as several orders if the exchange takes no more at once.")
    ] = False,
) -> Wanted:
    """Raises: InvalidOrder, NotSupportedByBroker: they contradict themselves or mean nothing."""
    del symboltoken  # the predecessor's; our own table knows it. Its order_reference_id is a key.
    _no_legs(stoploss, squareoff, trailing_stoploss)
    _segment_fits(segment, exchange)
    terms = OrderTerms(
        exchange=exchange,
        trading_symbol=_named(trading_symbol, exchange),
        transaction_type=transaction_type,
        order_type=order_type,
        product=product,
        quantity_shares=quantity,
        variety=_variety(variety, amo),
        validity=validity,
        limit_price_inr=price,
        trigger_price_inr=trigger_price,
        disclosed_quantity_shares=disclosed_quantity,
        tag=tag,
    )
    key = order_reference_id if order_key is None else order_key
    return Wanted(terms=terms, order_key=key, broker=broker, slices=slices)


Answer = Any
"""Any: what a tool answers with is in its own annotation, which the SDK reads."""


def takes_an_order(
    tool: Callable[[Mcp, Wanted], Awaitable[Answer]],
) -> Callable[..., Awaitable[Answer]]:
    """The tool with the arguments of `wanted` in the place of its second one: the SDK makes the
    schema from a function's signature, and one order should not be written down twice."""

    async def with_arguments(ctx: Mcp, **arguments: Any) -> Answer:  # Any: checked by the SDK
        return await tool(ctx, wanted(**arguments))

    hints = get_type_hints(wanted, include_extras=True)
    answers = get_type_hints(tool, include_extras=True)["return"]
    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Mcp)
    arguments = inspect.signature(wanted).parameters.values()
    with_arguments.__name__ = with_arguments.__qualname__ = tool.__name__
    with_arguments.__doc__ = tool.__doc__
    with_arguments.__annotations__ = {"ctx": Mcp, **hints, "return": answers}
    with_arguments.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # PEP 362
        [context, *arguments], return_annotation=answers
    )
    return with_arguments


def listed_symbol(instruments: Instruments, symbol: str, exchange: Exchange) -> str:
    """The exchange's own symbol: `NSE:INFY`, `INFY-EQ` and `INFY` all mean INFY, and a contract can
    be named by its attributes. What the table does not know goes on as it is, for the broker to
    judge: our list may be short or of yesterday.

    Raises:
        UnknownInstrument: a contract by its attributes that the table does not have.
    """
    try:
        return instruments.resolve(symbol, exchange).trading_symbol
    except UnknownInstrument:
        if symbol.count(":") > 1:
            raise
        return symbol.rpartition(":")[2].removesuffix("-EQ")


def _named(symbol: str, exchange: str) -> str:
    """In capital letters. Raises: InvalidOrder: it names another exchange than the argument."""
    if not symbol.isascii():
        raise InvalidOrder("trading_symbol has letters that no exchange uses. Next: as INFY.")
    text = symbol.strip().upper()
    named, colon, _ = text.partition(":")
    if colon and named != exchange:
        raise InvalidOrder(
            f"trading_symbol begins with {ascii(named)[:12]} but exchange is {exchange}; nothing "
            "was sent. Next: make them agree."
        )
    return text


def _variety(variety: Variety | None, amo: bool) -> Variety:
    if variety not in (None, "amo") and amo:
        raise InvalidOrder(f"amo and variety={variety} exclude each other. Next: drop one.")
    return variety or ("amo" if amo else "regular")


def _no_legs(*legs: Decimal | None) -> None:
    if any(leg is not None for leg in legs):
        raise NotSupportedByBroker(
            "stoploss, squareoff and trailing_stoploss belong to cover and bracket orders, which "
            "no broker here takes. Next: place the order without them, then a separate SL order."
        )


def _segment_fits(segment: str | None, exchange: str) -> None:
    cash = exchange in ("NSE", "BSE")
    if segment is not None and (segment == "CASH") != cash:
        raise InvalidOrder(
            f"segment {segment} does not fit exchange {exchange}. Next: leave segment out."
        )
