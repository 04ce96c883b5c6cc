"""Tools for orders that the broker keeps until a price is reached, and for changing a position's
product. They go the way of every order: see `placing.py`."""

from typing import Annotated, Final

import msgspec
from mcp.types import CallToolResult, InputRequiredResult
from msgspec.structs import replace
from pydantic import Field

from application.orders.tell_order import Told
from application.ports.broker_orders import GttOrder
from application.read_broker import Answered
from application.sessions.enter_session import Entered
from domain.errors import NotSupportedByBroker, OrderNotFound
from domain.vocabulary import CancelGtt, OrderTerms
from mcp_interface.app import App, Mcp, OptionalBroker, result
from mcp_interface.caller import Caller
from mcp_interface.server import MOVES_MONEY, READS_BROKER, TradingServer
from mcp_interface.tools.orders.gtt_arguments import wanted_conversion, wanted_gtt
from mcp_interface.tools.orders.order_answers import OrderReceipt
from mcp_interface.tools.orders.order_arguments import OrderKey, Wanted, takes
from mcp_interface.tools.orders.placing import Placing
from mcp_interface.tools.paging import CursorArgument, LimitArgument, page
from mcp_interface.tools.results import (
    CURRENCY,
    Form,
    Outside,
    Result,
    money,
    rupees,
    screenful,
    when,
)

WAITS: Final = ("ACTIVE", "UNKNOWN")
"""A word of the broker that nobody here knows may mean that it waits."""
Placed = Annotated[CallToolResult, OrderReceipt] | InputRequiredResult


class LegRow(Result):
    trigger_price: str
    price: str


class GttRow(Result):
    """`rawStatus` is the broker's word for `status`."""

    gtt_id: str
    kind: str
    exchange: str
    trading_symbol: str
    transaction_type: str
    product: str
    quantity: int
    legs: list[LegRow]
    status: str
    raw_status: Outside
    created_at: str | None


class GttPage(Result):
    broker: str
    mode: str
    currency: str = CURRENCY
    gtt_orders: list[GttRow]
    total: int
    next_cursor: str | None
    session_id: str


def register(server: TradingServer, app: App) -> None:
    _register_reading(server, app)
    _register_writing(server, app)


