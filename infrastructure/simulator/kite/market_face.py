"""Kite's quotes and candles over HTTP. Unknown names are silently missing, as they are at Kite."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.routing import Route

from application.ports.market import Candle, DepthLevel
from domain.instants import IST
from domain.vocabulary import Interval
from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.kite.answers import signed_in
from infrastructure.simulator.kite.login import KiteLogins
from infrastructure.simulator.kite.rows import Row, ist
from infrastructure.simulator.kite.wire import KiteError, invalid
from infrastructure.simulator.market.candles import candles
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.quotes import Quote, quote
from infrastructure.simulator.market.universe import listed

# Word, and how many days one request may cover: Kite's forum, discussion 3105.
INTERVALS: Final[Mapping[str, tuple[Interval, int]]] = {
    "minute": ("1m", 60),
    "3minute": ("3m", 100),
    "5minute": ("5m", 100),
    "10minute": ("10m", 100),
    "15minute": ("15m", 200),
    "30minute": ("30m", 200),
    "60minute": ("60m", 400),
    "day": ("1d", 2000),
}
_MOST_NAMES: Final = 1000
_MOST_FULL_NAMES: Final = 500
_DEPTH: Final = 5


class KiteMarketFace:
    """The routes for what the market does."""

    def __init__(self, exchange: Exchange, logins: KiteLogins) -> None:
        self.exchange = exchange
        self.logins = logins

    def routes(self) -> list[Route]:
        history = "/instruments/historical/{token:int}/{interval}"
        return [
            Route("/quote/ltp", signed_in(self.logins, self.last_prices), methods=["GET"]),
            Route("/quote/ohlc", signed_in(self.logins, self.ohlc), methods=["GET"]),
            Route("/quote", signed_in(self.logins, self.quotes), methods=["GET"]),
            Route(history, signed_in(self.logins, self.history), methods=["GET"]),
        ]

    async def last_prices(self, user: str, request: Request) -> object:
        now = self.exchange.now()
        return self._rows(
            request,
            _MOST_NAMES,
            lambda one: {"last_price": self.exchange.venue.last(one, now)},
        )

    async def ohlc(self, user: str, request: Request) -> object:
        return self._rows(request, _MOST_NAMES, lambda one: _ohlc_cells(self._quote(one)))

    async def quotes(self, user: str, request: Request) -> object:
        now = self.exchange.now()
        return self._rows(
            request, _MOST_FULL_NAMES, lambda one: _quote_cells(self._quote(one), now)
        )

    async def history(self, user: str, request: Request) -> object:
        now = self.exchange.now()
        word, days = INTERVALS.get(request.path_params["interval"], (None, 0))
        if word is None:
            raise invalid("interval")
        instrument = listed(now).by_instrument_token(request.path_params["token"])
        if instrument is None:
            raise invalid("token")
        start, end = _instant(request, "from"), _instant(request, "to")
        if end - start > timedelta(days=days):
            raise KiteError(400, "InputException", f"interval exceeds max limit: {days} days")
        with_interest = request.query_params.get("oi") == "1"
        bars = candles(self.exchange.seed, instrument, word, start, end, now)
        return {"candles": [_candle_cells(bar, with_interest) for bar in bars]}

    def _quote(self, instrument: Instrument) -> Quote:
        tape = self.exchange.venue.hours.tape(self.exchange.now())
        return quote(self.exchange.seed, instrument, tape)

    def _rows(self, request: Request, most: int, row: Callable[[Instrument], Row]) -> Row:
        names = request.query_params.getlist("i")
        if not 0 < len(names) <= most:
            raise invalid("i")
        listing = listed(self.exchange.now())
        found: Row = {}
        for name in names:
            exchange, _, symbol = name.partition(":")
            instrument = listing.find(exchange, symbol)
            if instrument is not None:
                found[name] = {"instrument_token": instrument.instrument_token, **row(instrument)}
        return found


def _ohlc_cells(seen: Quote) -> Row:
    return {
        "last_price": seen.last_price_inr,
        "ohlc": {
            "open": seen.open_inr,
            "high": seen.high_inr,
            "low": seen.low_inr,
            "close": seen.previous_close_inr,
        },
    }


def _quote_cells(seen: Quote, now: datetime) -> Row:
    always = {"timestamp": ist(now), **_ohlc_cells(seen)}
    if seen.instrument.kind == "INDEX":
        return {**always, "net_change": seen.last_price_inr - seen.previous_close_inr}
    return {
        **always,
        "last_trade_time": ist(seen.traded_at),
        "last_quantity": seen.last_quantity_shares,
        "buy_quantity": seen.buy_quantity_shares,
        "sell_quantity": seen.sell_quantity_shares,
        "volume": seen.volume_shares,
        "average_price": seen.average_price_inr,
        "oi": seen.open_interest_shares,
        "oi_day_high": seen.oi_day_high,
        "oi_day_low": seen.oi_day_low,
        "net_change": 0,  # as in Zerodha's own sample: it moves for indices only
        "lower_circuit_limit": seen.lower_circuit_inr,
        "upper_circuit_limit": seen.upper_circuit_inr,
        "depth": {"buy": _five_levels(seen.bids), "sell": _five_levels(seen.asks)},
    }


def _five_levels(levels: tuple[DepthLevel, ...]) -> list[Row]:
    rows = [
        {"price": level.price_inr, "quantity": level.quantity_shares, "orders": level.orders or 0}
        for level in levels
    ]
    return rows + [{"price": 0, "quantity": 0, "orders": 0}] * (_DEPTH - len(rows))


def _candle_cells(bar: Candle, with_interest: bool) -> list[object]:
    cells: list[object] = [
        f"{bar.starts_at.astimezone(IST):%Y-%m-%dT%H:%M:%S}+0530",
        bar.open_inr,
        bar.high_inr,
        bar.low_inr,
        bar.close_inr,
        bar.volume_shares,
    ]
    return [*cells, bar.open_interest_shares or 0] if with_interest else cells


def _instant(request: Request, name: str) -> datetime:
    try:
        local = datetime.fromisoformat(request.query_params.get(name, ""))
    except ValueError:
        raise invalid(name) from None
    if local.tzinfo is not None:
        raise invalid(name)
    return local.replace(tzinfo=IST).astimezone(UTC)
