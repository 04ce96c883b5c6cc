"""What the simulated Groww answers has the keys and kinds of values that Groww documents."""

import pytest

from tests.infrastructure.simulator.brokers import at_groww, day_token
from tests.infrastructure.simulator.shapes import SHAPES, described, misfits
from tests.infrastructure.simulator.support import simulated_kite
from tests.infrastructure.simulator.test_groww_face import (
    BUY_ONE_INFY,
    GTT,
    OCO,
    WAITING,
    candles,
)

CASH = {"segment": "CASH"}
INFY = CASH | {"exchange_symbols": "NSE_INFY,NSE_NIFTY"}
NIFTY = {"exchange": "NSE", "underlying_symbol": "NIFTY"}
EXPIRY = {"expiry_date": "2026-12-01"}
MARGIN = {
    "trading_symbol": "INFY",
    "transaction_type": "BUY",
    "quantity": 1,
    "price": 1400,
    "order_type": "LIMIT",
    "product": "CNC",
    "exchange": "NSE",
}
OPTION = "/live-data/greeks/exchange/NSE/underlying/NIFTY/trading_symbol/{}/expiry/2026-12-01"


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What the simulated Groww says at every route that is described, in the course of a day."""
    with (
        simulated_kite(tmp_path_factory.mktemp("keys")) as simulator,
        at_groww(simulator, day_token(simulator, "groww", "ALICE")) as http,
    ):
        told = _orders(http) | _smart_orders(http) | _reads(http)
        return {name: answer.json() for name, answer in told.items()}


def _orders(http):
    bought = http.post("/order/create", json=BUY_ONE_INFY | {"product": "MIS"})
    order_id = bought.json()["payload"]["groww_order_id"]
    waiting = http.post("/order/create", json=WAITING | {"order_reference_id": "waiting00"})
    named = {"groww_order_id": waiting.json()["payload"]["groww_order_id"], "segment": "CASH"}
    change = named | {"order_type": "LIMIT", "quantity": 2, "price": 1410}
    return {
        "order_create": bought,
        "order_changed": http.post("/order/modify", json=change),
        "order_list": http.get("/order/list", params=CASH),
        "order_detail": http.get(f"/order/detail/{order_id}", params=CASH),
        "order_status": http.get("/order/status/reference/ref-00000001", params=CASH),
        "order_trades": http.get(f"/order/trades/{order_id}", params=CASH),
        "positions": http.get("/positions/user", params=CASH),
        "error": http.get("/order/detail/1", params=CASH),
    }


def _smart_orders(http):
    oco = http.post("/order-advance/create", json=OCO)
    gtt = http.post("/order-advance/create", json=GTT)
    smart_id = gtt.json()["payload"]["smart_order_id"]
    change = {"smart_order_type": "GTT", "segment": "CASH", "quantity": 4}
    return {
        "smart_oco": oco,
        "smart_gtt": http.get(f"/order-advance/status/CASH/GTT/internal/{smart_id}"),
        "smart_modified": http.put(f"/order-advance/modify/{smart_id}", json=change),
        "smart_list": http.get("/order-advance/list", params=CASH),
        "smart_cancelled": http.post(f"/order-advance/cancel/CASH/GTT/{smart_id}"),
    }


def _reads(http):
    chain = http.get("/option-chain/exchange/NSE/underlying/NIFTY", params=EXPIRY)
    strikes = chain.json()["payload"]["strikes"]
    symbol = next(iter(strikes.values()))["CE"]["trading_symbol"]
    return {
        "option_chain": chain,
        "greeks": http.get(OPTION.format(symbol)),
        "profile": http.get("/user/detail"),
        "margins_user": http.get("/margins/detail/user"),
        "margins_orders": http.post("/margins/detail/orders", params=CASH, json=[MARGIN]),
        "holdings": http.get("/holdings/user"),
        "ltp": http.get("/live-data/ltp", params=INFY),
        "ohlc": http.get("/live-data/ohlc", params=INFY),
        "quote": http.get(
            "/live-data/quote", params=CASH | {"exchange": "NSE", "trading_symbol": "INFY"}
        ),
        "candles": http.get("/historical/candles", params=candles()),
        "expiries": http.get("/historical/expiries", params=NIFTY),
        "contracts": http.get("/historical/contracts", params=NIFTY | EXPIRY),
    }


@pytest.mark.parametrize("name", sorted(path.stem for path in (SHAPES / "groww").glob("*.json")))
def test_an_answer_has_the_shape_that_is_documented(answers, name):
    assert misfits(described("groww", name), answers[name]) == []


def test_a_list_is_not_compared_while_it_is_empty(answers):
    for name, rows in (
        ("order_list", "order_list"),
        ("order_trades", "trade_list"),
        ("positions", "positions"),
        ("holdings", "holdings"),
        ("smart_list", "orders"),
        ("candles", "candles"),
        ("expiries", "expiries"),
        ("contracts", "contracts"),
        ("option_chain", "strikes"),
    ):
        assert answers[name]["payload"][rows], name
    assert set(answers["ltp"]["payload"]) == {"NSE_INFY", "NSE_NIFTY"}
