"""The tools about what the user holds at several brokers: as one, and side by side."""

from typing import Annotated

from mcp.types import CallToolResult
from pydantic import Field

from application.portfolio.consolidate import consolidate, totals_by_mode
from application.portfolio.read_portfolio import Part, Portfolio
from application.read_broker import Answered
from application.sessions.enter_session import Entered
from domain.errors import Refusal
from mcp_interface.app import App, Mcp, result
from mcp_interface.caller import Caller
from mcp_interface.server import READS_BROKER, TradingServer
from mcp_interface.tools.paging import CursorArgument, LimitArgument, page
from mcp_interface.tools.portfolio.consolidated_rows import (
    Answers,
    ComparedResult,
    ConsolidatedResult,
    broker_line,
    broker_portfolio,
    broker_row,
    held,
    joined_line,
    joined_row,
    mode_lines,
    mode_row,
    prices_line,
    shared_line,
    unread_lines,
)
from mcp_interface.tools.portfolio.each_broker import ask_each, brokers_of, must_be_anywhere
from mcp_interface.tools.results import Form, screenful

OptionalBrokers = Annotated[
    list[Annotated[str, Field(max_length=20)]] | None,
    Field(max_length=10, description="Without it all that you are logged in at."),
]


def register(server: TradingServer, app: App) -> None:
    @server.tool(title="Consolidated portfolio", annotations=READS_BROKER)
    async def get_consolidated_portfolio(
        ctx: Mcp,
        brokers: OptionalBrokers = None,
        limit: LimitArgument = 50,
        cursor: CursorArgument = None,
        response_format: Form = "concise",
    ) -> Annotated[CallToolResult, ConsolidatedResult]:
        """What you hold at all brokers together, the same share joined, with its parts."""
        found = await _portfolios(app, ctx, brokers, "holdings")

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            return _consolidated(app, entered, found, (limit, cursor), response_format)

        return await app.in_session(ctx, job)

    @server.tool(title="Compare portfolios", annotations=READS_BROKER)
    async def compare_portfolios(
        ctx: Mcp, brokers: OptionalBrokers = None, response_format: Form = "concise"
    ) -> Annotated[CallToolResult, ComparedResult]:
        """Portfolios at several brokers side by side, and the shares held at more than one."""
        found = await _portfolios(app, ctx, brokers, "holdings", "funds")

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            return _compared(app, entered, found, response_format)

        return await app.in_session(ctx, job)

    server.rule("get_consolidated_portfolio", "read", "portfolio", "default")
    server.rule("compare_portfolios", "read", "portfolio")


async def _portfolios(app: App, ctx: Mcp, named: list[str] | None, *parts: Part) -> Answers:
    """Raises: BrokerLoginRequired: nobody was named, and the person is logged in nowhere."""
    names = named
    if not names:
        names = await app.in_session(ctx, lambda _, entered: brokers_of(app, entered.session))

    def read(caller: Caller, entered: Entered, name: str) -> Answered[Portfolio]:
        return app.backend.read_portfolio(caller.context, entered, name, *parts)

    found = await ask_each(app, ctx, names, read)
    if not named:
        must_be_anywhere(found)
    return found


def _consolidated(
    app: App, entered: Entered, found: Answers, pages: tuple[int, str | None], form: Form
) -> CallToolResult:
    told, now = held(found), app.backend.clock.now()
    joined = consolidate(told, app.backend.instruments)
    sums = totals_by_mode(told, joined)
    shown, following = page(joined, *pages)
    model = ConsolidatedResult(
        consolidated=[joined_row(each, now) for each in shown],
        total=len(joined),
        next_cursor=following,
        totals=[mode_row(each) for each in sums],
        brokers=[broker_row(name, answer) for name, answer in found.items()],
        session_id=str(entered.session_id),
    )
    lines = [line for each in sums for line in mode_lines(each)]
    lines += unread_lines(found)
    if aged := prices_line(told, now):
        lines.append(aged)
    lines += screenful([joined_line(each) for each in shown], form)
    if following:
        lines.append(f"More: get_consolidated_portfolio(cursor='{following}').")
    return result(app.first_line(entered), lines, model)


def _compared(app: App, entered: Entered, found: Answers, form: Form) -> CallToolResult:
    told, now = held(found), app.backend.clock.now()
    shared = [each for each in consolidate(told, app.backend.instruments) if len(each.brokers) > 1]
    model = ComparedResult(
        portfolios=[broker_portfolio(name, answer) for name, answer in found.items()],
        compared_brokers=[each.broker for each in told],
        shared=[joined_row(each, now) for each in shared],
        session_id=str(entered.session_id),
    )
    lines = [broker_line(each) for each in found.values() if not isinstance(each, Refusal)]
    lines += unread_lines(found)
    lines.append(f"Held at more than one of them: {len(shared) or 'nothing'}.")
    lines += screenful([shared_line(each) for each in shared], form)
    return result(app.first_line(entered), lines, model)
