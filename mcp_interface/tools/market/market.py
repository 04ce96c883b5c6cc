"""Tools about the market: quotes, candles and option chains."""

from typing import Annotated, Final, Literal

from mcp.types import CallToolResult
from pydantic import BaseModel, ConfigDict, Field

from application.market.bars import Bars
from application.market.periods import day_of, period
from application.market.read_candles import Candles, WantedBars
from application.market.read_market import Quotes, Symbol
from application.market.read_options import ChainView
from application.ports.market import Detail
from application.read_broker import Answered
from application.sessions.enter_session import Entered
from domain.instruments import plain
from domain.vocabulary import Exchange, Interval
from mcp_interface.app import App, Mcp, OptionalBroker, result
from mcp_interface.caller import Caller
from mcp_interface.server import READS_BROKER, TradingServer
from mcp_interface.tools.market.gap_rows import gap_lines, gaps_row
from mcp_interface.tools.market.market_rows import (
    CandlesResult,
    OptionChainResult,
    QuotesResult,
    StrikeRow,
    candle_line,
    candle_row,
    quote_line,
    quote_row,
    strike_line,
    strike_row,
    unknown_row,
)
from mcp_interface.tools.paging import CursorArgument, LimitArgument, following, start_of
from mcp_interface.tools.progress import heard_by
from mcp_interface.tools.results import A_SCREENFUL, Form, money, rupees, screenful, when
from mcp_interface.tools.schemas import UNLISTED

MOST_SYMBOLS: Final = 500
ENDS_SHOWN: Final = 3
"""Of the candles, so many of the first and of the last are in the text."""

Name = Annotated[str, Field(min_length=1, max_length=100)]
Moment = Annotated[str, Field(max_length=40)]


class NamedSymbol(BaseModel):
    """As the server before this one took it."""

    model_config = ConfigDict(extra="forbid")

    tradingsymbol: Name
    symboltoken: Annotated[str | None, Field(max_length=40, json_schema_extra=UNLISTED)] = None
    exchange: Exchange | None = None


def register(server: TradingServer, app: App) -> None:
    backend = app.backend

    @server.tool(title="Quotes", annotations=READS_BROKER)
    async def get_quote(
        ctx: Mcp,
        symbols: Annotated[
            list[Name | NamedSymbol],
            Field(
                min_length=1,
                max_length=MOST_SYMBOLS,
                description="Names from search_instruments, or as INFY.",
                json_schema_extra={"examples": [["NSE:INFY", "RELIANCE"]]},
            ),
        ],
        broker: OptionalBroker = None,
        detail: Annotated[
            Detail | None,
            Field(description="Without it full, for more than 20 symbols ohlc."),
        ] = None,
        response_format: Form = "concise",
    ) -> Annotated[CallToolResult, QuotesResult]:
        """Live prices from a broker: last price, the day's range, depth, and how old they are."""
        wanted = [_symbol(each) for each in symbols]

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            found = backend.read_market.quotes(caller.context, entered, broker, wanted, detail)
            return _quotes(app, entered, found, response_format)

        return await app.at_broker(ctx, broker, job, for_data=True)

    @server.tool(title="Candles", annotations=READS_BROKER)
    async def get_historical_data(
        ctx: Mcp,
        symbol: Name,
        from_date: Annotated[Moment, Field(description="As 2026-11-23 or 2026-11-23T10:30, IST.")],
        to_date: Annotated[
            Moment | None, Field(description="A day is included. Without it until now.")
        ] = None,
        interval: Literal[Interval, "1h"] = "1d",
        broker: OptionalBroker = None,
        limit: LimitArgument = 100,
        cursor: CursorArgument = None,
        response_format: Form = "concise",
    ) -> Annotated[CallToolResult, CandlesResult]:
        """Candles of a broker, oldest first, what is missing among them, and whether the last bar
        is still open."""
        each: Interval = "60m" if interval == "1h" else interval

        progress = heard_by(ctx, "calls to the broker")

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            span = period(from_date, to_date, each, backend.clock.now())
            wanted = WantedBars(interval=each, period=span)
            found = backend.read_candles(
                caller.context, entered, broker, Symbol(text=symbol), wanted, progress
            )
            return _candles(app, entered, found, (limit, cursor), response_format)

        return await app.at_broker(ctx, broker, job, for_data=True)

    @server.tool(title="Option chain", annotations=READS_BROKER)
    async def get_option_chain(
        ctx: Mcp,
        underlying: Annotated[Name, Field(description="As NIFTY or NSE:RELIANCE.")],
        expiry: Annotated[
            Moment | None, Field(description="As 2026-11-26. Without it the nearest.")
        ] = None,
        broker: OptionalBroker = None,
        strikes_around: Annotated[
            int, Field(strict=True, ge=0, le=200, description="On each side of the money.")
        ] = 10,
    ) -> Annotated[CallToolResult, OptionChainResult]:
        """Calls and puts around the money at a broker that has option chains: prices, open
        interest, greeks."""
        day = None if expiry is None else day_of("expiry", expiry)

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            found = backend.read_option_chain(
                caller.context, entered, broker, Symbol(text=underlying), day, strikes_around
            )
            return _chain(app, entered, found)

        return await app.at_broker(ctx, broker, job, for_data=True)

    for name in ("get_quote", "get_historical_data", "get_option_chain"):
        server.rule(name, "read", "market", "default")


