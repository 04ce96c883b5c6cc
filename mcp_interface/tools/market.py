"""Tools about the market: quotes, candles and option chains."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

from mcp.types import CallToolResult
from pydantic import BaseModel, ConfigDict, Field

from application.enter_session import Entered
from application.periods import day_of, period
from application.ports.market import Candle, Detail
from application.read_broker import Answered
from application.read_market import Bars, Quotes, Symbol
from application.read_options import ChainView
from domain.instruments import plain
from domain.vocabulary import Exchange, Interval
from mcp_interface.app import App, Mcp, OptionalBroker, result
from mcp_interface.caller import Caller
from mcp_interface.server import READS_BROKER, TradingServer
from mcp_interface.tools.market_rows import (
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
from mcp_interface.tools.paging import CursorArgument, LimitArgument, page
from mcp_interface.tools.results import money, rupees, when
from mcp_interface.tools.schemas import UNLISTED

MOST_SYMBOLS: Final = 500
MOST_LINES: Final = 20
"""Of a text: a screenful. The data has all."""
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
    ) -> Annotated[CallToolResult, QuotesResult]:
        """Live prices from a broker: last price, the day's range, depth, and how old they are."""
        wanted = [_symbol(each) for each in symbols]

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            found = backend.read_market.quotes(caller.context, entered, broker, wanted, detail)
            return _quotes(app, entered, found)

        return await app.at_broker(ctx, broker, job)

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
    ) -> Annotated[CallToolResult, CandlesResult]:
        """Candles of a broker, oldest first, and whether the last bar is still open."""
        each: Interval = "60m" if interval == "1h" else interval

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            span = period(from_date, to_date, each, backend.clock.now())
            found = backend.read_market.candles(
                caller.context, entered, broker, Symbol(text=symbol), each, span
            )
            return _candles(app, entered, found, each, limit, cursor)

        return await app.at_broker(ctx, broker, job)

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

        return await app.at_broker(ctx, broker, job)

    for name in ("get_quote", "get_historical_data", "get_option_chain"):
        server.rule(name, "read", "market", "default")


def _symbol(given: str | NamedSymbol) -> Symbol:
    if isinstance(given, str):
        return Symbol(text=given)
    return Symbol(text=given.tradingsymbol, exchange=given.exchange)


def _quotes(app: App, entered: Entered, found: Answered[Quotes]) -> CallToolResult:
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
    lines = _at_most([quote_line(row) for row in model.quotes])
    if model.unquoted:
        names = ", ".join(model.unquoted[:MOST_LINES])
        lines.append(f"{found.admission.broker.display_name} has no price of {names}.")
    lines += _at_most([row.reason for row in model.unknown])
    return result(app.first_line_at(entered, found.admission), lines, model)


def _candles(
    app: App,
    entered: Entered,
    found: Answered[Bars],
    interval: Interval,
    limit: int,
    cursor: str | None,
) -> CallToolResult:
    told, admission = found.answer, found.admission
    shown, following = page(told.candles, limit, cursor)
    model = CandlesResult(
        broker=admission.broker.name,
        mode=admission.mode,
        name=told.instrument.name,
        interval=interval,
        candles=[candle_row(each) for each in shown],
        total=len(told.candles),
        next_cursor=following,
        last_bar_open=told.is_last_open,
        last_bar_ends_at=when(told.last_ends_at),
        session_id=str(entered.session_id),
    )
    lines = [
        f"{model.total} bars of {interval} of {model.name} at {admission.broker.display_name}; "
        "times are IST, of the bar's start."
    ]
    lines += _both_ends(told.candles)
    if told.is_last_open:
        lines.append(f"The last bar is still open: it can change until {model.last_bar_ends_at}.")
    if following:
        lines.append(f"More bars in the data: call again with cursor='{following}'.")
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
    beyond = max(0, len(rows) - MOST_LINES) // 2
    return rows[beyond : len(rows) - beyond]


def _at_most(lines: list[str]) -> list[str]:
    more = len(lines) - MOST_LINES
    return lines if more <= 0 else [*lines[:MOST_LINES], f"And {more} more in the data."]


def _both_ends(candles: Sequence[Candle]) -> list[str]:
    if len(candles) <= 2 * ENDS_SHOWN:
        return [candle_line(candle_row(each)) for each in candles]
    first, last = candles[:ENDS_SHOWN], candles[-ENDS_SHOWN:]
    return [*_both_ends(first), "...", *_both_ends(last)]
