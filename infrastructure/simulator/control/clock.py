"""Routes under `/simulator` for the clock and the hours.

- `GET /simulator/clock`: the time in UTC and in India, whether it runs, and what the market does
- `POST /simulator/clock` {at?, running?} or {advance_seconds}: moves it on, stops it, lets it run;
  never backwards. `at` is ISO 8601 with a zone. Answers as `GET` does.
"""

from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from domain.instants import as_text, outside
from infrastructure.simulator.control.wire import as_json, guarded, read
from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.market.clock import SimClock

_LONGEST_SECONDS = 366 * 86_400


class ClockChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    at: str | None = None
    running: bool | None = None
    advance_seconds: Annotated[float, msgspec.Meta(ge=0, le=_LONGEST_SECONDS)] | None = None


class ClockControl:
    """Reads and moves the exchange's clock, if it is one that can be moved."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange

    def routes(self) -> list[Route]:
        """The routes that stand above."""
        return [
            Route("/simulator/clock", guarded(self.show), methods=["GET"]),
            Route("/simulator/clock", guarded(self.change), methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        clock, hours, now = self.exchange.now, self.exchange.hours, self.exchange.now()
        return as_json(
            {
                "utc": as_text(now),
                "ist": outside(now),
                "running": clock.running if isinstance(clock, SimClock) else True,
                "hoursKept": hours.kept,
                "phase": hours.phase("NSE", now),
            }
        )

    async def change(self, request: Request) -> Response:
        asked, clock = await read(request, ClockChange), self.exchange.now
        if not isinstance(clock, SimClock):
            raise ValueError("This simulator was started with a clock that cannot be set.")
        if asked.advance_seconds is None:
            at = None if asked.at is None else datetime.fromisoformat(asked.at)
            clock.set(at, running=asked.running)
        elif asked.at is None and asked.running is None:
            clock.advance(timedelta(seconds=asked.advance_seconds))
        else:
            raise ValueError("Give advance_seconds, or at and running, not both.")
        return await self.show(request)
