"""Logins and orders for the tests of the Groww adapter, and Groww's answers as a far side would
give them."""

import dataclasses
from decimal import Decimal
from pathlib import Path

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
    Write,
    as_json,
    ticket,
    waiting,
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


def _smart_order(kind: str, status: str) -> Answer:
    said = {"smart_order_id": "gtt_1", "smart_order_type": kind, "status": status}
    return payload(said, 202)


_WAITING_GTT = payload(
    {
        "smart_order_id": "gtt_1",
        "smart_order_type": "GTT",
        "status": "ACTIVE",
        "trading_symbol": "INFY",
        "exchange": "NSE",
        "segment": "CASH",
        "quantity": 10,
        "product_type": "CNC",
        "duration": "DAY",
        "created_at": "2026-11-23T09:15:00",
        "order": {"order_type": "LIMIT", "price": "1401.50", "transaction_type": "BUY"},
        "trigger_direction": "DOWN",
        "trigger_price": "1400.00",
    }
)
_POSITION = payload(
    {
        "positions": [
            {
                "trading_symbol": "INFY",
                "exchange": "NSE",
                "segment": "CASH",
                "product": "MIS",
                "quantity": 10,
                "net_price": 1488.8,
            }
        ]
    }
)

WRITES = {
    "place": Write(lambda broker, who: broker.place(who, ticket(), OPENING_BELL), YES),
    "modify": Write(lambda broker, who: broker.modify(who, "G1", DEARER, OPENING_BELL), YES),
    "cancel": Write(lambda broker, who: broker.cancel(who, "G1", TEN_AT_1400, OPENING_BELL), YES),
    "place_gtt": Write(
        lambda broker, who: broker.place_gtt(who, BUY_AT_1400, OPENING_BELL),
        _smart_order("GTT", "ACTIVE"),
    ),
    "place_oco": Write(
        lambda broker, who: broker.place_gtt(who, LEAVE_BELOW_1400_OR_ABOVE_1600, OPENING_BELL),
        _smart_order("OCO", "ACTIVE"),
        read_first=_POSITION,
    ),
    "modify_gtt": Write(
        lambda broker, who: broker.modify_gtt(who, "gtt_1", DEARER_GTT, OPENING_BELL),
        _smart_order("GTT", "ACTIVE"),
        read_first=_WAITING_GTT,
    ),
    "cancel_gtt": Write(
        lambda broker, who: broker.cancel_gtt(who, waiting(BUY_AT_1400), OPENING_BELL),
        _smart_order("GTT", "CANCELLED"),
    ),
    "cancel_oco": Write(
        lambda broker, who: broker.cancel_gtt(
            who, waiting(LEAVE_BELOW_1400_OR_ABOVE_1600), OPENING_BELL
        ),
        _smart_order("OCO", "CANCELLED"),
    ),
}
