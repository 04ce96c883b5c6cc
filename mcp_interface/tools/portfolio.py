"""The tool about what the user holds."""

from decimal import Decimal
from typing import Annotated

from mcp.types import CallToolResult

from application.enter_session import Entered
from application.ports.account import Holding, Position
from application.read_broker import Portfolio
from mcp_interface.app import App, Mcp, OptionalBroker, result
from mcp_interface.caller import Caller
from mcp_interface.server import READS_BROKER, TradingServer
from mcp_interface.tools.paging import CursorArgument, LimitArgument, page
from mcp_interface.tools.results import CURRENCY, Result, money, rupees


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
    """A net position of the day; the quantity is negative when short. `pnl` is of what is open."""

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
    unpriced_stocks: int


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

    server.rule("get_portfolio", "read", "portfolio", "default")


def _told(
    app: App, entered: Entered, found: Portfolio, limit: int, cursor: str | None
) -> CallToolResult:
    broker = found.admission.broker
    invested = sum((h.average_price_inr * h.quantity_shares for h in found.holdings), Decimal(0))
    priced = [(h, h.last_price_inr) for h in found.holdings if h.last_price_inr is not None]
    gains = [last - h.average_price_inr for h, last in priced]
    unpriced = len(found.holdings) - len(priced)
    # A sum that leaves shares out is no worth: without a price for every holding there is none.
    current = (
        None if unpriced else sum((last * h.quantity_shares for h, last in priced), Decimal(0))
    )
    gain = None if current is None else current - invested
    shown, following = page([_holding(h) for h in found.holdings], limit, cursor)
    model = PortfolioResult(
        broker=broker.name,
        mode=found.admission.mode,
        holdings=shown,
        total=len(found.holdings),
        next_cursor=following,
        positions=[position_row(p) for p in found.positions],
        summary=PortfolioSummary(
            total_holdings=len(found.holdings),
            total_invested=money(invested),
            total_current=money(current),
            total_pnl=money(gain),
            total_pnl_percent=percent(gain, invested),
            unpriced_stocks=unpriced,
            profitable_stocks=sum(gain > 0 for gain in gains),
            losing_stocks=sum(gain < 0 for gain in gains),
        ),
        session_id=str(entered.session_id),
    )
    lines = [
        f"{len(found.holdings)} holdings at {broker.display_name}, worth {or_unknown(current)}, "
        f"invested {rupees(invested)}, gain {or_unknown(gain)}."
    ]
    if unpriced:
        lines.append(f"{broker.display_name} gave no price for {unpriced} of them.")
    lines += [
        f"{row.symbol}: {row.quantity} at {rupees(Decimal(row.avg_price or 0))}, now "
        f"{or_unknown(None if row.current_price is None else Decimal(row.current_price))}"
        for row in shown
    ]
    lines += [
        f"Position {p.symbol} {p.product}: {p.quantity}, gain {p.pnl or 'unknown'}"
        for p in model.positions
    ]
    if following:
        lines.append(f"More: get_portfolio(cursor='{following}').")
    return result(app.first_line_at(entered, found.admission), lines, model)


def _holding(holding: Holding) -> HoldingRow:
    invested = holding.average_price_inr * holding.quantity_shares
    last = holding.last_price_inr
    current = None if last is None else last * holding.quantity_shares
    gain = None if current is None else current - invested
    return HoldingRow(
        symbol=holding.trading_symbol,
        exchange=holding.exchange,
        isin=holding.isin,
        quantity=holding.quantity_shares,
        avg_price=money(holding.average_price_inr),
        current_price=money(last),
        invested_value=money(invested),
        current_value=money(current),
        pnl=money(gain),
        pnl_percent=percent(gain, invested),
    )


def open_gain(position: Position) -> Decimal | None:
    last = position.last_price_inr
    return None if last is None else (last - position.average_price_inr) * position.quantity_shares


def position_row(position: Position) -> PositionRow:
    return PositionRow(
        symbol=position.trading_symbol,
        exchange=position.exchange,
        product=position.product,
        quantity=position.quantity_shares,
        avg_price=money(position.average_price_inr),
        current_price=money(position.last_price_inr),
        pnl=money(open_gain(position)),
    )


def or_unknown(amount_inr: Decimal | None) -> str:
    return "unknown" if amount_inr is None else rupees(amount_inr)


def percent(part: Decimal | None, whole: Decimal) -> str | None:
    """`1.23` for 1.23 %; nothing where there is no part or no whole."""
    return money(part / whole * 100) if whole and part is not None else None
