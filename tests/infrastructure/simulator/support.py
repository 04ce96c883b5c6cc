"""A clock that stands still, and a simulated Kite with somebody logged in."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2

from infrastructure.simulator.app import build_app, running
from infrastructure.simulator.exchange.exchange import Exchange

OPENING_BELL = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)  # 09:15 IST; INFY is at 1488.80


class StandingClock:
    def __init__(self, at: datetime = OPENING_BELL) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass(kw_only=True)
class SimulatedKite:
    """A running simulator, and an HTTP client that speaks to it like a program."""

    url: str
    exchange: Exchange
    clock: StandingClock
    keys_dir: Path
    http: httpx2.Client

    def request_token(self, user: str, api_key: str = "demo") -> str:
        answer = self.http.get(
            "/connect/login",
            params={"v": "3", "api_key": api_key, "user_id": user},
            headers={"Accept": "application/json"},
        )
        return str(answer.json()["request_token"])

    def redeem(self, token: str, api_key: str = "demo", secret: str = "demo-secret"):
        checksum = hashlib.sha256((api_key + token + secret).encode()).hexdigest()
        form = {"api_key": api_key, "request_token": token, "checksum": checksum}
        return self.http.post("/session/token", data=form)

    def access_token(self, user: str) -> str:
        return str(self.redeem(self.request_token(user)).json()["data"]["access_token"])

    def as_user(self, access_token: str) -> httpx2.Client:
        return httpx2.Client(
            base_url=self.url,
            headers={"Authorization": f"token demo:{access_token}", "X-Kite-Version": "3"},
            trust_env=False,
        )

    def fault(self, **fault: object) -> None:
        self.http.post("/simulator/faults", json=fault).raise_for_status()

    def accepted_tags(self) -> list[str | None]:
        lines = self.http.get("/simulator/wire-log").json()["orders"]
        return [line["tag"] for line in lines]


@contextmanager
def simulated_kite(keys_dir: Path) -> Iterator[SimulatedKite]:
    clock = StandingClock()
    exchange = Exchange(seed=1, now=clock)
    with (
        running(build_app(exchange, keys_dir)) as url,
        httpx2.Client(base_url=url, trust_env=False) as http,
    ):
        yield SimulatedKite(url=url, exchange=exchange, clock=clock, keys_dir=keys_dir, http=http)
