from urllib.parse import parse_qs, urlsplit

import pytest

BUY_ONE_INFY = {
    "exchange": "NSE",
    "tradingsymbol": "INFY",
    "transaction_type": "BUY",
    "quantity": "1",
    "product": "CNC",
    "order_type": "MARKET",
    "market_protection": "-1",
}


@pytest.fixture
def alice(kite):
    with kite.as_user(kite.access_token("ALICE")) as http:
        yield http


@pytest.fixture
def bob(kite):
    with kite.as_user(kite.access_token("BOB")) as http:
        yield http


def error_of(answer) -> tuple[int, str]:
    assert answer.json()["status"] == "error"
    return answer.status_code, answer.json()["error_type"]


def test_a_request_token_becomes_an_access_token_once(kite):
    token = kite.request_token("alice")

    first, second = kite.redeem(token), kite.redeem(token)

    assert first.json()["data"]["user_id"] == "ALICE"
    assert first.json()["data"]["login_time"] == "2026-11-23 09:15:00"
    assert error_of(second) == (403, "TokenException")


def test_a_checksum_made_with_another_secret_is_refused_and_burns_nothing(kite):
    token = kite.request_token("ALICE")

    assert error_of(kite.redeem(token, secret="guess")) == (403, "TokenException")
    assert kite.redeem(token).status_code == 200


def test_a_request_token_ends_after_ten_minutes(kite):
    token = kite.request_token("ALICE")

    kite.clock.advance(minutes=10)

    assert error_of(kite.redeem(token)) == (403, "TokenException")


def test_an_access_token_ends_at_six_in_the_morning(kite, alice):
    kite.clock.advance(hours=20, minutes=44, seconds=59)
    assert alice.get("/user/profile").status_code == 200

    kite.clock.advance(seconds=1)

    assert error_of(alice.get("/user/profile")) == (403, "TokenException")


def test_after_logging_out_the_token_is_worth_nothing(kite):
    token = kite.access_token("ALICE")
    alice = kite.as_user(token)

    ended = alice.delete("/session/token", params={"api_key": "demo", "access_token": token})

    assert ended.json() == {"status": "success", "data": True}
    assert error_of(alice.get("/orders")) == (403, "TokenException")


def test_a_token_belongs_to_its_api_key(kite):
    token = kite.access_token("ALICE")

    answer = kite.http.get("/orders", headers={"Authorization": f"token other:{token}"})

    assert error_of(answer) == (403, "TokenException")


def test_the_login_page_sends_the_browser_back_to_the_app_with_what_it_was_given(kite):
    kite.http.post(
        "/simulator/apps",
        json={"api_key": "mine", "api_secret": "s", "redirect_url": "http://127.0.0.1:1/back"},
    )

    answer = kite.http.get(
        "/connect/login",
        params={"v": "3", "api_key": "mine", "user_id": "ALICE", "redirect_params": "state=x%2Fy"},
    )

    assert answer.status_code == 302
    back = urlsplit(answer.headers["location"])
    assert back.netloc + back.path == "127.0.0.1:1/back"
    told = parse_qs(back.query)
    assert told["state"] == ["x/y"]
    assert told["status"] == ["success"]
    redeemed = kite.redeem(told["request_token"][0], api_key="mine", secret="s")
    assert redeemed.json()["data"]["user_id"] == "ALICE"


def test_without_an_address_to_go_back_to_the_page_shows_the_token(kite):
    page = kite.http.get("/connect/login", params={"v": "3", "api_key": "demo", "user_id": "bob"})

    token = page.text.partition("<code>")[2].partition("</code>")[0]
    assert kite.redeem(token).json()["data"]["user_id"] == "BOB"


def test_without_a_user_the_page_asks_for_one_and_echoes_nothing_unescaped(kite):
    page = kite.http.get(
        "/connect/login", params={"v": "3", "api_key": "demo", "redirect_params": '"><script>'}
    )

    assert 'name="user_id"' in page.text
    assert "<script>" not in page.text


