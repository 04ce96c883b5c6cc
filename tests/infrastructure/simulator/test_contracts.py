"""Futures and options on the simulated exchange. NIFTY's lot is 65, its freeze quantity 1755."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.exchange.orders import OrderRequest
from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.market.hours import MarketHours
from tests.infrastructure.simulator.support import StandingClock

ALICE = ("kite", "ALICE")
ONE_FUTURE = OrderRequest(
    exchange="NFO",
    symbol="NIFTY26DECFUT",
    side="BUY",
    quantity_shares=65,
    product="NRML",
    order_type="MARKET",
)
ONE_CALL = replace(ONE_FUTURE, symbol="NIFTY26D0125050CE")
HIGHER_CALL = replace(ONE_FUTURE, symbol="NIFTY26D0125100CE")
EXPIRING_CALL = replace(ONE_FUTURE, symbol="NIFTY26NOV24900CE")
EXPIRY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
"""Of the series of Tuesday 24 November, which is a holiday."""


def refusal(exchange, request) -> str:
    with pytest.raises(Refused) as refused:
        exchange.place(*ALICE, request)
    assert refused.value.reason == "INPUT"
    assert exchange.accepted() == ()
    return refused.value.message


def test_contracts_are_traded_in_whole_lots(exchange):
    assert refusal(exchange, replace(ONE_FUTURE, quantity_shares=66)) == (
        "Invalid quantity. Enter a multiple of the lot size, 65."
    )


def test_more_than_the_freeze_quantity_is_refused_and_can_be_sliced(exchange):
    many = replace(ONE_CALL, quantity_shares=1755 + 65)
    assert "freeze quantity of 1755" in refusal(exchange, many)

    exchange.place_sliced(*ALICE, many)

    assert [order.request.quantity_shares for order in exchange.orders(*ALICE)] == [1755, 65]


def test_each_slice_stands_or_falls_alone(exchange):
    exchange.open_account(*ALICE, cash_inr=Decimal(360_000))

    placed, refused = exchange.place_sliced(*ALICE, replace(ONE_CALL, quantity_shares=1755 + 260))

    assert placed == exchange.orders(*ALICE)[0].order_id
    assert isinstance(refused, Refused)
    assert refused.reason == "FUNDS"


def test_no_order_has_more_than_ten_slices(exchange):
    with pytest.raises(Refused, match="at most 10 slices"):
        exchange.place_sliced(*ALICE, replace(ONE_CALL, quantity_shares=11 * 1755))


@pytest.mark.parametrize(
    "wrong",
    [
        replace(ONE_FUTURE, product="CNC"),
        replace(ONE_FUTURE, product="MTF"),
        replace(ONE_FUTURE, exchange="NSE", symbol="INFY", product="NRML", quantity_shares=1),
    ],
)
def test_a_product_that_does_not_fit_is_refused(exchange, wrong):
    assert "is not allowed for" in refusal(exchange, wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(ONE_FUTURE, symbol="NIFTY20NOVFUT"),
        replace(ONE_FUTURE, exchange="BFO"),
        replace(ONE_FUTURE, exchange="NSE"),
    ],
)
def test_a_contract_that_is_not_listed_there_today_is_refused(exchange, wrong):
    assert "expired or does not exist" in refusal(exchange, wrong)


def test_an_index_cannot_be_traded(exchange):
    index = replace(ONE_FUTURE, exchange="NSE", symbol="NIFTY 50", product="MIS")
    assert refusal(exchange, index) == "An index cannot be traded."


def test_a_price_outside_the_days_range_is_refused_in_brokers_words(exchange):
    infy = replace(ONE_FUTURE, exchange="NSE", symbol="INFY", product="CNC", order_type="LIMIT")

    assert refusal(exchange, replace(infy, limit_price_inr=Decimal("1325.30"))) == (
        "Your order price is lower than the current lower circuit limit of 1325.35. "
        "Place an order within the daily range."
    )
    assert refusal(exchange, replace(infy, limit_price_inr=Decimal("1619.90"))) == (
        "Your order price is higher than the current upper circuit limit of 1619.85. "
        "Place an order within the daily range."
    )


@pytest.mark.parametrize("order_type", ["MARKET", "SL-M"])
def test_market_orders_without_protection_are_refused(exchange, order_type):
    naked = replace(
        ONE_FUTURE,
        order_type=order_type,
        trigger_price_inr=Decimal("25100") if order_type == "SL-M" else None,
        market_protection_percent=Decimal(0),
    )
    assert refusal(exchange, naked).startswith("Market orders without market protection")


def test_a_future_blocks_its_margin_and_only_profit_moves_money(exchange, clock):
    exchange.place(*ALICE, ONE_FUTURE)  # at 25206.00: 11 % of 1638390 is blocked
    assert exchange.funds(*ALICE).available_inr == Decimal("819777.10")

    clock.advance(minutes=2)
    exchange.place(*ALICE, replace(ONE_FUTURE, side="SELL"))

    sold_at = exchange.fills(*ALICE)[1].price_inr
    assert exchange.funds(*ALICE).available_inr == 1_000_000 + 65 * (sold_at - Decimal("25206.00"))


def test_a_bought_option_costs_its_premium(exchange):
    exchange.place(*ALICE, ONE_CALL)  # at 196.25

    assert exchange.funds(*ALICE).available_inr == Decimal("987243.75")


def test_a_sold_option_brings_its_premium_and_blocks_its_margin(exchange):
    exchange.place(*ALICE, replace(ONE_CALL, side="SELL"))

    assert exchange.funds(*ALICE).available_inr == (
        Decimal("1000000.00") + 65 * Decimal("196.25") - 65 * Decimal("25050") * Decimal("0.11")
    )


def test_an_overnight_contract_is_carried_at_its_price(exchange, clock):
    exchange.place(*ALICE, ONE_FUTURE)

    clock.advance(days=1)

    (position,) = exchange.positions(*ALICE)
    assert (position.overnight_shares, position.overnight_price_inr) == (65, Decimal("25206.00"))
    assert (position.buy_shares, position.net_shares) == (0, 65)
    assert exchange.funds(*ALICE).available_inr == Decimal("819777.10")


def test_closing_a_carried_contract_pays_the_whole_profit(exchange, clock):
    exchange.place(*ALICE, ONE_FUTURE)
    clock.advance(days=1)

    exchange.place(*ALICE, replace(ONE_FUTURE, side="SELL"))

    sold_at = exchange.fills(*ALICE)[0].price_inr
    assert exchange.positions(*ALICE)[0].net_shares == 0
    profit = 65 * (sold_at - Decimal("25206.00"))
    assert exchange.funds(*ALICE).available_inr == 1_000_000 + profit
    clock.advance(days=1)
    assert exchange.funds(*ALICE).available_inr == 1_000_000 + profit
    assert exchange.positions(*ALICE) == ()


def test_an_intraday_contract_ends_with_its_day(exchange, clock):
    exchange.place(*ALICE, replace(ONE_CALL, product="MIS"))

    clock.advance(hours=20, minutes=45)  # 06:00 IST

    assert exchange.positions(*ALICE) == ()
    closed_at = exchange.last_price("NIFTY26D0125050CE", "NFO")
    assert exchange.funds(*ALICE).available_inr == 1_000_000 + 65 * (closed_at - Decimal("196.25"))


def test_an_option_is_settled_on_the_day_it_expires(exchange, clock):
    """The series of Tuesday 24 November, a holiday, ends on Monday 23, with NIFTY at 25042.40."""
    exchange.place(*ALICE, replace(ONE_CALL, symbol="NIFTY26NOV24900CE"))  # at 146.55

    clock.advance(days=1)

    assert exchange.positions(*ALICE) == ()
    assert exchange.funds(*ALICE).available_inr == 1_000_000 + 65 * (
        Decimal("142.40") - Decimal("146.55")
    )


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_after_the_close_of_its_last_day_a_contract_is_not_traded_any_more(exchange, clock, side):
    """It keeps a price of one tick at least and may settle at nothing: selling would be a gift."""
    clock.at = EXPIRY - timedelta(seconds=1)
    exchange.place(*ALICE, replace(EXPIRING_CALL, side=side))
    clock.at = EXPIRY

    with pytest.raises(Refused, match="expired or does not exist"):
        exchange.place(*ALICE, replace(EXPIRING_CALL, side=side))
    assert len(exchange.accepted()) == 1


def test_what_waits_for_a_contract_lapses_with_it(exchange, clock):
    clock.at = EXPIRY - timedelta(minutes=1)
    exchange.place(
        *ALICE, replace(EXPIRING_CALL, order_type="LIMIT", limit_price_inr=Decimal("0.05"))
    )
    clock.at = EXPIRY + timedelta(minutes=1)

    (order,) = exchange.orders(*ALICE)
    assert (order.status, order.lapsed, order.at) == ("CANCELLED", True, EXPIRY)


def test_no_after_market_order_outlives_its_contract():
    clock = StandingClock(EXPIRY + timedelta(hours=1))
    exchange = Exchange(seed=1, now=clock, hours=MarketHours(kept=True))
    assert "expired or does not exist" in refusal(exchange, replace(EXPIRING_CALL, variety="amo"))


def test_leaving_the_market_passes_over_what_has_expired(exchange, clock):
    exchange.place(*ALICE, EXPIRING_CALL)
    exchange.place(*ALICE, ONE_FUTURE)
    clock.at = EXPIRY

    exchange.exit_all(*ALICE)

    assert [position.net_shares for position in exchange.positions(*ALICE)] == [65, 0]


def test_a_basket_counts_the_hedge_and_nets_the_premiums(exchange):
    sold = replace(ONE_CALL, side="SELL")

    basket = exchange.basket_margin(*ALICE, (sold, HIGHER_CALL), consider_positions=True)

    assert [margin.total_inr for margin in basket.orders] == [
        65 * Decimal("25050") * Decimal("0.11"),
        65 * Decimal("171.15"),
    ]
    assert basket.initial.total_inr == sum(margin.total_inr for margin in basket.orders)
    assert basket.final.span_inr == 65 * Decimal("50")
    assert basket.final.exposure_inr == 65 * Decimal("25050") * Decimal("0.02")
    assert basket.final.premium_inr == 65 * (Decimal("171.15") - Decimal("196.25"))


def test_a_basket_can_leave_open_positions_out_of_account(exchange):
    exchange.place(*ALICE, ONE_FUTURE)
    closing = replace(ONE_FUTURE, side="SELL")

    with_them = exchange.basket_margin(*ALICE, (closing,), consider_positions=True)
    without = exchange.basket_margin(*ALICE, (closing,), consider_positions=False)

    assert with_them.final.total_inr == 0
    assert without.final.total_inr == 65 * Decimal("25206.00") * Decimal("0.11")


def test_asking_for_a_margin_places_nothing_and_blocks_nothing(exchange):
    margin = exchange.margin(*ALICE, ONE_FUTURE)

    assert margin.span_inr == 65 * Decimal("25206.00") * Decimal("0.09")
    assert exchange.orders(*ALICE) == ()
    assert exchange.funds(*ALICE).available_inr == Decimal("1000000.00")
