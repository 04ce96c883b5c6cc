"""Logins and orders for the tests of the Groww adapter, and Groww's answers as a far side would
give them."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from application.ports.broker import Access, Secrets
from application.ports.broker_orders import GttLeg, GttTicket
from domain.instruments import Instrument
from infrastructure.brokers.calls import Calls
from infrastructure.brokers.groww import GrowwBroker
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
FUTURE = "NIFTY26DECFUT"
ONE_LOT = replace(
    TEN_AT_MARKET, exchange="NFO", trading_symbol=FUTURE, product="NRML", quantity_shares=65
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
DEARER_GTT = dataclasses.replace(
    BUY_AT_1400,
    legs=(GttLeg(trigger_price_inr=Decimal("1410"), limit_price_inr=Decimal("1411.5")),),
)
LEAVE_BELOW_1400_OR_ABOVE_1600 = dataclasses.replace(
    BUY_AT_1400,
    kind="OCO",
    transaction_type="SELL",
    product="MIS",
    legs=(
        GttLeg(trigger_price_inr=Decimal("1400"), limit_price_inr=Decimal("1399.95")),
        GttLeg(trigger_price_inr=Decimal("1600"), limit_price_inr=Decimal("1600")),
    ),
)
TEN_INTRADAY = replace(TEN_AT_MARKET, product="MIS")
DEARER = replace(TEN_AT_1400, limit_price_inr=Decimal("1410"))


def payload(said: object, status: int = 200) -> Answer:
    return as_json(status, {"status": "SUCCESS", "payload": said})


YES = payload({"groww_order_id": "GMK39038RDT490CCVRO"})


def known(exchange: str, symbol: str) -> Instrument:
    found = TABLE.find(exchange, symbol)
    assert found is not None, symbol
    return found


def groww(url: str | None, keys_dir: Path, calls: Calls | None = None) -> GrowwBroker:
    return GrowwBroker(url, keys_dir, TABLE, calls)


def access(token: str = "s3cr3t-t0ken", account: str = "ALICE") -> Access:
    return Access(principal=ASHA, account_id=account, secrets=Secrets({"access_token": token}))


def logged_in(simulator: SimulatedKite, user: str = "ALICE") -> Access:
    return access(day_token(simulator, "groww", user), user)


def groww_error(status: int, code: str, message: str) -> Answer:
    error = {"code": code, "message": message, "metadata": None}
    return as_json(status, {"status": "FAILURE", "error": error})


@dataclass(frozen=True)
class Write:
    """One thing that Groww can be told to do. `given` makes what it is done to; `action` is what
    the simulator calls it."""

    method: str
    route: str
    action: str
    given: Callable[[Any, Access], Any]
    do: Callable[[Any, Access, Any], object]


def _nothing(broker: Any, who: Access) -> None:
    pass


def _working_order(broker: Any, who: Access) -> str:
    return str(broker.place(who, ticket(TEN_AT_1400), OPENING_BELL).broker_order_id)


def _waiting_gtt(broker: Any, who: Access) -> Any:
    broker.place_gtt(who, BUY_AT_1400, OPENING_BELL)
    return broker.gtt_orders(who, OPENING_BELL)[-1]


def _position(broker: Any, who: Access) -> None:
    broker.place(who, ticket(TEN_INTRADAY), OPENING_BELL)


def _waiting_oco(broker: Any, who: Access) -> Any:
    _position(broker, who)
    broker.place_gtt(who, LEAVE_BELOW_1400_OR_ABOVE_1600, OPENING_BELL)
    return broker.gtt_orders(who, OPENING_BELL)[-1]


WRITES = {
    "place": Write(
        "POST",
        "/v1/order/create",
        "place",
        _nothing,
        lambda broker, who, _: broker.place(who, ticket(), OPENING_BELL),
    ),
    "modify": Write(
        "POST",
        "/v1/order/modify",
        "modify",
        _working_order,
        lambda broker, who, order_id: broker.modify(who, order_id, DEARER, OPENING_BELL),
    ),
    "cancel": Write(
        "POST",
        "/v1/order/cancel",
        "cancel",
        _working_order,
        lambda broker, who, order_id: broker.cancel(who, order_id, TEN_AT_1400, OPENING_BELL),
    ),
    "place_gtt": Write(
        "POST",
        "/v1/order-advance/create",
        "place_gtt",
        _nothing,
        lambda broker, who, _: broker.place_gtt(who, BUY_AT_1400, OPENING_BELL),
    ),
    "place_oco": Write(
        "POST",
        "/v1/order-advance/create",
        "place_gtt",
        _position,
        lambda broker, who, _: broker.place_gtt(who, LEAVE_BELOW_1400_OR_ABOVE_1600, OPENING_BELL),
    ),
    "modify_gtt": Write(
        "PUT",
        "/v1/order-advance/modify",
        "modify_gtt",
        _waiting_gtt,
        lambda broker, who, gtt: broker.modify_gtt(who, gtt.gtt_id, DEARER_GTT, OPENING_BELL),
    ),
    "cancel_gtt": Write(
        "POST",
        "/v1/order-advance/cancel",
        "cancel_gtt",
        _waiting_gtt,
        lambda broker, who, gtt: broker.cancel_gtt(who, gtt, OPENING_BELL),
    ),
    "cancel_oco": Write(
        "POST",
        "/v1/order-advance/cancel",
        "cancel_gtt",
        _waiting_oco,
        lambda broker, who, gtt: broker.cancel_gtt(who, gtt, OPENING_BELL),
    ),
}
