"""The tool that says which exchanges are open, and when the others open again."""

from collections.abc import Callable
from datetime import datetime
from itertools import groupby
from typing import Annotated, Literal, get_args

from mcp.types import CallToolResult

from application.market.market_status import Standing, standing
from application.ports.calendar import Hours
from application.sessions.enter_session import Entered
from domain.instants import IST
from domain.vocabulary import Exchange
from mcp_interface.app import App, Mcp, result
from mcp_interface.caller import Caller
from mcp_interface.server import READS, TradingServer
from mcp_interface.tools.results import Result, when


class ExchangeRow(Result):
    exchange: str
    state: Literal["OPEN", "PRE_OPEN", "CLOSED"]
    closed_because: str | None
    today: list[str]
    closes_at: str | None
    next_open: str
    next_open_is_guess: bool
    source: str
    known_until: str


class MarketStatus(Result):
    exchanges: list[ExchangeRow]
    session_id: str


def register(server: TradingServer, app: App) -> None:
    backend = app.backend

    @server.tool(title="Market status", annotations=READS)
    async def get_market_status(
        ctx: Mcp, exchange: Exchange | None = None
    ) -> Annotated[CallToolResult, MarketStatus]:
        """Which exchanges are open, why not, today's hours, and the next opening."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            asked: tuple[Exchange, ...] = (exchange,) if exchange else get_args(Exchange)
            now = backend.clock.now()
            found = [standing(backend.calendar, each, now) for each in asked]
            model = MarketStatus(
                exchanges=[_row(each) for each in found], session_id=str(entered.session_id)
            )
            return result(app.first_line(entered), told(found, now), model)

        return await app.in_session(ctx, job)

    server.rule("get_market_status", "read", "market", "default")


def _row(found: Standing) -> ExchangeRow:
    """Sessions as in the text, `09:15 to 15:30`, with what is special about them."""
    return ExchangeRow(
        exchange=found.exchange,
        state=found.state,
        closed_because=found.closed_because,
        today=[_span(each) for each in found.today],
        closes_at=when(found.closes_at),
        next_open=when(found.opens.opens),
        next_open_is_guess=found.is_guess,
        source=found.coverage.source,
        known_until=found.coverage.until.isoformat(),
    )


def told(found: list[Standing], now: datetime) -> list[str]:
    """The text: what is alike of neighbours is said once."""
    lines = [f"{names} {words}" for names, words in _together(found, lambda s: _words(s, now))]
    lines += [f"{names}: {words}." for names, words in _together(found, _source)]
    if any(each.is_guess for each in found):
        lines.append("Where no calendar reaches, Monday to Friday are taken for trading days.")
    return [*lines, "The paper broker trades around the clock."]


def _words(found: Standing, now: datetime) -> str:
    special = "; ".join(_span(each) for each in found.today if each.note)
    today = f" Today: {special}." if special else ""
    if found.closes_at is not None:
        return f"open until {_clock(found.closes_at)} IST.{today}"
    opens = found.opens.opens.astimezone(IST)
    at = f"{opens:%H:%M} IST"
    if opens.date() != now.astimezone(IST).date():
        at = f"{opens:%a %d %b %Y} {at}"
    if found.state == "PRE_OPEN":
        return f"in pre-open, trading from {at}.{today}"
    because = f" ({found.closed_because})" if found.closed_because else ""
    note = f" for {found.opens.note}" if found.opens.note and not special else ""
    guess = " if that is no holiday" if found.is_guess else ""
    return f"closed{because}, opens {at}{note}{guess}.{today}"


def _source(found: Standing) -> str:
    return f"days from {found.coverage.source}, until {found.coverage.until:%d %b %Y}"


def _together(found: list[Standing], words: Callable[[Standing], str]) -> list[tuple[str, str]]:
    """Neighbours of whom the same is to be said, and that."""
    return [
        (", ".join(each.exchange for each in same), said) for said, same in groupby(found, words)
    ]


def _span(hours: Hours) -> str:
    note = f" ({hours.note})" if hours.note else ""
    return f"{_clock(hours.opens)} to {_clock(hours.closes)}{note}"


def _clock(at: datetime) -> str:
    return f"{at.astimezone(IST):%H:%M}"
