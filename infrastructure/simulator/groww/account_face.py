"""Groww's account over HTTP: who it is, money, shares, positions, margins."""

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.exchange.orders import ZERO
from infrastructure.simulator.groww import rows
from infrastructure.simulator.groww.answers import Handler, of_user, segment_of
from infrastructure.simulator.groww.login import GROWW, GrowwLogins
from infrastructure.simulator.groww.names import instrument_at
from infrastructure.simulator.groww.wire import GrowwError, PricedOrder, margin_request

MOST_ORDERS = 50


class GrowwAccountFace:
    def __init__(self, exchange: Exchange, logins: GrowwLogins) -> None:
        self.exchange = exchange
        self.logins = logins

    def routes(self) -> list[Route]:
        def of(path: str, handler: Handler, method: str = "GET") -> Route:
            return of_user(self.logins, path, handler, method)

        return [
            of("/user/detail", self.profile),
            of("/margins/detail/user", self.margins),
            of("/margins/detail/orders", self.order_margins, "POST"),
            of("/holdings/user", self.holdings),
            of("/positions/user", self.positions),
            of("/positions/trading-symbol", self.positions_in),
        ]

    async def profile(self, user: str, request: Request) -> object:
        return rows.profile_row(user)

    async def margins(self, user: str, request: Request) -> object:
        return rows.margin_row(self.exchange.funds(GROWW, user))

    async def order_margins(self, user: str, request: Request) -> object:
        """Of one order, or of a basket of derivatives: those of shares are not offered."""
        segment, now = segment_of(request), self.exchange.now()
        asked = _orders(await request.body())
        if not 0 < len(asked) <= (MOST_ORDERS if segment == "FNO" else 1):
            raise GrowwError(400, "GA001", "Bad request: basket orders are for FNO only.")
        wanted = [
            margin_request(each, instrument_at(now, each.exchange, segment, each.trading_symbol))
            for each in asked
        ]
        margin = self.exchange.basket_margin(GROWW, user, wanted, consider_positions=True).final
        charges = sum((self.exchange.charges(each).total_inr for each in wanted), ZERO)
        return rows.order_margin_row(margin, charges, wanted[0])

    async def holdings(self, user: str, request: Request) -> object:
        held = self.exchange.holdings(GROWW, user)
        return {"holdings": [rows.holding_row(each) for each in held]}

    async def positions(self, user: str, request: Request) -> object:
        return {"positions": self._positions(user, request)}

    async def positions_in(self, user: str, request: Request) -> object:
        wanted = request.query_params.get("trading_symbol")
        found = self._positions(user, request)
        return {"positions": [row for row in found if row["trading_symbol"] == wanted]}

    def _positions(self, user: str, request: Request) -> list[rows.Row]:
        segment = segment_of(request)
        found = map(rows.position_row, self.exchange.positions(GROWW, user))
        return [row for row in found if row["segment"] == segment]


def _orders(body: bytes) -> list[PricedOrder]:
    try:
        return msgspec.json.decode(body, type=list[PricedOrder])
    except msgspec.DecodeError as error:
        raise GrowwError(400, "GA001", f"Bad request: {error}") from None
