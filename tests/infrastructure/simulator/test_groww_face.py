import pytest

from infrastructure.simulator.proof import far_side_is_our_simulator
from tests.infrastructure.simulator.brokers import at_groww, day_token

BUY_ONE_INFY = {
    "trading_symbol": "INFY",
    "quantity": 1,
    "price": 0.0,
    "trigger_price": None,
    "validity": "DAY",
    "exchange": "NSE",
    "segment": "CASH",
    "product": "CNC",
    "order_type": "MARKET",
    "transaction_type": "BUY",
    "order_reference_id": "ref-00000001",
}
WAITING = BUY_ONE_INFY | {"order_type": "LIMIT", "price": 1400}


@pytest.fixture
def alice(kite):
    with at_groww(kite, day_token(kite, "groww", "ALICE")) as http:
        yield http


@pytest.fixture
def bob(kite):
    with at_groww(kite, day_token(kite, "groww", "BOB")) as http:
        yield http


def payload(answer):
    assert (answer.status_code, answer.json()["status"]) == (200, "SUCCESS")
    return answer.json()["payload"]


def error_of(answer) -> tuple[int, str]:
    assert answer.json()["status"] == "FAILURE"
    return answer.status_code, answer.json()["error"]["code"]


def test_an_order_looks_like_growws(kite, alice):
    placed = payload(alice.post("/order/create", json=BUY_ONE_INFY))

    assert placed == {
        "groww_order_id": "261123033300001",
        "order_status": "EXECUTED",
        "remark": "Order placed successfully",
        "filled_quantity": 1,
        "order_reference_id": "ref-00000001",
    }
    (order,) = payload(alice.get("/order/list"))["order_list"]
    assert order["average_fill_price"] == 1488.8
    assert order["created_at"] == "2026-11-23T09:15:00"
    assert payload(alice.get("/order/detail/261123033300001")) == order
    status = payload(alice.get("/order/status/261123033300001"))
    assert payload(alice.get("/order/status/reference/ref-00000001")) == status
    (trade,) = payload(alice.get("/order/trades/261123033300001"))["trade_list"]
    assert (trade["quantity"], trade["price"]) == (1, 1488.8)


def test_a_reference_is_good_for_one_order_per_user(kite, alice, bob):
    alice.post("/order/create", json=BUY_ONE_INFY)

    assert error_of(alice.post("/order/create", json=BUY_ONE_INFY)) == (409, "GA007")
    assert payload(bob.post("/order/create", json=BUY_ONE_INFY))
    assert len(kite.exchange.accepted()) == 2


def test_a_reference_of_a_refused_order_may_be_used_again(kite, alice):
    alice.post("/order/create", json=BUY_ONE_INFY | {"quantity": 100000})

    assert payload(alice.post("/order/create", json=BUY_ONE_INFY))


def test_the_book_comes_in_pages_of_25_whatever_is_asked_for(alice):
    for number in range(27):
        reference = {"order_reference_id": f"reference-{number:03}"}
        alice.post("/order/create", json=WAITING | reference)

    def page(**asked):
        return len(payload(alice.get("/order/list", params=asked))["order_list"])

    assert [page(), page(page=0, page_size=100), page(page=1), page(page=2)] == [25, 25, 2, 0]
    assert page(segment="FNO") == 0
    assert error_of(alice.get("/order/list", params={"page": "x"})) == (400, "GA001")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"order_reference_id": "short"}, (400, "GA001")),
        ({"order_reference_id": "a-b-c-d-efgh"}, (400, "GA001")),
        ({"order_reference_id": "a" * 21}, (400, "GA001")),
        ({"trading_symbol": "NOPE"}, (400, "GA001")),
        ({"exchange": "BSE"}, (400, "GA001")),
        ({"segment": "FNO"}, (400, "GA001")),
        ({"quantity": 1.5}, (400, "GA001")),
        ({"quantity": 0}, (400, "GA001")),
        ({"product": "NRML"}, (400, "GA001")),
        ({"order_type": "SL-M"}, (400, "GA001")),
        ({"order_type": "LIMIT"}, (400, "GA001")),
        ({"order_type": "SL", "price": 1400}, (400, "GA001")),
        ({"order_type": "LIMIT", "price": 1480.03}, (400, "GA001")),
        ({"order_type": "LIMIT", "price": "NaN"}, (400, "GA001")),
        ({"order_type": "LIMIT", "price": 1e300}, (400, "GA001")),
        ({"quantity": 10000}, (400, "GA006")),
    ],
)
def test_a_wrong_order_is_refused_and_does_not_exist(kite, alice, change, expected):
    assert error_of(alice.post("/order/create", json=BUY_ONE_INFY | change)) == expected
    assert kite.exchange.accepted() == ()


def test_an_order_can_be_modified_and_cancelled(alice):
    order_id = payload(alice.post("/order/create", json=WAITING))["groww_order_id"]
    change = {"groww_order_id": order_id, "segment": "CASH", "order_type": "LIMIT"}

    alice.post("/order/modify", json=change | {"quantity": 2, "price": 1410})
    alice.post("/order/cancel", json={"groww_order_id": order_id, "segment": "CASH"})

    order = payload(alice.get(f"/order/detail/{order_id}"))
    assert (order["price"], order["quantity"], order["order_status"]) == (1410, 2, "CANCELLED")


def test_one_customer_cannot_see_or_touch_anothers_orders(alice, bob):
    order_id = payload(alice.post("/order/create", json=WAITING))["groww_order_id"]

    assert payload(bob.get("/order/list"))["order_list"] == []
    assert error_of(bob.get(f"/order/detail/{order_id}")) == (404, "GA004")
    assert error_of(bob.get("/order/status/reference/ref-00000001")) == (404, "GA004")
    cancelled = bob.post("/order/cancel", json={"groww_order_id": order_id, "segment": "CASH"})
    assert error_of(cancelled) == (404, "GA004")


def test_portfolios_differ_and_add_up(alice, bob):
    alice.post("/order/create", json=BUY_ONE_INFY)

    (position,) = payload(alice.get("/positions/user"))["positions"]
    assert (position["quantity"], position["net_price"]) == (1, 1488.8)
    assert payload(alice.get("/positions/user", params={"segment": "FNO"}))["positions"] == []
    assert payload(alice.get("/margins/detail/user"))["net_margin_used"] == 1488.8
    assert payload(alice.get("/holdings/user")) != payload(bob.get("/holdings/user"))


def test_last_prices_come_for_names_in_one_parameter_or_in_several(alice):
    one = alice.get("/live-data/ltp", params={"exchange_symbols": "NSE_INFY, NSE_TCS,NSE_NOPE"})
    several = alice.get("/live-data/ltp", params={"exchange_symbols": ["NSE_INFY", "NSE_TCS"]})

    assert payload(one) == payload(several)
    assert payload(one)["NSE_INFY"] == 1488.8


def test_it_proves_that_it_is_ours_as_groww_too(kite):
    assert far_side_is_our_simulator(kite.url, "groww", kite.keys_dir)


def test_faults_hit_groww_in_growws_own_words(kite, alice):
    kite.fault(fault="status:503", route="/v1/order", user="ALICE")
    kite.fault(fault="status:429", route="/v1/order", user="BOB")

    assert error_of(alice.post("/order/create", json=BUY_ONE_INFY)) == (503, "GA003")
    assert alice.post("/order/create", json=BUY_ONE_INFY).status_code == 200


def test_the_changelog_that_the_sdk_asks_for_is_empty(kite):
    assert kite.http.get("/v1/changelog").json() == {"info": [], "warning": []}
