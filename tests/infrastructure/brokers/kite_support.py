"""Orders and logins for the tests of the Kite adapter, and a far side that says what it is told."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from application.ports.broker import Access, Secrets
from application.ports.broker_orders import OrderTicket
from domain.vocabulary import OrderTerms
from tests.infrastructure.simulator.support import SimulatedKite

ASHA = UUID(int=1)
TEN_AT_MARKET = OrderTerms(
    exchange="NSE",
    trading_symbol="INFY",
    transaction_type="BUY",
    order_type="MARKET",
    product="CNC",
    quantity_shares=10,
)
TEN_AT_1400 = OrderTerms(
    exchange="NSE",
    trading_symbol="INFY",
    transaction_type="BUY",
    order_type="LIMIT",
    product="CNC",
    quantity_shares=10,
    limit_price_inr=Decimal("1400.00"),
)
TAG = "a1b2c3d4e5f6g7h8i9j0"


def ticket(terms: OrderTerms = TEN_AT_MARKET, tag: str = TAG) -> OrderTicket:
    return OrderTicket(order_key="k1", broker_tag=tag, terms=terms)


def access(token: str = "s3cr3t-t0ken", account: str = "ALICE") -> Access:
    secrets = Secrets({"api_key": "demo", "access_token": token})
    return Access(principal=ASHA, account_id=account, secrets=secrets)


def logged_in(kite: SimulatedKite, user: str = "ALICE") -> Access:
    return access(kite.access_token(user), user)


@dataclass
class FarSide:
    """A loopback server: every request is kept, and answered as `answer(method, path)` says."""

    url: str
    requests: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)

    @property
    def asked(self) -> list[str]:
        return [f"{method} {path}" for method, path, _, _ in self.requests]


Answer = tuple[int, dict[str, str], bytes]


def as_json(status: int, body: object) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


def kite_error(status: int, error_type: str, message: str) -> Answer:
    body = {"status": "error", "message": message, "data": None, "error_type": error_type}
    return as_json(status, body)


@contextmanager
def far_side(answer: Callable[[str, str], Answer]) -> Iterator[FarSide]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            said = self.rfile.read(length).decode()
            side.requests.append((self.command, self.path, dict(self.headers), said))
            status, headers, body = answer(self.command, self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = answer

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        side = FarSide(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield side
        finally:
            server.shutdown()
            thread.join()


def recorded(folder: Path, name: str) -> Answer:
    return 200, {"Content-Type": "application/json"}, (folder / f"{name}.json").read_bytes()
