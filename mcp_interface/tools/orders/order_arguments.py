"""The arguments of an order, which several tools take, and what they mean."""

import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, get_type_hints

from msgspec.structs import replace
from pydantic import BeforeValidator, Field, WithJsonSchema

from application.orders.place_order import Order
from application.ports.instruments import Instruments
from domain.errors import InvalidOrder, UnknownInstrument
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


def whole_number(value: object) -> object:
    """JSON has one kind of number: some clients write 10 as 10.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _none_if_zero(value: object) -> object:
    """Where an order has no price, some clients write 0."""
    return None if value in (0, "0") and not isinstance(value, bool) else value


_PRICE = {"type": ["number", "string", "null"], "exclusiveMinimum": 0}
RequiredPrice = Annotated[
    Decimal,
    Field(max_digits=15, decimal_places=4, gt=0),
    BeforeValidator(_plain_number),
    WithJsonSchema({"type": ["number", "string"], "exclusiveMinimum": 0}),
]
# Pydantic's own schema says the bounds in words that JSON Schema does not have.
Price = Annotated[
    RequiredPrice | None,
    BeforeValidator(_none_if_zero),
    WithJsonSchema({**_PRICE, "description": "INR per share."}),
]
Leg = Annotated[Price, WithJsonSchema({**_PRICE, **UNLISTED})]
"""A price of an order that nobody here takes; it is known so that it can be refused in words."""
_Shares = Annotated[int, Field(strict=True, gt=0), BeforeValidator(whole_number)]
Quantity = Annotated[_Shares, Field(description="Shares, not lots.")]
Disclosed = Annotated[_Shares | None, BeforeValidator(_none_if_zero)]
_BY_PRODUCT: Final[dict[Product, Variety]] = {"CO": "co", "BO": "bo"}
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


def wanted_order(
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
    disclosed_quantity: Disclosed = None,
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
    """Raises: InvalidOrder: they contradict themselves or mean nothing."""
    del symboltoken  # the predecessor's; our own table knows it. Its order_reference_id is a key.
    segment_fits(segment, exchange)
    stops = any(leg is not None for leg in (stoploss, trailing_stoploss))
    kind = _variety(variety, amo, product, stops=stops, targets=squareoff is not None)
    if slices and kind == "iceberg":
        raise InvalidOrder("An iceberg is in slices already. Next: leave slices out.")
    terms = OrderTerms(
        exchange=exchange,
        trading_symbol=named_symbol(trading_symbol, exchange),
        transaction_type=transaction_type,
        order_type=order_type,
        product=product,
        quantity_shares=quantity,
        variety=kind,
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


Tool = Callable[[Mcp, Wanted], Awaitable[Answer]]


def takes(arguments: Callable[..., Wanted]) -> Callable[[Tool], Callable[..., Awaitable[Answer]]]:
    """The tool with the arguments of this function in the place of its second one: the SDK makes
    the schema from a function's signature, and one order should not be written down twice."""

    def with_those(tool: Tool) -> Callable[..., Awaitable[Answer]]:
        async def with_arguments(ctx: Mcp, **given: Any) -> Answer:  # Any: checked by the SDK
            return await tool(ctx, arguments(**given))

        hints = get_type_hints(arguments, include_extras=True)
        answers = get_type_hints(tool, include_extras=True)["return"]
        context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Mcp)
        with_arguments.__name__ = with_arguments.__qualname__ = tool.__name__
        with_arguments.__doc__ = tool.__doc__
        with_arguments.__annotations__ = {"ctx": Mcp, **hints, "return": answers}
        with_arguments.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # PEP 362
            [context, *inspect.signature(arguments).parameters.values()],
            return_annotation=answers,
        )
        return with_arguments

    return with_those


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


def named_symbol(symbol: str, exchange: str) -> str:
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


def _variety(
    variety: Variety | None, amo: bool, product: Product, *, stops: bool, targets: bool
) -> Variety:
    """The predecessor's clients name a cover or bracket order by its product or its legs alone.
    No broker here takes either, so what the legs say is needed no further.

    Raises:
        InvalidOrder: several kinds at once.
    """
    kinds: set[Variety] = set() if variety in (None, "regular") else {variety}
    if product in _BY_PRODUCT:
        kinds.add(_BY_PRODUCT[product])
    if amo:
        kinds.add("amo")
    if targets:
        kinds.add("bo")
    elif stops and kinds.isdisjoint({"co", "bo"}):
        kinds.add("co")
    if len(kinds) > 1 or (amo and variety == "regular"):
        raise InvalidOrder(
            "variety, product, amo, stoploss and squareoff name different kinds of order; nothing "
            "was sent. Next: leave out what is not meant."
        )
    return kinds.pop() if kinds else "regular"


def segment_fits(segment: str | None, exchange: str) -> None:
    """Raises: InvalidOrder: the exchange is of another segment."""
    cash = exchange in ("NSE", "BSE")
    if segment is not None and (segment == "CASH") != cash:
        raise InvalidOrder(
            f"segment {segment} does not fit exchange {exchange}. Next: leave segment out."
        )
