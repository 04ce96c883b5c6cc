"""Dhan's market data and forever orders over HTTP, as a program would ask for them."""

import pytest

from tests.infrastructure.simulator.brokers import at_dhan, day_token
from tests.infrastructure.simulator.support import OPENING_BELL
from tests.infrastructure.simulator.test_dhan_face import BUY_ONE_INFY, OCO, charts, error_of

NIFTY = {"UnderlyingScrip": 13, "UnderlyingSeg": "IDX_I"}
MINUTES = charts(interval="5", fromDate="2026-11-20 10:00:00", toDate="2026-11-20 10:10:00")


@pytest.fixture
def alice(kite):
    with at_dhan(kite, day_token(kite, "dhan", "ALICE")) as http:
        yield http


def number_of(answer) -> tuple[int, str]:
    assert answer.json()["status"] == "failed"
    (number,) = answer.json()["data"]
    return answer.status_code, number


def test_every_segment_has_its_own_part_of_the_answer(alice):
    asked = {"NSE_EQ": [1594, 1], "IDX_I": [13], "BSE_EQ": [500209], "dhanClientId": "ALICE"}

    data = alice.post("/marketfeed/ltp", json=asked).json()["data"]

    assert {segment: list(known) for segment, known in data.items()} == {
        "NSE_EQ": ["1594"],
        "IDX_I": ["13"],
        "BSE_EQ": ["500209"],
    }


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ({"NSE_EQ": ["1594"]}, "814"),
        ({"NSE_EQ": 1594}, "814"),
        ([], "814"),
        ({"NSE_EQ": list(range(1001))}, "804"),
    ],
)
def test_market_data_is_refused_by_numbers(alice, asked, number):
    assert number_of(alice.post("/marketfeed/quote", json=asked)) == (400, number)


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        (NIFTY, "814"),
        (NIFTY | {"Expiry": "2026-12-02"}, "811"),
        (NIFTY | {"Expiry": "next week"}, "812"),
        (NIFTY | {"Expiry": "2026-12-01", "UnderlyingScrip": 9}, "813"),
    ],
)
def test_a_chain_is_refused_by_numbers(alice, asked, number):
    assert number_of(alice.post("/optionchain", json=asked)) == (400, number)


def test_a_chain_names_its_strikes_with_six_decimals_and_its_contracts_by_number(alice):
    chain = alice.post("/optionchain", json=NIFTY | {"Expiry": "2026-12-01"}).json()["data"]

    row = chain["oc"]["25050.000000"]
    assert row["ce"]["greeks"]["delta"] > 0 > row["pe"]["greeks"]["delta"]
    asked = {"NSE_FNO": [row["ce"]["security_id"]]}
    quoted = alice.post("/marketfeed/ltp", json=asked).json()["data"]["NSE_FNO"]
    assert quoted[str(row["ce"]["security_id"])]["last_price"] == row["ce"]["last_price"]


def test_bars_are_columns_named_by_seconds(alice):
    columns = alice.post("/charts/intraday", json=MINUTES).json()

    assert columns["timestamp"] == [1795149000, 1795149300, 1795149600]
    assert {len(column) for column in columns.values()} == {3}


def test_the_last_of_the_days_is_left_out(alice):
    """From Monday to Friday: four days."""
    columns = alice.post("/charts/historical", json=charts()).json()

    assert [at % 86_400 for at in columns["timestamp"]] == [18.5 * 3600] * 4


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"interval": "3"}, "DH-905"),
        ({"fromDate": "2026-08-01 10:00:00"}, "DH-905"),
        ({"fromDate": "soon"}, "DH-905"),
        ({"instrument": "INDEX"}, "DH-905"),
        ({"securityId": "1"}, "DH-905"),
        ({"fromDate": "2026-11-21", "toDate": "2026-11-22"}, "DH-907"),
    ],
)
def test_bars_are_refused_in_the_words_of_the_trading_api(alice, change, code):
    assert error_of(alice.post("/charts/intraday", json=MINUTES | change)) == (400, code)


def test_a_forever_order_has_a_row_for_each_leg(alice):
    order_id = alice.post("/forever/orders", json=OCO).json()["orderId"]

    target, stop = alice.get("/forever/orders").json()

    assert (target["orderId"], stop["orderId"]) == (order_id, order_id)
    assert (target["legName"], target["triggerPrice"], target["price"]) == (
        "TARGET_LEG",
        1600,
        1600,
    )
    assert (stop["legName"], stop["triggerPrice"], stop["price"]) == (
        "STOP_LOSS_LEG",
        1400,
        1399.95,
    )


