"""Tools about the account at a broker: its money, and the day's trades."""

from decimal import Decimal
from typing import Annotated, Literal

from mcp.types import CallToolResult
from pydantic import Field

from application.ports.account import Funds
from application.ports.broker_orders import Trade
from application.read_broker import Answered
from application.sessions.enter_session import Entered
from domain.errors import InvalidArgument
from mcp_interface.app import App, Mcp, OptionalBroker, result
from mcp_interface.caller import Caller
from mcp_interface.server import READS_BROKER, TradingServer
from mcp_interface.tools.paging import CursorArgument, LimitArgument, page
from mcp_interface.tools.portfolio.portfolio_rows import or_unknown
from mcp_interface.tools.results import CURRENCY, Form, Result, money, plainly, screenful, when

ONE_PURSE = "all"
"""The segment of a broker that keeps all money together."""


class MarginRow(Result):
    """Money of one segment, `all` where the broker keeps it together; none: it does not say."""

    segment: str
    available: str
    used: str | None
    opening: str | None
    collateral: str | None
    withdrawable: str | None


class MarginsResult(Result):
    broker: str
    mode: str
    currency: str = CURRENCY
    margins: list[MarginRow]
    session_id: str


class TradeRow(Result):
    """One fill of one order."""

    trade_id: str
    broker_order_id: str
    exchange: str
    trading_symbol: str
    transaction_type: str
    product: str
    quantity: int
    price: str
    value: str
    traded_at: str | None


class TradesResult(Result):
    broker: str
    mode: str
    currency: str = CURRENCY
    trades: list[TradeRow]
    total: int
    next_cursor: str | None
    session_id: str


def register(server: TradingServer, app: App) -> None:
    read_broker = app.backend.read_broker

    @server.tool(title="Margins", annotations=READS_BROKER)
    async def get_margins(
        ctx: Mcp,
        broker: OptionalBroker = None,
        segment: Annotated[
            Literal["equity", "commodity"] | None,
            Field(description="At Kite; other brokers tell of one purse only."),
        ] = None,
        response_format: Form = "concise",
    ) -> Annotated[CallToolResult, MarginsResult]:
        """Money at a broker: what is available, used, and there as collateral."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            found = read_broker.ask(
                caller.context, entered, broker, "funds", lambda at, *who: at.funds(*who)
            )
            return _margins(app, entered, found, segment, response_format)

        return await app.at_broker(ctx, broker, job)

    @server.tool(title="Trades", annotations=READS_BROKER)
    async def get_trades(
        ctx: Mcp,
        broker: OptionalBroker = None,
        limit: LimitArgument = 50,
        cursor: CursorArgument = None,
        response_format: Form = "concise",
    ) -> Annotated[CallToolResult, TradesResult]:
        """Today's fills at a broker, newest first: what was really paid, order by order."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            found = read_broker.ask(
                caller.context, entered, broker, "trades", lambda at, *who: at.trades(*who)
            )
            return _trades(app, entered, found, (limit, cursor), response_format)

        return await app.at_broker(ctx, broker, job)

    server.rule("get_margins", "read", "portfolio", "default")
    server.rule("get_trades", "read", "orders", "default")


def _margins(
    app: App,
    entered: Entered,
    found: Answered[tuple[Funds, ...]],
    segment: str | None,
    form: Form,
) -> CallToolResult:
    broker = found.admission.broker
    there = [each.segment for each in found.answer]
    wanted = [each for each in found.answer if segment in (None, each.segment)]
    together = segment is not None and there == [ONE_PURSE]
    if not wanted and not together:
        raise InvalidArgument(
            f"This account has no {segment} segment at {broker.display_name}; it has "
            f"{', '.join(there) or 'none'}. Next: leave segment out."
        )
    model = MarginsResult(
        broker=broker.name,
        mode=found.admission.mode,
        margins=[_margin(each) for each in (found.answer if together else wanted)],
        session_id=str(entered.session_id),
    )
    rows = [
        f"{broker.display_name}, {row.segment}: {_spoken(row.available)} available, "
        f"{_spoken(row.used)} used, {_spoken(row.collateral)} collateral"
        for row in model.margins
    ]
    lines = screenful(rows, form)
    if together:
        lines.append(f"{broker.display_name} tells of one purse only, whatever the segment.")
    return result(app.first_line_at(entered, found.admission), lines, model)


def _margin(funds: Funds) -> MarginRow:
    return MarginRow(
        segment=funds.segment,
        available=money(funds.available_inr),
        used=money(funds.used_inr),
        opening=money(funds.opening_inr),
        collateral=money(funds.collateral_inr),
        withdrawable=money(funds.withdrawable_inr),
    )


def _trades(
    app: App,
    entered: Entered,
    found: Answered[tuple[Trade, ...]],
    pages: tuple[int, str | None],
    form: Form,
) -> CallToolResult:
    broker = found.admission.broker
    shown, following = page(found.answer[::-1], *pages)
    model = TradesResult(
        broker=broker.name,
        mode=found.admission.mode,
        trades=[_trade(each) for each in shown],
        total=len(found.answer),
        next_cursor=following,
        session_id=str(entered.session_id),
    )
    lines = [f"{len(shown)} of {len(found.answer)} trades at {broker.display_name}, newest first."]
    rows = [
        f"{row.transaction_type} {row.quantity} {row.exchange}:{plainly(row.trading_symbol)} "
        f"{row.product} at {_spoken(row.price)} [{plainly(row.broker_order_id)}]"
        for row in model.trades
    ]
    lines += screenful(rows, form)
    if following:
        lines.append(f"More: get_trades(cursor='{following}').")
    return result(app.first_line_at(entered, found.admission), lines, model)


def _trade(trade: Trade) -> TradeRow:
    return TradeRow(
        trade_id=trade.trade_id,
        broker_order_id=trade.broker_order_id,
        exchange=trade.exchange,
        trading_symbol=trade.trading_symbol,
        transaction_type=trade.transaction_type,
        product=trade.product,
        quantity=trade.quantity_shares,
        price=money(trade.price_inr),
        value=money(trade.price_inr * trade.quantity_shares),
        traded_at=when(trade.traded_at),
    )


def _spoken(amount: str | None) -> str:
    return or_unknown(None if amount is None else Decimal(amount))
