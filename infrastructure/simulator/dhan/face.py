"""Dhan's API v2 over HTTP, as its official SDK speaks it. Lives at `/v2`.

Documented, not recorded: see `dhan_wire` and `dhan_rows`. What Dhan only takes note of (converting
a position, asking for a TPIN) is answered `202` without a body, as its documentation says. Market
orders become limit orders at the end of the band, as at Dhan since April 2026.
"""

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infrastructure.simulator.dhan import rows
from infrastructure.simulator.dhan.account_face import DhanAccountFace
from infrastructure.simulator.dhan.answers import of_user
from infrastructure.simulator.dhan.forever_face import DhanForeverFace
from infrastructure.simulator.dhan.login import DHAN, DhanLogins
from infrastructure.simulator.dhan.market_face import DhanMarketFace
from infrastructure.simulator.dhan.wire import (
    BAD_BODY,
    INVALID_TOKEN,
    ORDER_TYPES,
    ChangedOrder,
    DhanError,
    NewOrder,
    answer,
    order_request,
    read,
)
from infrastructure.simulator.exchange.checks import prices_that_count
from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.exchange.orders import Order, OrderRequest
from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.market.universe import listed


class DhanFace:
    """The routes of one simulated Dhan, over a shared exchange."""

    def __init__(self, exchange: Exchange, logins: DhanLogins) -> None:
        self.exchange = exchange
        self.logins = logins

    def routes(self) -> list[Route]:
        """Every route of Dhan's API v2 that is simulated."""
        logins = self.logins
        return [
            of_user(logins, "/orders", self.orders),
            of_user(logins, "/orders", self.place, "POST"),
            of_user(logins, "/orders/external/{correlation_id}", self.order_by_correlation),
            of_user(logins, "/orders/{order_id}", self.order),
            of_user(logins, "/orders/{order_id}", self.modify, "PUT"),
            of_user(logins, "/orders/{order_id}", self.cancel, "DELETE"),
            of_user(logins, "/trades", self.trades),
            of_user(logins, "/trades/", self.trades),  # how the SDK asks for all of them
            of_user(logins, "/trades/{order_id}", self.trades),
            *DhanForeverFace(self.exchange, logins).routes(),
            *DhanAccountFace(self.exchange, logins).routes(),
            *DhanMarketFace(self.exchange, logins).routes(),
        ]

    async def place(self, user: str, request: Request) -> Response:
        """A correlation id that was used before is taken again: Dhan documents no such check."""
        new = read(await request.body(), NewOrder)
        if new.dhan_client_id.upper() != user:
            raise DhanError(*INVALID_TOKEN)
        wanted = self.exchange.protected(order_request(new, listed(self.exchange.now())))
        return self._short(user, self.exchange.place(DHAN, user, wanted), 200)

    async def modify(self, user: str, request: Request) -> Response:
        asked, order_id = read(await request.body(), ChangedOrder), request.path_params["order_id"]
        if asked.order_id != order_id:
            raise DhanError(*BAD_BODY)

        def changed(terms: OrderRequest) -> OrderRequest:
            order_type = ORDER_TYPES[asked.order_type]
            limit, trigger = prices_that_count(order_type, asked.price, asked.trigger_price)
            return self.exchange.protected(
                replace(
                    terms,
                    order_type=order_type,
                    quantity_shares=asked.quantity,
                    validity=asked.validity,
                    limit_price_inr=limit,
                    trigger_price_inr=trigger,
                    disclosed_shares=asked.disclosed_quantity,
                )
            )

        self.exchange.modify(DHAN, user, order_id, changed)
        return self._short(user, order_id, 200)

    async def cancel(self, user: str, request: Request) -> Response:
        self.exchange.cancel(DHAN, user, request.path_params["order_id"])
        return self._short(user, request.path_params["order_id"], 202)

    async def orders(self, user: str, request: Request) -> Response:
        book = self.exchange.orders(DHAN, user)
        return answer(200, [self._row(user, order) for order in book])

    async def order(self, user: str, request: Request) -> Response:
        return answer(200, self._row(user, self._find(user, request.path_params["order_id"])))

    async def order_by_correlation(self, user: str, request: Request) -> Response:
        """The latest one, when several bear the same id."""
        wanted = request.path_params["correlation_id"]
        for order in reversed(self.exchange.orders(DHAN, user)):
            if order.request.tag == wanted:
                return answer(200, self._row(user, order))
        raise Refused("NOT_FOUND", "No order has this correlationId.")

    async def trades(self, user: str, request: Request) -> Response:
        order_id, listing = request.path_params.get("order_id"), listed(self.exchange.now())
        fills = self.exchange.fills(DHAN, user)
        found = [fill for fill in fills if order_id in (None, fill.order.order_id)]
        return answer(200, [rows.trade_row(user, fill, listing) for fill in found])

    def _find(self, user: str, order_id: str) -> Order:
        return self.exchange.order_steps(DHAN, user, order_id)[-1]

    def _row(self, user: str, order: Order) -> rows.Row:
        return rows.order_row(user, order, listed(self.exchange.now()))

    def _short(self, user: str, order_id: str, status: int) -> Response:
        order = self._find(user, order_id)
        return answer(status, {"orderId": order_id, "orderStatus": rows.status_of(order)})
