"""The simulated Kite's answers have the shapes of Zerodha's published samples."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.infrastructure.simulator.shapes import SHAPES, described, misfits
from tests.infrastructure.simulator.support import simulated_kite

SAMPLES = Path(__file__).parents[3] / ".." / "shared" / "fixtures" / "kiteconnect-mocks"
NAMES = sorted(path.stem for path in (SHAPES / "kite").glob("*.json"))

BUY = {
    "exchange": "NSE",
    "tradingsymbol": "INFY",
    "transaction_type": "BUY",
    "quantity": "10",
    "product": "MIS",
    "order_type": "MARKET",
    "market_protection": "-1",
    "tag": "abc1",
}
WAIT = {name: word for name, word in BUY.items() if name != "tag"} | {
    "order_type": "LIMIT",
    "price": "1400",
}
ORDER = {
    "exchange": "NSE",
    "tradingsymbol": "INFY",
    "transaction_type": "BUY",
    "variety": "regular",
    "product": "CNC",
    "order_type": "LIMIT",
    "quantity": 10,
    "price": 1400,
    "average_price": 1400,
}
CONVERT = {
    "exchange": "NSE",
    "tradingsymbol": "INFY",
    "transaction_type": "BUY",
    "position_type": "day",
    "quantity": "5",
    "old_product": "MIS",
    "new_product": "CNC",
}


def gtt(lower, upper):
    """In force until either price is reached."""
    leg = {
        "exchange": "NSE",
        "tradingsymbol": "INFY",
        "transaction_type": "SELL",
        "quantity": 1,
        "order_type": "LIMIT",
        "product": "CNC",
        "price": upper,
    }
    condition = {
        "exchange": "NSE",
        "tradingsymbol": "INFY",
        "trigger_values": [lower, upper],
        "last_price": 1488.8,
    }
    return {
        "type": "two-leg",
        "condition": json.dumps(condition),
        "orders": json.dumps([leg, leg]),
    }


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="Zerodha's samples are not beside the repository")
@pytest.mark.parametrize("name", NAMES)
def test_a_described_shape_is_that_of_the_sample(name):
    sample = json.loads((SAMPLES / f"{name}.json").read_text())

    assert misfits(described("kite", name), sample) == []


@pytest.fixture(scope="module")
def kite(tmp_path_factory):
    with simulated_kite(tmp_path_factory.mktemp("keys")) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def answers(kite):
    """What the simulated Kite says at every route that has a sample, in the course of a day."""
    token = kite.access_token("ALICE")
    told = {"generate_session": kite.redeem(kite.request_token("ALICE")).json()}
    with kite.as_user(token) as http:
        told |= _orders(http) | _gtts(kite, http) | _reads(http)
        ended = http.delete("/session/token", params={"api_key": "demo", "access_token": token})
        told["session_logout"] = ended.json()
    return told


def _orders(http):
    bought = http.post("/orders/regular", data=BUY)
    waiting = http.post("/orders/regular", data=WAIT).json()["data"]["order_id"]
    path = f"/orders/regular/{waiting}"
    sliced = BUY | {"autoslice": "true", "quantity": "1"}
    return {
        "order_response": bought.json(),
        "autoslice_response": http.post("/orders/regular", data=sliced).json(),
        "order_modify": http.put(path, data={"price": "1410"}).json(),
        "order_cancel": http.delete(path).json(),
        "order_info": http.get(f"/orders/{waiting}").json(),
        "order_trades": http.get(f"/orders/{bought.json()['data']['order_id']}/trades").json(),
        "convert_position": http.put("/portfolio/positions", data=CONVERT).json(),
    }


def _gtts(kite, http):
    placed = http.post("/gtt/triggers", data=gtt(1400, 1600)).json()
    fires = http.post("/gtt/triggers", data=gtt(1488.75, 1488.85)).json()
    path = f"/gtt/triggers/{placed['data']['trigger_id']}"
    kite.clock.advance(hours=1)
    fired = http.get(f"/gtt/triggers/{fires['data']['trigger_id']}").json()
    assert fired["data"]["status"] == "triggered"
    return {
        "gtt_place_order": placed,
        "gtt_modify_order": http.put(path, data=gtt(1300, 1700)).json(),
        "gtt_get_order": fired,
        "gtt_get_orders": http.get("/gtt/triggers").json(),
        "gtt_delete_order": http.delete(path).json(),
    }


def _reads(http):
    infy, minutes = {"i": "NSE:INFY"}, "/instruments/historical/408065/minute"
    span = {"from": "2026-11-20 09:15:00", "to": "2026-11-20 09:20:00"}
    return {
        "profile": http.get("/user/profile").json(),
        "margins": http.get("/user/margins").json(),
        "margins_equity": http.get("/user/margins/equity").json(),
        "margin_commodity": http.get("/user/margins/commodity").json(),
        "orders": http.get("/orders").json(),
        "trades": http.get("/trades").json(),
        "holdings": http.get("/portfolio/holdings").json(),
        "positions": http.get("/portfolio/positions").json(),
        "ltp": http.get("/quote/ltp", params=infy).json(),
        "ohlc": http.get("/quote/ohlc", params=infy).json(),
        "quote": http.get("/quote", params=infy).json(),
        "historical_minute": http.get(minutes, params=span).json(),
        "historical_oi": http.get(minutes, params=span | {"oi": "1"}).json(),
        "order_margins": http.post("/margins/orders", json=[ORDER]).json(),
        "basket_margins": http.post("/margins/basket", json=[ORDER, ORDER]).json(),
        "virtual_contract_note": http.post("/charges/orders", json=[ORDER]).json(),
    }


OLDER_THAN_THE_WIRE = ("order_info",)
"""Its rows lack keys that the rows of newer samples have."""


@pytest.mark.parametrize("name", [name for name in NAMES if name != "postback"])
def test_an_answer_has_the_shape_of_the_sample(answers, name):
    wrong = misfits(described("kite", name), answers[name])

    if name in OLDER_THAN_THE_WIRE:
        wrong = [each for each in wrong if not each.endswith("unheard of")]
    assert wrong == []


def test_a_list_that_has_a_sample_is_not_compared_while_it_is_empty(answers):
    for name in ("orders", "order_info", "trades", "order_trades", "holdings", "gtt_get_orders"):
        assert answers[name]["data"], name
    assert answers["positions"]["data"]["day"]
    assert len(answers["historical_minute"]["data"]["candles"]) == 6
    fired = [order["result"] for order in answers["gtt_get_order"]["data"]["orders"]]
    assert [result is None for result in fired].count(True) == 1


def test_misfits_are_seen():
    shape = {"a": "number", "b?": "null|string", "c": [{"d": "boolean"}], "e": {"*": "string"}}

    assert misfits(shape, {"a": Decimal(1), "c": [{"d": True}], "e": {"x": "y"}}) == []
    assert misfits(shape, {"a": "1", "b": 2, "c": [{}, 3], "e": {"x": 1}, "f": 0}) == [
        ".a: string instead of number",
        ".b: number instead of null|string",
        ".c[0].d: missing",
        ".c[1]: number instead of an object",
        ".e.x: number instead of string",
        ".f: unheard of",
    ]
    assert misfits(shape, {}) == [".a: missing", ".c: missing", ".e: missing"]
