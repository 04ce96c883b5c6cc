"""Tools about orders: place one, at most once; look before, look after; read the order book."""

from typing import Annotated
from uuid import UUID

from mcp.types import CallToolResult, InputRequiredResult
from pydantic import Field

from application.enter_session import Entered
from application.place_order import Asked, Order, Receipt
from application.ports.broker_orders import BrokerOrder
from application.read_broker import OrderBook
from application.tell_order import Told, Unsent
from domain.errors import InvalidArgument, OrderInProgress, ProposalRefused
from domain.events import OrderProposed
from domain.instants import outside
from mcp_interface.app import App, Mcp, OptionalBroker, result
from mcp_interface.caller import Caller
from mcp_interface.composition import Backend
from mcp_interface.server import MOVES_MONEY, READS_BROKER, TradingServer
from mcp_interface.tools.approving import Approving
from mcp_interface.tools.order_answers import (
    OrderAnswer,
    OrderDetail,
    OrderPreview,
    OrderReceipt,
    awaiting,
    detail_of,
    detail_unsent,
    preview_of,
    receipt_of,
    told_in_words,
)
from mcp_interface.tools.order_arguments import Wanted, is_that, takes_an_order
from mcp_interface.tools.order_rows import OrderRow, in_words, row_of, seen
from mcp_interface.tools.paging import CursorArgument, LimitArgument, page
from mcp_interface.tools.results import Result, indicator, money

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
    backend, approving = app.backend, Approving(app)

    @server.tool(title="Place an order", annotations=MOVES_MONEY)
    @takes_an_order
    async def create_order(
        ctx: Mcp, wanted: Wanted
    ) -> Annotated[CallToolResult, OrderReceipt] | InputRequiredResult:
        """Place an order with a broker, at most once. The user is asked, except for paper money."""
        minted = wanted.order_key is None

        def is_this(proposal: OrderProposed) -> bool:
            order = wanted.order(backend.instruments)
            return proposal.change_key is None and is_that(order, proposal)

        if answered := await approving.answered(ctx, app.caller_of(ctx), is_this):
            receipt, asked = answered
            return _answered(app, receipt, asked.session_id, minted)

        def job(caller: Caller, entered: Entered) -> tuple[Caller, Receipt | Asked, UUID]:
            order = wanted.order(backend.instruments)
            return caller, _placed(backend, caller, entered, order), entered.session_id

        caller, outcome, session_id = await app.at_broker(ctx, wanted.broker, job)
        if isinstance(outcome, Receipt):
            return _answered(app, outcome, session_id, minted)
        said = await approving.ask(ctx, caller, outcome)
        if isinstance(said, InputRequiredResult):
            return said
        if said is not None:
            return _answered(app, said, session_id, minted)
        url = await approving.page(ctx, outcome.proposal.proposal_id)
        return _told(app, awaiting(outcome, url, minted=minted))

    @server.tool(title="Try an order out", annotations=READS_BROKER)
    @takes_an_order
    async def preview_order(ctx: Mcp, wanted: Wanted) -> Annotated[CallToolResult, OrderPreview]:
        """What create_order would say to this order, without placing it: worth, limits, a key."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            order = wanted.order(backend.instruments)
            preview = backend.preview_order(caller.context, entered, order)
            model = preview_of(preview, str(entered.session_id))
            first = indicator(model.mode, entered.session_id, model.broker, backend.clock.now())
            verdict = (
                "No limit forbids it. Nothing was sent or reserved. Next: create_order with the "
                f"same arguments and order_key='{model.order_key}'."
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
        ctx: Mcp, order_key: Named = None, order_id: Named = None
    ) -> Annotated[CallToolResult, OrderDetail]:
        """What became of one order of yours, by its order_key or the broker's order id."""
        if (order_key is None) == (order_id is None):
            raise InvalidArgument("Name it by order_key or by order_id. Next: give one of them.")

        def job(caller: Caller, entered: Entered) -> Told | Unsent:
            return backend.tell_order(caller.context, entered, order_key, order_id)

        told = await app.at_broker(ctx, None, job)
        if isinstance(told, Told):
            return _told(app, detail_of(told), reached_broker=told.report.reached_broker)
        url = None
        if told.state == "AWAITING_APPROVAL" and isinstance(told.fact, OrderProposed):
            url = await approving.page(ctx, told.fact.proposal_id)
        return _told(app, detail_unsent(told, url))

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
            return _answered(app, receipt, asked.session_id, minted=False)

        return await app.at_broker(ctx, None, job)

    server.rule("confirm_order", "trade", "orders", "default")


def _placed(backend: Backend, caller: Caller, entered: Entered, order: Order) -> Receipt | Asked:
    """An order that somebody else is sending just now is told as it stands."""
    try:
        return backend.place_order(caller.context, entered, order)
    except OrderInProgress:
        told = backend.tell_order.known(caller.principal, order.order_key)
        if not isinstance(told, Told):
            raise
        return Receipt(report=told.report, position=told.position, repeated=True, minted=False)


def _answered(app: App, told: Receipt, session_id: UUID, minted: bool) -> CallToolResult:
    also = ("Nothing was sent now: this order_key named this order already.",)
    return _told(
        app,
        receipt_of(told, str(session_id), minted=minted),
        reached_broker=told.report.reached_broker,
        also=also if told.repeated else (),
    )


def _told(
    app: App, model: OrderAnswer, *, reached_broker: bool = False, also: tuple[str, ...] = ()
) -> CallToolResult:
    first = indicator(model.mode, UUID(model.session_id), model.broker, app.backend.clock.now())
    return result(first, told_in_words(model, reached_broker=reached_broker, also=also), model)


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