def _register_reading(server: TradingServer, app: App) -> None:
    @server.tool(title="GTT orders", annotations=READS_BROKER)
    async def get_gtt_orders(
        ctx: Mcp,
        broker: OptionalBroker = None,
        limit: LimitArgument = 20,
        cursor: CursorArgument = None,
        response_format: Form = "concise",
    ) -> Annotated[CallToolResult, GttPage]:
        """Your GTT orders (good till triggered) that a broker keeps, newest first."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            found = _listed(app, caller, entered, broker)
            return _told(app, entered, found, limit, cursor, response_format)

        return await app.at_broker(ctx, broker, job)

    server.rule("get_gtt_orders", "read", "orders")


def _register_writing(server: TradingServer, app: App) -> None:
    placing = Placing(app)

    @server.tool(title="Place a GTT order", annotations=MOVES_MONEY)
    @takes(wanted_gtt)
    async def place_gtt_order(ctx: Mcp, wanted: Wanted) -> Placed:
        """Have the broker keep a GTT order until a trigger price is reached. The user is asked."""
        return await placing(ctx, wanted)

    @server.tool(title="Cancel a GTT order", annotations=MOVES_MONEY)
    async def cancel_gtt_order(
        ctx: Mcp,
        gtt_id: Annotated[str, Field(min_length=1, max_length=64)],
        broker: OptionalBroker = None,
        order_key: OrderKey = None,
    ) -> Placed:
        """Take back a GTT order that waits at the broker. The user is not asked."""

        def job(caller: Caller, entered: Entered) -> tuple[OrderTerms, str]:
            if order_key is not None and (asked := _asked_before(app, caller, order_key, gtt_id)):
                return asked
            found = _listed(app, caller, entered, broker)
            gtt = next((each for each in found.answer if each.gtt_id == gtt_id), None)
            if gtt is None:
                raise OrderNotFound(
                    f"{found.admission.broker.display_name} lists no GTT order {gtt_id!a} of "
                    "this account. Next: get_gtt_orders()."
                )
            if gtt.status not in WAITS:
                raise OrderNotFound(
                    f"That GTT order does not wait any more: it is {gtt.status}; nothing was sent. "
                    "Next: get_gtt_orders()."
                )
            return _cancellation(gtt), found.admission.broker.name

        terms, at = await app.at_broker(ctx, broker, job)
        wanted = Wanted(terms=terms, order_key=order_key, broker=at, slices=False)
        return await placing(ctx, wanted)

    @server.tool(title="Convert a position", annotations=MOVES_MONEY)
    @takes(wanted_conversion)
    async def convert_position(ctx: Mcp, wanted: Wanted) -> Placed:
        """Change the product of an open position, as from MIS to CNC. The user is asked."""
        return await placing(ctx, wanted)

    for name in ("place_gtt_order", "cancel_gtt_order", "convert_position"):
        server.rule(name, "trade", "orders")


def _listed(
    app: App, caller: Caller, entered: Entered, broker: str | None
) -> Answered[tuple[GttOrder, ...]]:
    return app.backend.read_broker.ask(
        caller.context, entered, broker, "gtt", lambda at, *who: at.gtt_orders(*who)
    )


def _asked_before(
    app: App, caller: Caller, order_key: str, gtt_id: str
) -> tuple[OrderTerms, str] | None:
    """This very cancellation and its broker: once it is done, no list shows the order any more."""
    try:
        told = app.backend.tell_order.known(caller.principal, order_key)
    except OrderNotFound:
        return None
    if not isinstance(told, Told):
        return None
    request = told.report.request
    instruction = request.terms.instruction
    same = isinstance(instruction, CancelGtt) and instruction.gtt_id == gtt_id
    return (request.terms, request.broker) if same else None


def _cancellation(gtt: GttOrder) -> OrderTerms:
    """What is taken back, in an order's words.

    Raises:
        NotSupportedByBroker: it is of a kind that our words do not have.
    """
    limits = [leg.limit_price_inr for leg in gtt.legs if leg.limit_price_inr > 0]
    words = {
        "exchange": gtt.exchange,
        "trading_symbol": gtt.trading_symbol,
        "transaction_type": gtt.transaction_type,
        "order_type": "LIMIT",
        "product": gtt.product,
        "quantity_shares": gtt.quantity_shares,
        "limit_price_inr": max(limits, default=None),
    }
    try:
        terms = msgspec.convert(words, OrderTerms)
    except msgspec.ValidationError:
        raise NotSupportedByBroker(
            f"This GTT order ({gtt.exchange!a}, product {gtt.product!a}) is of a kind "
            "that is not known here; nothing was sent. Next: cancel it in the broker's own app."
        ) from None
    return replace(terms, instruction=CancelGtt(gtt_id=gtt.gtt_id, kind=gtt.kind))


def _told(
    app: App,
    entered: Entered,
    found: Answered[tuple[GttOrder, ...]],
    limit: int,
    cursor: str | None,
    form: Form,
) -> CallToolResult:
    broker = found.admission.broker
    shown, following = page(found.answer[::-1], limit, cursor)
    model = GttPage(
        broker=broker.name,
        mode=found.admission.mode,
        gtt_orders=[_row(each) for each in shown],
        total=len(found.answer),
        next_cursor=following,
        session_id=str(entered.session_id),
    )
    lines = [f"{len(shown)} of {len(found.answer)} GTT orders at {broker.display_name}."]
    lines += screenful([_line(each) for each in shown], form)
    if following:
        lines.append(f"More: get_gtt_orders(cursor='{following}').")
    return result(app.first_line_at(entered, found.admission), lines, model)


def _row(gtt: GttOrder) -> GttRow:
    return GttRow(
        gtt_id=gtt.gtt_id,
        kind=gtt.kind,
        exchange=gtt.exchange,
        trading_symbol=gtt.trading_symbol,
        transaction_type=gtt.transaction_type,
        product=gtt.product,
        quantity=gtt.quantity_shares,
        legs=[
            LegRow(trigger_price=money(leg.trigger_price_inr), price=money(leg.limit_price_inr))
            for leg in gtt.legs
        ],
        status=gtt.status,
        raw_status=gtt.raw_status,
        created_at=when(gtt.created_at),
    )


def _line(gtt: GttOrder) -> str:
    """`SELL 5 NSE:INFY CNC at ₹1,390.00 when it reaches ₹1,400.00: ACTIVE (gtt_id='123')`."""
    legs = " or ".join(
        f"at {rupees(leg.limit_price_inr)} when it reaches {rupees(leg.trigger_price_inr)}"
        for leg in gtt.legs
    )
    return (
        f"{gtt.transaction_type} {gtt.quantity_shares} {gtt.exchange}:{gtt.trading_symbol} "
        f"{gtt.product} {legs}: {gtt.status} (gtt_id='{gtt.gtt_id}')"
    )
