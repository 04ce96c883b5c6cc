from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from infrastructure.simulator.exchange.accounts import Holding
from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.exchange.orders import OrderRequest
from infrastructure.simulator.exchange.positions import Position
from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.market.instruments import INSTRUMENTS
from tests.infrastructure.simulator.support import StandingClock

ALICE = ("kite", "ALICE")
BOB = ("kite", "BOB")
TEN_AT_MARKET = OrderRequest(
    symbol="INFY", side="BUY", quantity_shares=10, product="CNC", order_type="MARKET"
)
TEN_AT_1480 = replace(TEN_AT_MARKET, order_type="LIMIT", limit_price_inr=Decimal("1480"))
TEN_ABOVE_1495 = replace(TEN_AT_MARKET, order_type="SL-M", trigger_price_inr=Decimal("1495"))


def last(exchange: Exchange, account=ALICE):
    return exchange.orders(*account)[-1]


def statuses(exchange: Exchange, order_id: str) -> list[str]:
    return [step.status for step in exchange.order_steps(*ALICE, order_id)]


def test_a_market_order_fills_at_once_at_the_price_of_the_second(exchange):
    order_id = exchange.place(*ALICE, TEN_AT_MARKET)

    assert last(exchange).average_price_inr == Decimal("1488.80")
    assert last(exchange).filled_shares == 10
    assert statuses(exchange, order_id) == [
        "PUT ORDER REQ RECEIVED",
        "VALIDATION PENDING",
        "OPEN PENDING",
        "OPEN",
        "COMPLETE",
    ]
    assert exchange.positions(*ALICE) == (
        Position(
            instrument=INSTRUMENTS["INFY"],
            product="CNC",
            buy_shares=10,
            buy_value_inr=Decimal("14888.00"),
        ),
    )
    assert exchange.funds(*ALICE).available_inr == Decimal("985112.00")


def test_a_limit_that_the_market_is_better_than_fills_at_the_market(exchange):
    exchange.place(*ALICE, replace(TEN_AT_1480, limit_price_inr=Decimal("1490")))

    assert last(exchange).average_price_inr == Decimal("1488.80")


def test_a_limit_below_the_market_waits_and_blocks_its_money(exchange):
    exchange.place(*ALICE, TEN_AT_1480)

    assert last(exchange).status == "OPEN"
    assert last(exchange).pending_shares == 10
    assert exchange.funds(*ALICE).available_inr == Decimal("985200.00")
    assert exchange.positions(*ALICE) == ()


def test_a_waiting_limit_fills_at_its_own_price_when_the_market_comes_to_it(exchange, clock):
    placed_at = clock.at
    exchange.place(*ALICE, TEN_AT_1480)

    clock.advance(hours=6)

    assert last(exchange).status == "COMPLETE"
    assert last(exchange).average_price_inr == Decimal("1480")
    assert last(exchange).at == placed_at + timedelta(minutes=62)


def test_an_immediate_order_that_cannot_fill_is_cancelled(exchange):
    exchange.place(*ALICE, replace(TEN_AT_1480, validity="IOC"))

    assert last(exchange).status == "CANCELLED"
    assert last(exchange).cancelled_shares == 10


def test_a_stop_order_waits_for_its_trigger_and_then_goes_to_market(exchange, clock):
    order_id = exchange.place(*ALICE, TEN_ABOVE_1495)
    assert last(exchange).status == "TRIGGER PENDING"

    clock.advance(minutes=10)

    assert last(exchange).status == "COMPLETE"
    assert last(exchange).average_price_inr >= Decimal("1495")
    assert statuses(exchange, order_id)[-3:] == ["TRIGGER PENDING", "OPEN", "COMPLETE"]


