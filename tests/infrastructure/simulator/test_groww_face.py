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
ONE_LOT = BUY_ONE_INFY | {
    "trading_symbol": "NIFTY26DECFUT",
    "segment": "FNO",
    "product": "NRML",
    "quantity": 65,
    "order_reference_id": "ref-00000002",
}
BUY_AT_1401_50 = {"order_type": "LIMIT", "price": "1401.50", "transaction_type": "BUY"}
GTT = {
    "reference_id": "gtt-00000001",
    "smart_order_type": "GTT",
    "segment": "CASH",
    "trading_symbol": "INFY",
    "quantity": 10,
    "trigger_price": "1400.00",
    "trigger_direction": "DOWN",
    "order": BUY_AT_1401_50,
    "product_type": "CNC",
    "exchange": "NSE",
    "duration": "DAY",
}
OCO = {
    "reference_id": "oco-00000001",
    "smart_order_type": "OCO",
    "segment": "CASH",
    "trading_symbol": "INFY",
    "quantity": 1,
    "net_position_quantity": 1,
    "transaction_type": "SELL",
    "target": {"trigger_price": "1600.00", "order_type": "LIMIT", "price": "1600.00"},
    "stop_loss": {"trigger_price": "1400.00", "order_type": "SL_M", "price": None},
    "product_type": "MIS",
    "exchange": "NSE",
    "duration": "DAY",
}


def candles(**change):
    return {
        "exchange": "NSE",
        "segment": "CASH",
        "groww_symbol": "NSE-INFY",
        "start_time": "2026-11-20 09:15:00",
        "end_time": "2026-11-20 09:20:00",
        "candle_interval": "1minute",
    } | change


@pytest.fixture
def alice(kite):
    with at_groww(kite, day_token(kite, "groww", "ALICE")) as http:
        yield http


@pytest.fixture
def bob(kite):
    with at_groww(kite, day_token(kite, "groww", "BOB")) as http:
        yield http


def payload(answer):
    assert answer.json()["status"] == "SUCCESS", answer.json()
    assert answer.status_code in (200, 201, 202)
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
        ({"exchange": "MCX"}, (400, "GA001")),
        ({"exchange": "BSE", "trading_symbol": "NIFTY"}, (400, "GA001")),
        ({"trading_symbol": "NIFTY"}, (400, "GA001")),
        ({"segment": "FNO"}, (400, "GA001")),
        ({"segment": "COMMODITY"}, (400, "GA001")),
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


def test_a_contract_is_ordered_at_its_home_exchange_and_listed_in_its_segment(alice):
    order_id = payload(alice.post("/order/create", json=ONE_LOT))["groww_order_id"]

    (order,) = payload(alice.get("/order/list", params={"segment": "FNO"}))["order_list"]
    assert (order["exchange"], order["segment"]) == ("NSE", "FNO")
    assert payload(alice.get("/order/list", params={"segment": "CASH"}))["order_list"] == []
    (position,) = payload(alice.get("/positions/user", params={"segment": "FNO"}))["positions"]
    assert (position["trading_symbol"], position["quantity"]) == ("NIFTY26DECFUT", 65)
    assert payload(alice.get("/positions/user", params={"segment": "CASH"}))["positions"] == []
    wrong = alice.get(f"/order/detail/{order_id}", params={"segment": "CASH"})
    assert error_of(wrong) == (404, "GA004")
    cancelled = {"groww_order_id": order_id, "segment": "CASH"}
    assert error_of(alice.post("/order/cancel", json=cancelled)) == (404, "GA004")


def test_a_position_is_asked_for_by_its_symbol(alice):
    alice.post("/order/create", json=BUY_ONE_INFY)

    def positions(symbol):
        asked = {"trading_symbol": symbol, "segment": "CASH"}
        return payload(alice.get("/positions/trading-symbol", params=asked))["positions"]

    assert [row["trading_symbol"] for row in positions("INFY")] == ["INFY"]
    assert positions("TCS") == []


