"""Dhan's API v2 over HTTP, as its official SDK speaks it. Lives at `/v2`.

Documented, not recorded: see `dhan_wire` and `dhan_rows`. What Dhan only takes note of (converting
a position, asking for a TPIN) is answered `202` without a body, as its documentation says.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infrastructure.simulator import dhan_rows as rows
from infrastructure.simulator.dhan_login import DHAN, DhanLogins
from infrastructure.simulator.dhan_wire import (
    INVALID_TOKEN,
    LISTED,
    ORDER_TYPES,
    PRODUCTS,
    ChangedOrder,
    Conversion,
    DhanError,
    NewOrder,
    answer,
    as_dhan_error,
    failure,
    listed,
    order_request,
    read,
)
from infrastructure.simulator.exchange import Exchange
from infrastructure.simulator.matching import Refused, prices_that_count
from infrastructure.simulator.orders import Order, OrderRequest

Handler = Callable[[str, Request], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


class DhanFace:
    """The routes of one simulated Dhan, over a shared exchange."""

    def __init__(self, exchange: Exchange, logins: DhanLogins) -> None:
        self.exchange = exchange
        self.logins = logins

    def routes(self) -> list[Route]:
        """Every route of Dhan's API v2 that is simulated."""

        def of_user(path: str, handler: Handler, method: str = "GET") -> Route:
            return Route(f"/v2{path}", self._for_the_signed_in(handler), methods=[method])

        return [
            of_user("/profile", self.profile),
            of_user("/RenewToken", self.renew),
            of_user("/fundlimit", self.funds),
            of_user("/holdings", self.holdings),
            of_user("/positions", self.positions),
            of_user("/positions/convert", self.convert, "POST"),
            of_user("/orders", self.orders),
            of_user("/orders", self.place, "POST"),
            of_user("/orders/external/{correlation_id}", self.order_by_correlation),
            of_user("/orders/{order_id}", self.order),
            of_user("/orders/{order_id}", self.modify, "PUT"),
            of_user("/orders/{order_id}", self.cancel, "DELETE"),
            of_user("/trades", self.trades),
            of_user("/trades/{order_id}", self.trades),
            of_user("/marketfeed/ltp", self.last_prices, "POST"),
            of_user("/edis/tpin", self.noted),
        ]

    async def profile(self, user: str, request: Request) -> Response:
        ends_at = self.logins.ends_at(request.headers.get("access-token", ""))
        return answer(200, rows.profile_row(user, ends_at))

    async def renew(self, user: str, request: Request) -> Response:
        login = self.logins.issue(user)
        name = self.exchange.account_name(DHAN, user)
        return answer(200, rows.token_row(user, name, login.token, login.ends_at))

    async def funds(self, user: str, request: Request) -> Response:
        return answer(200, rows.funds_row(user, self.exchange.funds(DHAN, user)))

    async def holdings(self, user: str, request: Request) -> Response:
        """Somebody without any gets an error, not an empty list."""
        held = self.exchange.holdings(DHAN, user)
        if not held:
            raise DhanError(404, "Holding_Error", "DH-1111", "No holdings available")
        price = self.exchange.last_price
        return answer(200, [rows.holding_row(each, price(each.symbol)) for each in held])

    async def positions(self, user: str, request: Request) -> Response:
        price = self.exchange.last_price
        found = self.exchange.positions(DHAN, user)
        return answer(200, [rows.position_row(user, p, price(p.symbol)) for p in found])

    async def convert(self, user: str, request: Request) -> Response:
        asked = read(await request.body(), Conversion)
        source, target = PRODUCTS[asked.from_product_type], PRODUCTS[asked.to_product_type]
        if source == target:
            raise Refused("INPUT", "Invalid toProductType.")
        symbol = listed(asked.security_id).symbol
        self.exchange.convert(DHAN, user, symbol, source, asked.convert_qty)
        return Response(status_code=202)

    async def place(self, user: str, request: Request) -> Response:
        """A correlation id that was used before is taken again: Dhan documents no such check."""
        new = read(await request.body(), NewOrder)
        if new.dhan_client_id.upper() != user:
            raise DhanError(*INVALID_TOKEN)
        order_id = self.exchange.place(DHAN, user, order_request(new))
        return self._short(user, order_id, 200)

    async def modify(self, user: str, request: Request) -> Response:
        asked, order_id = read(await request.body(), ChangedOrder), request.path_params["order_id"]

        def changed(terms: OrderRequest) -> OrderRequest:
            order_type = ORDER_TYPES[asked.order_type]
            limit, trigger = prices_that_count(order_type, asked.price, asked.trigger_price)
            return replace(
                terms,
                order_type=order_type,
                quantity_shares=asked.quantity,
                validity=asked.validity,
                limit_price_inr=limit,
                trigger_price_inr=trigger,
            )

        self.exchange.modify(DHAN, user, order_id, changed)
        return self._short(user, order_id, 200)

    async def cancel(self, user: str, request: Request) -> Response:
        self.exchange.cancel(DHAN, user, request.path_params["order_id"])
        return self._short(user, request.path_params["order_id"], 202)

    async def orders(self, user: str, request: Request) -> Response:
        book = self.exchange.orders(DHAN, user)
        return answer(200, [rows.order_row(user, order) for order in book])

    async def order(self, user: str, request: Request) -> Response:
        return answer(200, rows.order_row(user, self._find(user, request.path_params["order_id"])))

    async def order_by_correlation(self, user: str, request: Request) -> Response:
        """The latest one, when several bear the same id."""
        wanted = request.path_params["correlation_id"]
        for order in reversed(self.exchange.orders(DHAN, user)):
            if order.request.tag == wanted:
                return answer(200, rows.order_row(user, order))
        raise Refused("NOT_FOUND", "No order has this correlationId.")

    async def trades(self, user: str, request: Request) -> Response:
        order_id = request.path_params.get("order_id")
        fills = self.exchange.fills(DHAN, user)
        found = [fill for fill in fills if order_id in (None, fill.order.order_id)]
        return answer(200, [rows.trade_row(user, fill) for fill in found])

    async def last_prices(self, user: str, request: Request) -> Response:
        """Unknown security ids are missing."""
        try:
            asked = msgspec.json.decode(await request.body(), type=dict[str, object])
            ids = msgspec.convert(asked.get("NSE_EQ", []), list[int])
        except msgspec.ValidationError:
            raise Refused("INPUT", "Invalid securityId.") from None
        known = [str(number) for number in ids if str(number) in LISTED]
        prices = {
            each: {"last_price": self.exchange.last_price(LISTED[each].symbol)} for each in known
        }
        return answer(200, {"data": {"NSE_EQ": prices}, "status": "success"})

    async def noted(self, user: str, request: Request) -> Response:
        return Response(status_code=202)

    def _find(self, user: str, order_id: str) -> Order:
        return self.exchange.order_steps(DHAN, user, order_id)[-1]

    def _short(self, user: str, order_id: str, status: int) -> Response:
        order = self._find(user, order_id)
        body = {"orderId": order_id, "orderStatus": rows.STATUSES[order.status]}
        return answer(status, body)

    def _for_the_signed_in(self, handler: Handler) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            headers = request.headers
            user = self.logins.user_of(headers.get("access-token", ""))
            named = headers.get("client-id", headers.get("dhanClientId", user or ""))
            try:
                if user is None or named.upper() != user:
                    raise DhanError(*INVALID_TOKEN)
                return await handler(user, request)
            except Refused as refused:
                return failure(as_dhan_error(refused))
            except DhanError as error:
                return failure(error)

        return endpoint
