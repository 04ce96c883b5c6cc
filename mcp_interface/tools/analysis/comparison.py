"""The tool that puts one indicator of several brokers side by side, and says why they differ."""

from typing import Annotated, Final

from mcp.types import CallToolResult
from pydantic import Field

from application.market.analyse import Analysed, Request
from application.market.compare_analysis import AtBroker
from application.market.periods import end_of
from application.market.read_market import Symbol
from application.sessions.enter_session import Entered
from domain.errors import NoActiveBroker, Refusal
from domain.indicator_text import parse_indicator
from domain.session import TradingSession
from domain.vocabulary import BROKERS, Interval
from mcp_interface.app import App, Mcp, result
from mcp_interface.caller import Caller
from mcp_interface.server import READS_BROKER, TradingServer
from mcp_interface.tools.analysis.analysis import AllowGaps, Each, Name, Until, Whole, Written
from mcp_interface.tools.analysis.comparison_rows import ComparisonResult, comparison
from mcp_interface.tools.portfolio.each_broker import ask_each
from mcp_interface.tools.results import screenful

MOST_BROKERS: Final = 10
SHARED_BARS: Final = 3
"""So many bars are looked at for the newest one that all brokers have."""

Found = dict[str, AtBroker | Refusal]


def register(server: TradingServer, app: App) -> None:
    @server.tool(title="Compare indicators", annotations=READS_BROKER)
    async def compare_technical_indicators(
        ctx: Mcp,
        symbol: Name,
        indicator: Annotated[Written, Field(description="As RSI or macd:12,26,9.")],
        period: Whole = None,
        brokers: Annotated[
            list[Annotated[str, Field(max_length=20)]] | None,
            Field(max_length=MOST_BROKERS, description="Without it where you are logged in."),
        ] = None,
        interval: Each = "1d",
        to_date: Until = None,
        allow_gaps: AllowGaps = False,
    ) -> Annotated[CallToolResult, ComparisonResult]:
        """One indicator at both or all brokers side by side: each value, and where and why their
        candles differ."""
        entered = await app.in_session(ctx, lambda _caller, session: session)
        each: Interval = "60m" if interval == "1h" else interval
        request = Request(
            symbols=[Symbol(text=symbol)],
            wanted=[parse_indicator(indicator, period)],
            interval=each,
            since=None,
            until=end_of(to_date, app.backend.clock.now()),
            most=SHARED_BARS,
            allow_gaps=allow_gaps,
        )
        names = list(dict.fromkeys(brokers or own_brokers(entered.session)))
        if not names:
            raise NoActiveBroker(
                "You are logged in nowhere. Next: list_brokers, or brokers=['paper']."
            )

        def job(caller: Caller, entered: Entered, name: str) -> AtBroker:
            told = app.backend.analyse(caller.context, entered, name, request)
            (one,) = told.answer
            assert isinstance(one, Analysed), "the only symbol's refusal is raised"
            return AtBroker(broker=told.admission.broker.name, mode=told.admission.mode, found=one)

        found = await ask_each(app, ctx, names, job)
        refusals = [answer for answer in found.values() if isinstance(answer, Refusal)]
        if len(refusals) == len(found):
            raise refusals[0]
        model, lines = comparison(found, request.wanted[0], each, entered.session_id)
        return result(app.first_line(entered), screenful(lines, "concise"), model)

    server.rule("compare_technical_indicators", "read", "analysis")


def own_brokers(session: TradingSession) -> list[str]:
    """The active one first: the others are told as seen from it."""
    mine = [name for name in BROKERS if name in session.logins or name == session.active_broker]
    return sorted(mine, key=lambda name: name != session.active_broker)