def test_an_order_and_its_history_look_like_kites(kite, alice):
    placed = alice.post("/orders/regular", data=BUY_ONE_INFY | {"tag": "abc1"})

    order_id = placed.json()["data"]["order_id"]
    assert order_id == "261123033300001"
    (order,) = alice.get("/orders").json()["data"]
    assert order["status"] == "COMPLETE"
    assert order["average_price"] == 1488.8
    assert order["order_timestamp"] == "2026-11-23 09:15:00"
    assert order["tag"] == "abc1"
    assert order["tags"] == ["mktp", "abc1"]  # Kite tags protected orders itself
    assert order["instrument_token"] == 408065
    history = alice.get(f"/orders/{order_id}").json()["data"]
    assert [step["status"] for step in history] == [
        "PUT ORDER REQ RECEIVED",
        "VALIDATION PENDING",
        "OPEN PENDING",
        "OPEN",
        "COMPLETE",
    ]
    (trade,) = alice.get(f"/orders/{order_id}/trades").json()["data"]
    assert trade["order_timestamp"] == "09:15:00"
    assert alice.get("/trades").json()["data"] == [trade]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"tag": "a-b"}, (400, "InputException")),
        ({"tag": "a" * 21}, (400, "InputException")),
        ({"market_protection": "0"}, (400, "InputException")),
        ({"tradingsymbol": "NOPE"}, (400, "InputException")),
        ({"exchange": "MCX"}, (400, "InputException")),
        ({"exchange": "NFO"}, (400, "InputException")),
        ({"market_protection": "101"}, (400, "InputException")),
        ({"market_protection": "x"}, (400, "InputException")),
        ({"market_protection": "NaN"}, (400, "InputException")),
        ({"disclosed_quantity": "-1"}, (400, "InputException")),
        ({"quantity": "1.5"}, (400, "InputException")),
        ({"quantity": "0"}, (400, "InputException")),
        ({"product": "NRML"}, (400, "InputException")),
        ({"order_type": "LIMIT"}, (400, "InputException")),
        ({"order_type": "LIMIT", "price": "NaN"}, (400, "InputException")),
        ({"order_type": "LIMIT", "price": "1480.03"}, (400, "InputException")),
        ({"quantity": "10000"}, (400, "MarginException")),
    ],
)
def test_a_wrong_order_is_refused_and_does_not_exist(kite, alice, change, expected):
    assert error_of(alice.post("/orders/regular", data=BUY_ONE_INFY | change)) == expected
    assert kite.exchange.accepted() == ()


def test_an_unknown_variety_is_refused(alice):
    assert error_of(alice.post("/orders/iceberg", data=BUY_ONE_INFY)) == (400, "InputException")


def test_an_order_can_be_modified_and_cancelled(alice):
    waiting = BUY_ONE_INFY | {"order_type": "LIMIT", "price": "1400"}
    order_id = alice.post("/orders/regular", data=waiting).json()["data"]["order_id"]

    changed = alice.put(f"/orders/regular/{order_id}", data={"price": "1410", "quantity": "2"})
    cancelled = alice.delete(f"/orders/regular/{order_id}")

    assert changed.json()["data"] == {"order_id": order_id}
    assert cancelled.json()["data"] == {"order_id": order_id}
    (order,) = alice.get("/orders").json()["data"]
    assert (order["price"], order["quantity"], order["status"]) == (1410, 2, "CANCELLED")
    assert error_of(alice.delete(f"/orders/regular/{order_id}")) == (400, "OrderException")


def test_one_customer_cannot_see_or_touch_anothers_orders(alice, bob):
    waiting = BUY_ONE_INFY | {"order_type": "LIMIT", "price": "1400"}
    order_id = alice.post("/orders/regular", data=waiting).json()["data"]["order_id"]

    assert bob.get("/orders").json()["data"] == []
    assert error_of(bob.get(f"/orders/{order_id}")) == (404, "GeneralException")
    assert error_of(bob.delete(f"/orders/regular/{order_id}")) == (404, "GeneralException")
    assert alice.get("/orders").json()["data"][0]["status"] == "OPEN"


def test_portfolios_differ_and_add_up(alice, bob):
    alice.post("/orders/regular", data=BUY_ONE_INFY)

    (position,) = alice.get("/portfolio/positions").json()["data"]["net"]
    assert (position["quantity"], position["average_price"]) == (1, 1488.8)
    assert alice.get("/user/margins").json()["data"]["equity"]["net"] == 998511.2
    assert alice.get("/user/margins/commodity").json()["data"]["net"] == 0
    assert alice.get("/portfolio/holdings").json()["data"][0]["tradingsymbol"] == "ITC"
    assert bob.get("/portfolio/holdings").json()["data"][0]["tradingsymbol"] == "ADANIPORTS"
    assert bob.get("/portfolio/positions").json()["data"] == {"net": [], "day": []}


def test_unknown_symbols_are_silently_missing_from_last_prices(alice):
    answer = alice.get("/quote/ltp", params={"i": ["NSE:INFY", "NSE:NOPE"]})

    assert answer.json()["data"] == {"NSE:INFY": {"instrument_token": 408065, "last_price": 1488.8}}