def test_what_is_carried_into_the_day_is_told_apart(kite, alice):
    alice.post("/order/create", json=ONE_LOT | {"transaction_type": "SELL"})
    kite.clock.advance(days=1)
    with at_groww(kite, day_token(kite, "groww", "ALICE")) as tomorrow:
        asked = tomorrow.get("/positions/user", params={"segment": "FNO"})

    (position,) = payload(asked)["positions"]
    assert (position["quantity"], position["net_carry_forward_quantity"]) == (-65, -65)
    assert (position["carry_forward_debit_quantity"], position["debit_quantity"]) == (65, 0)
    assert position["carry_forward_debit_price"] == position["net_price"] > 0


def test_trades_come_in_pages(kite, alice):
    kite.http.post(
        "/simulator/fills",
        json={"broker": "groww", "user": "ALICE", "shares_per_fill": 1, "seconds_per_fill": 1},
    )
    order = payload(alice.post("/order/create", json=BUY_ONE_INFY | {"quantity": 5}))
    kite.clock.advance(minutes=1)

    def page(**asked):
        answer = alice.get(f"/order/trades/{order['groww_order_id']}", params=asked)
        return len(payload(answer)["trade_list"])

    assert [page(), page(page=0, page_size=3), page(page=1, page_size=3)] == [5, 3, 2]
    too_many = alice.get(f"/order/trades/{order['groww_order_id']}", params={"page_size": 51})
    assert error_of(too_many) == (400, "GA001")


def test_only_derivatives_have_baskets_of_margins(alice):
    one = {
        "trading_symbol": "NIFTY26DECFUT",
        "transaction_type": "BUY",
        "quantity": 65,
        "price": 0,
        "order_type": "MARKET",
        "product": "NRML",
        "exchange": "NSE",
    }
    share = one | {"trading_symbol": "INFY", "quantity": 1, "product": "CNC"}

    def asked(segment, *orders):
        return alice.post("/margins/detail/orders", params={"segment": segment}, json=list(orders))

    alone = payload(asked("FNO", one))
    hedged = payload(asked("FNO", one, one | {"transaction_type": "SELL"}))
    assert alone["span_required"] > hedged["span_required"] == 0
    cash = payload(asked("CASH", share))
    assert cash["cash_cnc_margin_required"] == 1488.8
    assert cash["total_requirement"] == pytest.approx(1488.8 + cash["brokerage_and_charges"])
    assert error_of(asked("CASH", share, share)) == (400, "GA001")
    assert error_of(asked("CASH")) == (400, "GA001")
    assert error_of(asked("CASH", {})) == (400, "GA001")
    assert error_of(asked("CASH", one)) == (400, "GA001")


def test_ohlc_is_a_text_that_is_not_json(alice):
    asked = {"segment": "CASH", "exchange_symbols": "NSE_INFY,NSE_NOPE"}

    said = payload(alice.get("/live-data/ohlc", params=asked))

    assert list(said) == ["NSE_INFY"]
    assert said["NSE_INFY"].startswith("{open: 1488.80,high: ")


def test_fifty_names_at_most_are_priced_at_once(alice):
    asked = {"segment": "CASH", "exchange_symbols": ",".join(["NSE_INFY"] * 51)}

    assert error_of(alice.get("/live-data/ltp", params=asked)) == (400, "GA001")


def test_indices_bear_growws_names(alice):
    asked = {"exchange_symbols": "NSE_NIFTY,NSE_NIFTYMIDSELECT,NSE_NIFTY 50,BSE_SENSEX"}

    said = payload(alice.get("/live-data/ltp", params=asked))

    assert set(said) == {"NSE_NIFTY", "NSE_NIFTYMIDSELECT", "BSE_SENSEX"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"groww_symbol": "NSE-NOPE"}, (404, "GA004")),
        ({"segment": "FNO"}, (400, "GA001")),
        ({"candle_interval": "25minute"}, (400, "GA001")),
        ({"start_time": "2026-10-20 09:15:00"}, (400, "GA001")),
        ({"start_time": "2026-11-20"}, (400, "GA001")),
        ({"candle_interval": "1day", "start_time": "2026-05-01 00:00:00"}, (400, "GA001")),
    ],
)
def test_candles_that_groww_does_not_give_are_refused(alice, change, expected):
    assert error_of(alice.get("/historical/candles", params=candles(**change))) == expected


