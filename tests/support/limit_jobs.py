"""What child processes do at a broker: order as fast as they are let."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from application.ports.broker import Access, Secrets
from application.ports.broker_orders import OrderTicket
from domain.events import OrderPlaced, OrderRejected
from domain.vocabulary import OrderTerms
from infrastructure.brokers.calls import Calls
from infrastructure.brokers.kite import KiteBroker
from infrastructure.shared_limits import SharedLimits
from tests.support.databases import Database, disposing
from tests.support.processes import Say

THREADS = 4
RESTING = OrderTerms(
    exchange="NSE",
    trading_symbol="INFY",
    transaction_type="BUY",
    order_type="LIMIT",
    product="CNC",
    quantity_shares=1,
    limit_price_inr=Decimal("1400.00"),
)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where to order, and as whom. `database` is where orders are counted over all processes;
    without one every process counts its own."""

    url: str
    keys_dir: Path
    database: Database | None
    account: str
    token: str
    now: datetime

    @property
    def access(self) -> Access:
        secrets = Secrets({"api_key": "demo", "access_token": self.token})
        return Access(principal=UUID(int=1), account_id=self.account, secrets=secrets)


@contextmanager
def _broker(desk: Desk) -> Iterator[KiteBroker]:
    if desk.database is None:
        yield KiteBroker(desk.url, desk.keys_dir)
        return
    with disposing(desk.database.control_engine()) as engine:
        calls = Calls("kite", order_limits=SharedLimits(engine), fingerprint=str.lower)
        yield KiteBroker(desk.url, desk.keys_dir, calls)


def order_as_fast_as_it_can(say: Say, desk: Desk, seconds: float) -> None:
    """Place and cancel from several threads for so long; say how often each came about, and what
    those who were refused heard."""
    until = time.monotonic() + seconds
    with _broker(desk) as broker, ThreadPoolExecutor(THREADS) as threads:
        running = [threads.submit(_orders, broker, desk, until) for _ in range(THREADS)]
        for each in running:
            say(each.result())


def _orders(broker: KiteBroker, desk: Desk, until: float) -> tuple[Counter[str], list[str]]:
    done: Counter[str] = Counter()
    heard: list[str] = []
    while time.monotonic() < until:
        ticket = OrderTicket(order_key="k1", broker_tag="a1b2c3d4e5f6g7h8i9j0", terms=RESTING)
        placed = broker.place(desk.access, ticket, desk.now)
        done[type(placed).__name__] += 1
        if isinstance(placed, OrderRejected):
            heard.append(f"{placed.code}: {placed.reason}")
        if isinstance(placed, OrderPlaced):
            gone = broker.cancel(desk.access, placed.broker_order_id, RESTING, desk.now)
            done[type(gone).__name__] += 1
    return done, heard
