"""The simulated Kite's market, GTT, margins and conversions, spoken to like a program."""

import json

import pytest

from infrastructure.simulator.market.universe import listed
from tests.infrastructure.simulator.support import OPENING_BELL, simulated_kite


@pytest.fixture(scope="module")
def kite(tmp_path_factory):
    with simulated_kite(tmp_path_factory.mktemp("keys")) as simulator:
        yield simulator


@pytest.fixture
def alice(kite):
    with kite.as_user(kite.access_token("ALICE")) as http:
        yield http


def error_of(answer):
    told = answer.json()
    assert told["status"] == "error"
    return answer.status_code, told["error_type"], told["message"]


INVALID = 400, "InputException"


@pytest.mark.parametrize(
    ("path", "params", "message"),
    [
        ("/quote/ltp", {}, "Invalid `i`."),
        ("/quote", {"i": ["NSE:INFY"] * 501}, "Invalid `i`."),
        ("/quote/ohlc", {"i": ["NSE:INFY"] * 1001}, "Invalid `i`."),
    ],
)
def test_quotes_of_nothing_or_of_too_much_are_refused(alice, path, params, message):
    assert error_of(alice.get(path, params=params)) == (*INVALID, message)


def test_indices_contracts_and_both_exchanges_have_quotes(alice):
    listing = listed(OPENING_BELL)
    option = listing.chain("NIFTY", listing.expiries("NIFTY")[0])[20].call
    names = ["NSE:NIFTY 50", "BSE:INFY", "BSE:SENSEX", f"NFO:{option.symbol}", "NFO:INFY"]

    answer = alice.get("/quote/ltp", params={"i": names}).json()["data"]

    assert sorted(answer) == sorted(names[:4])
    assert answer["NSE:NIFTY 50"]["instrument_token"] == 256265


@pytest.mark.parametrize(
    ("path", "changed", "message"),
    [
        ("1/minute", {}, "Invalid `token`."),
        ("408065/2minute", {}, "Invalid `interval`."),
        ("408065/minute", {"from": "2026-09-01 00:00:00"}, "interval exceeds max limit: 60 days"),
        ("408065/minute", {"from": "yesterday"}, "Invalid `from`."),
        ("408065/minute", {"to": "2026-11-20T10:00:00+05:30"}, "Invalid `to`."),
    ],
)
def test_candles_that_kite_would_not_give_are_refused(alice, path, changed, message):
    span = {"from": "2026-11-20 09:15:00", "to": "2026-11-20 09:20:00"} | changed

    answer = alice.get(f"/instruments/historical/{path}", params=span)

    assert error_of(answer) == (*INVALID, message)


def test_both_ends_of_a_span_of_candles_are_included_and_written_with_the_offset(alice):
    span = {"from": "2026-11-20 09:15:00", "to": "2026-11-20 09:17:00"}

    answer = alice.get("/instruments/historical/408065/minute", params=span)

    assert [row[0] for row in answer.json()["data"]["candles"]] == [
        "2026-11-20T09:15:00+0530",
        "2026-11-20T09:16:00+0530",
        "2026-11-20T09:17:00+0530",
    ]


def gtt(**changed):
    leg = {
        "exchange": "NSE",
        "tradingsymbol": "INFY",
        "transaction_type": "BUY",
        "quantity": 1,
        "order_type": "LIMIT",
        "product": "CNC",
        "price": 1400,
    } | changed
    condition = {
        "exchange": "NSE",
        "tradingsymbol": "INFY",
        "trigger_values": [1400],
        "last_price": 1488.8,
    }
    return {
        "type": "single",
        "condition": json.dumps(condition),
        "orders": json.dumps([leg]),
    }


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (gtt() | {"type": "three-leg"}, "Invalid `type`."),
        (gtt() | {"type": "two-leg"}, "Invalid `trigger_values`."),
        (gtt() | {"orders": "["}, "Invalid `condition` or `orders`."),
        (gtt(order_type="MARKET"), "Only LIMIT orders are allowed for GTT."),
        (gtt(quantity=0), "Invalid `quantity`."),
        (gtt(product="BO"), "Invalid `product`."),
    ],
)
def test_a_gtt_that_makes_no_sense_is_refused(alice, form, message):
    assert error_of(alice.post("/gtt/triggers", data=form)) == (*INVALID, message)


