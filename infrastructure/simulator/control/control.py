"""The simulator's own routes: people and apps, the wire log, and the proof that it is ours.

- `GET /simulator/proof?broker&nonce`
- `GET, POST /simulator/users` {user, broker?, name?, cash_inr?}: an account and its money
- `POST /simulator/apps` {api_key, broker?, user?, api_secret?, redirect_url?}
- `POST /simulator/tokens` {user, broker}: a day's token to paste
- `GET /simulator/wire-log`: every order that came into existence, and everything that was done

What goes wrong, and how the market behaves, is set in `conditions`; both are guarded alike, see
`control_wire`.
"""

from decimal import Decimal
from typing import Final, Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infrastructure.simulator.control.wire import (
    BrokerWithLogin,
    as_json,
    bad_request,
    guarded,
    read,
    user_name,
)
from infrastructure.simulator.dhan.login import DHAN, PIN
from infrastructure.simulator.exchange.books import AcceptedOrder
from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.faces import Logins
from infrastructure.simulator.groww.login import GROWW
from infrastructure.simulator.kite.login import API_KEY
from infrastructure.simulator.proof import BROKER, NONCE, PROOF_PATH, proof
from infrastructure.simulator.tokens import totp_secret


class NewUser(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    user: str
    broker: BrokerWithLogin = "kite"
    name: str | None = None
    cash_inr: Decimal | None = None


MOST_CASH_INR: Final = 10**12


class NewApp(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An API key of Groww's belongs to a user; Kite's and Dhan's belong to an app."""

    api_key: str
    broker: BrokerWithLogin = "kite"
    user: str | None = None
    api_secret: str | None = None
    redirect_url: str | None = None


class NewToken(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A day's token to paste, as the brokers' own pages issue them."""

    user: str
    broker: Literal["groww", "dhan"]


class Control:
    """Routes under `/simulator`. `key` is what the proof is made with."""

    def __init__(self, exchange: Exchange, logins: Logins, key: bytes) -> None:
        self.exchange = exchange
        self.logins = logins
        self._key = key

    def routes(self) -> list[Route]:
        """The routes that stand above."""
        return [
            Route(PROOF_PATH, guarded(self.prove), methods=["GET"]),
            Route("/simulator/users", guarded(self.list_users), methods=["GET"]),
            Route("/simulator/users", guarded(self.add_user), methods=["POST"]),
            Route("/simulator/apps", guarded(self.add_app), methods=["POST"]),
            Route("/simulator/tokens", guarded(self.add_token), methods=["POST"]),
            Route("/simulator/wire-log", guarded(self.wire_log), methods=["GET"]),
        ]

    async def prove(self, request: Request) -> Response:
        broker = request.query_params.get("broker", "")
        nonce = request.query_params.get("nonce", "")
        if not BROKER.fullmatch(broker) or not NONCE.fullmatch(nonce):
            return bad_request("broker must be a word and nonce 32 to 128 hex digits.")
        return as_json({"proof": proof(self._key, broker, nonce, request.headers["host"])})

    async def list_users(self, request: Request) -> Response:
        accounts = self.exchange.accounts()
        return as_json({"users": [{"broker": broker, "user": user} for broker, user in accounts]})

    async def add_user(self, request: Request) -> Response:
        new = await read(request, NewUser)
        user = user_name(new.user)
        if new.cash_inr is not None and (
            not new.cash_inr.is_finite() or not 0 <= new.cash_inr <= MOST_CASH_INR
        ):
            return bad_request(f"cash_inr must be an amount from 0 to {MOST_CASH_INR}.")
        self.exchange.open_account(new.broker, user, new.name, new.cash_inr)
        known = {"pin": PIN, "totp_secret": totp_secret(DHAN, user)} if new.broker == DHAN else {}
        return as_json({"broker": new.broker, "user": user} | known)

    async def add_app(self, request: Request) -> Response:
        new = await read(request, NewApp)
        if not API_KEY.fullmatch(new.api_key):
            return bad_request("api_key must be 1 to 64 letters or digits.")
        if new.broker == GROWW:
            app = self.logins.groww.register_app(new.api_key, new.api_secret, new.user)
            return as_json({"api_key": new.api_key, "totp_secret": app.totp_secret})
        logins = self.logins.dhan if new.broker == DHAN else self.logins.kite
        logins.register_app(new.api_key, new.api_secret, new.redirect_url)
        return as_json({"api_key": new.api_key})

    async def add_token(self, request: Request) -> Response:
        new = await read(request, NewToken)
        user = user_name(new.user)
        self.exchange.open_account(new.broker, user)
        if new.broker == GROWW:
            _, token, ends_at = self.logins.groww.issue(user)
        else:
            login = self.logins.dhan.issue(user)
            token, ends_at = login.token, login.ends_at
        told = {"access_token": token, "expires_at": ends_at}
        return as_json({"broker": new.broker, "user": user} | told)

    async def wire_log(self, request: Request) -> Response:
        """Orders as they came into existence; and `writes`, all that was done on request."""
        orders = [_log_line(order) for order in self.exchange.accepted()]
        return as_json({"orders": orders, "writes": self.exchange.writes()})


def _log_line(order: AcceptedOrder) -> dict[str, object]:
    return {
        "broker": order.broker,
        "user": order.user,
        "orderId": order.order_id,
        "tag": order.request.tag,
        "symbol": order.request.symbol,
        "side": order.request.side,
        "quantityShares": order.request.quantity_shares,
        "at": order.at,
    }
