"""The tool that finds what can be traded, by words, over all brokers."""

from typing import Annotated, Final

from mcp.types import CallToolResult
from pydantic import Field

from application.ports.instruments import Found, TableFacts
from application.sessions.enter_session import Entered
from domain.instruments import Instrument, Kind, plain
from domain.vocabulary import Exchange
from mcp_interface.app import App, Mcp, result
from mcp_interface.caller import Caller
from mcp_interface.server import READS, TradingServer
from mcp_interface.tools.paging import CursorArgument, LimitArgument, following, start_of
from mcp_interface.tools.results import CURRENCY, Form, FromOutside, Result, quoted, screenful

IN_A_LIST: Final = 80
"""Characters of an exchange's description. The data has all."""


class InstrumentRow(Result):
    """`name` is what every tool takes; `brokers` are those where it can be traded."""

    name: str
    trading_symbol: str
    exchange: str
    kind: str
    description: Annotated[str, FromOutside()]
    lot_size: int
    tick_size: str
    isin: str | None
    underlying: str | None
    expiry: str | None
    strike: str | None
    brokers: list[str]


class InstrumentsResult(Result):
    """`tradingDay` is the day (IST) whose lists are searched; none for the built-in short list."""

    currency: str = CURRENCY
    instruments: list[InstrumentRow]
    total: int
    next_cursor: str | None
    trading_day: str | None
    session_id: str


def register(server: TradingServer, app: App) -> None:
    instruments = app.backend.instruments

    @server.tool(title="Search instruments", annotations=READS)
    async def search_instruments(
        ctx: Mcp,
        query: Annotated[
            str,
            Field(
                min_length=1,
                max_length=100,
                description="Words of the symbol, the name, or a contract's underlying, expiry, "
                "strike and CE, PE or FUT.",
                json_schema_extra={"examples": ["infosys", "nifty 24650 ce", "reliance fut"]},
            ),
        ],
        exchange: Annotated[Exchange | None, Field(description="NFO and BFO: contracts.")] = None,
        kind: Annotated[Kind | None, Field(description="EQ: shares.")] = None,
        limit: LimitArgument = 20,
        cursor: CursorArgument = None,
        response_format: Form = "concise",
    ) -> Annotated[CallToolResult, InstrumentsResult]:
        """Find shares, indices, futures and options: names, lots, ticks, and who offers them."""

        def job(caller: Caller, entered: Entered) -> CallToolResult:
            start = start_of(cursor)
            found = instruments.search(
                query,
                exchange=exchange,
                kinds=(kind,) if kind else (),
                limit=limit,
                offset=start,
            )
            next_cursor = following(start + limit, found.total)
            facts = instruments.facts()
            return _told(app, entered, found, next_cursor, facts, response_format)

        return await app.in_session(ctx, job)

    server.rule("search_instruments", "read", "market", "default")


def _told(
    app: App,
    entered: Entered,
    found: Found,
    next_cursor: str | None,
    facts: TableFacts,
    form: Form,
) -> CallToolResult:
    day = facts.trading_day
    rows = [_row(each) for each in found.instruments]
    model = InstrumentsResult(
        instruments=rows,
        total=found.total,
        next_cursor=next_cursor,
        trading_day=day.isoformat() if day else None,
        session_id=str(entered.session_id),
    )
    lines = [f"{found.total} found" + (f" in the lists of {day:%d %b %Y}." if day else ".")]
    if facts.built_in:
        lines.append(
            "No table is loaded, so these are only well-known shares and indices. Next: the "
            "operator runs trading-server instruments load."
        )
    lines += screenful([_line(row) for row in rows], form)
    if next_cursor:
        lines.append(f"More: search_instruments(cursor='{next_cursor}').")
    return result(app.first_line(entered), lines, model)


def _row(each: Instrument) -> InstrumentRow:
    handles = {"kite": each.kite, "groww": each.groww, "dhan": each.dhan}
    return InstrumentRow(
        name=each.name,
        trading_symbol=each.trading_symbol,
        exchange=each.exchange,
        kind=each.kind,
        description=each.description,
        lot_size=each.lot_size_shares,
        tick_size=plain(each.tick_inr),
        isin=each.isin,
        underlying=each.underlying,
        expiry=each.expiry.isoformat() if each.expiry else None,
        strike=plain(each.strike_inr) if each.strike_inr is not None else None,
        brokers=[broker for broker, handle in handles.items() if handle],
    )


def _line(row: InstrumentRow) -> str:
    what = row.trading_symbol if row.expiry else quoted(row.description, IN_A_LIST)
    lot = f", lot {row.lot_size}" if row.lot_size > 1 else ""
    return f"{row.name} ({what}){lot}, at {', '.join(row.brokers) or 'no broker: in quarantine'}"
