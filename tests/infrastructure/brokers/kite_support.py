"""Orders and logins for the tests of the Kite adapter, and a far side that says what it is told."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from application.ports.account import Conversion
from application.ports.broker import Access, Secrets
from application.ports.broker_orders import GttLeg, GttOrder, GttTicket, OrderTicket
from domain.instruments import Instrument, KiteHandle, canonical_name
from domain.vocabulary import OrderTerms
from infrastructure.simulator.market.universe import listed
from tests.infrastructure.simulator.support import OPENING_BELL, SimulatedKite

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
TEN_INTRADAY = OrderTerms(
    exchange="NSE",
    trading_symbol="INFY",
    transaction_type="BUY",
    order_type="MARKET",
    product="MIS",
    quantity_shares=10,
)
TO_DELIVERY = Conversion(
    exchange="NSE",
    trading_symbol="INFY",
    transaction_type="BUY",
    quantity_shares=10,
    from_product="MIS",
    to_product="CNC",
)
TAG = "a1b2c3d4e5f6g7h8i9j0"
BUY_AT_1400 = GttTicket(
    broker_tag=TAG,
    kind="SINGLE",
    exchange="NSE",
    trading_symbol="INFY",
    transaction_type="BUY",
    product="CNC",
    quantity_shares=10,
    legs=(GttLeg(trigger_price_inr=Decimal("1400"), limit_price_inr=Decimal("1401.5")),),
    last_price_inr=Decimal("1488.8"),
)
SELL_OUT_OF_1400_TO_1600 = GttTicket(
    broker_tag=TAG,
    kind="OCO",
    exchange="NSE",
    trading_symbol="INFY",
    transaction_type="SELL",
    product="CNC",
    quantity_shares=10,
    legs=(
        GttLeg(trigger_price_inr=Decimal("1400"), limit_price_inr=Decimal("1399.95")),
        GttLeg(trigger_price_inr=Decimal("1600"), limit_price_inr=Decimal("1600")),
    ),
    last_price_inr=Decimal("1488.8"),
)


def ticket(terms: OrderTerms = TEN_AT_MARKET, tag: str = TAG) -> OrderTicket:
    return OrderTicket(order_key="k1", broker_tag=tag, terms=terms)


def access(token: str = "s3cr3t-t0ken", account: str = "ALICE") -> Access:
    secrets = Secrets({"api_key": "demo", "access_token": token})
    return Access(principal=ASHA, account_id=account, secrets=secrets)


def logged_in(kite: SimulatedKite, user: str = "ALICE") -> Access:
    return access(kite.access_token(user), user)


def known(exchange: str, symbol: str, at: datetime = OPENING_BELL) -> Instrument:
    """What the simulator lists, as the instrument table would tell it."""
    found = listed(at).find(exchange, symbol)
    assert found is not None, symbol
    return Instrument(
        name=canonical_name(
            found.exchange,
            found.symbol,
            found.kind,
            found.underlying,
            found.expiry,
            found.strike_inr,
        ),
        exchange=found.exchange,
        kind=found.kind,
        trading_symbol=found.symbol,
        exchange_token=str(found.exchange_token),
        description=found.description,
        tick_inr=found.tick_inr,
        lot_size_shares=found.lot_size_shares,
        underlying=found.underlying,
        expiry=found.expiry,
        strike_inr=found.strike_inr,
        kite=KiteHandle(instrument_token=found.instrument_token, trading_symbol=found.symbol),
    )


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


@dataclass(frozen=True)
class Write:
    """One thing that a broker can be told to do, to what has a literal id. `yes` is what the broker
    says to it, `read_first` what it says to the question that comes before."""

    do: Callable[[Any, Access], object]
    yes: Answer
    read_first: Answer | None = None


def waiting(gtt: GttTicket, gtt_id: str = "gtt_1") -> GttOrder:
    """As a broker would list it."""
    return GttOrder(
        gtt_id=gtt_id,
        kind=gtt.kind,
        exchange=gtt.exchange,
        trading_symbol=gtt.trading_symbol,
        transaction_type=gtt.transaction_type,
        product=gtt.product,
        quantity_shares=gtt.quantity_shares,
        legs=gtt.legs,
        status="ACTIVE",
        raw_status="ACTIVE",
        created_at=OPENING_BELL,
    )


def kite_yes(data: object) -> Answer:
    return as_json(200, {"status": "success", "data": data})


DEARER = replace(TEN_AT_1400, limit_price_inr=Decimal("1410"))
_AN_ORDER = kite_yes({"order_id": "151220000000000"})
_A_GTT = kite_yes({"trigger_id": 123})

WRITES = {
    "place": Write(lambda broker, who: broker.place(who, ticket(), OPENING_BELL), _AN_ORDER),
    "modify": Write(lambda broker, who: broker.modify(who, "151", DEARER, OPENING_BELL), _AN_ORDER),
    "cancel": Write(
        lambda broker, who: broker.cancel(who, "151", TEN_AT_1400, OPENING_BELL), _AN_ORDER
    ),
    "convert": Write(
        lambda broker, who: broker.convert_position(who, TO_DELIVERY, OPENING_BELL), kite_yes(True)
    ),
    "place_gtt": Write(
        lambda broker, who: broker.place_gtt(who, BUY_AT_1400, OPENING_BELL), _A_GTT
    ),
    "modify_gtt": Write(
        lambda broker, who: broker.modify_gtt(who, "123", SELL_OUT_OF_1400_TO_1600, OPENING_BELL),
        _A_GTT,
    ),
    "cancel_gtt": Write(
        lambda broker, who: broker.cancel_gtt(who, waiting(BUY_AT_1400, "123"), OPENING_BELL),
        _A_GTT,
    ),
}
