"""Groww's market data over HTTP: prices, quotes, candles, option chains. Documented, not recorded.

What is not listed is missing among prices, and an entity that does not exist when it is asked for
by itself.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.routing import Route

from domain.instants import IST
from domain.vocabulary import Interval
from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.groww import market_rows as rows
from infrastructure.simulator.groww.answers import Handler, invalid, of_user, segment_of, whole
from infrastructure.simulator.groww.login import GrowwLogins
from infrastructure.simulator.groww.names import (
    EXCHANGES,
    by_groww_symbol,
    by_trading_symbol,
    groww_symbol,
)
from infrastructure.simulator.groww.wire import GrowwError
from infrastructure.simulator.market.candles import candles
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.quotes import Quote, greeks, option_chain, quote
from infrastructure.simulator.market.universe import listed

# Word, and how many days one request may cover: groww.in/trade-api/docs/curl/backtesting.
INTERVALS: Final[dict[str, tuple[Interval, int]]] = {
    "1minute": ("1m", 30),
    "2minute": ("2m", 30),
    "3minute": ("3m", 30),
    "5minute": ("5m", 30),
    "10minute": ("10m", 90),
    "15minute": ("15m", 90),
    "30minute": ("30m", 90),
    "1hour": ("60m", 180),
    "4hour": ("4h", 180),
    "1day": ("1d", 180),
    "1week": ("1w", 180),
    "1month": ("1M", 180),
}
_MOST_NAMES: Final = 50
_FIRST_YEAR: Final = 2020


class GrowwMarketFace:
    def __init__(self, exchange: Exchange, logins: GrowwLogins) -> None:
        self.exchange = exchange
        self.logins = logins

    def routes(self) -> list[Route]:
        chain = "/option-chain/exchange/{exchange}/underlying/{underlying}"
        option = (
            "/live-data/greeks/exchange/{exchange}/underlying/{underlying}"
            "/trading_symbol/{trading_symbol}/expiry/{expiry}"
        )

        def of(path: str, handler: Handler) -> Route:
            return of_user(self.logins, path, handler)

        return [
            of("/live-data/ltp", self.last_prices),
            of("/live-data/ohlc", self.ohlc),
            of("/live-data/quote", self.quote),
            of(option, self.greeks),
            of(chain, self.chain),
            of("/historical/candles", self.candles),
            of("/historical/expiries", self.expiries),
            of("/historical/contracts", self.contracts),
        ]

    async def last_prices(self, user: str, request: Request) -> object:
        now = self.exchange.now()
        return self._each(request, lambda one: self.exchange.venue.last(one, now))

    async def ohlc(self, user: str, request: Request) -> object:
        return self._each(request, lambda one: rows.ohlc_text(self._quote(one)))

    async def quote(self, user: str, request: Request) -> object:
        asked = request.query_params
        place = asked.get("exchange", ""), segment_of(request)
        found = by_trading_symbol(self.exchange.now(), place, asked.get("trading_symbol", ""))
        if found is None:
            raise _nothing_there()
        return rows.quote_row(self._quote(found))

    async def greeks(self, user: str, request: Request) -> object:
        asked = request.path_params
        place = asked["exchange"], "FNO"
        option = by_trading_symbol(self.exchange.now(), place, asked["trading_symbol"])
        if option is None or option.strike_inr is None:
            raise _nothing_there()
        tape = self._tape()
        return {
            "greeks": rows.greek_cells(
                greeks(self.exchange.seed, option, tape), option.volatility_percent
            )
        }

    async def chain(self, user: str, request: Request) -> object:
        spot = self._underlying(request.path_params["exchange"], request.path_params["underlying"])
        expiry = _day(request, "expiry_date")
        found = option_chain(self.exchange.seed, spot.root, expiry, self._tape())
        if not found:
            raise _nothing_there()
        return rows.chain_row(self.exchange.venue.last(spot, self.exchange.now()), found)

    async def candles(self, user: str, request: Request) -> object:
        asked, now = request.query_params, self.exchange.now()
        word, days = INTERVALS.get(asked.get("candle_interval", ""), (None, 0))
        if word is None:
            raise invalid("candle_interval")
        instrument = by_groww_symbol(now, asked.get("groww_symbol", ""))
        if instrument is None:
            raise _nothing_there()
        if EXCHANGES.get((asked.get("exchange", ""), segment_of(request))) != instrument.exchange:
            raise invalid("segment")
        start, end = _instant(request, "start_time"), _instant(request, "end_time")
        if end - start > timedelta(days=days):
            raise GrowwError(400, "GA001", f"Bad request: at most {days} days of {word}.")
        bars = candles(self.exchange.seed, instrument, word, start, end, now)
        return {
            "candles": [rows.candle_cells(bar, instrument) for bar in bars],
            "closing_price": None,
            "start_time": asked["start_time"],
            "end_time": asked["end_time"],
            "interval_in_minutes": rows.MINUTES[word],
        }

    async def expiries(self, user: str, request: Request) -> object:
        """Of this year when none is named, and never of the next: that is what is documented."""
        this_year = self.exchange.now().astimezone(IST).year
        year = whole(request, "year", this_year, _FIRST_YEAR, this_year)
        month = whole(request, "month", 0, 0, 12)
        asked = request.query_params
        spot = self._underlying(asked.get("exchange", ""), asked.get("underlying_symbol", ""))
        found = listed(self.exchange.now()).expiries(spot.root)
        return {
            "expiries": [
                day.isoformat() for day in found if day.year == year and month in (0, day.month)
            ]
        }

    async def contracts(self, user: str, request: Request) -> object:
        asked, listing = request.query_params, listed(self.exchange.now())
        spot = self._underlying(asked.get("exchange", ""), asked.get("underlying_symbol", ""))
        expiry = _day(request, "expiry_date")
        future = listing.future(spot.root, expiry)
        options = (
            option
            for strike in listing.chain(spot.root, expiry)
            for option in (strike.call, strike.put)
        )
        found = [*([future] if future else []), *options]
        return {"contracts": [groww_symbol(each) for each in found]}

    def _each(self, request: Request, row: Callable[[Instrument], object]) -> object:
        """`NSE_INFY,NSE_TCS` in one parameter or in several; unknown ones are missing."""
        asked = ",".join(request.query_params.getlist("exchange_symbols")).split(",")
        if len(asked) > _MOST_NAMES:
            raise GrowwError(400, "GA001", f"Bad request: at most {_MOST_NAMES} instruments.")
        now, segment = self.exchange.now(), segment_of(request)
        found: rows.Row = {}
        for name in map(str.strip, asked):
            exchange, _, symbol = name.partition("_")
            instrument = by_trading_symbol(now, (exchange, segment), symbol)
            if instrument is not None:
                found[name] = row(instrument)
        return found

    def _quote(self, instrument: Instrument) -> Quote:
        return quote(self.exchange.seed, instrument, self._tape())

    def _tape(self) -> datetime:
        return self.exchange.venue.hours.tape(self.exchange.now())

    def _underlying(self, exchange: str, root: str) -> Instrument:
        """Raises: GrowwError: nothing on it is traded there."""
        for spot in listed(self.exchange.now()).underlyings:
            if (spot.exchange, spot.root) == (exchange, root):
                return spot
        raise _nothing_there()


def _nothing_there() -> GrowwError:
    return GrowwError(404, "GA004", "Requested entity does not exist.")


def _day(request: Request, name: str) -> date:
    try:
        return date.fromisoformat(request.query_params.get(name, ""))
    except ValueError:
        raise invalid(name) from None


def _instant(request: Request, name: str) -> datetime:
    try:
        said = request.query_params.get(name, "")
        return datetime.strptime(said, "%Y-%m-%d %H:%M:%S").replace(tzinfo=IST)
    except ValueError:
        raise invalid(name) from None
