"""Groww's trading API over HTTP, as its official SDK speaks it. Lives at `/v1`.

Documented, not recorded: see `groww_wire` and `groww_rows`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from threading import Lock

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infrastructure.simulator import groww_rows as rows
from infrastructure.simulator.exchange import Exchange
from infrastructure.simulator.groww_login import GROWW, GrowwLogins
from infrastructure.simulator.groww_wire import (
    ORDER_TYPES,
    CancelledOrder,
    ChangedOrder,
    GrowwError,
    NewOrder,
    answer,
    as_groww_error,
    failure,
    order_request,
    read,
    success,
)
from infrastructure.simulator.instruments import resolve
from infrastructure.simulator.matching import Refused, prices_that_count
from infrastructure.simulator.orders import Order, OrderRequest

PAGE = 25

Handler = Callable[[str, Request], Awaitable[object]]
Endpoint = Callable[[Request], Awaitable[Response]]


class GrowwFace:
    """The routes of one simulated Groww, over a shared exchange."""

    def __init__(self, exchange: Exchange, logins: GrowwLogins) -> None:
        self.exchange = exchange
        self.logins = logins
        self._placing = Lock()
        self._references: set[tuple[str, str]] = set()

    def routes(self) -> list[Route]:
        """Every route of Groww's API that is simulated."""

        def of_user(path: str, handler: Handler, method: str = "GET") -> Route:
            return Route(f"/v1{path}", self._for_the_signed_in(handler), methods=[method])

        return [
            Route("/v1/changelog", self.changelog, methods=["GET"]),
            Route("/v1/token/api/access", self.access_token, methods=["POST"]),
            of_user("/user/detail", self.profile),
            of_user("/margins/detail/user", self.margins),
            of_user("/holdings/user", self.holdings),
            of_user("/positions/user", self.positions),
            of_user("/positions/trading-symbol", self.positions),
            of_user("/order/create", self.place, "POST"),
            of_user("/order/modify", self.modify, "POST"),
            of_user("/order/cancel", self.cancel, "POST"),
            of_user("/order/list", self.orders),
            of_user("/order/detail/{order_id}", self.order),
            of_user("/order/status/reference/{reference}", self.status_by_reference),
            of_user("/order/status/{order_id}", self.status),
            of_user("/order/trades/{order_id}", self.trades),
            of_user("/live-data/ltp", self.last_prices),
        ]

    async def changelog(self, request: Request) -> Response:
        return answer(200, {"info": [], "warning": []})

    async def access_token(self, request: Request) -> Response:
        """The one answer without an envelope."""
        try:
            user, token, ends_at = self.logins.exchange(
                request.headers.get("authorization", ""), await request.body()
            )
        except GrowwError as error:
            return failure(error)
        self.exchange.open_account(GROWW, user)
        return answer(
            200,
            {
                "token": token,
                "tokenRefId": f"simulated-{user.lower()}",
                "sessionName": "simulator",
                "expiry": rows.ist(ends_at),
                "isActive": True,
            },
        )

    async def profile(self, user: str, request: Request) -> object:
        return rows.profile_row(user)

    async def margins(self, user: str, request: Request) -> object:
        return rows.margin_row(self.exchange.funds(GROWW, user))

    async def holdings(self, user: str, request: Request) -> object:
        held = self.exchange.holdings(GROWW, user)
        return {"holdings": [rows.holding_row(each) for each in held]}

    async def positions(self, user: str, request: Request) -> object:
        symbol = request.query_params.get("trading_symbol")
        found = self.exchange.positions(GROWW, user) if _is_cash(request) else ()
        return {
            "positions": [rows.position_row(p) for p in found if symbol in (None, p.symbol)],
        }

    async def place(self, user: str, request: Request) -> object:
        terms = order_request(read(await request.body(), NewOrder))
        assert terms.tag is not None
        with self._placing:
            if (user, terms.tag) in self._references:
                raise GrowwError(409, "GA007", "Duplicate order reference id.")
            order_id = self.exchange.place(GROWW, user, terms)
            self._references.add((user, terms.tag))
        return rows.status_row(self.exchange.order_steps(GROWW, user, order_id)[-1]) | {
            "remark": "Order placed successfully"
        }

    async def modify(self, user: str, request: Request) -> object:
        asked = read(await request.body(), ChangedOrder)

        def changed(terms: OrderRequest) -> OrderRequest:
            order_type = ORDER_TYPES[asked.order_type]
            limit, trigger = prices_that_count(
                order_type,
                terms.limit_price_inr if asked.price is None else asked.price,
                terms.trigger_price_inr if asked.trigger_price is None else asked.trigger_price,
            )
            return replace(
                terms,
                order_type=order_type,
                quantity_shares=asked.quantity,
                limit_price_inr=limit,
                trigger_price_inr=trigger,
            )

        self.exchange.modify(GROWW, user, asked.groww_order_id, changed)
        return {"groww_order_id": asked.groww_order_id, "order_status": "MODIFICATION_REQUESTED"}

    async def cancel(self, user: str, request: Request) -> object:
        asked = read(await request.body(), CancelledOrder)
        self.exchange.cancel(GROWW, user, asked.groww_order_id)
        return {"groww_order_id": asked.groww_order_id, "order_status": "CANCELLATION_REQUESTED"}

    async def orders(self, user: str, request: Request) -> object:
        """25 a page whatever is asked for, the first page being 0."""
        page = request.query_params.get("page", "0")
        if not page.isascii() or not page.isdigit():
            raise GrowwError(400, "GA001", "Bad request: invalid page.")
        first = int(page) * PAGE
        book = self.exchange.orders(GROWW, user) if _is_cash(request) else ()
        return {"order_list": [rows.order_row(order) for order in book[first : first + PAGE]]}

    async def order(self, user: str, request: Request) -> object:
        return rows.order_row(self._find(user, request))

    async def status(self, user: str, request: Request) -> object:
        return rows.status_row(self._find(user, request))

    async def status_by_reference(self, user: str, request: Request) -> object:
        reference = request.path_params["reference"]
        for order in self.exchange.orders(GROWW, user):
            if order.request.tag == reference and _is_cash(request):
                return rows.status_row(order)
        raise GrowwError(404, "GA004", "Requested entity does not exist.")

    async def trades(self, user: str, request: Request) -> object:
        order_id = request.path_params["order_id"]
        fills = self.exchange.fills(GROWW, user)
        return {"trade_list": [rows.trade_row(f) for f in fills if f.order.order_id == order_id]}

    async def last_prices(self, user: str, request: Request) -> object:
        """`NSE_INFY,NSE_TCS` in one parameter or in several; unknown ones are missing."""
        asked = ",".join(request.query_params.getlist("exchange_symbols")).split(",")
        found = {}
        for name in map(str.strip, asked):
            exchange, _, symbol = name.partition("_")
            instrument = resolve(exchange, symbol)
            if instrument is not None and _is_cash(request):
                found[name] = self.exchange.last_price(instrument.symbol)
        return found

    def _find(self, user: str, request: Request) -> Order:
        return self.exchange.order_steps(GROWW, user, request.path_params["order_id"])[-1]

    def _for_the_signed_in(self, handler: Handler) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            user = self.logins.user_of(request.headers.get("authorization", ""))
            try:
                if user is None:
                    raise GrowwError(401, "GA005", "User not authorised to perform this operation.")
                return success(await handler(user, request))
            except Refused as refused:
                return failure(as_groww_error(refused))
            except GrowwError as error:
                return failure(error)

        return endpoint


def _is_cash(request: Request) -> bool:
    """Nothing but shares is traded here; the other segments are empty, not wrong."""
    return request.query_params.get("segment", "CASH") == "CASH"
