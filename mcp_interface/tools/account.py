"""Tools about the account at a broker: positions, money, and the day's trades."""

from decimal import Decimal
from typing import Annotated, Literal

from mcp.types import CallToolResult
from pydantic import Field

from application.enter_session import Entered
from application.ports.account import Funds, Position
from application.ports.broker_orders import Trade
from application.read_broker import Answered
from domain.errors import InvalidArgument
from mcp_interface.app import App, Mcp, OptionalBroker, result
from mcp_interface.caller import Caller
from mcp_interface.server import READS_BROKER, TradingServer
from mcp_interface.tools.paging import CursorArgument, LimitArgument, page
from mcp_interface.tools.portfolio import PositionRow, open_gain, or_unknown, position_row
from mcp_interface.tools.results import CURRENCY, Result, money, when

ONE_PURSE = "all"
"""The segment of a broker that keeps all money together."""


class PositionsResult(Result):
    """`totalPnl` is of what is open, and none where a price is missing."""

    broker: str
    mode: str
    currency: str = CURRENCY
    positions: list[PositionRow]
    total: int
    next_cursor: str | None
    total_pnl: str | None
    session_id: str


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

    @server.tool(title="Positions", annotations=READS_BROKER)
    async def get_positions(
        ctx: Mcp,
        broker: OptionalBroker = None,
        limit: LimitArgument = 50,
        cursor: CursorArgument = None,
    ) -> Annotated[CallToolResult, PositionsResult]:
        """The day's net positions at a broker, with what the open ones gain or lose."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            found = read_broker.ask(
                caller.context, entered, broker, "positions", lambda at, *who: at.positions(*who)
            )
            return _positions(app, entered, found, limit, cursor)

        return await app.at_broker(ctx, broker, job)

    @server.tool(title="Margins", annotations=READS_BROKER)
    async def get_margins(
        ctx: Mcp,
        broker: OptionalBroker = None,
        segment: Annotated[
            Literal["equity", "commodity"] | None,
            Field(description="At Kite; other brokers tell of one purse only."),
        ] = None,
    ) -> Annotated[CallToolResult, MarginsResult]:
        """Money at a broker: what is available, used, and there as collateral."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            found = read_broker.ask(
                caller.context, entered, broker, "funds", lambda at, *who: at.funds(*who)
            )
            return _margins(app, entered, found, segment)

        return await app.at_broker(ctx, broker, job)

    @server.tool(title="Trades", annotations=READS_BROKER)
    async def get_trades(
        ctx: Mcp,
        broker: OptionalBroker = None,
        limit: LimitArgument = 50,
        cursor: CursorArgument = None,
    ) -> Annotated[CallToolResult, TradesResult]:
        """Today's fills at a broker, newest first: what was really paid, order by order."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            found = read_broker.ask(
                caller.context, entered, broker, "trades", lambda at, *who: at.trades(*who)
            )
            return _trades(app, entered, found, limit, cursor)

        return await app.at_broker(ctx, broker, job)

    server.rule("get_positions", "read", "portfolio", "default")
    server.rule("get_margins", "read", "portfolio", "default")
    server.rule("get_trades", "read", "orders", "default")


def _positions(
    app: App,
    entered: Entered,
    found: Answered[tuple[Position, ...]],
    limit: int,
    cursor: str | None,
) -> CallToolResult:
    broker = found.admission.broker
    rows = [position_row(each) for each in found.answer]
    shown, following = page(rows, limit, cursor)
    gains = [gain for each in found.answer if (gain := open_gain(each)) is not None]
    gain = sum(gains, Decimal(0)) if len(gains) == len(rows) else None
    model = PositionsResult(
        broker=broker.name,
        mode=found.admission.mode,
        positions=shown,
        total=len(rows),
        next_cursor=following,
        total_pnl=money(gain),
        session_id=str(entered.session_id),
    )
    lines = [f"{len(rows)} positions at {broker.display_name}, open gain {or_unknown(gain)}."]
    lines += [
        f"{row.exchange}:{row.symbol} {row.product}: {row.quantity} at {_spoken(row.avg_price)}, "
        f"now {_spoken(row.current_price)}, gain {_spoken(row.pnl)}"
        for row in shown
    ]
    if following:
        lines.append(f"More: get_positions(cursor='{following}').")
    return result(app.first_line_at(entered, found.admission), lines, model)


def _margins(
    app: App, entered: Entered, found: Answered[tuple[Funds, ...]], segment: str | None
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
    lines = [
        f"{broker.display_name}, {row.segment}: {_spoken(row.available)} available, "
        f"{_spoken(row.used)} used, {_spoken(row.collateral)} collateral"
        for row in model.margins
    ]
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
    limit: int,
    cursor: str | None,
) -> CallToolResult:
    broker = found.admission.broker
    shown, following = page(found.answer[::-1], limit, cursor)
    model = TradesResult(
        broker=broker.name,
        mode=found.admission.mode,
        trades=[_trade(each) for each in shown],
        total=len(found.answer),
        next_cursor=following,
        session_id=str(entered.session_id),
    )
    lines = [f"{len(shown)} of {len(found.answer)} trades at {broker.display_name}, newest first."]
    lines += [
        f"{row.transaction_type} {row.quantity} {row.exchange}:{row.trading_symbol} {row.product} "
        f"at {_spoken(row.price)} [{row.broker_order_id}]"
        for row in model.trades
    ]
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