def test_an_order_beyond_the_funds_is_refused_and_leaves_no_order(exchange):
    with pytest.raises(Refused) as refused:
        exchange.place(*ALICE, replace(TEN_AT_MARKET, quantity_shares=1000))

    assert refused.value.reason == "FUNDS"
    assert refused.value.message == (
        "Insufficient funds. Required margin is 1488800.00 but available margin is 1000000.00. "
        "Check the orderbook for open orders."
    )
    assert exchange.orders(*ALICE) == ()
    assert exchange.accepted() == ()


def test_intraday_needs_a_fifth_of_the_money_and_gives_it_back_with_the_profit(exchange, clock):
    intraday = replace(TEN_AT_MARKET, product="MIS")
    exchange.place(*ALICE, intraday)
    assert exchange.funds(*ALICE).available_inr == Decimal("997022.40")

    clock.advance(minutes=2)  # INFY is at 1491.80
    exchange.place(*ALICE, replace(intraday, side="SELL"))

    assert exchange.funds(*ALICE).available_inr == Decimal("1000030.00")
    assert exchange.positions(*ALICE)[0].net_shares == 0


@pytest.mark.parametrize(
    "wrong",
    [
        replace(TEN_AT_MARKET, symbol="NOPE"),
        replace(TEN_AT_MARKET, symbol="INFY-EQ"),
        replace(TEN_AT_1480, limit_price_inr=Decimal("1480.03")),
        replace(TEN_ABOVE_1495, trigger_price_inr=Decimal("1495.01")),
    ],
)
def test_an_unknown_share_or_a_price_between_ticks_is_refused(exchange, wrong):
    with pytest.raises(Refused) as refused:
        exchange.place(*ALICE, wrong)

    assert refused.value.reason == "INPUT"
    assert exchange.accepted() == ()


def test_selling_more_than_one_holds_is_turned_down_in_the_book(exchange):
    exchange.place(*ALICE, replace(TEN_AT_MARKET, symbol="ITC", side="SELL", quantity_shares=26))

    assert last(exchange).status == "REJECTED"
    assert last(exchange).status_message == "Insufficient holdings. You can sell 25 shares."


def test_shares_on_sale_cannot_be_sold_again(exchange):
    above = replace(TEN_AT_1480, symbol="ITC", side="SELL", limit_price_inr=Decimal("440"))
    exchange.place(*ALICE, replace(above, quantity_shares=20))

    exchange.place(*ALICE, replace(above, quantity_shares=6))

    assert [order.status for order in exchange.orders(*ALICE)] == ["OPEN", "REJECTED"]


def test_every_customer_begins_with_other_shares(exchange):
    assert [held.symbol for held in exchange.holdings(*ALICE)] == [
        "ITC",
        "NTPC",
        "TECHM",
        "HDFCBANK",
    ]
    assert exchange.holdings(*BOB)[0] == Holding(
        instrument=INSTRUMENTS["ADANIPORTS"],
        quantity_shares=29,
        average_price_inr=Decimal("1298.40"),
    )


def test_customers_do_not_see_each_other(exchange):
    order_id = exchange.place(*ALICE, TEN_AT_1480)

    assert exchange.orders(*BOB) == ()
    assert exchange.funds(*BOB).available_inr == Decimal("1000000.00")
    with pytest.raises(Refused) as refused:
        exchange.cancel(*BOB, order_id)
    assert refused.value.reason == "NOT_FOUND"
    assert last(exchange).status == "OPEN"


def test_a_name_at_another_broker_is_another_account(exchange):
    exchange.place(*ALICE, TEN_AT_MARKET)

    assert exchange.orders("dhan", "ALICE") == ()


def test_a_tag_is_never_deduplicated(exchange):
    for _ in range(2):
        exchange.place(*ALICE, replace(TEN_AT_MARKET, tag="same"))

    assert [order.request.tag for order in exchange.accepted()] == ["same", "same"]