def test_a_gtt_belongs_to_one_customer(kite, alice):
    made = alice.post("/gtt/triggers", data=gtt()).json()["data"]["trigger_id"]
    with kite.as_user(kite.access_token("BOB")) as bob:
        answers = [
            bob.get(f"/gtt/triggers/{made}"),
            bob.delete(f"/gtt/triggers/{made}"),
            bob.put(f"/gtt/triggers/{made}", data=gtt()),
        ]
        assert bob.get("/gtt/triggers").json()["data"] == []

    assert {error_of(answer)[:2] for answer in answers} == {(404, "GeneralException")}


ORDER = {
    "exchange": "NSE",
    "tradingsymbol": "INFY",
    "transaction_type": "BUY",
    "variety": "regular",
    "product": "CNC",
    "order_type": "MARKET",
    "quantity": 10,
}


def test_compact_margins_are_totals(alice):
    params = {"mode": "compact", "consider_positions": "True"}

    answer = alice.post("/margins/basket", params=params, json=[ORDER]).json()["data"]

    assert len(answer["final"]) == 5
    assert answer["final"]["total"] == 14888.0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/margins/orders", {"not": "a list"}),
        ("/margins/orders", [{}]),
        ("/margins/basket?mode=full", [ORDER]),
        ("/margins/basket?consider_positions=perhaps", [ORDER]),
        ("/charges/orders", [ORDER]),
        ("/charges/orders", [ORDER | {"average_price": "1400"}]),
    ],
)
def test_what_the_calculators_cannot_reckon_with_is_refused(alice, path, body):
    assert error_of(alice.post(path, json=body))[:2] == INVALID


def test_a_position_that_is_not_there_cannot_be_converted(alice):
    form = {
        "exchange": "NSE",
        "tradingsymbol": "TCS",
        "transaction_type": "BUY",
        "position_type": "day",
        "quantity": "5",
        "old_product": "MIS",
        "new_product": "CNC",
    }

    assert error_of(alice.put("/portfolio/positions", data=form))[:2] == (400, "OrderException")
    assert (
        error_of(alice.put("/portfolio/positions", data=form | {"position_type": "x"}))[:2]
        == INVALID
    )


def buying_too_much(slices):
    """As many slices of NIFTY futures, in lots; the exchange takes one at a time."""
    listing = listed(OPENING_BELL)
    future = listing.future("NIFTY", listing.future_expiries("NIFTY")[0])
    assert future is not None
    assert future.freeze_shares is not None
    lots = future.freeze_shares // future.lot_size_shares
    return {
        "exchange": "NFO",
        "tradingsymbol": future.symbol,
        "transaction_type": "BUY",
        "quantity": str(slices * lots * future.lot_size_shares),
        "product": "NRML",
        "order_type": "MARKET",
        "market_protection": "-1",
    }


def test_an_order_beyond_the_freeze_quantity_is_sliced_when_asked(kite):
    rich = {"broker": "kite", "user": "RICH", "cash_inr": "100000000"}
    kite.http.post("/simulator/users", json=rich).raise_for_status()
    form = buying_too_much(slices=2)

    with kite.as_user(kite.access_token("RICH")) as http:
        whole = http.post("/orders/regular", data=form)
        sliced = http.post("/orders/regular", data=form | {"autoslice": "true"})
        book = http.get("/orders").json()["data"]

    assert error_of(whole)[:2] == INVALID
    told = sliced.json()["data"]
    (child,) = told["children"]
    assert [order["order_id"] for order in book] == [told["order_id"], child["order_id"]]
    assert sum(order["quantity"] for order in book) == int(form["quantity"])


def test_a_slice_that_is_refused_says_why_by_itself(kite):
    less_rich = {"broker": "kite", "user": "LESSRICH", "cash_inr": "9000000"}
    kite.http.post("/simulator/users", json=less_rich).raise_for_status()

    with kite.as_user(kite.access_token("LESSRICH")) as http:
        form = buying_too_much(slices=2) | {"autoslice": "true"}
        told = http.post("/orders/regular", data=form).json()["data"]

    (child,) = told["children"]
    assert child["error"]["error_type"] == "MarginException"
    assert child["error"]["message"].startswith("Insufficient funds.")
