"""How quotes, candles and option chains are shown."""

from datetime import datetime
from decimal import Decimal

from application.market.read_market import Unknown
from application.ports.market import Candle, DepthLevel, OptionRow, OptionSide, Quote
from domain.instruments import plain
from mcp_interface.tools.market.gap_rows import GapsRow
from mcp_interface.tools.results import CURRENCY, Result, money, rupees, when


class LevelRow(Result):
    price: str
    quantity: int
    orders: int | None


class QuoteRow(Result):
    """What the broker does not say, or was not asked for, is none. `change`: since the close of
    the trading day before. `ageSeconds`: since the last trade."""

    name: str
    trading_symbol: str
    exchange: str
    last_price: str
    open: str | None
    high: str | None
    low: str | None
    previous_close: str | None
    change: str | None
    change_percent: str | None
    volume: int | None
    average_price: str | None
    open_interest: int | None
    lower_circuit: str | None
    upper_circuit: str | None
    bids: list[LevelRow]
    asks: list[LevelRow]
    traded_at: str | None
    age_seconds: int | None


class UnknownRow(Result):
    """`reason` names the nearest instruments."""

    symbol: str
    reason: str


class CandleRow(Result):
    starts_at: str
    open: str
    high: str
    low: str
    close: str
    volume: int
    open_interest: int | None


class OptionCell(Result):
    trading_symbol: str | None
    last_price: str
    open_interest: int | None
    volume: int | None
    implied_volatility_percent: str | None
    delta: str | None
    gamma: str | None
    theta: str | None
    vega: str | None


class StrikeRow(Result):
    strike: str
    call: OptionCell | None
    put: OptionCell | None


class QuotesResult(Result):
    """`unknown`: nothing is called so. `unquoted`: there is such an instrument, but this broker
    gives no price of it."""

    broker: str
    mode: str
    currency: str = CURRENCY
    detail: str
    quotes: list[QuoteRow]
    unknown: list[UnknownRow]
    unquoted: list[str]
    session_id: str


class CandlesResult(Result):
    """Oldest first, each bar named by its start. `lastBarOpen`, by the exchange's calendar: it can
    still change. `calls` went to the broker for this; `fromCache` bars needed none."""

    broker: str
    mode: str
    currency: str = CURRENCY
    name: str
    interval: str
    candles: list[CandleRow]
    total: int
    next_cursor: str | None
    last_bar_open: bool
    last_bar_ends_at: str | None
    fetched_at: str
    calls: int
    from_cache: int
    gaps: GapsRow
    session_id: str


class OptionChainResult(Result):
    """The strikes around `atTheMoney`, the one nearest to the underlying's price."""

    broker: str
    mode: str
    currency: str = CURRENCY
    underlying: str
    underlying_price: str | None
    expiry: str
    expiries: list[str]
    at_the_money: str | None
    rows: list[StrikeRow]
    total_strikes: int
    session_id: str


def quote_row(quote: Quote, now: datetime) -> QuoteRow:
    last, before, traded_at = quote.last_price_inr, quote.previous_close_inr, quote.traded_at
    change = None if before is None else last - before
    return QuoteRow(
        name=quote.instrument.name,
        trading_symbol=quote.instrument.trading_symbol,
        exchange=quote.instrument.exchange,
        last_price=money(last),
        open=money(quote.open_inr),
        high=money(quote.high_inr),
        low=money(quote.low_inr),
        previous_close=money(before),
        change=money(change),
        change_percent=money(change / before * 100) if change is not None and before else None,
        volume=quote.volume_shares,
        average_price=money(quote.average_price_inr),
        open_interest=quote.open_interest_shares,
        lower_circuit=money(quote.lower_circuit_inr),
        upper_circuit=money(quote.upper_circuit_inr),
        bids=[_level(each) for each in quote.bids],
        asks=[_level(each) for each in quote.asks],
        traded_at=when(traded_at),
        # Our clock and the exchange's differ by a little: a trade is never of the future.
        age_seconds=None if traded_at is None else max(0, int((now - traded_at).total_seconds())),
    )


def quote_line(row: QuoteRow) -> str:
    """`NSE:INFY ₹1,500.00, +0.50 % today, volume 1000, 3 s ago`."""
    told = [f"{row.name} {rupees(Decimal(row.last_price))}"]
    if row.change_percent is not None:
        told.append(f"{Decimal(row.change_percent):+} % since the close before")
    if row.volume is not None:
        told.append(f"volume {row.volume}")
    if row.age_seconds is not None:
        told.append(f"traded {row.age_seconds} s ago")
    return ", ".join(told)


def unknown_row(unknown: Unknown) -> UnknownRow:
    return UnknownRow(symbol=str(unknown.symbol), reason=unknown.reason)


def candle_row(candle: Candle) -> CandleRow:
    return CandleRow(
        starts_at=when(candle.starts_at),
        open=money(candle.open_inr),
        high=money(candle.high_inr),
        low=money(candle.low_inr),
        close=money(candle.close_inr),
        volume=candle.volume_shares,
        open_interest=candle.open_interest_shares,
    )


def candle_line(row: CandleRow) -> str:
    """With the time to the minute; without the zone, which the text says once."""
    return (
        f"{row.starts_at[:10]} {row.starts_at[11:16]}: open {row.open}, high {row.high}, "
        f"low {row.low}, close {row.close}, volume {row.volume}"
    )


def strike_row(row: OptionRow) -> StrikeRow:
    return StrikeRow(strike=plain(row.strike_inr), call=_cell(row.call), put=_cell(row.put))


def strike_line(row: StrikeRow) -> str:
    """`24650: call 120.50 (OI 1000), put 98.00 (OI 800)`."""
    sides = [f"{name} {_told(cell)}" for name, cell in (("call", row.call), ("put", row.put))]
    return f"{row.strike}: {', '.join(sides)}"


def _told(cell: OptionCell | None) -> str:
    if cell is None:
        return "none"
    return cell.last_price + (f" (OI {cell.open_interest})" if cell.open_interest else "")


def _cell(side: OptionSide | None) -> OptionCell | None:
    if side is None:
        return None
    return OptionCell(
        trading_symbol=side.trading_symbol,
        last_price=money(side.last_price_inr),
        open_interest=side.open_interest_shares,
        volume=side.volume_shares,
        implied_volatility_percent=_number(side.implied_volatility_percent),
        delta=_number(side.delta),
        gamma=_number(side.gamma),
        theta=_number(side.theta),
        vega=_number(side.vega),
    )


def _number(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _level(level: DepthLevel) -> LevelRow:
    return LevelRow(
        price=money(level.price_inr), quantity=level.quantity_shares, orders=level.orders
    )
