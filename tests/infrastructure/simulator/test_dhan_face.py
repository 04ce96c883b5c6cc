import pytest

from infrastructure.simulator.proof import far_side_is_our_simulator
from tests.infrastructure.simulator.brokers import at_dhan, day_token

BUY_ONE_INFY = {
    "dhanClientId": "ALICE",
    "transactionType": "BUY",
    "exchangeSegment": "NSE_EQ",
    "productType": "CNC",
    "orderType": "MARKET",
    "validity": "DAY",
    "securityId": "1594",
    "quantity": 1,
    "disclosedQuantity": 0,
    "price": 0.0,
    "afterMarketOrder": False,
    "boProfitValue": None,
    "boStopLossValue": None,
    "triggerPrice": 0.0,
    "correlationId": "c1",
}
WAITING = BUY_ONE_INFY | {"orderType": "LIMIT", "price": 1400}
OCO = {
    "dhanClientId": "ALICE",
    "orderFlag": "OCO",
    "transactionType": "SELL",
    "exchangeSegment": "NSE_EQ",
    "productType": "CNC",
    "orderType": "LIMIT",
    "validity": "DAY",
    "securityId": "1594",
    "quantity": 10,
    "price": 1600,
    "triggerPrice": 1600,
    "price1": 1399.95,
    "triggerPrice1": 1400,
    "quantity1": 10,
}


def charts(**changes):
    return {
        "dhanClientId": "ALICE",
        "securityId": "1594",
        "exchangeSegment": "NSE_EQ",
        "instrument": "EQUITY",
        "expiryCode": 0,
        "oi": False,
        "fromDate": "2026-11-16",
        "toDate": "2026-11-20",
    } | changes


@pytest.fixture
def alice(kite):
    with at_dhan(kite, day_token(kite, "dhan", "ALICE")) as http:
        yield http


@pytest.fixture
def bob(kite):
    with at_dhan(kite, day_token(kite, "dhan", "BOB")) as http:
        yield http


def error_of(answer) -> tuple[int, str]:
    assert set(answer.json()) == {"errorType", "errorCode", "errorMessage"}
    return answer.status_code, answer.json()["errorCode"]


def test_a_token_belongs_to_its_client_id(alice):
    for header in ("client-id", "dhanClientId"):
        assert error_of(alice.get("/orders", headers={header: "BOB"})) == (401, "DH-901")
    assert error_of(alice.post("/orders", json=BUY_ONE_INFY | {"dhanClientId": "BOB"})) == (
        401,
        "DH-901",
    )


def test_an_order_looks_like_dhans(alice):
    placed = alice.post("/orders", json=BUY_ONE_INFY)

    assert placed.json() == {"orderId": "261123033300001", "orderStatus": "TRADED"}
    (order,) = alice.get("/orders").json()
    assert (order["averageTradedPrice"], order["filledQty"]) == (1488.8, 1)
    assert order["createTime"] == "2026-11-23 09:15:00"
    assert alice.get("/orders/261123033300001").json() == order
    assert alice.get("/orders/external/c1").json() == order
    (trade,) = alice.get("/trades").json()
    assert (trade["tradedQuantity"], trade["tradedPrice"]) == (1, 1488.8)
    assert alice.get("/trades/261123033300001").json() == [trade]


def test_a_correlation_id_is_not_checked_and_finds_the_latest_order(kite, alice):
    alice.post("/orders", json=BUY_ONE_INFY)
    alice.post("/orders", json=WAITING)

    assert len(kite.exchange.accepted()) == 2
    assert alice.get("/orders/external/c1").json()["orderStatus"] == "PENDING"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"securityId": "1"}, (400, "DH-905")),
        ({"securityId": 1594}, (400, "DH-905")),
        ({"exchangeSegment": "BSE_EQ"}, (400, "DH-905")),
        ({"exchangeSegment": "MCX_COMM"}, (400, "DH-905")),
        ({"quantity": 0}, (400, "DH-905")),
        ({"quantity": 1.5}, (400, "DH-905")),
        ({"productType": "MIS"}, (400, "DH-905")),
        ({"orderType": "SL"}, (400, "DH-905")),
        ({"orderType": "LIMIT"}, (400, "DH-905")),
        ({"orderType": "STOP_LOSS", "price": 1400}, (400, "DH-905")),
        ({"orderType": "LIMIT", "price": 1480.03}, (400, "DH-905")),
        ({"correlationId": "a" * 31}, (400, "DH-905")),
        ({"quantity": 10000}, (400, "DH-906")),
    ],
)
def test_a_wrong_order_is_refused_and_does_not_exist(kite, alice, change, expected):
    assert error_of(alice.post("/orders", json=BUY_ONE_INFY | change)) == expected
    assert kite.exchange.accepted() == ()


def changed(order_id, **changes):
    return {
        "dhanClientId": "ALICE",
        "orderId": order_id,
        "orderType": "LIMIT",
        "legName": "",
        "quantity": 1,
        "price": 1400,
        "disclosedQuantity": 0,
        "triggerPrice": 0,
        "validity": "DAY",
    } | changes


@pytest.mark.parametrize("left_out", ["orderType", "quantity", "price", "triggerPrice", "validity"])
def test_a_modification_that_leaves_a_field_out_is_refused(alice, left_out):
    order_id = alice.post("/orders", json=WAITING).json()["orderId"]
    change = changed(order_id, price=1410)
    del change[left_out]

    assert error_of(alice.put(f"/orders/{order_id}", json=change)) == (400, "DH-905")
    assert alice.get(f"/orders/{order_id}").json()["price"] == 1400


