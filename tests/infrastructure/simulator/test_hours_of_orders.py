"""Orders when market hours are kept: 09:15 to 15:30 IST. Monday 23 November 2026 is a trading day,
Tuesday 24 a holiday."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.exchange.orders import OrderRequest
from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.market.hours import MarketHours
from tests.infrastructure.simulator.support import StandingClock

ALICE = ("kite", "ALICE")
MONDAY_0915 = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)
MONDAY_1529 = datetime(2026, 11, 23, 9, 59, tzinfo=UTC)
MONDAY_1530 = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
MONDAY_2000 = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
WEDNESDAY_0914 = datetime(2026, 11, 25, 3, 44, tzinfo=UTC)
WEDNESDAY_0915 = datetime(2026, 11, 25, 3, 45, tzinfo=UTC)
WEDNESDAY_1531 = datetime(2026, 11, 25, 10, 1, tzinfo=UTC)
TEN_AT_MARKET = OrderRequest(
    symbol="INFY", side="BUY", quantity_shares=10, product="CNC", order_type="MARKET"
)
TEN_AT_1400 = replace(TEN_AT_MARKET, order_type="LIMIT", limit_price_inr=Decimal("1400"))
AFTER_MARKET = replace(TEN_AT_MARKET, variety="amo")


def exchange_at(at: datetime) -> tuple[Exchange, StandingClock]:
    clock = StandingClock(at)
    return Exchange(seed=1, now=clock, hours=MarketHours(kept=True)), clock


def last(exchange: Exchange):
    return exchange.orders(*ALICE)[-1]


@pytest.mark.parametrize("at", [MONDAY_1530, MONDAY_2000, WEDNESDAY_0914])
def test_outside_of_market_hours_regular_orders_are_refused(at):
    exchange, _ = exchange_at(at)

    with pytest.raises(Refused) as refused:
        exchange.place(*ALICE, TEN_AT_MARKET)

    assert refused.value.reason == "MARKET_CLOSED"
    assert exchange.accepted() == ()


@pytest.mark.parametrize("at", [MONDAY_0915, MONDAY_1529])
def test_within_market_hours_regular_orders_are_taken_and_after_market_ones_are_not(at):
    exchange, _ = exchange_at(at)

    exchange.place(*ALICE, TEN_AT_MARKET)
    with pytest.raises(Refused):
        exchange.place(*ALICE, AFTER_MARKET)

    assert [order.status for order in exchange.orders(*ALICE)] == ["COMPLETE"]


def test_an_after_market_order_waits_over_the_holiday_and_fills_at_the_next_opening():
    exchange, clock = exchange_at(MONDAY_2000)
    order_id = exchange.place(*ALICE, AFTER_MARKET)
    assert last(exchange).status == "AMO REQ RECEIVED"

    clock.at = WEDNESDAY_0914
    assert last(exchange).status == "AMO REQ RECEIVED"

    clock.at = WEDNESDAY_1531
    assert last(exchange).status == "COMPLETE"
    assert last(exchange).at == WEDNESDAY_0915
    assert [step.status for step in exchange.order_steps(*ALICE, order_id)] == [
        "PUT ORDER REQ RECEIVED",
        "VALIDATION PENDING",
        "AMO REQ RECEIVED",
        "OPEN PENDING",
        "OPEN",
        "COMPLETE",
    ]


def test_an_after_market_order_blocks_money_and_can_be_changed_and_cancelled():
    exchange, _ = exchange_at(MONDAY_2000)
    order_id = exchange.place(*ALICE, replace(TEN_AT_1400, variety="amo"))
    assert exchange.funds(*ALICE).available_inr == Decimal("986000.00")

    exchange.modify(*ALICE, order_id, lambda terms: replace(terms, quantity_shares=5))
    assert last(exchange).status == "AMO REQ RECEIVED"
    assert exchange.funds(*ALICE).available_inr == Decimal("993000.00")

    exchange.cancel(*ALICE, order_id)
    assert last(exchange).status == "CANCELLED"
    assert exchange.funds(*ALICE).available_inr == Decimal("1000000.00")


def test_an_order_for_the_day_lapses_when_the_market_closes():
    exchange, clock = exchange_at(MONDAY_0915)
    exchange.place(*ALICE, TEN_AT_1400)

    clock.at = MONDAY_2000

    assert (last(exchange).status, last(exchange).lapsed) == ("CANCELLED", True)
    assert last(exchange).at == MONDAY_1530
    assert exchange.funds(*ALICE).available_inr == Decimal("1000000.00")


def test_an_intraday_position_ends_with_its_day_at_the_price_of_the_close():
    exchange, clock = exchange_at(MONDAY_0915)
    exchange.place(*ALICE, replace(TEN_AT_MARKET, product="MIS"))  # at 1488.80

    clock.at = MONDAY_1530
    closed_at = exchange.last_price("INFY")
    clock.at = WEDNESDAY_0914

    assert exchange.positions(*ALICE) == ()
    assert exchange.funds(*ALICE).available_inr == 1_000_000 + 10 * (closed_at - Decimal("1488.80"))


def test_without_market_hours_an_after_market_order_is_an_order_like_any_other():
    exchange = Exchange(seed=1, now=StandingClock(MONDAY_2000))

    exchange.place(*ALICE, AFTER_MARKET)

    assert last(exchange).status == "COMPLETE"
