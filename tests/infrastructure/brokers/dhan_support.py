"""Logins and orders for the tests of the Dhan adapter, and Dhan's answers as a far side would give
them."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from application.ports.account import Conversion
from application.ports.broker import Access, Secrets
from application.ports.broker_orders import GttLeg, GttTicket
from domain.instruments import Instrument
from domain.vocabulary import OrderTerms
from infrastructure.brokers.calls import Calls
from infrastructure.brokers.dhan import DhanBroker
from infrastructure.simulator.market.universe import listed
from tests.fakes.instruments import FakeInstruments
from tests.infrastructure.brokers.kite_support import (
    ASHA,
    TAG,
    TEN_AT_1400,
    TEN_AT_MARKET,
    Answer,
    as_json,
    ticket,
)
from tests.infrastructure.simulator.brokers import day_token
from tests.infrastructure.simulator.support import OPENING_BELL, SimulatedKite
from tests.support.universe import as_known

TABLE = FakeInstruments(as_known(each) for each in listed(OPENING_BELL).all)
TEN_INTRADAY = replace(TEN_AT_MARKET, product="MIS")
TO_DELIVERY = Conversion(
    exchange="NSE",
    trading_symbol="INFY",
    transaction_type="BUY",
    quantity_shares=10,
    from_product="MIS",
    to_product="CNC",
)
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
SELL_BELOW_1400_OR_ABOVE_1600 = dataclasses.replace(
    BUY_AT_1400,
    kind="OCO",
    transaction_type="SELL",
    legs=(
        GttLeg(trigger_price_inr=Decimal("1400"), limit_price_inr=Decimal("1399.95")),
        GttLeg(trigger_price_inr=Decimal("1600"), limit_price_inr=Decimal("1600")),
    ),
)


def known(exchange: str, symbol: str) -> Instrument:
    found = TABLE.find(exchange, symbol)
    assert found is not None, symbol
    return found


def dhan(url: str | None, keys_dir: Path, calls: Calls | None = None) -> DhanBroker:
    return DhanBroker(url, keys_dir, TABLE, calls)


def access(token: str = "s3cr3t-t0ken", account: str = "ALICE") -> Access:
    secrets = Secrets({"client_id": account, "access_token": token})
    return Access(principal=ASHA, account_id=account, secrets=secrets)


def logged_in(simulator: SimulatedKite, user: str = "ALICE") -> Access:
    return access(day_token(simulator, "dhan", user), user)


def dhan_error(status: int, code: str, message: str) -> Answer:
    body = {"errorType": "Some_Error", "errorCode": code, "errorMessage": message}
    return as_json(status, body)


def data_error(status: int, code: int, message: str) -> Answer:
    return as_json(status, {"data": {str(code): message}, "status": "failed"})


@dataclass(frozen=True)
class Write:
    """One thing that Dhan can be told to do. `given` makes what it is done to; `action` is what
    the simulator calls it."""

    method: str
    route: str
    action: str
    given: Callable[[Any, Access], Any]
    do: Callable[[Any, Access, Any], object]


def _working_order(broker: Any, who: Access) -> str:
    return str(broker.place(who, ticket(TEN_AT_1400), OPENING_BELL).broker_order_id)


def _waiting_gtt(broker: Any, who: Access) -> Any:
    broker.place_gtt(who, BUY_AT_1400, OPENING_BELL)
    return broker.gtt_orders(who, OPENING_BELL)[-1]


def _nothing(broker: Any, who: Access) -> None:
    pass


DEARER: OrderTerms = replace(TEN_AT_1400, limit_price_inr=Decimal("1410"))
DEARER_GTT = dataclasses.replace(
    BUY_AT_1400,
    legs=(GttLeg(trigger_price_inr=Decimal("1410"), limit_price_inr=Decimal("1411.5")),),
)

WRITES = {
    "place": Write(
        "POST",
        "/v2/orders",
        "place",
        _nothing,
        lambda broker, who, _: broker.place(who, ticket(), OPENING_BELL),
    ),
    "modify": Write(
        "PUT",
        "/v2/orders",
        "modify",
        _working_order,
        lambda broker, who, order_id: broker.modify(who, order_id, DEARER, OPENING_BELL),
    ),
    "cancel": Write(
        "DELETE",
        "/v2/orders",
        "cancel",
        _working_order,
        lambda broker, who, order_id: broker.cancel(who, order_id, TEN_AT_1400, OPENING_BELL),
    ),
    "convert": Write(
        "POST",
        "/v2/positions/convert",
        "convert",
        lambda broker, who: broker.place(who, ticket(TEN_INTRADAY), OPENING_BELL),
        lambda broker, who, _: broker.convert_position(who, TO_DELIVERY, OPENING_BELL),
    ),
    "place_gtt": Write(
        "POST",
        "/v2/forever/orders",
        "place_gtt",
        _nothing,
        lambda broker, who, _: broker.place_gtt(who, BUY_AT_1400, OPENING_BELL),
    ),
    "modify_gtt": Write(
        "PUT",
        "/v2/forever/orders",
        "modify_gtt",
        _waiting_gtt,
        lambda broker, who, gtt: broker.modify_gtt(who, gtt.gtt_id, DEARER_GTT, OPENING_BELL),
    ),
    "cancel_gtt": Write(
        "DELETE",
        "/v2/forever/orders",
        "cancel_gtt",
        _waiting_gtt,
        lambda broker, who, gtt: broker.cancel_gtt(who, gtt, OPENING_BELL),
    ),
    "kill_switch": Write(
        "POST",
        "/v2/killswitch",
        "kill_switch",
        _nothing,
        lambda broker, who, _: broker.set_kill_switch(who, True, OPENING_BELL),
    ),
}
