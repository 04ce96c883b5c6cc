"""Logins and orders for the tests of the Dhan adapter, and Dhan's answers as a far side would give
them."""

import dataclasses
from decimal import Decimal
from pathlib import Path

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
    Write,
    as_json,
    ticket,
    waiting,
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


DEARER: OrderTerms = replace(TEN_AT_1400, limit_price_inr=Decimal("1410"))
DEARER_GTT = dataclasses.replace(
    BUY_AT_1400,
    legs=(GttLeg(trigger_price_inr=Decimal("1410"), limit_price_inr=Decimal("1411.5")),),
)

_YES = as_json(200, {"orderId": "112111182198", "orderStatus": "PENDING"})
_WAITING_GTTS = as_json(
    200,
    [
        {
            "dhanClientId": "ALICE",
            "orderId": "5132208051112",
            "orderStatus": "CONFIRM",
            "transactionType": "BUY",
            "exchangeSegment": "NSE_EQ",
            "productType": "CNC",
            "orderType": "SINGLE",
            "tradingSymbol": "INFY",
            "securityId": "1594",
            "quantity": 10,
            "price": 1401.5,
            "triggerPrice": 1400.0,
            "legName": "TARGET_LEG",
            "createTime": "2026-11-23 09:15:00",
        }
    ],
)

WRITES = {
    "place": Write(lambda broker, who: broker.place(who, ticket(), OPENING_BELL), _YES),
    "modify": Write(lambda broker, who: broker.modify(who, "112", DEARER, OPENING_BELL), _YES),
    "cancel": Write(lambda broker, who: broker.cancel(who, "112", TEN_AT_1400, OPENING_BELL), _YES),
    "convert": Write(
        lambda broker, who: broker.convert_position(who, TO_DELIVERY, OPENING_BELL), (202, {}, b"")
    ),
    "place_gtt": Write(lambda broker, who: broker.place_gtt(who, BUY_AT_1400, OPENING_BELL), _YES),
    "modify_gtt": Write(
        lambda broker, who: broker.modify_gtt(who, "5132208051112", DEARER_GTT, OPENING_BELL),
        _YES,
        read_first=_WAITING_GTTS,
    ),
    "cancel_gtt": Write(
        lambda broker, who: broker.cancel_gtt(
            who, waiting(BUY_AT_1400, "5132208051112"), OPENING_BELL
        ),
        _YES,
    ),
    "kill_switch": Write(
        lambda broker, who: broker.set_kill_switch(who, True, OPENING_BELL),
        as_json(200, {"killSwitchStatus": "Kill Switch has been successfully activated"}),
    ),
}
