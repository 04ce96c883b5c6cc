"""Tools about orders: place one, at most once, and read the order book."""

import re
from decimal import Decimal
from typing import Annotated, Literal

from mcp.types import CallToolResult
from pydantic import BeforeValidator, Field

from application.enter_session import Entered
from application.place_order import Receipt
from application.ports.broker_orders import BrokerOrder
from application.ports.instruments import Instruments
from application.read_broker import OrderBook
from domain.errors import InvalidOrder, NotSupportedByBroker, UnknownInstrument
from domain.instants import outside
from domain.vocabulary import (
    Exchange,
    OrderTerms,
    OrderType,
    Product,
    TransactionType,
    Validity,
    Variety,
)
from mcp_interface.app import App, Mcp, result
from mcp_interface.caller import Caller
from mcp_interface.server import MOVES_MONEY, READS_BROKER, TradingServer
from mcp_interface.tools.order_rows import OrderRow, in_words, row_of, seen
from mcp_interface.tools.paging import CursorArgument, LimitArgument, page
from mcp_interface.tools.results import Result, indicator, money

OptionalBroker = Annotated[
    str | None, Field(max_length=20, description="Without it the active broker.")
]


def _plain_number(value: object) -> object:
    """Python reads `1_0` and other scripts' digits as numbers; a price is neither."""
    if isinstance(value, str) and not re.fullmatch(r"\s*[0-9]+(\.[0-9]+)?\s*", value, re.ASCII):
        raise ValueError("must be a decimal number, such as 1500.05")
    return value


Price = Annotated[
    Decimal | None,
    BeforeValidator(_plain_number),
    Field(max_digits=15, decimal_places=4, gt=0, description="INR per share."),
]
Quantity = Annotated[int, Field(strict=True, gt=0, description="Shares, not lots.")]


class OrderReceipt(OrderRow):
    """`repeated`: the key named this order already and this call sent nothing."""

    order_key_minted: bool
    repeated: bool
    position: int
    session_id: str


class OrderPage(Result):
    orders: list[OrderRow]
    total: int
    next_cursor: str | None
    broker: str
    session_id: str


def register(server: TradingServer, app: App) -> None:
    backend = app.backend

    @server.tool(title="Place an order", annotations=MOVES_MONEY)
    async def create_order(
        ctx: Mcp,
        trading_symbol: Annotated[
            str, Field(max_length=60, description="As INFY, or a name from search_instruments.")
        ],
        exchange: Exchange,
        transaction_type: TransactionType,
        order_type: OrderType,
        quantity: Quantity,
        product: Annotated[Product, Field(description="CNC delivery, MIS intraday, NRML F&O.")],
        order_key: Annotated[
            str | None,
            Field(max_length=64, description="Yours; repeat it to retry. Minted when left out."),
        ] = None,
        broker: OptionalBroker = None,
        variety: Variety | None = None,
        price: Price = None,
        trigger_price: Price = None,
        validity: Validity = "DAY",
        disclosed_quantity: Annotated[int | None, Field(strict=True, gt=0)] = None,
        tag: Annotated[str | None, Field(max_length=64, description="A note of yours.")] = None,
        amo: Annotated[bool, Field(description="After market order.")] = False,
        segment: Literal["CASH", "FNO", "COMM", "CURRENCY"] | None = None,
        stoploss: Price = None,
        squareoff: Price = None,
        trailing_stoploss: Price = None,
        symboltoken: Annotated[str | None, Field(max_length=40, description="Not needed.")] = None,
        order_reference_id: Annotated[
            str | None, Field(max_length=64, description="Taken as order_key if that is left out.")
        ] = None,
    ) -> Annotated[CallToolResult, OrderReceipt]:
        """Place an order with a broker, at most once. Money moves: ask the user first."""
        _no_legs(stoploss, squareoff, trailing_stoploss)
        _segment_fits(segment, exchange)
        symbol = _named(trading_symbol, exchange)

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            terms = OrderTerms(
                exchange=exchange,
                trading_symbol=listed_symbol(backend.instruments, symbol, exchange),
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
            receipt = backend.place_order(caller.context, entered, broker, terms, key)
            return _receipt(app, entered, receipt)

        return await app.at_broker(ctx, broker, job)

    @server.tool(title="Orders", annotations=READS_BROKER)
    async def get_orders(
        ctx: Mcp,
        broker: OptionalBroker = None,
        limit: LimitArgument = 20,
        cursor: CursorArgument = None,
    ) -> Annotated[CallToolResult, OrderPage]:
        """Today's order book at a broker, newest first, with the order_key of your own orders."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            book = backend.read_broker.order_book(caller.context, entered, broker)
            return _page(app, entered, book, limit, cursor)

        return await app.at_broker(ctx, broker, job)

    server.rule("create_order", "trade")
    server.rule("get_orders", "read")


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


def _receipt(app: App, entered: Entered, receipt: Receipt) -> CallToolResult:
    row = row_of(receipt.report)
    model = OrderReceipt(
        **row.model_dump(),
        order_key_minted=receipt.minted,
        repeated=receipt.repeated,
        position=receipt.position,
        session_id=str(entered.session_id),
    )
    lines = [in_words(row)]
    if receipt.repeated:
        lines.append("Nothing was sent now: this order_key named this order already.")
    if row.reason:
        theirs = row.state == "REJECTED" and receipt.report.reached_broker
        lines.append(f"The broker's words: {row.reason}" if theirs else row.reason)
    if row.state in ("UNKNOWN", "DISPATCHED"):
        lines.append(
            "It may be live. Do not place it again. Next: get_orders(), and look for it there."
        )
    lines.append(f"order_key: {row.order_key}")
    first = indicator(row.mode, entered.session_id, row.broker, app.backend.clock.now())
    return result(first, lines, model)


def _page(
    app: App, entered: Entered, book: OrderBook, limit: int, cursor: str | None
) -> CallToolResult:
    broker = book.admission.broker
    mode = book.admission.mode
    rows = [_listed(book, order, mode) for order in book.orders]
    rows += [row_of(report) for report in book.unlisted]
    rows.reverse()
    shown, following = page(rows, limit, cursor)
    model = OrderPage(
        orders=shown,
        total=len(rows),
        next_cursor=following,
        broker=broker.name,
        session_id=str(entered.session_id),
    )
    lines = [f"{len(shown)} of {len(rows)} orders at {broker.display_name}, newest first."]
    lines += [in_words(row) for row in shown]
    if following:
        lines.append(f"More: get_orders(cursor='{following}').")
    return result(app.first_line_at(entered, book.admission), lines, model)


def _listed(book: OrderBook, order: BrokerOrder, mode: str) -> OrderRow:
    ours = next((book.ours[tag] for tag in order.broker_tags if tag in book.ours), None)
    return OrderRow(
        order_key=ours.request.order_key if ours else None,
        broker_order_id=order.broker_order_id,
        broker=book.admission.broker.name,
        mode=mode,
        state="PLACED",
        exchange=order.exchange,
        trading_symbol=order.trading_symbol,
        transaction_type=order.transaction_type,
        order_type=order.order_type,
        product=order.product,
        variety=order.variety,
        validity=order.validity,
        quantity=order.quantity_shares,
        price=money(order.limit_price_inr),
        trigger_price=money(order.trigger_price_inr),
        placed_at=outside(order.placed_at) if order.placed_at else None,
        reason=order.sighting.status_message,
        **seen(order.sighting),
    )
