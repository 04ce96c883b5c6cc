"""Kite Connect v3 over HTTP, as the official SDK and a browser speak it.

Lives at `/`, because the SDK drops any path from its root address.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from html import escape
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from infrastructure.simulator.exchange import Exchange
from infrastructure.simulator.instruments import resolve
from infrastructure.simulator.kite_login import API_KEY, USER, KiteLogins
from infrastructure.simulator.kite_rows import (
    holding_row,
    ist,
    margins_row,
    order_row,
    position_row,
    profile_row,
    trade_row,
)
from infrastructure.simulator.kite_wire import (
    KiteError,
    as_kite_error,
    changed_request,
    failure,
    order_request,
    success,
)
from infrastructure.simulator.matching import Refused
from infrastructure.simulator.orders import end_of_trading_day
from infrastructure.simulator.prices import price

KITE = "kite"

Handler = Callable[[str, Request], Awaitable[object]]
Endpoint = Callable[[Request], Awaitable[Response]]


class KiteFace:
    """The routes of one simulated Kite, over a shared exchange."""

    def __init__(self, exchange: Exchange, logins: KiteLogins) -> None:
        self.exchange = exchange
        self.logins = logins

    def routes(self) -> list[Route]:
        """Every route of Kite Connect that is simulated."""
        signed_in = self._for_the_signed_in
        return [
            Route("/connect/login", self.login_page, methods=["GET"]),
            Route("/session/token", _answered(self.redeem), methods=["POST"]),
            Route("/session/token", signed_in(self.log_out), methods=["DELETE"]),
            Route("/user/profile", signed_in(self.profile), methods=["GET"]),
            Route("/user/margins", signed_in(self.margins), methods=["GET"]),
            Route("/user/margins/{segment}", signed_in(self.margins), methods=["GET"]),
            Route("/orders", signed_in(self.orders), methods=["GET"]),
            Route("/orders/{order_id}", signed_in(self.order_history), methods=["GET"]),
            Route("/orders/{order_id}/trades", signed_in(self.trades), methods=["GET"]),
            Route("/orders/{variety}", signed_in(self.place), methods=["POST"]),
            Route("/orders/{variety}/{order_id}", signed_in(self.modify), methods=["PUT"]),
            Route("/orders/{variety}/{order_id}", signed_in(self.cancel), methods=["DELETE"]),
            Route("/trades", signed_in(self.trades), methods=["GET"]),
            Route("/portfolio/holdings", signed_in(self.holdings), methods=["GET"]),
            Route("/portfolio/positions", signed_in(self.positions), methods=["GET"]),
            Route("/quote/ltp", signed_in(self.last_prices), methods=["GET"]),
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
        form = await _form(request)
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
            raise KiteError(400, "InputException", "Invalid `segment`.")
        return row if segment is None else row[segment]

    async def place(self, user: str, request: Request) -> object:
        terms = order_request(request.path_params["variety"], await _form(request))
        return {"order_id": self.exchange.place(KITE, user, terms)}

    async def modify(self, user: str, request: Request) -> object:
        order_id, form = request.path_params["order_id"], await _form(request)
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
        return [
            holding_row(held, *self._last_and_close(held.symbol))
            for held in self.exchange.holdings(KITE, user)
        ]

    async def positions(self, user: str, request: Request) -> object:
        rows = [
            position_row(position, *self._last_and_close(position.symbol))
            for position in self.exchange.positions(KITE, user)
        ]
        return {"net": rows, "day": rows}

    async def last_prices(self, user: str, request: Request) -> object:
        """Unknown symbols are silently missing, as they are at Kite."""
        found = {}
        for name in request.query_params.getlist("i"):
            exchange, _, symbol = name.partition(":")
            instrument = resolve(exchange, symbol)
            if instrument is not None:
                found[name] = {
                    "instrument_token": instrument.instrument_token,
                    "last_price": self.exchange.last_price(instrument.symbol),
                }
        return found

    def _last_and_close(self, symbol: str) -> tuple[Decimal, Decimal]:
        now = self.exchange.now()
        closed_at = end_of_trading_day(now) - timedelta(days=1)
        seed = self.exchange.seed
        return price(seed, symbol, now), price(seed, symbol, closed_at)

    def _for_the_signed_in(self, handler: Handler) -> Endpoint:
        async def with_user(request: Request) -> object:
            user = self.logins.user_of(request.headers.get("authorization", ""))
            if user is None:
                raise KiteError(403, "TokenException", "Incorrect `api_key` or `access_token`.")
            return await handler(user, request)

        return _answered(with_user)


def _answered(handler: Callable[[Request], Awaitable[object]]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        try:
            return success(await handler(request))
        except Refused as refused:
            return failure(as_kite_error(refused))
        except KiteError as error:
            return failure(error)

    return endpoint


async def _form(request: Request) -> Mapping[str, str]:
    body = (await request.body()).decode("utf-8", "replace")
    return dict(parse_qsl(body, keep_blank_values=True))


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
