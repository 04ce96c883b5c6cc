"""Tools about orders: place one, at most once; look before, look after; read the order book."""

from typing import Annotated

from mcp.types import CallToolResult, InputRequiredResult
from pydantic import Field

from application.orders.tell_order import Told, Unsent
from application.ports.broker_orders import BrokerOrder
from application.read_broker import OrderBook
from application.sessions.enter_session import Entered
from domain.errors import InvalidArgument, ProposalRefused
from domain.events import OrderProposed
from domain.instants import outside
from mcp_interface.app import App, Mcp, OptionalBroker, result
from mcp_interface.caller import Caller
from mcp_interface.server import MOVES_MONEY, READS_BROKER, TradingServer
from mcp_interface.tools.orders.approving import Approving
from mcp_interface.tools.orders.order_answers import (
    OrderDetail,
    OrderPreview,
    OrderReceipt,
    detail_of,
    detail_unsent,
    preview_of,
)
from mcp_interface.tools.orders.order_arguments import Wanted, takes, wanted_order
from mcp_interface.tools.orders.order_rows import OrderRow, in_a_list, row_of, seen
from mcp_interface.tools.orders.placing import Placing, answered_order, told_order
from mcp_interface.tools.paging import CursorArgument, LimitArgument, page
from mcp_interface.tools.results import Form, Result, indicator, money, screenful

OrderKey = Annotated[str, Field(max_length=64)]
Named = Annotated[str | None, Field(max_length=64)]


class OrderPage(Result):
    orders: list[OrderRow]
    total: int
    next_cursor: str | None
    broker: str
    session_id: str


def register(server: TradingServer, app: App) -> None:
    _register_placing(server, app)
    _register_reading(server, app)
    if app.backend.settings.confirm == "tool":
        _register_confirming(server, app)


def _register_placing(server: TradingServer, app: App) -> None:
    backend, placing = app.backend, Placing(app)

    @server.tool(title="Place an order", annotations=MOVES_MONEY)
    @takes(wanted_order)
    async def create_order(
        ctx: Mcp, wanted: Wanted
    ) -> Annotated[CallToolResult, OrderReceipt] | InputRequiredResult:
        """Place an order with a broker, at most once. The user is asked, except for paper money."""
        return await placing(ctx, wanted)

    @server.tool(title="Try an order out", annotations=READS_BROKER)
    @takes(wanted_order)
    async def preview_order(ctx: Mcp, wanted: Wanted) -> Annotated[CallToolResult, OrderPreview]:
        """What create_order would say to this order, without placing it: worth, limits, a key."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            order = wanted.order(backend.instruments)
            preview = backend.preview_order(caller.context, entered, order)
            model = preview_of(preview, str(entered.session_id))
            first = indicator(model.mode, entered.session_id, model.broker, backend.clock.now())
            verdict = (
                "No limit forbids it. Nothing was sent or reserved. Next: "
                f"create_order(order_key='{model.order_key}') with the same arguments."
                if model.passes
                else f"ORDER_DENIED: {model.reason}"
            )
            return result(first, [*model.text.splitlines(), verdict], model)

        return await app.at_broker(ctx, wanted.broker, job)

    server.rule("create_order", "trade", "orders", "default")
    server.rule("preview_order", "read", "orders", "default")


def _register_reading(server: TradingServer, app: App) -> None:
    backend, approving = app.backend, Approving(app)

    @server.tool(title="One order", annotations=READS_BROKER)
    async def get_order(
        ctx: Mcp,
        order_key: Named = None,
        order_id: Named = None,
        response_format: Form = "concise",
    ) -> Annotated[CallToolResult, OrderDetail]:
        """What became of one order of yours, by its order_key or the broker's order id."""
        if (order_key is None) == (order_id is None):
            raise InvalidArgument("Name it by order_key or by order_id. Next: give one of them.")

        def job(caller: Caller, entered: Entered) -> Told | Unsent:
            return backend.tell_order(caller.context, entered, order_key, order_id)

        told = await app.at_broker(ctx, None, job)
        if isinstance(told, Told):
            return told_order(app, detail_of(told), response_format)
        url = None
        if told.state == "AWAITING_APPROVAL" and isinstance(told.fact, OrderProposed):
            url = await approving.page(ctx, told.fact.proposal_id)
        return told_order(app, detail_unsent(told, url), response_format)

    @server.tool(title="Orders", annotations=READS_BROKER)
    async def get_orders(
        ctx: Mcp,
        broker: OptionalBroker = None,
        limit: LimitArgument = 20,
        cursor: CursorArgument = None,
        response_format: Form = "concise",
    ) -> Annotated[CallToolResult, OrderPage]:
        """Today's order book at a broker, newest first, with the order_key of your own orders."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            book = backend.read_broker.order_book(caller.context, entered, broker)
            return _page(app, entered, book, limit, cursor, response_format)

        return await app.at_broker(ctx, broker, job)

    server.rule("get_order", "read", "orders", "default")
    server.rule("get_orders", "read", "orders", "default")


def _register_confirming(server: TradingServer, app: App) -> None:
    """Only where the operator has said that a tool may take the yes (TRADING_CONFIRM=tool)."""
    backend = app.backend

    @server.tool(title="Confirm an order", annotations=MOVES_MONEY)
    async def confirm_order(
        ctx: Mcp, order_key: OrderKey, proposal_id: Annotated[str, Field(max_length=64)]
    ) -> Annotated[CallToolResult, OrderReceipt]:
        """Send an order that waits for a yes. Only after the user said yes to its exact text."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            asked = backend.approve.find(caller.principal, proposal_id)
            if asked.proposal.order_key != order_key:
                raise ProposalRefused(
                    "That proposal is about another order; nothing was sent. Next: take both from "
                    "the same answer."
                )
            receipt = backend.approve.confirm(caller.context, proposal_id, "tool")
            return answered_order(app, receipt, asked.session_id, minted=False)

        return await app.at_broker(ctx, None, job)

    server.rule("confirm_order", "trade", "orders", "default")


def _page(
    app: App, entered: Entered, book: OrderBook, limit: int, cursor: str | None, form: Form
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
    lines += screenful([in_a_list(row) for row in shown], form)
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
        broker_message=order.sighting.status_message,
        **seen(order.sighting),
    )