def test_a_waiting_order_can_be_modified_into_the_market(exchange):
    order_id = exchange.place(*ALICE, TEN_AT_1480)

    exchange.modify(*ALICE, order_id, lambda terms: replace(terms, limit_price_inr=Decimal("1489")))

    assert last(exchange).status == "COMPLETE"
    assert last(exchange).modified
    assert exchange.funds(*ALICE).available_inr == Decimal("985112.00")


def test_a_modification_that_is_refused_changes_nothing(exchange):
    order_id = exchange.place(*ALICE, TEN_AT_1480)

    with pytest.raises(Refused):
        exchange.modify(*ALICE, order_id, lambda terms: replace(terms, quantity_shares=9999))

    assert last(exchange).request == TEN_AT_1480
    assert exchange.funds(*ALICE).available_inr == Decimal("985200.00")


def test_a_cancelled_order_frees_its_money_and_cannot_be_cancelled_again(exchange):
    order_id = exchange.place(*ALICE, TEN_AT_1480)

    exchange.cancel(*ALICE, order_id)

    assert last(exchange).status == "CANCELLED"
    assert exchange.funds(*ALICE).available_inr == Decimal("1000000.00")
    with pytest.raises(Refused) as refused:
        exchange.cancel(*ALICE, order_id)
    assert refused.value.message == "Order cannot be cancelled as it is cancelled."


def test_at_six_in_the_morning_the_book_is_forgotten_and_deliveries_are_held(exchange, clock):
    exchange.place(*ALICE, TEN_AT_MARKET)
    exchange.place(*ALICE, replace(TEN_AT_1480, limit_price_inr=Decimal("1350")))
    exchange.place(*ALICE, replace(TEN_AT_MARKET, symbol="ITC", side="SELL"))

    clock.advance(days=1)

    assert exchange.orders(*ALICE) == ()
    assert exchange.positions(*ALICE) == ()
    held = {each.symbol: each.quantity_shares for each in exchange.holdings(*ALICE)}
    assert held == {"ITC": 15, "NTPC": 60, "TECHM": 13, "HDFCBANK": 9, "INFY": 10}
    assert exchange.funds(*ALICE).used_inr == Decimal("0.00")


def test_what_was_sold_out_is_no_longer_held_the_next_day(exchange, clock):
    everything = replace(TEN_AT_MARKET, symbol="HDFCBANK", side="SELL", quantity_shares=9)
    exchange.place(*ALICE, everything)

    clock.advance(days=1)

    assert [held.symbol for held in exchange.holdings(*ALICE)] == ["ITC", "NTPC", "TECHM"]


def test_an_intraday_position_is_closed_at_the_end_of_the_day(exchange, clock):
    exchange.place(*ALICE, replace(TEN_AT_MARKET, product="MIS"))

    clock.advance(hours=20, minutes=45)  # 06:00 IST

    assert exchange.positions(*ALICE) == ()
    closed_at = exchange.last_price("INFY")
    assert exchange.funds(*ALICE).available_inr == Decimal("1000000.00") + 10 * (
        closed_at - Decimal("1488.80")
    )


def test_an_order_can_be_late_in_the_book(exchange, clock):
    exchange.book_lag = timedelta(seconds=8)
    exchange.place(*ALICE, TEN_AT_MARKET)
    assert exchange.orders(*ALICE) == ()

    clock.advance(seconds=8)

    assert len(exchange.orders(*ALICE)) == 1


def test_many_customers_at_once_lose_and_double_nothing():
    exchange = Exchange(seed=1, now=StandingClock())
    one = replace(TEN_AT_MARKET, quantity_shares=1)

    def twenty_orders(user: str) -> list[str]:
        return [exchange.place("kite", user, one) for _ in range(20)]

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(twenty_orders, [f"USER{n % 4}" for n in range(16)]))

    assert len({order_id for some in ids for order_id in some}) == 320
    assert [len(exchange.orders("kite", f"USER{n}")) for n in range(4)] == [80, 80, 80, 80]
    assert [exchange.positions("kite", f"USER{n}")[0].net_shares for n in range(4)] == [80] * 4
