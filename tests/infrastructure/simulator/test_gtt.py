"""Orders that wait for a price. INFY is at 1488.80 at first, 1480 or less within 62 minutes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.exchange.gtt import GttLeg, GttTerms
from infrastructure.simulator.exchange.orders import OrderRequest
from infrastructure.simulator.exchange.refusals import Refused
from infrastructure.simulator.market.hours import MarketHours
from tests.infrastructure.simulator.support import StandingClock

ALICE = ("kite", "ALICE")
BUY_TEN = OrderRequest(
    symbol="INFY",
    side="BUY",
    quantity_shares=10,
    product="CNC",
    order_type="LIMIT",
    limit_price_inr=Decimal("1485"),
)


def waiting_for(*triggers: str, request: OrderRequest = BUY_TEN) -> GttTerms:
    legs = tuple(GttLeg(trigger_price_inr=Decimal(each), request=request) for each in triggers)
    return GttTerms(exchange="NSE", symbol="INFY", legs=legs)


def gtt(exchange):
    return exchange.gtts(*ALICE)[-1]


def test_a_trigger_below_the_price_places_its_order_when_the_price_has_fallen(exchange, clock):
    placed_at = clock.at
    exchange.place_gtt(*ALICE, waiting_for("1480"))
    assert (gtt(exchange).kind, gtt(exchange).status) == ("SINGLE", "active")
    assert exchange.orders(*ALICE) == ()

    clock.advance(hours=6)

    assert gtt(exchange).status == "triggered"
    assert gtt(exchange).fired.at == placed_at + timedelta(minutes=62)
    assert gtt(exchange).fired.price_inr <= 1480
    (order,) = exchange.orders(*ALICE)
    assert gtt(exchange).fired.order_id == order.order_id
    assert (order.status, order.placed_at) == ("COMPLETE", placed_at + timedelta(minutes=62))


def test_a_trigger_above_the_price_waits_for_a_rise(exchange, clock):
    exchange.place_gtt(*ALICE, waiting_for("1495"))

    clock.advance(minutes=4)
    assert gtt(exchange).status == "active"
    clock.advance(minutes=1)  # INFY is at 1496.40

    assert gtt(exchange).fired.price_inr == Decimal("1496.40")
    assert exchange.orders(*ALICE)[0].status == "OPEN"  # its limit is 1485


@pytest.mark.parametrize(("triggers", "leg"), [(("1480", "1495"), 1), (("1486", "1600"), 0)])
def test_of_two_legs_the_one_that_is_reached_first_fires_alone(exchange, clock, triggers, leg):
    exchange.place_gtt(*ALICE, waiting_for(*triggers))

    clock.advance(hours=6)

    assert gtt(exchange).kind == "OCO"
    assert gtt(exchange).fired.leg == leg
    assert len(exchange.accepted()) == 1


def test_an_order_that_is_refused_when_it_fires_leaves_its_reason(exchange, clock):
    too_many = replace(BUY_TEN, quantity_shares=1000)
    exchange.place_gtt(*ALICE, waiting_for("1495", request=too_many))

    clock.advance(minutes=5)

    assert gtt(exchange).status == "triggered"
    assert gtt(exchange).fired.order_id is None
    assert gtt(exchange).fired.rejection.startswith("Insufficient funds.")


@pytest.mark.parametrize(
    "wrong",
    [
        waiting_for(),
        waiting_for("1488.80"),
        waiting_for("1480.03"),
        waiting_for("1495", "1480"),
        waiting_for("1490", "1495"),
        waiting_for("1470", "1480", "1495"),
        waiting_for("1480", request=replace(BUY_TEN, symbol="TCS")),
        waiting_for("1480", request=replace(BUY_TEN, limit_price_inr=Decimal("1485.01"))),
        waiting_for("1480", request=replace(BUY_TEN, product="NRML")),
    ],
)
def test_triggers_that_make_no_sense_are_refused(exchange, wrong):
    with pytest.raises(Refused) as refused:
        exchange.place_gtt(*ALICE, wrong)

    assert refused.value.reason == "INPUT"
    assert exchange.gtts(*ALICE) == ()


def test_a_modified_trigger_waits_for_its_new_price(exchange, clock):
    gtt_id = exchange.place_gtt(*ALICE, waiting_for("1480"))

    exchange.modify_gtt(*ALICE, gtt_id, waiting_for("1495"))
    clock.advance(minutes=5)

    assert gtt(exchange).gtt_id == gtt_id
    assert gtt(exchange).fired.price_inr == Decimal("1496.40")


def test_a_cancelled_trigger_never_fires_and_cannot_be_cancelled_again(exchange, clock):
    gtt_id = exchange.place_gtt(*ALICE, waiting_for("1495"))

    exchange.cancel_gtt(*ALICE, gtt_id)
    clock.advance(hours=6)

    assert gtt(exchange).status == "cancelled"
    assert exchange.accepted() == ()
    with pytest.raises(Refused) as refused:
        exchange.cancel_gtt(*ALICE, gtt_id)
    assert refused.value.reason == "ORDER"


def test_nobody_sees_or_cancels_the_triggers_of_another(exchange):
    gtt_id = exchange.place_gtt(*ALICE, waiting_for("1480"))

    assert exchange.gtts("kite", "BOB") == ()
    with pytest.raises(Refused) as refused:
        exchange.cancel_gtt("kite", "BOB", gtt_id)

    assert refused.value.reason == "NOT_FOUND"
    assert gtt(exchange).status == "active"


def test_a_trigger_on_a_share_waits_for_a_year_from_day_to_day(exchange, clock):
    placed_at = clock.at
    exchange.place_gtt(*ALICE, waiting_for("1200"))

    clock.advance(days=2)

    assert gtt(exchange).status == "active"
    assert gtt(exchange).expires_at == placed_at + timedelta(days=365)


def test_a_trigger_on_a_contract_ends_with_the_contract(exchange, clock):
    future = replace(BUY_TEN, exchange="NFO", symbol="NIFTY26NOVFUT", product="NRML")
    lot = replace(future, quantity_shares=65, limit_price_inr=Decimal("20000"))
    leg = GttLeg(trigger_price_inr=Decimal("20000"), request=lot)
    exchange.place_gtt(*ALICE, GttTerms(exchange="NFO", symbol="NIFTY26NOVFUT", legs=(leg,)))

    clock.advance(hours=7)

    assert gtt(exchange).status == "expired"
    assert gtt(exchange).expires_at == datetime(2026, 11, 23, 10, 0, tzinfo=UTC)  # 15:30 IST


def test_with_market_hours_a_trigger_waits_for_the_next_session():
    clock = StandingClock(datetime(2026, 11, 23, 14, 30, tzinfo=UTC))  # 20:00 IST
    exchange = Exchange(seed=1, now=clock, hours=MarketHours(kept=True))
    last = exchange.last_price("INFY")
    exchange.place_gtt(*ALICE, waiting_for(str(last + Decimal("0.05"))))

    clock.at = datetime(2026, 11, 25, 3, 44, tzinfo=UTC)  # Wednesday, 09:14 IST
    assert gtt(exchange).status == "active"
    clock.at = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)  # the close of that day

    assert gtt(exchange).status == "triggered"
    assert gtt(exchange).fired.at >= datetime(2026, 11, 25, 3, 45, tzinfo=UTC)