@pytest.mark.parametrize(
    "change",
    [
        {"price": 1399.95, "triggerPrice": 1400, "price1": 1600, "triggerPrice1": 1600},
        {"transactionType": "BUY"},
        {"quantity1": 0},
        {"productType": "INTRADAY"},
        {"triggerPrice": 1450},
        {"price": 1600.03},
        {"securityId": "1"},
    ],
)
def test_a_forever_order_that_makes_no_sense_is_refused(alice, change):
    assert error_of(alice.post("/forever/orders", json=OCO | change)) == (400, "DH-905")
    assert alice.get("/forever/orders").json() == []


def test_one_leg_is_changed_by_its_name(alice):
    order_id = alice.post("/forever/orders", json=OCO).json()["orderId"]
    change = {
        "dhanClientId": "ALICE",
        "orderId": order_id,
        "orderFlag": "OCO",
        "orderType": "LIMIT",
        "legName": "STOP_LOSS_LEG",
        "quantity": 4,
        "price": 1389.5,
        "triggerPrice": 1390,
        "validity": "DAY",
    }

    assert alice.put(f"/forever/orders/{order_id}", json=change).status_code == 200

    target, stop = alice.get("/forever/orders").json()
    assert (target["quantity"], target["triggerPrice"]) == (10, 1600)
    assert (stop["quantity"], stop["triggerPrice"], stop["price"]) == (4, 1390, 1389.5)
    for wrong in ({"orderFlag": "SINGLE"}, {"legName": "ENTRY_LEG"}, {"orderId": "1"}):
        answer = alice.put(f"/forever/orders/{order_id}", json=change | wrong)
        assert error_of(answer) == (400, "DH-905")


@pytest.mark.parametrize(("sold", "status"), [("BUY", "TRADED"), ("SELL", "REJECTED")])
def test_a_fired_leg_says_what_became_of_it_and_the_other_is_cancelled(kite, alice, sold, status):
    """There is nothing to sell."""
    above, below = {"price": 1490, "triggerPrice": 1489.5}, {"price": 1487, "triggerPrice": 1488}
    first, second = (above, below) if sold == "SELL" else (below, above)
    near = first | {f"{name}1": value for name, value in second.items()}
    alice.post("/forever/orders", json=OCO | near | {"transactionType": sold}).raise_for_status()
    kite.clock.advance(hours=4)

    rows = alice.get("/forever/orders").json()

    assert sorted(row["orderStatus"] for row in rows) == ["CANCELLED", status]


def test_the_kill_switch_is_told_by_the_query(alice):
    on = alice.post("/killswitch?killSwitchStatus=ACTIVATE").json()
    assert on["killSwitchStatus"] == "Kill Switch has been successfully activated"
    assert alice.get("/killswitch").json()["killSwitchStatus"] == "ACTIVATE"
    assert error_of(alice.post("/orders", json=BUY_ONE_INFY)) == (400, "DH-906")

    alice.post("/killswitch?killSwitchStatus=DEACTIVATE")

    assert alice.get("/killswitch").json()["killSwitchStatus"] == "DEACTIVATE"
    assert error_of(alice.post("/killswitch")) == (400, "DH-905")


def test_a_contract_is_shown_under_dhans_own_name(alice):
    chain = alice.post("/optionchain", json=NIFTY | {"Expiry": "2026-12-01"}).json()["data"]
    number = chain["oc"]["25050.000000"]["ce"]["security_id"]
    order = {
        "exchangeSegment": "NSE_FNO",
        "securityId": str(number),
        "productType": "MARGIN",
        "quantity": 65,
    }

    alice.post("/orders", json=BUY_ONE_INFY | order).raise_for_status()

    (row,) = alice.get("/orders").json()
    assert row["tradingSymbol"] == "NIFTY-Dec2026-25050-CE"
    assert (row["drvExpiryDate"], row["drvOptionType"], row["drvStrikePrice"]) == (
        "2026-12-01",
        "CALL",
        25050,
    )
    assert (row["exchangeSegment"], row["productType"]) == ("NSE_FNO", "MARGIN")


def test_orders_come_from_registered_addresses_only(kite, alice):
    kite.http.post(
        "/simulator/addresses",
        json={"broker": "dhan", "user": "ALICE", "addresses": ["192.0.2.1"]},
    ).raise_for_status()

    assert error_of(alice.post("/orders", json=BUY_ONE_INFY)) == (400, "DH-905")
    assert error_of(alice.post("/forever/orders", json=OCO)) == (400, "DH-905")
    assert alice.get("/orders").json() == []
    assert alice.post("/marketfeed/ltp", json={"NSE_EQ": [1594]}).status_code == 200


def test_quotes_are_taken_once_a_second_once_limits_are_on(kite, alice):
    kite.http.post("/simulator/limits", json={"on": True}).raise_for_status()
    asked = {"NSE_EQ": [1594]}

    answers = [alice.post("/marketfeed/ltp", json=asked) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 429]
    assert error_of(answers[1]) == (429, "DH-904")
    kite.clock.at = OPENING_BELL
    kite.clock.advance(seconds=1)
    assert alice.post("/marketfeed/ltp", json=asked).status_code == 200