def _symbol(given: str | NamedSymbol) -> Symbol:
    if isinstance(given, str):
        return Symbol(text=given)
    return Symbol(text=given.tradingsymbol, exchange=given.exchange)


def _quotes(app: App, entered: Entered, found: Answered[Quotes], form: Form) -> CallToolResult:
    told, now = found.answer, app.backend.clock.now()
    model = QuotesResult(
        broker=found.admission.broker.name,
        mode=found.admission.mode,
        detail=told.detail,
        quotes=[quote_row(each, now) for each in told.quotes],
        unknown=[unknown_row(each) for each in told.unknown],
        unquoted=[each.name for each in told.unquoted],
        session_id=str(entered.session_id),
    )
    lines = screenful([quote_line(row) for row in model.quotes], form)
    if model.unquoted:
        names = ", ".join(model.unquoted[:A_SCREENFUL])
        lines.append(f"{found.admission.broker.display_name} has no price of {names}.")
    lines += screenful([row.reason for row in model.unknown], form)
    return result(app.first_line_at(entered, found.admission), lines, model)


def _candles(
    app: App,
    entered: Entered,
    found: Answered[Candles],
    page: tuple[int, str | None],
    form: Form,
) -> CallToolResult:
    told, admission = found.answer, found.admission
    bars = told.bars
    start = start_of(page[1])
    end = min(start + page[0], len(bars))
    shown = [candle_row(bars.candle(index)) for index in range(start, end)]
    model = CandlesResult(
        broker=admission.broker.name,
        mode=admission.mode,
        name=told.instrument.name,
        interval=told.interval,
        candles=shown,
        total=len(bars),
        next_cursor=following(end, len(bars)),
        last_bar_open=told.is_last_open,
        last_bar_ends_at=when(told.last_ends_at),
        fetched_at=when(told.fetched_at),
        calls=told.calls,
        from_cache=told.from_cache,
        gaps=gaps_row(told.gaps),
        session_id=str(entered.session_id),
    )
    lines = [
        f"{model.total} bars of {model.interval} of {model.name} at "
        f"{admission.broker.display_name}; times are IST, of the bar's start."
    ]
    lines += map(candle_line, shown) if form == "detailed" else _both_ends(bars)
    if told.is_last_open:
        lines.append(f"The last bar is still open: it can change until {model.last_bar_ends_at}.")
    lines += gap_lines(told.gaps)
    if model.next_cursor:
        lines.append(f"More bars in the data: call again with cursor='{model.next_cursor}'.")
    return result(app.first_line_at(entered, admission), lines, model)


def _chain(app: App, entered: Entered, found: Answered[ChainView]) -> CallToolResult:
    told, broker = found.answer, found.admission.broker
    chain, middle = told.chain, told.at_the_money
    model = OptionChainResult(
        broker=broker.name,
        mode=found.admission.mode,
        underlying=chain.underlying.name,
        underlying_price=money(chain.underlying_price_inr),
        expiry=chain.expiry.isoformat(),
        expiries=[day.isoformat() for day in told.expiries],
        at_the_money=None if middle is None else plain(middle.strike_inr),
        rows=[strike_row(each) for each in told.rows],
        total_strikes=len(chain.rows),
        session_id=str(entered.session_id),
    )
    price = chain.underlying_price_inr
    at = f" at {rupees(price)}" if price is not None else ""
    lines = [
        f"Options on {model.underlying}{at}, expiring {chain.expiry:%d %b %Y}, at "
        f"{broker.display_name}: {len(model.rows)} of {model.total_strikes} strikes."
    ]
    lines += [strike_line(row) for row in _middle(model.rows)]
    return result(app.first_line_at(entered, found.admission), lines, model)


def _middle(rows: list[StrikeRow]) -> list[StrikeRow]:
    """A screenful of them."""
    beyond = max(0, len(rows) - A_SCREENFUL) // 2
    return rows[beyond : len(rows) - beyond]


def _both_ends(bars: Bars) -> list[str]:
    ends = range(len(bars))
    if len(bars) <= 2 * ENDS_SHOWN:
        return [candle_line(candle_row(bars.candle(index))) for index in ends]
    return [*_both_ends(bars[:ENDS_SHOWN]), "...", *_both_ends(bars[-ENDS_SHOWN:])]
