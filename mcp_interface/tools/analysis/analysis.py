"""Tools of technical analysis: indicators of one broker's candles, and why brokers differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from mcp.types import CallToolResult
from pydantic import BeforeValidator, Field

from application.market.analyse import Analysed, NotAnalysed, Request
from application.market.periods import end_of, period
from application.market.read_market import Symbol
from application.read_broker import Answered
from application.sessions.enter_session import Entered
from domain.errors import InvalidArgument
from domain.indicator_text import parse_indicator
from domain.indicators import Wanted
from domain.vocabulary import Interval
from mcp_interface.app import App, Mcp, OptionalBroker, result
from mcp_interface.caller import Caller
from mcp_interface.server import READS_BROKER, TradingServer
from mcp_interface.tools.analysis.analysis_rows import AnalysisResult, analysis_lines, symbol_row
from mcp_interface.tools.orders.order_arguments import whole_number
from mcp_interface.tools.paging import CursorArgument, LimitArgument, cursor_of, start_of
from mcp_interface.tools.progress import heard_by
from mcp_interface.tools.results import Form, screenful
from mcp_interface.tools.schemas import UNLISTED

MOST_SYMBOLS: Final = 50
MOST_INDICATORS: Final = 20
DEFAULT: Final = ("RSI", "MACD", "BOLLINGER")
MOST_VALUES: Final = 4_000
"""In one answer: symbols, times indicators, times bars."""
BARS_OF_ONE: Final = 5
"""Of one symbol, without `limit`; of several the last one each."""

Name = Annotated[str, Field(min_length=1, max_length=100)]
Written = Annotated[str, Field(min_length=1, max_length=60)]
Moment = Annotated[str | None, Field(max_length=40)]
Since = Annotated[Moment, Field(description="As 2026-11-23. Without it the last bars.")]
Until = Annotated[Moment, Field(description="Included. Without it until now.")]
Each = Literal[Interval, "1h"]
Whole = Annotated[
    Annotated[int, Field(strict=True, ge=1, le=10_000)] | None, BeforeValidator(whole_number)
]
AllowGaps = Annotated[bool, Field(strict=True)]


def register(server: TradingServer, app: App) -> None:
    @server.tool(title="Technical indicators", annotations=READS_BROKER)
    async def get_technical_indicators(
        ctx: Mcp,
        symbol: Annotated[Name | None, Field(json_schema_extra=UNLISTED)] = None,
        symbols: Annotated[list[Name] | None, Field(max_length=MOST_SYMBOLS)] = None,
        indicators: Annotated[
            list[Written],
            Field(
                min_length=1,
                max_length=MOST_INDICATORS,
                description="Of RSI MACD BOLLINGER VWAP ATR ADX SMA EMA STOCHASTIC WILLIAMS_R CCI "
                "MFI OBV PARABOLIC_SAR FIBONACCI SUPPORT_RESISTANCE, as rsi:14 or macd:12,26,9.",
            ),
        ] = list(DEFAULT),  # noqa: B006  # never changed
        period: Annotated[Whole, Field(json_schema_extra=UNLISTED)] = None,
        interval: Each = "1d",
        from_date: Since = None,
        to_date: Until = None,
        broker: OptionalBroker = None,
        limit: Annotated[
            LimitArgument | None, Field(description="Last bars told: of one symbol 5, else 1.")
        ] = None,
        cursor: CursorArgument = None,
        allow_gaps: AllowGaps = False,
        response_format: Form = "concise",
    ) -> Annotated[CallToolResult, AnalysisResult]:
        """Indicators of one or more symbols from a broker's candles: each value with its bar,
        whether that is closed, and a reason where there is no value."""
        of = [*([symbol] if symbol else []), *(symbols or [])]
        wanted = [parse_indicator(each, period) for each in indicators]
        concerns = period is None or any(each.parameters.get("period") == period for each in wanted)
        asked = Asked(
            symbols=of,
            wanted=wanted,
            unused=() if concerns else (f"period={period} concerns none of these.",),
            interval=interval,
            from_date=from_date,
            to_date=to_date,
            broker=broker,
            most=limit or (1 if len(of) > 1 else BARS_OF_ONE),
            cursor=cursor,
            allow_gaps=allow_gaps,
            form=response_format,
        )
        return await answer(app, ctx, asked)

    server.rule("get_technical_indicators", "read", "analysis", "default")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The arguments that all tools about one broker's indicators have, as they were given."""

    symbols: Sequence[str]
    wanted: Sequence[Wanted]
    interval: Each
    from_date: str | None
    to_date: str | None
    broker: str | None
    most: int
    cursor: str | None = None
    allow_gaps: bool = False
    form: Form = "concise"
    unused: Sequence[str] = ()
    """What was given and concerns none of the indicators, in words."""


async def answer(app: App, ctx: Mcp, asked: Asked) -> CallToolResult:
    """Raises: as `Analyse`; InvalidArgument: dates or a cursor that make no sense."""
    if not asked.symbols:
        raise InvalidArgument("Of what? Next: give symbols, as ['NSE:INFY'].")
    if asked.cursor is not None and asked.from_date is None:
        raise InvalidArgument(
            "Pages are of a period, and this one has no beginning. Next: give from_date, or leave "
            "cursor out."
        )
    if len(asked.symbols) * len(asked.wanted) * asked.most > MOST_VALUES:
        raise InvalidArgument(
            f"That is more than {MOST_VALUES} values in one answer. Next: a smaller limit, or "
            "fewer symbols or indicators."
        )
    interval: Interval = "60m" if asked.interval == "1h" else asked.interval
    now = app.backend.clock.now()
    since, until = None, end_of(asked.to_date, now)
    if asked.from_date is not None:
        since = period(asked.from_date, asked.to_date, interval, now).start
    request = Request(
        symbols=[Symbol(text=each) for each in dict.fromkeys(asked.symbols)],
        wanted=list({each.label: each for each in asked.wanted}.values()),
        interval=interval,
        since=since,
        until=until,
        most=asked.most,
        newer=start_of(asked.cursor),
        allow_gaps=asked.allow_gaps,
    )

    progress = heard_by(ctx, "symbols")

    def job(caller: Caller, entered: Entered) -> CallToolResult:
        found = app.backend.analyse(caller.context, entered, asked.broker, request, progress)
        return _told(app, entered, found, request, asked.form, asked.unused)

    return await app.at_broker(ctx, asked.broker, job, for_data=True)


def _told(
    app: App,
    entered: Entered,
    found: Answered[tuple[Analysed | NotAnalysed, ...]],
    request: Request,
    form: Form,
    unused: Sequence[str],
) -> CallToolResult:
    admission, interval = found.admission, request.interval
    older = [
        each.newer for each in found.answer if isinstance(each, Analysed) and each.newer is not None
    ]
    model = AnalysisResult(
        broker=admission.broker.name,
        mode=admission.mode,
        interval=interval,
        symbols=[symbol_row(each, interval) for each in found.answer],
        next_cursor=cursor_of(min(older)) if older else None,
        session_id=str(entered.session_id),
    )
    lines = [line for each in found.answer for line in analysis_lines(each, interval, form)]
    lines += unused
    shown = screenful(lines, form)
    if model.next_cursor:
        shown.append(f"Older bars: call again with cursor='{model.next_cursor}'.")
    return result(app.first_line_at(entered, admission), shown, model)
