"""The simulator's own routes: people and apps, faults, the wire log, and the proof that it is ours.

They have no password. What protects them is that the simulator listens on loopback only, answers
only under its own address (a page in a browser that was lured here sends another Host) and refuses
whatever a web page sends (it carries an Origin).
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Literal, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infrastructure.simulator.dhan_login import DHAN, PIN
from infrastructure.simulator.exchange import AcceptedOrder, Exchange
from infrastructure.simulator.faces import Logins
from infrastructure.simulator.faults import Fault, Faults, parse_fault
from infrastructure.simulator.groww_login import GROWW
from infrastructure.simulator.kite_login import API_KEY, USER
from infrastructure.simulator.proof import BROKER, NONCE, PROOF_PATH, proof
from infrastructure.simulator.tokens import totp_secret

Endpoint = Callable[[Request], Awaitable[Response]]
Body = TypeVar("Body", bound=msgspec.Struct)

_encode = msgspec.json.Encoder(decimal_format="string").encode


BrokerWithLogin = Literal["kite", "groww", "dhan"]


class NewUser(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    user: str
    broker: BrokerWithLogin = "kite"
    name: str | None = None
    cash_inr: Decimal | None = None


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


class NewFault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """See `faults.KINDS`; `route` is a prefix of the path, `None` matches everything."""

    fault: str
    route: str = "/"
    method: str | None = None
    user: str | None = None
    calls: int = 1


class Lag(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """For how long a new order does not show in the book."""

    seconds: float


class Control:
    """Routes under `/simulator`. `key` is what the proof is made with."""

    def __init__(self, exchange: Exchange, logins: Logins, faults: Faults, key: bytes) -> None:
        self.exchange = exchange
        self.logins = logins
        self.faults = faults
        self._key = key

    def routes(self) -> list[Route]:
        """Every route under `/simulator`."""
        return [
            Route(PROOF_PATH, _guarded(self.prove), methods=["GET"]),
            Route("/simulator/users", _guarded(self.list_users), methods=["GET"]),
            Route("/simulator/users", _guarded(self.add_user), methods=["POST"]),
            Route("/simulator/apps", _guarded(self.add_app), methods=["POST"]),
            Route("/simulator/tokens", _guarded(self.add_token), methods=["POST"]),
            Route("/simulator/faults", _guarded(self.add_fault), methods=["POST"]),
            Route("/simulator/faults", _guarded(self.clear_faults), methods=["DELETE"]),
            Route("/simulator/lag", _guarded(self.set_lag), methods=["POST"]),
            Route("/simulator/wire-log", _guarded(self.wire_log), methods=["GET"]),
        ]

    async def prove(self, request: Request) -> Response:
        broker = request.query_params.get("broker", "")
        nonce = request.query_params.get("nonce", "")
        if not BROKER.fullmatch(broker) or not NONCE.fullmatch(nonce):
            return _bad("broker must be a word and nonce 32 to 128 hex digits.")
        return _json({"proof": proof(self._key, broker, nonce, request.headers["host"])})

    async def list_users(self, request: Request) -> Response:
        accounts = self.exchange.accounts()
        return _json({"users": [{"broker": broker, "user": user} for broker, user in accounts]})

    async def add_user(self, request: Request) -> Response:
        new = await _body(request, NewUser)
        user = _user(new.user)
        self.exchange.open_account(new.broker, user, new.name, new.cash_inr)
        known = {"pin": PIN, "totp_secret": totp_secret(DHAN, user)} if new.broker == DHAN else {}
        return _json({"broker": new.broker, "user": user} | known)

    async def add_app(self, request: Request) -> Response:
        new = await _body(request, NewApp)
        if not API_KEY.fullmatch(new.api_key):
            return _bad("api_key must be 1 to 64 letters or digits.")
        if new.broker == GROWW:
            app = self.logins.groww.register_app(new.api_key, new.api_secret, new.user)
            return _json({"api_key": new.api_key, "totp_secret": app.totp_secret})
        logins = self.logins.dhan if new.broker == DHAN else self.logins.kite
        logins.register_app(new.api_key, new.api_secret, new.redirect_url)
        return _json({"api_key": new.api_key})

    async def add_token(self, request: Request) -> Response:
        new = await _body(request, NewToken)
        user = _user(new.user)
        self.exchange.open_account(new.broker, user)
        if new.broker == GROWW:
            _, token, ends_at = self.logins.groww.issue(user)
        else:
            login = self.logins.dhan.issue(user)
            token, ends_at = login.token, login.ends_at
        told = {"access_token": token, "expires_at": ends_at}
        return _json({"broker": new.broker, "user": user} | told)

    async def add_fault(self, request: Request) -> Response:
        new = await _body(request, NewFault)
        kind, argument = parse_fault(new.fault)
        self.faults.add(
            Fault(
                kind=kind,
                argument=argument,
                route=new.route,
                method=new.method,
                user=new.user,
                calls=new.calls,
            )
        )
        return _json({"fault": new.fault, "calls": new.calls})

    async def clear_faults(self, request: Request) -> Response:
        self.faults.clear()
        return _json({"faults": 0})

    async def set_lag(self, request: Request) -> Response:
        self.exchange.book_lag = timedelta(seconds=(await _body(request, Lag)).seconds)
        return _json({"seconds": self.exchange.book_lag.total_seconds()})

    async def wire_log(self, request: Request) -> Response:
        return _json({"orders": [_log_line(order) for order in self.exchange.accepted()]})


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


def _user(name: str) -> str:
    user = name.upper()
    if not USER.fullmatch(user):
        raise ValueError("user must be 2 to 20 letters or digits.")
    return user


def _guarded(endpoint: Endpoint) -> Endpoint:
    async def guarded(request: Request) -> Response:
        if "origin" in request.headers or not _asked_as_itself(request):
            return JSONResponse({"error": "These routes answer to this machine only."}, 403)
        try:
            return await endpoint(request)
        except ValueError as error:  # msgspec's decoding errors are ValueErrors
            return _bad(str(error))

    return guarded


def _asked_as_itself(request: Request) -> bool:
    """Whether the Host header names the very address and port that this request came in at, as
    numbers. A name, or another address of this machine, may be somebody who passes it on."""
    server = request.scope.get("server")
    return server is not None and (request.url.hostname, request.url.port or 80) == tuple(server)


async def _body(request: Request, shape: type[Body]) -> Body:
    return msgspec.json.decode(await request.body(), type=shape)


def _json(body: object) -> Response:
    return Response(_encode(body), media_type="application/json")


def _bad(message: str) -> Response:
    return JSONResponse({"error": message}, 400)
