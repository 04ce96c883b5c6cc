from datetime import UTC, datetime, timedelta

import pytest

from infrastructure.simulator.exchange.limits import RateLimits, category_of

NINE = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)  # 09:00:00 IST
SECOND = timedelta(seconds=1)


def allowed(limits, calls, at, broker="kite", user="ALICE", category="orders"):
    return [limits.allow(broker, user, category, at) for _ in range(calls)].count(True)


def test_nothing_is_limited_until_it_is_switched_on():
    assert allowed(RateLimits(), 1000, NINE) == 1000


@pytest.mark.parametrize(
    ("broker", "category", "calls"),
    [
        ("kite", "orders", 10),
        ("kite", "quote", 1),
        ("kite", "history", 3),
        ("kite", "other", 10),
        ("dhan", "orders", 10),
        ("dhan", "quote", 1),
        ("dhan", "history", 5),
        ("dhan", "other", 20),
        ("groww", "orders", 10),
        ("groww", "quote", 10),
        ("groww", "other", 20),
    ],
)
def test_each_broker_takes_so_many_calls_in_a_second_of_the_clock(broker, category, calls):
    limits = RateLimits(on=True)

    assert allowed(limits, 30, NINE, broker, category=category) == calls
    assert allowed(limits, 30, NINE + SECOND * 0.999, broker, category=category) == 0
    assert allowed(limits, 30, NINE + SECOND, broker, category=category) == calls


def test_minutes_have_their_own_limit_and_refused_calls_do_not_count():
    limits = RateLimits(on=True)

    taken = [allowed(limits, 15, NINE + n * SECOND) for n in range(25)]

    assert taken == [10] * 20 + [0] * 5
    assert allowed(limits, 15, NINE + 60 * SECOND) == 10


def test_an_option_chain_of_dhans_comes_once_in_three_seconds():
    limits = RateLimits(on=True)

    taken = [
        allowed(limits, 1, NINE + n * SECOND, "dhan", category="option_chain") for n in range(6)
    ]

    assert taken == [1, 0, 0, 1, 0, 0]


def test_groww_counts_history_with_live_data():
    limits = RateLimits(on=True)

    assert allowed(limits, 8, NINE, "groww", category="history") == 8
    assert allowed(limits, 8, NINE, "groww", category="quote") == 2


def test_accounts_and_categories_do_not_use_up_each_others_calls():
    limits = RateLimits(on=True)
    allowed(limits, 10, NINE)

    assert allowed(limits, 10, NINE, user="BOB") == 10
    assert allowed(limits, 10, NINE, broker="dhan") == 10
    assert allowed(limits, 10, NINE, category="other") == 10


@pytest.mark.parametrize(
    ("broker", "method", "path", "category"),
    [
        ("kite", "POST", "/orders/regular", "orders"),
        ("kite", "GET", "/orders", "other"),
        ("kite", "DELETE", "/gtt/triggers/7", "orders"),
        ("kite", "GET", "/gtt/triggers", "other"),
        ("kite", "GET", "/quote/ltp", "quote"),
        ("kite", "GET", "/instruments/historical/408065/day", "history"),
        ("kite", "POST", "/margins/orders", "other"),
        ("dhan", "PUT", "/v2/orders/7", "orders"),
        ("dhan", "POST", "/v2/forever/orders", "orders"),
        ("dhan", "GET", "/v2/forever/orders", "other"),
        ("dhan", "DELETE", "/v2/positions", "orders"),
        ("dhan", "POST", "/v2/marketfeed/ltp", "quote"),
        ("dhan", "POST", "/v2/charts/intraday", "history"),
        ("dhan", "POST", "/v2/optionchain", "option_chain"),
        ("dhan", "POST", "/v2/optionchain/expirylist", "history"),
        ("groww", "POST", "/v1/order/create", "orders"),
        ("groww", "GET", "/v1/order/list", "other"),
        ("groww", "POST", "/v1/order-advance/cancel/CASH/GTT/7", "orders"),
        ("groww", "GET", "/v1/live-data/quote", "quote"),
        ("groww", "GET", "/v1/historical/candles", "history"),
        ("groww", "GET", "/v1/option-chain/exchange/NSE/underlying/NIFTY", "option_chain"),
    ],
)
def test_routes_are_counted_by_kind(broker, method, path, category):
    assert category_of(broker, method, path) == category
