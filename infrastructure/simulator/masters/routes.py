"""The master files at the brokers' own paths. Nobody has to log in for them."""

import zlib
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Final, get_args

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from domain.vocabulary import Exchange
from infrastructure.simulator.kite import wire as kite_wire
from infrastructure.simulator.market.universe import trading_day
from infrastructure.simulator.masters.files import dhan_file, groww_file, kite_file

_GZIP: Final = 31
"""zlib's code for a gzip header."""


class Masters:
    """Routes of the three files. They are written while they are sent: none is ever whole here."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def routes(self) -> list[Route]:
        """Groww's path before Kite's, which would take it for an exchange."""
        return [
            Route("/instruments/instrument.csv", self.groww, methods=["GET"]),
            Route("/api-data/api-scrip-master-detailed.csv", self.dhan, methods=["GET"]),
            Route("/instruments", self.kite, methods=["GET"]),
            Route("/instruments/{exchange}", self.kite, methods=["GET"]),
        ]

    async def kite(self, request: Request) -> Response:
        exchange = request.path_params.get("exchange")
        if exchange is not None and exchange not in get_args(Exchange):
            return Response(
                kite_wire.error_body(400), status_code=400, media_type="application/json"
            )
        return _csv(request, kite_file(self._day(), exchange))

    async def groww(self, request: Request) -> Response:
        return _csv(request, groww_file(self._day()))

    async def dhan(self, request: Request) -> Response:
        return _csv(request, dhan_file(self._day()))

    def _day(self) -> date:
        return trading_day(self._now())


def _csv(request: Request, chunks: Iterator[str]) -> Response:
    """Starlette runs a plain iterator in a worker thread, so nobody waits for the writing."""
    data = (chunk.encode() for chunk in chunks)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return StreamingResponse(data, media_type="text/csv")
    headers = {"Content-Encoding": "gzip"}
    return StreamingResponse(_packed(data), media_type="text/csv", headers=headers)


def _packed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(1, wbits=_GZIP)
    for chunk in chunks:
        yield packer.compress(chunk)
    yield packer.flush()
