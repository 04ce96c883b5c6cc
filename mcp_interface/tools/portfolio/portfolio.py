"""The tools about what the user holds at one broker: shares, and the day's positions."""

from typing import Annotated

from mcp.types import CallToolResult

from application.portfolio.read_portfolio import Portfolio
from application.portfolio.valuation import sum_if_all, totals
from application.read_broker import Answered
from application.sessions.enter_session import Entered
from mcp_interface.app import App, Mcp, OptionalBroker, result
from mcp_interface.caller import Caller
from mcp_interface.server import READS_BROKER, TradingServer
from mcp_interface.tools.paging import CursorArgument, LimitArgument, page
from mcp_interface.tools.portfolio.portfolio_rows import (
    HoldingRow,
    PositionRow,
    gaps_in,
    holding_line,
    holding_row,
    percent,
    position_line,
    position_row,
    price_line,
    signed,
    totals_line,
)
from mcp_interface.tools.results import CURRENCY, Form, Result, money, screenful, when


class PortfolioSummary(Result):
    """Of the holdings. A total that would leave one out is none."""

    total_holdings: int
    total_invested: str
    total_current: str | None
    total_day_change: str | None
    total_day_change_percent: str | None
    total_pnl: str | None
    total_pnl_percent: str | None
    profitable_stocks: int
    losing_stocks: int
    unpriced_stocks: int


class PortfolioResult(Result):
    """`missing`: what could not be had, in words."""

    broker: str
    mode: str
    currency: str = CURRENCY
    asked_at: str
    holdings: list[HoldingRow]
    total: int
    next_cursor: str | None
    positions: list[PositionRow]
    summary: PortfolioSummary
    missing: list[str]
    session_id: str


class PositionsResult(Result):
    """Positions that were closed today, too. A total that would leave one out is none. `missing`:
    what could not be had, in words."""

    broker: str
    mode: str
    currency: str = CURRENCY
    asked_at: str
    positions: list[PositionRow]
    total: int
    next_cursor: str | None
    total_pnl: str | None
    total_realised_pnl: str | None
    total_day_pnl: str | None
    missing: list[str]
    session_id: str


def register(server: TradingServer, app: App) -> None:
    read_portfolio = app.backend.read_portfolio

    @server.tool(title="Portfolio", annotations=READS_BROKER)
    async def get_portfolio(
        ctx: Mcp,
        broker: OptionalBroker = None,
        limit: LimitArgument = 50,
        cursor: CursorArgument = None,
        response_format: Form = "concise",
    ) -> Annotated[CallToolResult, PortfolioResult]:
        """Holdings and the day's positions at a broker: their worth, today's change, the gain."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            found = read_portfolio(caller.context, entered, broker, "holdings", "positions")
            return _told(app, entered, found, (limit, cursor), response_format)

        return await app.at_broker(ctx, broker, job)

    @server.tool(title="Positions", annotations=READS_BROKER)
    async def get_positions(
        ctx: Mcp,
        broker: OptionalBroker = None,
        limit: LimitArgument = 50,
        cursor: CursorArgument = None,
        response_format: Form = "concise",
    ) -> Annotated[CallToolResult, PositionsResult]:
        """The day's net positions at a broker, closed ones too: gains of today and in all."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            found = read_portfolio(caller.context, entered, broker, "positions")
            return _positions(app, entered, found, (limit, cursor), response_format)

        return await app.at_broker(ctx, broker, job)

    server.rule("get_positions", "read", "portfolio", "default")
    server.rule("get_portfolio", "read", "portfolio", "default")


def _told(
    app: App,
    entered: Entered,
    found: Answered[Portfolio],
    pages: tuple[int, str | None],
    form: Form,
) -> CallToolResult:
    broker, told, now = found.admission.broker, found.answer, app.backend.clock.now()
    sums = totals(told.holdings)
    shown, following = page(told.holdings, *pages)
    model = PortfolioResult(
        broker=broker.name,
        mode=found.admission.mode,
        asked_at=when(told.asked_at),
        holdings=[holding_row(each, now) for each in shown],
        total=len(told.holdings),
        next_cursor=following,
        positions=[position_row(each, now) for each in told.positions],
        summary=PortfolioSummary(
            total_holdings=sums.count,
            total_invested=money(sums.invested_inr),
            total_current=money(sums.current_inr),
            total_day_change=money(sums.day_change_inr),
            total_day_change_percent=percent(sums.day_change_inr, sums.before_inr),
            total_pnl=money(sums.gain_inr),
            total_pnl_percent=percent(sums.gain_inr, sums.invested_inr),
            profitable_stocks=sums.winners,
            losing_stocks=sums.losers,
            unpriced_stocks=len(sums.unpriced),
        ),
        missing=list(told.missing),
        session_id=str(entered.session_id),
    )
    lines = [f"{sums.count} holdings at {broker.display_name}, {totals_line(sums)}."]
    lines += [*gaps_in(sums, broker.display_name), *told.missing]
    if aged := price_line((each.price for each in told.holdings), told.asked_at, now):
        lines.append(aged)
    rows = [holding_line(each) for each in shown]
    rows += [f"Position {position_line(each)}" for each in told.positions]
    lines += screenful(rows, form)
    if following:
        lines.append(f"More: get_portfolio(cursor='{following}').")
    return result(app.first_line_at(entered, found.admission), lines, model)


def _positions(
    app: App,
    entered: Entered,
    found: Answered[Portfolio],
    pages: tuple[int, str | None],
    form: Form,
) -> CallToolResult:
    broker, told, now = found.admission.broker, found.answer, app.backend.clock.now()
    shown, following = page(told.positions, *pages)
    gain = sum_if_all(each.gain_inr for each in told.positions)
    today = sum_if_all(each.day_gain_inr for each in told.positions)
    model = PositionsResult(
        broker=broker.name,
        mode=found.admission.mode,
        asked_at=when(told.asked_at),
        positions=[position_row(each, now) for each in shown],
        total=len(told.positions),
        next_cursor=following,
        total_pnl=money(gain),
        total_realised_pnl=money(sum_if_all(p.position.realised_inr for p in told.positions)),
        total_day_pnl=money(today),
        missing=list(told.missing),
        session_id=str(entered.session_id),
    )
    lines = [
        f"{model.total} positions at {broker.display_name}, today {signed(today)}, "
        f"in all {signed(gain)}.",
        *told.missing,
    ]
    if aged := price_line((each.price for each in told.positions), told.asked_at, now):
        lines.append(aged)
    lines += screenful([position_line(each) for each in shown], form)
    if following:
        lines.append(f"More: get_positions(cursor='{following}').")
    return result(app.first_line_at(entered, found.admission), lines, model)