def test_candles_are_in_indian_time_without_a_zone(alice):
    said = payload(alice.get("/historical/candles", params=candles()))["candles"]

    assert [row[0] for row in said] == [f"2026-11-20T09:{n}:00" for n in range(15, 21)]
    assert {row[6] for row in said} == {None}
    future = candles(groww_symbol="NSE-NIFTY-29Dec26-FUT", segment="FNO")
    assert all(
        row[6] for row in payload(alice.get("/historical/candles", params=future))["candles"]
    )


def test_expiries_are_told_by_the_year_up_to_this_one(alice):
    nifty = {"exchange": "NSE", "underlying_symbol": "NIFTY"}

    def expiries(**asked):
        return payload(alice.get("/historical/expiries", params=nifty | asked))["expiries"]

    assert expiries()[0] == "2026-11-23"
    assert expiries(year=2026, month=12)[0] == "2026-12-01"
    assert error_of(alice.get("/historical/expiries", params=nifty | {"year": 2027})) == (
        400,
        "GA001",
    )
    assert error_of(
        alice.get("/historical/expiries", params=nifty | {"underlying_symbol": "NOPE"})
    ) == (404, "GA004")


@pytest.mark.parametrize(
    "path",
    [
        "/option-chain/exchange/NSE/underlying/NIFTY?expiry_date=2026-12-02",
        "/option-chain/exchange/BSE/underlying/NIFTY?expiry_date=2026-12-01",
        "/live-data/quote?exchange=NSE&segment=CASH&trading_symbol=NOPE",
        "/live-data/greeks/exchange/NSE/underlying/NIFTY/trading_symbol/INFY/expiry/2026-12-01",
    ],
)
def test_what_is_asked_for_by_itself_and_not_listed_does_not_exist(alice, path):
    assert error_of(alice.get(path)) == (404, "GA004")


def test_a_gtt_fires_and_is_completed(kite, alice):
    near = GTT | {"trigger_price": "1488.85", "trigger_direction": "UP"}
    near |= {"order": BUY_AT_1401_50 | {"price": "1500.00"}}
    smart_id = payload(alice.post("/order-advance/create", json=near))["smart_order_id"]
    kite.clock.advance(hours=1)

    fired = payload(alice.get(f"/order-advance/status/CASH/GTT/internal/{smart_id}"))

    assert fired["status"] == "COMPLETED"
    assert fired["triggered_at"] is not None
    (order,) = payload(alice.get("/order/list"))["order_list"]
    assert order["quantity"] == 10
    assert payload(alice.get("/order-advance/list", params={"smart_order_type": "GTT"})) == {
        "orders": []
    }
    asked = {"smart_order_type": "GTT", "status": "COMPLETED"}
    assert len(payload(alice.get("/order-advance/list", params=asked))["orders"]) == 1


def test_a_gtt_whose_order_is_refused_has_failed(kite, alice):
    much = GTT | {"quantity": 5000, "trigger_price": "1488.85", "trigger_direction": "UP"}
    smart_id = payload(alice.post("/order-advance/create", json=much))["smart_order_id"]
    kite.clock.advance(hours=1)

    fired = payload(alice.get(f"/order-advance/status/CASH/GTT/internal/{smart_id}"))

    assert fired["status"] == "FAILED"
    assert "Insufficient funds" in fired["remark"]


def test_an_oco_needs_a_position_of_at_least_its_size(alice):
    alice.post("/order/create", json=BUY_ONE_INFY | {"product": "MIS"})

    assert error_of(alice.post("/order-advance/create", json=OCO | {"quantity": 2})) == (
        400,
        "GA006",
    )
    for change in ({"transaction_type": "BUY"}, {"product_type": "CNC"}, {"target": None}):
        said = alice.post("/order-advance/create", json=OCO | change)
        assert said.status_code == 400
    told = payload(alice.post("/order-advance/create", json=OCO))
    assert told["smart_order_id"].startswith("oco_")
    assert told["stop_loss"] == {"trigger_price": "1400.00", "order_type": "SL_M", "price": None}
    assert told["expire_at"] is None


