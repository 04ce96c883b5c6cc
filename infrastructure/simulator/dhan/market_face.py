"""Dhan's market data over HTTP: quotes, candles, option chains. Documented, not recorded.

Quotes and chains are wrapped and refused in a shape of their own; unknown security ids are missing.
"""

from datetime import date, datetime, timedelta
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from application.ports.market import Candle
from domain.instants import IST
from domain.vocabulary import Interval
from infrastructure.simulator.dhan import market_rows as rows
from infrastructure.simulator.dhan.answers import of_user
from infrastructure.simulator.dhan.login import DhanLogins
from infrastructure.simulator.dhan.wire import (
    BAD_BODY,
    NO_DATA,
    Body,
    DataError,
    DhanError,
    Named,
    answer,
    instrument_of,
    read,
)
from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.market.candles import candles
from infrastructure.simulator.market.instruments import Instrument
from infrastructure.simulator.market.quotes import Quote, option_chain, quote
from infrastructure.simulator.market.universe import listed

_INTERVALS: Final[dict[str, Interval]] = {
    "1": "1m",
    "5": "5m",
    "15": "15m",
    "25": "25m",
    "60": "60m",
}
_MOST_DAYS: Final = timedelta(days=90)
_MOST_SECURITIES: Final = 1000
_INSTANT: Final = timedelta(microseconds=1)


class _Charts(Named, kw_only=True, rename="camel"):
    security_id: str
    exchange_segment: str
    instrument: str
    from_date: str
    to_date: str
    oi: bool = False


class _Minutes(_Charts, kw_only=True, rename="camel"):
    interval: int | str


class _Underlying(msgspec.Struct, kw_only=True, rename="pascal"):
    underlying_scrip: int
    underlying_seg: str


class _Expiry(_Underlying, kw_only=True, rename="pascal"):
    expiry: str


class DhanMarketFace:
    def __init__(self, exchange: Exchange, logins: DhanLogins) -> None:
        self.exchange = exchange
        self.logins = logins

    def routes(self) -> list[Route]:
        logins = self.logins
        return [
            of_user(logins, "/marketfeed/ltp", self.last_prices, "POST"),
            of_user(logins, "/marketfeed/ohlc", self.ohlc, "POST"),
            of_user(logins, "/marketfeed/quote", self.quotes, "POST"),
            of_user(logins, "/charts/intraday", self.minutes, "POST"),
            of_user(logins, "/charts/historical", self.days, "POST"),
            of_user(logins, "/optionchain", self.chain, "POST"),
            of_user(logins, "/optionchain/expirylist", self.expiries, "POST"),
        ]

    async def last_prices(self, user: str, request: Request) -> Response:
        now, last = self.exchange.now(), self.exchange.venue.last
        asked = await self._asked(request)
        return _wrapped(
            {
                segment: {
                    number: {"last_price": last(instrument, now)}
                    for number, instrument in known.items()
                }
                for segment, known in asked.items()
            }
        )

    async def ohlc(self, user: str, request: Request) -> Response:
        return _wrapped(
            {
                segment: {number: rows.ohlc_row(self._quote(one)) for number, one in known.items()}
                for segment, known in (await self._asked(request)).items()
            }
        )

    async def quotes(self, user: str, request: Request) -> Response:
        return _wrapped(
            {
                segment: {number: rows.quote_row(self._quote(one)) for number, one in known.items()}
                for segment, known in (await self._asked(request)).items()
            }
        )

    async def minutes(self, user: str, request: Request) -> Response:
        asked = read(await request.body(), _Minutes)
        interval = _INTERVALS.get(str(asked.interval))
        start, end = _instant(asked.from_date), _instant(asked.to_date)
        if interval is None or end - start > _MOST_DAYS:
            raise DhanError(*BAD_BODY)
        return self._bars(asked, interval, start, end)

    async def days(self, user: str, request: Request) -> Response:
        """The last day is not included."""
        asked = read(await request.body(), _Charts)
        start, end = _instant(asked.from_date), _instant(asked.to_date)
        return self._bars(asked, "1d", start, end - _INSTANT)

    async def chain(self, user: str, request: Request) -> Response:
        asked = _data(await request.body(), _Expiry)
        spot, exchange = self._underlying(asked), self.exchange
        tape = exchange.venue.hours.tape(exchange.now())
        try:
            found = option_chain(exchange.seed, spot.root, date.fromisoformat(asked.expiry), tape)
        except ValueError:
            raise DataError(400, 812, "Invalid Date Format") from None
        if not found:
            raise DataError(400, 811, "Invalid Expiry Date")
        return _wrapped(rows.chain_row(exchange.venue.last(spot, exchange.now()), found))

    async def expiries(self, user: str, request: Request) -> Response:
        spot = self._underlying(_data(await request.body(), _Underlying))
        found = listed(self.exchange.now()).expiries(spot.root)
        return _wrapped([day.isoformat() for day in found])

    async def _asked(self, request: Request) -> dict[str, dict[str, Instrument]]:
        """By segment and security id."""
        try:
            body = msgspec.json.decode(await request.body(), type=dict[str, object])
            body.pop("dhanClientId", None)
            asked = msgspec.convert(body, dict[str, list[int]])
        except (msgspec.DecodeError, msgspec.ValidationError):
            raise DataError(400, 814, "Invalid Request") from None
        if sum(len(ids) for ids in asked.values()) > _MOST_SECURITIES:
            raise DataError(400, 804, "Requested number of instruments exceeds limit")
        listing = listed(self.exchange.now())
        return {
            segment: {
                str(number): found
                for number in ids
                if (found := listing.by_dhan(segment, str(number))) is not None
            }
            for segment, ids in asked.items()
        }

    def _quote(self, instrument: Instrument) -> Quote:
        tape = self.exchange.venue.hours.tape(self.exchange.now())
        return quote(self.exchange.seed, instrument, tape)

    def _bars(self, asked: _Charts, interval: Interval, start: datetime, end: datetime) -> Response:
        now = self.exchange.now()
        instrument = instrument_of(listed(now), asked.exchange_segment, asked.security_id)
        if asked.instrument != rows.instrument_word(instrument):
            raise Refused("INPUT", "Invalid instrument.")
        bars: list[Candle] = candles(self.exchange.seed, instrument, interval, start, end, now)
        if not bars:
            raise DhanError(*NO_DATA)
        return answer(200, rows.columns(bars, with_oi=asked.oi))

    def _underlying(self, asked: _Underlying) -> Instrument:
        listing = listed(self.exchange.now())
        found = listing.by_dhan(asked.underlying_seg, str(asked.underlying_scrip))
        if found is None or not listing.expiries(found.root):
            raise DataError(400, 813, "Invalid SecurityId")
        return found


def _wrapped(data: object) -> Response:
    return answer(200, {"data": data, "status": "success"})


def _data(body: bytes, shape: type[Body]) -> Body:
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.DecodeError:
        raise DataError(400, 814, "Invalid Request") from None


def _instant(told: str) -> datetime:
    """A day, or a moment of it, in Indian time."""
    try:
        return datetime.fromisoformat(told).replace(tzinfo=IST)
    except ValueError:
        raise DhanError(*BAD_BODY) from None
