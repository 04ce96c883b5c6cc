"""One indicator of one symbol each, under the names that older clients know."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

from mcp.types import CallToolResult
from pydantic import Field

from domain.indicators import IndicatorName, wanted
from mcp_interface.app import App, Mcp, OptionalBroker
from mcp_interface.server import READS_BROKER, TradingServer
from mcp_interface.tools.analysis.analysis import (
    BARS_OF_ONE,
    Asked,
    Each,
    Name,
    Since,
    Until,
    Whole,
    answer,
)
from mcp_interface.tools.analysis.analysis_rows import AnalysisResult
from mcp_interface.tools.paging import CursorArgument, LimitArgument

Given = Mapping[str, int | Decimal | None]


def register(server: TradingServer, app: App) -> None:
    async def one(
        ctx: Mcp,
        name: IndicatorName,
        given: Given,
        symbol: str,
        interval: Each,
        dates: tuple[str | None, str | None],
        broker: str | None,
        page: tuple[int, str | None],
    ) -> CallToolResult:
        parameters = {key: value for key, value in given.items() if value is not None}
        asked = Asked(
            symbols=[symbol],
            wanted=[wanted(name, parameters)],
            interval=interval,
            from_date=dates[0],
            to_date=dates[1],
            broker=broker,
            most=page[0],
            cursor=page[1],
        )
        return await answer(app, ctx, asked)

    @server.tool(title="RSI", annotations=READS_BROKER)
    async def get_rsi(
        ctx: Mcp,
        symbol: Name,
        period: Whole = None,
        interval: Each = "1d",
        from_date: Since = None,
        to_date: Until = None,
        broker: OptionalBroker = None,
        limit: LimitArgument = BARS_OF_ONE,
        cursor: CursorArgument = None,
    ) -> Annotated[CallToolResult, AnalysisResult]:
        """Wilder's relative strength index, of 14 bars unless period says otherwise."""
        dates = from_date, to_date
        return await one(
            ctx, "RSI", {"period": period}, symbol, interval, dates, broker, (limit, cursor)
        )

    @server.tool(title="MACD", annotations=READS_BROKER)
    async def get_macd(
        ctx: Mcp,
        symbol: Name,
        fast_period: Whole = None,
        slow_period: Whole = None,
        signal_period: Whole = None,
        interval: Each = "1d",
        from_date: Since = None,
        to_date: Until = None,
        broker: OptionalBroker = None,
        limit: LimitArgument = BARS_OF_ONE,
        cursor: CursorArgument = None,
    ) -> Annotated[CallToolResult, AnalysisResult]:
        """Moving average convergence divergence; 12, 26 and 9 bars unless told otherwise."""
        given = {
            "fast_period": fast_period,
            "slow_period": slow_period,
            "signal_period": signal_period,
        }
        dates, page = (from_date, to_date), (limit, cursor)
        return await one(ctx, "MACD", given, symbol, interval, dates, broker, page)

    @server.tool(title="Bollinger bands", annotations=READS_BROKER)
    async def get_bollinger_bands(
        ctx: Mcp,
        symbol: Name,
        period: Whole = None,
        standard_deviations: Annotated[
            Decimal | None, Field(gt=0, le=10, max_digits=6, decimal_places=4)
        ] = None,
        interval: Each = "1d",
        from_date: Since = None,
        to_date: Until = None,
        broker: OptionalBroker = None,
        limit: LimitArgument = BARS_OF_ONE,
        cursor: CursorArgument = None,
    ) -> Annotated[CallToolResult, AnalysisResult]:
        """Bollinger bands, 2 standard deviations around 20 bars unless told otherwise."""
        given: Given = {"period": period, "standard_deviations": standard_deviations}
        dates, page = (from_date, to_date), (limit, cursor)
        return await one(ctx, "BOLLINGER", given, symbol, interval, dates, broker, page)

    @server.tool(title="VWAP", annotations=READS_BROKER)
    async def get_vwap(
        ctx: Mcp,
        symbol: Name,
        interval: Each = "5m",
        from_date: Since = None,
        to_date: Until = None,
        broker: OptionalBroker = None,
        limit: LimitArgument = BARS_OF_ONE,
        cursor: CursorArgument = None,
    ) -> Annotated[CallToolResult, AnalysisResult]:
        """Volume weighted average price, anew every trading day: of bars within days."""
        dates, page = (from_date, to_date), (limit, cursor)
        return await one(ctx, "VWAP", {}, symbol, interval, dates, broker, page)

    @server.tool(title="ATR", annotations=READS_BROKER)
    async def get_atr(
        ctx: Mcp,
        symbol: Name,
        period: Whole = None,
        interval: Each = "1d",
        from_date: Since = None,
        to_date: Until = None,
        broker: OptionalBroker = None,
        limit: LimitArgument = BARS_OF_ONE,
        cursor: CursorArgument = None,
    ) -> Annotated[CallToolResult, AnalysisResult]:
        """Average true range, of 14 bars unless period says otherwise."""
        dates = from_date, to_date
        return await one(
            ctx, "ATR", {"period": period}, symbol, interval, dates, broker, (limit, cursor)
        )

    @server.tool(title="ADX", annotations=READS_BROKER)
    async def get_adx(
        ctx: Mcp,
        symbol: Name,
        period: Whole = None,
        interval: Each = "1d",
        from_date: Since = None,
        to_date: Until = None,
        broker: OptionalBroker = None,
        limit: LimitArgument = BARS_OF_ONE,
        cursor: CursorArgument = None,
    ) -> Annotated[CallToolResult, AnalysisResult]:
        """Wilder's average directional index, of 14 bars unless period says otherwise."""
        dates = from_date, to_date
        return await one(
            ctx, "ADX", {"period": period}, symbol, interval, dates, broker, (limit, cursor)
        )

    for name in ("get_rsi", "get_macd", "get_bollinger_bands", "get_vwap", "get_atr", "get_adx"):
        server.rule(name, "read", "classic")