def test_a_reference_is_good_for_one_smart_order(kite, alice):
    payload(alice.post("/order-advance/create", json=GTT))

    assert error_of(alice.post("/order-advance/create", json=GTT)) == (409, "GA007")
    assert len(kite.exchange.gtts("groww", "ALICE")) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"reference_id": "short"},
        {"trigger_price": 1400},
        {"trigger_price": "1400.03"},
        {"trigger_price": None},
        {"trading_symbol": "NOPE"},
        {"duration": "GTC"},
        {"segment": "COMMODITY"},
        {"order": {"order_type": "LIMIT", "transaction_type": "BUY"}},
        {"order": None},
    ],
)
def test_a_wrong_smart_order_is_refused_and_does_not_exist(kite, alice, change):
    assert error_of(alice.post("/order-advance/create", json=GTT | change)) == (400, "GA001")
    assert kite.exchange.gtts("groww", "ALICE") == ()


def test_smart_orders_are_listed_a_month_at_a_time(kite, alice):
    payload(alice.post("/order-advance/create", json=GTT))

    def listed(start, end):
        asked = {"smart_order_type": "GTT", "start_date_time": start, "end_date_time": end}
        return alice.get("/order-advance/list", params=asked)

    assert payload(listed("2026-10-01T00:00:00", "2026-10-31T00:00:00"))["orders"] == []
    assert len(payload(listed("2026-11-01T00:00:00", "2026-11-30T00:00:00"))["orders"]) == 1
    for start, end in (
        ("2026-09-01T00:00:00", "2026-11-30T00:00:00"),
        ("2026-11-30T00:00:00", "2026-11-01T00:00:00"),
        ("2026-11-01", "2026-11-30"),
    ):
        assert error_of(listed(start, end)) == (400, "GA001")


def test_nobody_sees_or_touches_anothers_smart_orders(alice, bob):
    smart_id = payload(alice.post("/order-advance/create", json=GTT))["smart_order_id"]
    change = {"smart_order_type": "GTT", "segment": "CASH", "quantity": 4}

    assert payload(bob.get("/order-advance/list", params={"smart_order_type": "GTT"})) == {
        "orders": []
    }
    for said in (
        bob.get(f"/order-advance/status/CASH/GTT/internal/{smart_id}"),
        bob.put(f"/order-advance/modify/{smart_id}", json=change),
        bob.post(f"/order-advance/cancel/CASH/GTT/{smart_id}"),
        alice.post(f"/order-advance/cancel/FNO/GTT/{smart_id}"),
        alice.post(f"/order-advance/cancel/CASH/OCO/{smart_id}"),
    ):
        assert error_of(said) == (404, "GA004")


def test_the_side_of_a_smart_order_cannot_be_modified(alice):
    smart_id = payload(alice.post("/order-advance/create", json=GTT))["smart_order_id"]
    other_side = BUY_AT_1401_50 | {"transaction_type": "SELL"}
    change = {"smart_order_type": "GTT", "segment": "CASH", "order": other_side}

    assert error_of(alice.put(f"/order-advance/modify/{smart_id}", json=change)) == (400, "GA001")


def test_a_smart_order_that_is_over_is_neither_modified_nor_cancelled(alice):
    smart_id = payload(alice.post("/order-advance/create", json=GTT))["smart_order_id"]
    payload(alice.post(f"/order-advance/cancel/CASH/GTT/{smart_id}"))
    change = {"smart_order_type": "GTT", "segment": "CASH", "quantity": 4}

    again = alice.post(f"/order-advance/cancel/CASH/GTT/{smart_id}")

    assert error_of(again) == (400, "GA006")
    assert again.json()["error"]["message"] == "Smart order cannot be cancelled as it is cancelled."
    assert error_of(alice.put(f"/order-advance/modify/{smart_id}", json=change)) == (400, "GA006")