def test_an_order_can_be_modified_and_cancelled(alice):
    order_id = alice.post("/orders", json=WAITING).json()["orderId"]
    change = changed(order_id, quantity=2, price=1410)

    alice.put(f"/orders/{order_id}", json=change)
    cancelled = alice.delete(f"/orders/{order_id}")

    assert (cancelled.status_code, cancelled.json()["orderStatus"]) == (202, "CANCELLED")
    order = alice.get(f"/orders/{order_id}").json()
    assert (order["price"], order["quantity"]) == (1410, 2)
    assert error_of(alice.delete(f"/orders/{order_id}")) == (400, "DH-906")


def test_one_customer_cannot_see_or_touch_anothers_orders(alice, bob):
    order_id = alice.post("/orders", json=WAITING).json()["orderId"]

    assert bob.get("/orders").json() == []
    assert error_of(bob.get(f"/orders/{order_id}")) == (404, "DH-906")
    assert error_of(bob.get("/orders/external/c1")) == (404, "DH-906")
    assert error_of(bob.delete(f"/orders/{order_id}")) == (404, "DH-906")


def test_portfolios_differ_and_add_up(alice, bob):
    alice.post("/orders", json=BUY_ONE_INFY)

    (position,) = alice.get("/positions").json()
    assert (position["positionType"], position["netQty"]) == ("LONG", 1)
    assert (position["costPrice"], position["unrealizedProfit"]) == (1488.8, 0)
    assert alice.get("/fundlimit").json()["availabelBalance"] == 998511.2
    assert alice.get("/holdings").json() != bob.get("/holdings").json()


def test_what_a_part_of_a_position_has_earned_is_realised(kite, alice):
    intraday = BUY_ONE_INFY | {"productType": "INTRADAY", "quantity": 10}
    alice.post("/orders", json=intraday)
    kite.clock.advance(minutes=30)
    alice.post("/orders", json=intraday | {"transactionType": "SELL", "quantity": 4})

    (position,) = alice.get("/positions").json()
    gain_each = position["sellAvg"] - position["buyAvg"]
    assert gain_each != 0
    assert position["realizedProfit"] == pytest.approx(4 * gain_each)


def test_no_holdings_are_an_error_and_not_an_empty_list(kite, alice):
    for row in alice.get("/holdings").json():
        sold = {"securityId": row["securityId"], "quantity": row["totalQty"]}
        alice.post("/orders", json=BUY_ONE_INFY | sold | {"transactionType": "SELL"})
    kite.clock.advance(hours=21)
    with at_dhan(kite, day_token(kite, "dhan", "ALICE")) as http:
        assert error_of(http.get("/holdings")) == (404, "DH-1111")


def conversion(**changes):
    return {
        "dhanClientId": "ALICE",
        "fromProductType": "INTRADAY",
        "exchangeSegment": "NSE_EQ",
        "positionType": "LONG",
        "securityId": "1594",
        "convertQty": 4,
        "toProductType": "CNC",
    } | changes


def test_a_conversion_is_accepted_without_a_word_and_done_once(alice):
    alice.post("/orders", json=BUY_ONE_INFY | {"productType": "INTRADAY", "quantity": 10})

    answer = alice.post("/positions/convert", json=conversion())

    assert (answer.status_code, answer.content) == (202, b"")
    held = {row["productType"]: row["netQty"] for row in alice.get("/positions").json()}
    assert held == {"INTRADAY": 6, "CNC": 4}
    assert alice.get("/fundlimit").json()["utilizedAmount"] == 7741.76


def test_a_conversion_that_cannot_be_leaves_everything_as_it_was(alice):
    alice.post("/orders", json=BUY_ONE_INFY | {"productType": "INTRADAY", "quantity": 3000})
    before = alice.get("/positions").json()

    for changes in ({"convertQty": 3000}, {"convertQty": 3001}, {"toProductType": "INTRADAY"}):
        assert alice.post("/positions/convert", json=conversion(**changes)).status_code == 400

    assert alice.get("/positions").json() == before


def test_asking_for_a_tpin_is_accepted_without_a_word(alice):
    answer = alice.get("/edis/tpin")

    assert (answer.status_code, answer.content) == (202, b"")


def test_last_prices_come_by_security_id(alice):
    answer = alice.post("/marketfeed/ltp", json={"NSE_EQ": [1594, 1], "dhanClientId": "ALICE"})

    assert answer.json() == {
        "data": {"NSE_EQ": {"1594": {"last_price": 1488.8}}},
        "status": "success",
    }


def test_it_proves_that_it_is_ours_as_dhan_too(kite):
    assert far_side_is_our_simulator(kite.url, "dhan", kite.keys_dir)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("status:429", (429, "DH-904")),
        ("status:500", (500, "DH-908")),
        ("status:503", (503, "DH-909")),
        ("status:418", (418, "DH-910")),
    ],
)
def test_faults_hit_one_user_of_dhan_in_dhans_own_words(kite, alice, bob, fault, expected):
    kite.fault(fault=fault, route="/v2/orders", user="ALICE")

    assert bob.get("/orders").status_code == 200
    assert error_of(alice.get("/orders")) == expected


def test_a_body_nested_without_end_is_refused_as_any_other_bad_one(alice):
    assert error_of(alice.post("/orders", content=b'{"a":' + b"[" * 5_000)) == (400, "DH-905")
