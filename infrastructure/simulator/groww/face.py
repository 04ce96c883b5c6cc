"""Groww's trading API over HTTP, as its official SDK speaks it. Lives at `/v1`.

Documented, not recorded: see `groww_wire` and `groww_rows`.
"""

from dataclasses import replace
from threading import Lock

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infrastructure.simulator.exchange.checks import prices_that_count
from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.exchange.orders import Order, OrderRequest
from infrastructure.simulator.groww import rows
from infrastructure.simulator.groww.account_face import GrowwAccountFace
from infrastructure.simulator.groww.answers import of_user, segment_of, whole
from infrastructure.simulator.groww.login import GROWW, GrowwLogins
from infrastructure.simulator.groww.market_face import GrowwMarketFace
from infrastructure.simulator.groww.names import PLACES, instrument_at
from infrastructure.simulator.groww.smart_face import GrowwSmartFace
from infrastructure.simulator.groww.wire import (
    ORDER_TYPES,
    CancelledOrder,
    ChangedOrder,
    GrowwError,
    NewOrder,
    answer,
    failure,
    order_request,
    read,
)

PAGE = 25
MOST_PAGES = 10_000
MOST_TRADES_A_PAGE = 50


class GrowwFace:
    """The routes of one simulated Groww, over a shared exchange."""

    def __init__(self, exchange: Exchange, logins: GrowwLogins) -> None:
        self.exchange = exchange
        self.logins = logins
        self._placing = Lock()
        self._references: set[tuple[str, str]] = set()

    def routes(self) -> list[Route]:
        """Every route of Groww's API that is simulated."""
        logins = self.logins
        return [
            Route("/v1/changelog", self.changelog, methods=["GET"]),
            Route("/v1/token/api/access", self.access_token, methods=["POST"]),
            of_user(logins, "/order/create", self.place, "POST"),
            of_user(logins, "/order/modify", self.modify, "POST"),
            of_user(logins, "/order/cancel", self.cancel, "POST"),
            of_user(logins, "/order/list", self.orders),
            of_user(logins, "/order/detail/{order_id}", self.order),
            of_user(logins, "/order/status/reference/{reference}", self.status_by_reference),
            of_user(logins, "/order/status/{order_id}", self.status),
            of_user(logins, "/order/trades/{order_id}", self.trades),
            *GrowwAccountFace(self.exchange, logins).routes(),
            *GrowwMarketFace(self.exchange, logins).routes(),
            *GrowwSmartFace(self.exchange, logins).routes(),
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

    async def place(self, user: str, request: Request) -> object:
        new = read(await request.body(), NewOrder)
        terms = order_request(
            new,
            instrument_at(self.exchange.now(), new.exchange, new.segment, new.trading_symbol),
        )
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
        self._find(user, asked.groww_order_id, asked.segment)

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
        self._find(user, asked.groww_order_id, asked.segment)
        self.exchange.cancel(GROWW, user, asked.groww_order_id)
        return {"groww_order_id": asked.groww_order_id, "order_status": "CANCELLATION_REQUESTED"}

    async def orders(self, user: str, request: Request) -> object:
        """25 a page whatever is asked for, the first page being 0."""
        first = whole(request, "page", 0, 0, MOST_PAGES) * PAGE
        book = [
            order
            for order in self.exchange.orders(GROWW, user)
            if _segment(order) == segment_of(request)
        ]
        return {"order_list": [rows.order_row(order) for order in book[first : first + PAGE]]}

    async def order(self, user: str, request: Request) -> object:
        return rows.order_row(self._asked(user, request))

    async def status(self, user: str, request: Request) -> object:
        return rows.status_row(self._asked(user, request))

    async def status_by_reference(self, user: str, request: Request) -> object:
        reference = request.path_params["reference"]
        for order in self.exchange.orders(GROWW, user):
            if order.request.tag == reference and _segment(order) == segment_of(request):
                return rows.status_row(order)
        raise _nothing_there()

    async def trades(self, user: str, request: Request) -> object:
        order = self._asked(user, request)
        size = whole(request, "page_size", PAGE, 1, MOST_TRADES_A_PAGE)
        first = whole(request, "page", 0, 0, MOST_PAGES) * size
        fills = self.exchange.fills(GROWW, user)
        found = [fill for fill in fills if fill.order.order_id == order.order_id]
        now = self.exchange.now()
        return {"trade_list": [rows.trade_row(f, now) for f in found[first : first + size]]}

    def _asked(self, user: str, request: Request) -> Order:
        return self._find(user, request.path_params["order_id"], segment_of(request))

    def _find(self, user: str, order_id: str, segment: str) -> Order:
        """Raises: Refused, GrowwError: this customer has no such order in this segment."""
        order = self.exchange.order_steps(GROWW, user, order_id)[-1]
        if _segment(order) != segment:
            raise _nothing_there()
        return order


def _segment(order: Order) -> str:
    return PLACES[order.request.exchange][1]


def _nothing_there() -> GrowwError:
    return GrowwError(404, "GA004", "Requested entity does not exist.")
