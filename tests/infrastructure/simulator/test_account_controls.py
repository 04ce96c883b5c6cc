from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from infrastructure.simulator.exchange.orders import OrderRequest
from infrastructure.simulator.exchange.refusals import Refused

ALICE = ("dhan", "ALICE")
TEN_AT_MARKET = OrderRequest(
    symbol="INFY", side="BUY", quantity_shares=10, product="CNC", order_type="MARKET"
)
INTRADAY = replace(TEN_AT_MARKET, product="MIS")
ON_MARGIN = replace(TEN_AT_MARKET, product="MTF")
TEN_AT_1400 = replace(TEN_AT_MARKET, order_type="LIMIT", limit_price_inr=Decimal("1400"))
ONE_FUTURE = replace(
    TEN_AT_MARKET, exchange="NFO", symbol="NIFTY26DECFUT", product="NRML", quantity_shares=65
)


def refusal(do, *arguments, **named):
    with pytest.raises(Refused) as refused:
        do(*arguments, **named)
    return refused.value.reason


def open_products(exchange):
    return {p.product: p.net_shares for p in exchange.positions(*ALICE) if p.net_shares}


def test_a_switched_off_account_places_and_changes_nothing(exchange, clock):
    exchange.set_kill_switch(*ALICE, on=True)
    assert exchange.kill_switch(*ALICE)
    assert refusal(exchange.place, *ALICE, TEN_AT_MARKET) == "KILL_SWITCH"
    assert exchange.accepted() == ()

    exchange.set_kill_switch(*ALICE, on=False)
    exchange.place(*ALICE, TEN_AT_MARKET)

    assert len(exchange.accepted()) == 1


@pytest.mark.parametrize("opening", [TEN_AT_MARKET, TEN_AT_1400])
def test_an_account_with_something_open_cannot_be_switched_off(exchange, opening):
    exchange.place(*ALICE, opening)

    assert refusal(exchange.set_kill_switch, *ALICE, on=True) == "ORDER"
    assert not exchange.kill_switch(*ALICE)


def test_the_next_day_an_account_trades_again(exchange, clock):
    exchange.set_kill_switch(*ALICE, on=True)

    clock.advance(days=1)

    assert not exchange.kill_switch(*ALICE)


def test_leaving_the_market_cancels_orders_and_closes_positions(exchange):
    exchange.place(*ALICE, INTRADAY)
    exchange.place(*ALICE, replace(INTRADAY, symbol="TCS", side="SELL"))
    exchange.place(*ALICE, TEN_AT_1400)

    exchange.exit_all(*ALICE)

    assert open_products(exchange) == {}
    assert [order.status for order in exchange.orders(*ALICE)] == [
        "COMPLETE",
        "COMPLETE",
        "CANCELLED",
        "COMPLETE",
        "COMPLETE",
    ]


@pytest.mark.parametrize(
    ("bought", "source", "target"),
    [
        (TEN_AT_MARKET, "CNC", "MIS"),
        (TEN_AT_MARKET, "CNC", "MTF"),
        (INTRADAY, "MIS", "CNC"),
        (ON_MARGIN, "MTF", "CNC"),
    ],
)
def test_shares_move_between_all_their_products(exchange, bought, source, target):
    exchange.place(*ALICE, bought)

    exchange.convert(*ALICE, "INFY", source, 4, target=target)

    assert open_products(exchange) == {source: 6, target: 4}


def test_contracts_move_between_overnight_and_intraday(exchange):
    exchange.place(*ALICE, replace(ONE_FUTURE, side="SELL"))

    exchange.convert(*ALICE, "NIFTY26DECFUT", "NRML", 65, target="MIS", exchange="NFO")

    assert open_products(exchange) == {"MIS": -65}


@pytest.mark.parametrize(
    ("request_", "source", "target", "shares", "reason"),
    [
        (INTRADAY, "MIS", "CNC", 11, "ORDER"),
        (INTRADAY, "MIS", "NRML", 10, "INPUT"),
        (INTRADAY, "MIS", "MIS", 10, "INPUT"),
        (INTRADAY, "CNC", "MIS", 1, "ORDER"),
        (replace(INTRADAY, side="SELL"), "MIS", "CNC", 10, "ORDER"),
        (replace(INTRADAY, quantity_shares=3000), "MIS", "CNC", 3000, "FUNDS"),
    ],
)
def test_a_conversion_that_does_not_go_leaves_all_as_it_was(
    exchange, request_, source, target, shares, reason
):
    exchange.place(*ALICE, request_)
    before = exchange.positions(*ALICE)

    convert = exchange.convert
    assert refusal(convert, *ALICE, "INFY", source, shares, target=target) == reason
    assert exchange.positions(*ALICE) == before


@pytest.mark.parametrize("target", ["MIS", "MTF"])
def test_shares_that_are_on_sale_are_not_moved_to_another_product(exchange, target):
    exchange.place(*ALICE, TEN_AT_MARKET)
    dear = replace(TEN_AT_1400, side="SELL", limit_price_inr=Decimal("1600"), quantity_shares=7)
    exchange.place(*ALICE, dear)

    convert = exchange.convert
    assert refusal(convert, *ALICE, "INFY", "CNC", 4, target=target) == "HOLDINGS"
    assert open_products(exchange) == {"CNC": 10}
    convert(*ALICE, "INFY", "CNC", 3, target=target)
    assert open_products(exchange) == {"CNC": 7, target: 3}


