"""A server whose Kite hangs for one of its users, as often as that one asks."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx2
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from infrastructure.simulator.app import build_app, running
from infrastructure.simulator.exchange.exchange import Exchange
from tests.mcp_interface.people import Person
from tests.support.servers import Server, Site, site

HUNG_USER, HUNG_APP = "HUNG", "hungapp"
ORDERS = "/orders"


@dataclass
class Counted:
    """Requests for the order book that came with the hung user's key."""

    requests: int = 0


class _Counting:
    def __init__(self, app: ASGIApp, counted: Counted) -> None:
        self._app = app
        self._counted = counted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == ORDERS:
            login = Headers(scope=scope).get("authorization", "")
            self._counted.requests += login.startswith(f"token {HUNG_APP}:")
        await self._app(scope, receive, send)


@dataclass(frozen=True)
class HungBroker:
    site: Site
    server: Server
    url: str
    hung: Counted

    def request_token(self, user: str, api_key: str) -> str:
        answer = httpx2.get(
            f"{self.url}/connect/login",
            params={"v": "3", "api_key": api_key, "user_id": user},
            headers={"Accept": "application/json"},
            trust_env=False,
        )
        return str(answer.json()["request_token"])

    async def log_in(self, person: Person, user: str) -> None:
        api_key = HUNG_APP if user == HUNG_USER else "demo"
        await person.call(
            "authenticate_broker",
            broker="kite",
            api_key=api_key,
            api_secret=f"{api_key}-secret",
            request_token=self.request_token(user, api_key),
        )


@contextmanager
def hung_broker(directory: Path) -> Iterator[HungBroker]:
    exchange, counted = Exchange(seed=1, now=lambda: datetime.now(UTC)), Counted()
    app = build_app(exchange, directory / "keys")
    app.add_middleware(_Counting, counted=counted)
    with running(app) as url, site(directory, TRADING_KITE_URL=url) as place:
        fault = {"fault": "hang", "route": ORDERS, "user": HUNG_USER, "calls": 100_000}
        httpx2.post(f"{url}/simulator/faults", json=fault, trust_env=False).raise_for_status()
        yield HungBroker(place, place.server(), url, counted)
