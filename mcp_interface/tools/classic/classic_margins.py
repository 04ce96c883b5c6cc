"""What orders would block and cost, under the names that the server before this one had: Kite's
in Kite's words, Groww's in both of Groww's."""

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

from mcp.types import CallToolResult
from pydantic import Field

from application.ports.account import Margins
from application.read_broker import Answered
from application.sessions.enter_session import Entered
from domain.vocabulary import Exchange, OrderTerms, OrderType, Product, TransactionType
from mcp_interface.app import App, Mcp
from mcp_interface.caller import Caller
from mcp_interface.server import READS_BROKER, TradingServer
from mcp_interface.tools.classic.classic_arguments import ItsBroker, Segment, Symbol, only_for
from mcp_interface.tools.classic.margin_answers import (
    OrderCharges,
    OrderMargins,
    charges_told,
    margins_told,
)
from mcp_interface.tools.classic.margin_orders import (
    GrowwRow,
    KiteRow,
    KiteTradeRow,
    Priced,
)
from mcp_interface.tools.orders.order_arguments import Price, Quantity, segment_fits
from mcp_interface.tools.results import Form

MOST_ORDERS = 20
"""In one call."""

KiteOrders = Annotated[list[KiteRow], Field(min_length=1, max_length=MOST_ORDERS)]
KiteTrades = Annotated[list[KiteTradeRow], Field(min_length=1, max_length=MOST_ORDERS)]
GrowwOrders = Annotated[list[GrowwRow], Field(min_length=1, max_length=MOST_ORDERS)]
Asking = Callable[[Caller, Entered, Sequence[OrderTerms]], Answered[Margins]]


def register(server: TradingServer, app: App) -> None:
    _register_kite(server, app)
    _register_groww(server, app)


def _register_kite(server: TradingServer, app: App) -> None:
    margins = app.backend.read_margins

    @server.tool(title="Margins at Kite", annotations=READS_BROKER)
    async def calculate_kite_order_margins(
        ctx: Mcp, orders: KiteOrders, broker: ItsBroker = None, response_format: Form = "concise"
    ) -> Annotated[CallToolResult, OrderMargins]:
        """What each of these orders would block at Kite by itself."""
        named = only_for("kite", "calculate_kite_order_margins", broker)

        def ask(caller: Caller, entered: Entered, terms: Sequence[OrderTerms]) -> Answered[Margins]:
            return margins.one_by_one(caller.context, entered, named, terms)

        wanted = [order.priced() for order in orders]
        return await _margins(app, ctx, named, wanted, ask, response_format)

    @server.tool(title="Basket margins at Kite", annotations=READS_BROKER)
    async def calculate_kite_basket_margins(
        ctx: Mcp,
        orders: KiteOrders,
        broker: ItsBroker = None,
        consider_positions: bool = True,
        mode: Annotated[
            Literal["compact"] | None, Field(description="Totals without the orders.")
        ] = None,
        response_format: Form = "concise",
    ) -> Annotated[CallToolResult, OrderMargins]:
        """What these orders would block at Kite together, where they hedge each other."""
        named = only_for("kite", "calculate_kite_basket_margins", broker)

        def ask(caller: Caller, entered: Entered, terms: Sequence[OrderTerms]) -> Answered[Margins]:
            return margins.together(
                caller.context, entered, named, terms, consider_positions=consider_positions
            )

        wanted, with_rows = [order.priced() for order in orders], mode is None
        return await _margins(app, ctx, named, wanted, ask, response_format, with_rows=with_rows)

    @server.tool(title="Charges at Kite", annotations=READS_BROKER)
    async def calculate_kite_order_charges(
        ctx: Mcp, orders: KiteTrades, broker: ItsBroker = None, response_format: Form = "concise"
    ) -> Annotated[CallToolResult, OrderCharges]:
        """What each of these orders would cost at Kite: brokerage, taxes, fees, part by part."""
        named = only_for("kite", "calculate_kite_order_charges", broker)

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            terms = [order.priced().bargain(app.backend.instruments) for order in orders]
            told = margins.charges(caller.context, entered, named, terms)
            return charges_told(app, entered, told, terms, response_format)

        return await app.at_broker(ctx, named, job)

    for what in ("order_margins", "basket_margins", "order_charges"):
        server.rule(f"calculate_kite_{what}", "read", "classic")


def _register_groww(server: TradingServer, app: App) -> None:
    margins = app.backend.read_margins

    @server.tool(title="Margin at Groww", annotations=READS_BROKER)
    async def calculate_order_margin(
        ctx: Mcp,
        trading_symbol: Symbol,
        exchange: Exchange,
        transaction_type: TransactionType,
        order_type: OrderType,
        quantity: Quantity,
        product: Product,
        broker: ItsBroker = None,
        segment: Segment = None,
        price: Price = None,
        trigger_price: Price = None,
    ) -> Annotated[CallToolResult, OrderMargins]:
        """What one order would block at Groww."""
        named = only_for("groww", "calculate_order_margin", broker)
        segment_fits(segment, exchange)
        order = Priced(
            exchange=exchange,
            symbol=trading_symbol,
            transaction_type=transaction_type,
            order_type=order_type,
            quantity=quantity,
            product=product,
            price=price,
            trigger_price=trigger_price,
        )

        def ask(caller: Caller, entered: Entered, terms: Sequence[OrderTerms]) -> Answered[Margins]:
            return margins.one_by_one(caller.context, entered, named, terms)

        return await _margins(app, ctx, named, [order], ask, "concise")

    @server.tool(title="Margins at Groww", annotations=READS_BROKER)
    async def get_margin_for_orders(
        ctx: Mcp,
        orders: GrowwOrders,
        broker: ItsBroker = None,
        segment: Segment = "CASH",
        response_format: Form = "concise",
    ) -> Annotated[CallToolResult, OrderMargins]:
        """What these orders would block at Groww together; shares do not hedge each other there."""
        named = only_for("groww", "get_margin_for_orders", broker)
        wanted = [order.priced(segment or "CASH") for order in orders]

        def ask(caller: Caller, entered: Entered, terms: Sequence[OrderTerms]) -> Answered[Margins]:
            return margins.together(caller.context, entered, named, terms)

        return await _margins(app, ctx, named, wanted, ask, response_format)

    for name in ("calculate_order_margin", "get_margin_for_orders"):
        server.rule(name, "read", "classic")


async def _margins(
    app: App,
    ctx: Mcp,
    named: str,
    orders: Sequence[Priced],
    ask: Asking,
    form: Form,
    *,
    with_rows: bool = True,
) -> CallToolResult:
    def job(caller: Caller, entered: Entered) -> CallToolResult:
        terms = [order.terms(app.backend.instruments) for order in orders]
        told = ask(caller, entered, terms)
        return margins_told(app, entered, told, terms, form, with_rows=with_rows)

    return await app.at_broker(ctx, named, job)