def test_financed_shares_cost_a_quarter_and_stay_financed_overnight(exchange, clock):
    exchange.place(*ALICE, ON_MARGIN)  # 14888.00
    assert exchange.funds(*ALICE).available_inr == Decimal("996278.00")

    clock.advance(days=1)

    held = next(each for each in exchange.holdings(*ALICE) if each.product == "MTF")
    assert (held.symbol, held.quantity_shares) == ("INFY", 10)
    assert exchange.funds(*ALICE).available_inr == Decimal("996278.00")
    assert exchange.funds(*ALICE).used_inr == Decimal("0.00")


def test_selling_financed_shares_pays_the_broker_back(exchange, clock):
    exchange.place(*ALICE, ON_MARGIN)
    clock.advance(days=1)

    exchange.place(*ALICE, replace(ON_MARGIN, side="SELL"))

    sold_at = exchange.fills(*ALICE)[0].price_inr
    assert exchange.funds(*ALICE).available_inr == 1_000_000 + 10 * (sold_at - Decimal("1488.80"))


def test_what_was_bought_on_one_exchange_can_be_sold_on_the_other(exchange, clock):
    exchange.place(*ALICE, TEN_AT_MARKET)

    exchange.place(*ALICE, replace(TEN_AT_MARKET, exchange="BSE", side="SELL", quantity_shares=4))
    exchange.place(*ALICE, replace(TEN_AT_MARKET, exchange="BSE", side="SELL", quantity_shares=7))
    assert [order.status for order in exchange.orders(*ALICE)] == [
        "COMPLETE",
        "COMPLETE",
        "REJECTED",
    ]

    clock.advance(days=1)
    held = {each.symbol: each.quantity_shares for each in exchange.holdings(*ALICE)}
    assert held["INFY"] == 6


def test_a_market_order_of_dhans_becomes_a_limit_at_the_end_of_the_band(exchange):
    """Half a percent of 1488.80 for a share above 500 INR: 7.40 on tick."""
    buying = exchange.protected(TEN_AT_MARKET)
    selling = exchange.protected(replace(TEN_AT_MARKET, side="SELL"))
    stop = exchange.protected(
        replace(TEN_AT_MARKET, order_type="SL-M", trigger_price_inr=Decimal("1495"))
    )

    assert (buying.order_type, buying.limit_price_inr) == ("LIMIT", Decimal("1496.20"))
    assert (selling.order_type, selling.limit_price_inr) == ("LIMIT", Decimal("1481.40"))
    assert (stop.order_type, stop.limit_price_inr) == ("SL", Decimal("1502.45"))
    assert exchange.protected(TEN_AT_1400) == TEN_AT_1400


def test_an_order_is_modified_25_times_and_no_more(exchange):
    order_id = exchange.place(*ALICE, TEN_AT_1400)
    for shares in range(11, 36):
        exchange.modify(*ALICE, order_id, lambda t, n=shares: replace(t, quantity_shares=n))

    assert refusal(exchange.modify, *ALICE, order_id, lambda terms: terms) == "ORDER"
    assert exchange.orders(*ALICE)[0].modifications == 25


def test_every_step_of_an_order_is_told_once(exchange, clock):
    exchange.place(*ALICE, TEN_AT_MARKET)
    from_now = exchange.updates_end(*ALICE)
    order_id = exchange.place(*ALICE, TEN_AT_1400)

    steps, cursor = exchange.updates_since(*ALICE, from_now)
    exchange.cancel(*ALICE, order_id)
    later, end = exchange.updates_since(*ALICE, cursor)

    assert [step.status for step in steps] == [
        "PUT ORDER REQ RECEIVED",
        "VALIDATION PENDING",
        "OPEN PENDING",
        "OPEN",
    ]
    assert [step.status for step in later] == ["CANCELLED"]
    assert exchange.updates_since(*ALICE, end) == ((), end)


def test_a_cursor_of_yesterday_goes_on_with_what_is_new(exchange, clock):
    exchange.place(*ALICE, TEN_AT_MARKET)
    cursor = exchange.updates_end(*ALICE)
    clock.advance(days=1)

    exchange.place(*ALICE, TEN_AT_MARKET)

    assert len(exchange.updates_since(*ALICE, cursor)[0]) == 5


def test_orders_of_one_account_can_be_late_in_its_book(exchange, clock):
    exchange.set_book_lag(*ALICE, timedelta(seconds=8))
    exchange.place(*ALICE, TEN_AT_MARKET)
    exchange.place("dhan", "BOB", TEN_AT_MARKET)
    assert (len(exchange.orders(*ALICE)), len(exchange.orders("dhan", "BOB"))) == (0, 1)

    clock.advance(seconds=8)

    assert len(exchange.orders(*ALICE)) == 1


def test_everything_that_was_done_is_on_record_and_what_was_refused_is_not(exchange):
    order_id = exchange.place(*ALICE, TEN_AT_1400)
    exchange.modify(*ALICE, order_id, lambda terms: replace(terms, quantity_shares=5))
    exchange.cancel(*ALICE, order_id)
    refusal(exchange.cancel, *ALICE, order_id)

    assert [(write.action, write.id) for write in exchange.writes()] == [
        ("place", order_id),
        ("modify", order_id),
        ("cancel", order_id),
    ]
