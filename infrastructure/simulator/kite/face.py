"""Kite Connect v3 over HTTP, as the official SDK and a browser speak it.

Lives at `/`, because the SDK drops any path from its root address.
"""

from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.kite.answers import KITE, answered, form_of, signed_in
from infrastructure.simulator.kite.gtt_face import KiteGttFace
from infrastructure.simulator.kite.login import API_KEY, USER, KiteLogins
from infrastructure.simulator.kite.margins_face import KiteMarginsFace
from infrastructure.simulator.kite.market_face import KiteMarketFace
from infrastructure.simulator.kite.portfolio import KitePortfolio
from infrastructure.simulator.kite.rows import ist, margins_row, order_row, profile_row, trade_row
from infrastructure.simulator.kite.ticker import KiteTicker
from infrastructure.simulator.kite.wire import (
    EXCHANGES,
    PRODUCTS,
    SIDES,
    KiteError,
    as_kite_error,
    changed_request,
    failure,
    invalid,
    one_of,
    order_request,
    whole,
)


class KiteFace:
    """The routes of one simulated Kite, over a shared exchange."""

    def __init__(self, exchange: Exchange, logins: KiteLogins) -> None:
        self.exchange = exchange
        self.logins = logins

    def routes(self) -> list[BaseRoute]:
        """Every route of Kite Connect that is simulated."""
        signed_in_routes = [
            ("DELETE", "/session/token", self.log_out),
            ("GET", "/user/profile", self.profile),
            ("GET", "/user/margins", self.margins),
            ("GET", "/user/margins/{segment}", self.margins),
            ("GET", "/orders", self.orders),
            ("GET", "/orders/{order_id}", self.order_history),
            ("GET", "/orders/{order_id}/trades", self.trades),
            ("POST", "/orders/{variety}", self.place),
            ("PUT", "/orders/{variety}/{order_id}", self.modify),
            ("DELETE", "/orders/{variety}/{order_id}", self.cancel),
            ("GET", "/trades", self.trades),
            ("GET", "/portfolio/holdings", self.holdings),
            ("GET", "/portfolio/positions", self.positions),
            ("PUT", "/portfolio/positions", self.convert),
        ]
        return [
            Route("/connect/login", self.login_page, methods=["GET"]),
            Route("/session/token", answered(self.redeem), methods=["POST"]),
            *(
                Route(path, signed_in(self.logins, handler), methods=[method])
                for method, path, handler in signed_in_routes
            ),
            *KiteMarketFace(self.exchange, self.logins).routes(),
            *KiteGttFace(self.exchange, self.logins).routes(),
            *KiteMarginsFace(self.exchange, self.logins).routes(),
            *KiteTicker(self.exchange, self.logins).routes(),
        ]

    async def login_page(self, request: Request) -> Response:
        """Kite's login page, without the password: `user_id` says who logs in."""
        asked = request.query_params
        api_key, user = asked.get("api_key", ""), asked.get("user_id", "").upper()
        as_json = "application/json" in request.headers.get("accept", "")
        if asked.get("v") != "3" or not API_KEY.fullmatch(api_key):
            return failure(KiteError(400, "InputException", "Invalid `v` or `api_key`."))
        if not USER.fullmatch(user):
            if as_json:
                return failure(KiteError(400, "InputException", "Invalid `user_id`."))
            return _who_are_you(asked)
        self.exchange.open_account(KITE, user)
        token = self.logins.grant(api_key, user)
        if as_json:
            return JSONResponse({"request_token": token, "user_id": user})
        redirect_url = self.logins.redirect_url(api_key)
        if redirect_url is None:
            return _page(
                f"<p>{escape(user)} is logged in. The request token, good once and for ten "
                f"minutes:</p><p><code>{escape(token)}</code></p>"
            )
        answer = {"action": "login", "type": "login", "status": "success", "request_token": token}
        echoed = parse_qsl(asked.get("redirect_params", ""))
        joint = "&" if "?" in redirect_url else "?"
        return RedirectResponse(
            f"{redirect_url}{joint}{urlencode([*answer.items(), *echoed])}", 302
        )

    async def redeem(self, request: Request) -> object:
        form = await form_of(request)
        api_key = form.get("api_key", "")
        user, access_token = self.logins.redeem(
            api_key, form.get("request_token", ""), form.get("checksum", "")
        )
        return profile_row(user, self.exchange.account_name(KITE, user)) | {
            "api_key": api_key,
            "access_token": access_token,
            "public_token": "",
            "enctoken": "",
            "refresh_token": "",
            "silo": "",
            "avatar_url": "",
            "login_time": ist(self.exchange.now()),
        }

    async def log_out(self, user: str, request: Request) -> object:
        asked = request.query_params
        self.logins.end(asked.get("api_key", ""), asked.get("access_token", ""))
        return True

    async def profile(self, user: str, request: Request) -> object:
        return profile_row(user, self.exchange.account_name(KITE, user))

    async def margins(self, user: str, request: Request) -> object:
        row = margins_row(self.exchange.funds(KITE, user))
        segment = request.path_params.get("segment")
        if segment is not None and segment not in row:
            raise invalid("segment")
        return row if segment is None else row[segment]

    async def place(self, user: str, request: Request) -> object:
        form = await form_of(request)
        terms = order_request(request.path_params["variety"], form)
        if terms.variety == "iceberg" and terms.iceberg is None:
            raise invalid("iceberg_legs")
        if form.get("autoslice") != "true":
            return {"order_id": self.exchange.place(KITE, user, terms)}
        first, *others = self.exchange.place_sliced(KITE, user, terms)
        if isinstance(first, Refused):
            raise first
        return {"order_id": first, "children": [_child(each) for each in others]}

    async def modify(self, user: str, request: Request) -> object:
        order_id, form = request.path_params["order_id"], await form_of(request)
        self.exchange.modify(KITE, user, order_id, lambda terms: changed_request(terms, form))
        return {"order_id": order_id}

    async def cancel(self, user: str, request: Request) -> object:
        order_id = request.path_params["order_id"]
        self.exchange.cancel(KITE, user, order_id)
        return {"order_id": order_id}

    async def orders(self, user: str, request: Request) -> object:
        return [order_row(user, order) for order in self.exchange.orders(KITE, user)]

    async def order_history(self, user: str, request: Request) -> object:
        steps = self.exchange.order_steps(KITE, user, request.path_params["order_id"])
        return [order_row(user, step) for step in steps]

    async def trades(self, user: str, request: Request) -> object:
        order_id = request.path_params.get("order_id")
        fills = self.exchange.fills(KITE, user)
        return [trade_row(fill) for fill in fills if order_id in (None, fill.order.order_id)]

    async def holdings(self, user: str, request: Request) -> object:
        held = self.exchange.holdings(KITE, user)
        return KitePortfolio(self.exchange.venue, self.exchange.now()).holdings(held)

    async def positions(self, user: str, request: Request) -> object:
        open_now = self.exchange.positions(KITE, user)
        return KitePortfolio(self.exchange.venue, self.exchange.now()).positions(open_now)

    async def convert(self, user: str, request: Request) -> object:
        form = await form_of(request)
        one_of(SIDES, form, "transaction_type")
        one_of(("day", "overnight"), form, "position_type")
        self.exchange.convert(
            KITE,
            user,
            form.get("tradingsymbol", ""),
            one_of(PRODUCTS, form, "old_product"),
            whole(form, "quantity"),
            target=one_of(PRODUCTS, form, "new_product"),
            exchange=one_of(EXCHANGES, form, "exchange"),
        )
        return True


def _child(placed: str | Refused) -> Mapping[str, object]:
    """One slice of an order: placed, or refused by itself."""
    if isinstance(placed, str):
        return {"order_id": placed}
    error = as_kite_error(placed)
    told = {"code": error.status, "error_type": error.error_type, "message": error.message}
    return {"error": {**told, "data": None}}


def _who_are_you(asked: Mapping[str, str]) -> HTMLResponse:
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(text)}">'
        for name, text in asked.items()
        if name != "user_id"
    )
    return _page(
        f'<form><label>User id <input name="user_id" pattern="[A-Za-z0-9]{{2,20}}" required '
        f"autofocus></label>{hidden} <button>Log in</button></form>"
        "<p>No password: nothing here is real.</p>"
    )


def _page(body: str) -> HTMLResponse:
    head = "<!doctype html><html lang='en'><meta charset='utf-8'><title>Simulated Kite</title>"
    return HTMLResponse(f"{head}<h1>Simulated Kite login</h1>{body}</html>")
