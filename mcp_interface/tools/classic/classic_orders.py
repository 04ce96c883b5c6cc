"""Orders of one kind each, under the names that the server before this one had.

They go the way of `create_order`. What a broker does not take is refused there, with the closest
thing that it does take: see `domain/order_offers.py`.
"""

from typing import Annotated

from mcp.types import CallToolResult, InputRequiredResult

from application.sessions.broker_access import supported
from application.sessions.enter_session import Entered
from domain.order_offers import not_taken
from domain.orders import check_terms
from mcp_interface.app import App, Mcp
from mcp_interface.caller import Caller
from mcp_interface.server import MOVES_MONEY, TradingServer
from mcp_interface.tools.classic.classic_arguments import (
    after_market,
    bracket,
    cover,
    groww_bracket,
    groww_cover,
    iceberg,
    until_a_date,
)
from mcp_interface.tools.orders.order_answers import OrderReceipt
from mcp_interface.tools.orders.order_arguments import Wanted, takes
from mcp_interface.tools.orders.placing import Placing

Placed = Annotated[CallToolResult, OrderReceipt] | InputRequiredResult


def register(server: TradingServer, app: App) -> None:
    _register_varieties(server, app)
    _register_groww(server, app)


def _register_varieties(server: TradingServer, app: App) -> None:
    placing = Placing(app)

    @server.tool(title="After-market order", annotations=MOVES_MONEY)
    @takes(after_market)
    async def place_amo(ctx: Mcp, wanted: Wanted) -> Placed:
        """Place an order now that enters the market when it opens. As create_order."""
        return await placing(ctx, wanted)

    @server.tool(title="Iceberg order", annotations=MOVES_MONEY)
    @takes(iceberg)
    async def place_iceberg_order(ctx: Mcp, wanted: Wanted) -> Placed:
        """Place a large order in legs of disclosed_quantity, one after the other (Kite)."""
        return await placing(ctx, wanted)

    @server.tool(title="Cover order", annotations=MOVES_MONEY)
    @takes(cover)
    async def place_cover_order(ctx: Mcp, wanted: Wanted) -> Placed:
        """An intraday order with a stop loss. No broker takes it here; says what to do instead."""
        return await placing(ctx, wanted)

    @server.tool(title="Bracket order", annotations=MOVES_MONEY)
    @takes(bracket)
    async def place_bracket_order(ctx: Mcp, wanted: Wanted) -> Placed:
        """An order with target and stop loss. No broker takes it here; says what to do instead."""
        return await placing(ctx, wanted)

    for name in ("place_amo", "place_iceberg_order", "place_cover_order", "place_bracket_order"):
        server.rule(name, "trade", "classic")


def _register_groww(server: TradingServer, app: App) -> None:
    backend, placing = app.backend, Placing(app)

    @server.tool(title="Order until a date", annotations=MOVES_MONEY)
    @takes(until_a_date)
    async def place_groww_gtd_order(ctx: Mcp, wanted: Wanted) -> Placed:
        """An order until a date. Groww takes none; says what to do instead."""

        def job(_caller: Caller, _entered: Entered) -> CallToolResult:
            broker = supported(backend.brokers, wanted.broker or "groww")
            terms = check_terms(wanted.order(backend.instruments).terms)
            raise not_taken(broker.name, broker.display_name, broker.offer, "gtd", terms)

        return await app.in_session(ctx, job)

    @server.tool(title="Bracket order at Groww", annotations=MOVES_MONEY)
    @takes(groww_bracket)
    async def place_groww_bracket_order(ctx: Mcp, wanted: Wanted) -> Placed:
        """An order with target and stop loss. Groww takes none; says what to do instead."""
        return await placing(ctx, wanted)

    @server.tool(title="Cover order at Groww", annotations=MOVES_MONEY)
    @takes(groww_cover)
    async def place_groww_cover_order(ctx: Mcp, wanted: Wanted) -> Placed:
        """An order with a stop loss. Groww takes none; says what to do instead."""
        return await placing(ctx, wanted)

    for kind in ("gtd", "bracket", "cover"):
        server.rule(f"place_groww_{kind}_order", "trade", "classic")
