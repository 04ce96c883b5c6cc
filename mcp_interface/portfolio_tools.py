"""The tool about what the user holds."""

from decimal import Decimal
from typing import Annotated

from mcp.types import CallToolResult

from application.enter_session import Entered
from application.ports.broker import Holding, Position
from application.read_broker import Portfolio
from mcp_interface.app import App, Mcp, result
from mcp_interface.caller import Caller
from mcp_interface.order_tools import OptionalBroker
from mcp_interface.paging import CursorArgument, LimitArgument, page
from mcp_interface.results import CURRENCY, Result, indicator, money, rupees
from mcp_interface.server import READS_BROKER, TradingServer


class HoldingRow(Result):
    """Shares held for delivery; money in INR. `pnlPercent` is of what was invested."""

    symbol: str
    exchange: str
    isin: str | None
    quantity: int
    lot_size: int = 1
    avg_price: str | None
    current_price: str | None
    invested_value: str | None
    current_value: str | None
    pnl: str | None
    pnl_percent: str | None


class PositionRow(Result):
    """A net position of the day; the quantity is negative when short."""

    symbol: str
    exchange: str
    product: str
    quantity: int
    lot_size: int = 1
    avg_price: str | None
    current_price: str | None
    pnl: str | None


class PortfolioSummary(Result):
    total_holdings: int
    total_invested: str | None
    total_current: str | None
    total_pnl: str | None
    total_pnl_percent: str | None
    profitable_stocks: int
    losing_stocks: int


class PortfolioResult(Result):
    broker: str
    mode: str
    currency: str = CURRENCY
    holdings: list[HoldingRow]
    total: int
    next_cursor: str | None
    positions: list[PositionRow]
    summary: PortfolioSummary
    session_id: str


def register(server: TradingServer, app: App) -> None:
    backend = app.backend

    @server.tool(title="Portfolio", annotations=READS_BROKER)
    async def get_portfolio(
        ctx: Mcp,
        broker: OptionalBroker = None,
        limit: LimitArgument = 50,
        cursor: CursorArgument = None,
    ) -> Annotated[CallToolResult, PortfolioResult]:
        """Holdings and the day's positions at a broker, with their worth in INR."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            found = backend.read_broker.portfolio(caller.context, entered, broker)
            return _told(app, entered, found, limit, cursor)

        return await app.at_broker(ctx, broker, job)

    server.rule("get_portfolio", "read")


def _told(
    app: App, entered: Entered, found: Portfolio, limit: int, cursor: str | None
) -> CallToolResult:
    broker, login = found.admission.broker, found.admission.login
    mode = login.mode if login else broker.mode()
    invested = sum((h.average_price_inr * h.quantity_shares for h in found.holdings), Decimal(0))
    current = sum((h.last_price_inr * h.quantity_shares for h in found.holdings), Decimal(0))
    gains = [h.last_price_inr - h.average_price_inr for h in found.holdings]
    shown, following = page([_holding(h) for h in found.holdings], limit, cursor)
    model = PortfolioResult(
        broker=broker.name,
        mode=mode,
        holdings=shown,
        total=len(found.holdings),
        next_cursor=following,
        positions=[_position(p) for p in found.positions],
        summary=PortfolioSummary(
            total_holdings=len(found.holdings),
            total_invested=money(invested),
            total_current=money(current),
            total_pnl=money(current - invested),
            total_pnl_percent=percent(current - invested, invested),
            profitable_stocks=sum(gain > 0 for gain in gains),
            losing_stocks=sum(gain < 0 for gain in gains),
        ),
        session_id=str(entered.session_id),
    )
    lines = [
        f"{len(found.holdings)} holdings at {broker.display_name}, worth {rupees(current)}, "
        f"invested {rupees(invested)}, gain {rupees(current - invested)}."
    ]
    lines += [
        f"{row.symbol}: {row.quantity} at {rupees(Decimal(row.avg_price or 0))}, now "
        f"{rupees(Decimal(row.current_price or 0))}"
        for row in shown
    ]
    lines += [
        f"Position {p.symbol} {p.product}: {p.quantity}, gain {p.pnl}" for p in model.positions
    ]
    if following:
        lines.append(f"More: get_portfolio(cursor='{following}').")
    first = indicator(mode, entered.session_id, broker.name, app.backend.clock.now())
    return result(first, lines, model)


def _holding(holding: Holding) -> HoldingRow:
    invested = holding.average_price_inr * holding.quantity_shares
    current = holding.last_price_inr * holding.quantity_shares
    return HoldingRow(
        symbol=holding.trading_symbol,
        exchange=holding.exchange,
        isin=holding.isin,
        quantity=holding.quantity_shares,
        avg_price=money(holding.average_price_inr),
        current_price=money(holding.last_price_inr),
        invested_value=money(invested),
        current_value=money(current),
        pnl=money(current - invested),
        pnl_percent=percent(current - invested, invested),
    )


def _position(position: Position) -> PositionRow:
    gain = (position.last_price_inr - position.average_price_inr) * position.quantity_shares
    return PositionRow(
        symbol=position.trading_symbol,
        exchange=position.exchange,
        product=position.product,
        quantity=position.quantity_shares,
        avg_price=money(position.average_price_inr),
        current_price=money(position.last_price_inr),
        pnl=money(gain),
    )


def percent(part: Decimal, whole: Decimal) -> str | None:
    """`1.23` for 1.23 %; nothing where there is no whole."""
    return money(part / whole * 100) if whole else None
