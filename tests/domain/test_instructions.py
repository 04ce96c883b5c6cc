"""GTT orders, taking them back, and positions that change their product."""

from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from domain.capabilities import OFFERS
from domain.errors import InvalidOrder, NotSupportedByBroker
from domain.events import OrderDispatched, OrderOutcomeUnknown, OrderPlaced, OrderRejected
from domain.instructions import gtt_terms, must_take_instruction
from domain.limits import RiskLimits
from domain.open_orders import Orders, evolve_orders
from domain.order_reports import order_reports
from domain.order_text import order_text, sentences
from domain.orders import check_terms, fingerprint, plain_prices
from domain.risk import judge
from domain.risk_ledger import same_as
from domain.vocabulary import (
    CancelGtt,
    ConvertPosition,
    GttLeg,
    OrderTerms,
    PlaceGtt,
    RiskFacts,
)
from tests.domain.facts import OPENING_BELL, REQUESTED

STOP = GttLeg(trigger_price_inr=Decimal("1400.00"), limit_price_inr=Decimal("1395"))
TARGET = GttLeg(trigger_price_inr=Decimal("1600"), limit_price_inr=Decimal("1599"))
SELL_TEN = OrderTerms(
    exchange="NSE",
    trading_symbol="INFY",
    transaction_type="SELL",
    order_type="LIMIT",
    product="CNC",
    quantity_shares=10,
)
GTT = gtt_terms(SELL_TEN, (TARGET, STOP))
CANCEL = replace(GTT, instruction=CancelGtt(gtt_id="7", kind="OCO"))
CONVERT = replace(SELL_TEN, order_type="MARKET", instruction=ConvertPosition(from_product="MIS"))
EACH = pytest.mark.parametrize("terms", [GTT, CANCEL, CONVERT], ids=["gtt", "cancel", "convert"])
FACTS = RiskFacts(
    price_inr=Decimal("1500"),
    price_at=OPENING_BELL,
    value_inr=Decimal("15990"),
    tick_inr=Decimal("0.05"),
    exchange_open=False,
)


def requested(terms: OrderTerms):
    return replace(REQUESTED, order_key="k1", terms=terms)


def test_the_lower_trigger_comes_first_and_the_dearer_leg_is_what_it_may_cost():
    assert GTT.instruction == PlaceGtt(legs=(STOP, TARGET))
    assert (GTT.order_type, GTT.limit_price_inr) == ("LIMIT", Decimal("1599"))


@pytest.mark.parametrize("legs", [(), (STOP, STOP), (STOP, TARGET, STOP)])
def test_legs_that_make_no_order_are_refused(legs):
    with pytest.raises(InvalidOrder, match="Next:"):
        gtt_terms(SELL_TEN, legs)


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "1.00001", "10000001"])
def test_every_price_of_a_leg_is_checked(price):
    leg = GttLeg(trigger_price_inr=Decimal(price), limit_price_inr=Decimal("1395"))

    with pytest.raises(InvalidOrder, match="trigger price"):
        check_terms(replace(GTT, instruction=PlaceGtt(legs=(leg,))))


def test_a_position_is_not_converted_to_the_product_it_has():
    with pytest.raises(InvalidOrder, match="two different products"):
        check_terms(replace(CONVERT, product="MIS"))


def test_what_is_taken_back_is_not_judged_as_if_it_were_new():
    odd = replace(CANCEL, trading_symbol="NIFTY26NOV24500.5CE", limit_price_inr=None)

    assert check_terms(odd) == odd


@pytest.mark.parametrize(
    ("broker", "terms", "taken"),
    [
        ("kite", GTT, True),
        ("groww", GTT, True),
        ("dhan", GTT, True),
        ("paper", GTT, False),
        ("kite", CONVERT, True),
        ("dhan", CONVERT, True),
        ("groww", CONVERT, False),
        ("kite", replace(GTT, product="BO"), False),
    ],
)
def test_a_broker_takes_what_its_offer_says(broker, terms, taken):
    if taken:
        must_take_instruction(broker, broker.title(), OFFERS[broker], terms)
        return
    with pytest.raises(NotSupportedByBroker, match="Next:"):
        must_take_instruction(broker, broker.title(), OFFERS[broker], terms)


@EACH
@pytest.mark.parametrize(
    ("end", "state"),
    [
        (OrderPlaced(order_key="k1", broker_order_id="7", placed_at=OPENING_BELL), "PLACED"),
        (OrderOutcomeUnknown(order_key="k1", cause="no answer"), "UNKNOWN"),
        (OrderRejected(order_key="k1", code="X", reason="no"), "REJECTED"),
    ],
)
def test_whatever_its_end_it_leaves_the_open_orders_and_its_report_says_it(terms, end, state):
    events = [requested(terms), OrderDispatched(order_key="k1"), end]

    orders: Orders = {}
    for event in events:
        orders = evolve_orders(orders, event)

    assert orders == {}
    assert order_reports(events)["k1"].state == state


def test_while_it_is_on_its_way_it_is_open():
    orders = evolve_orders(evolve_orders({}, requested(GTT)), OrderDispatched(order_key="k1"))

    assert orders["k1"].stage == "dispatched"


def test_orders_without_an_instruction_keep_the_fingerprint_of_earlier_releases():
    assert fingerprint("kite", "acc-1", SELL_TEN) == (
        "db0188f9296efc51fe044a697738f539fa0775560bf6d6dd269144381620a0fd"
    )
    assert same_as("acc-1", SELL_TEN) == "495fa394a6b59c48077ab5c0ac4f24e1"


def test_other_legs_make_another_order():
    other = gtt_terms(SELL_TEN, (TARGET, replace(STOP, limit_price_inr=Decimal("1396"))))
    padded = gtt_terms(SELL_TEN, (TARGET, replace(STOP, limit_price_inr=Decimal("1395.00"))))

    prints = [fingerprint("kite", "a", each) for each in (GTT, other, padded)]
    looks = [same_as("a", each) for each in (GTT, other, padded, CONVERT, SELL_TEN)]

    assert (prints[0] == prints[2], prints[0] == prints[1]) == (True, False)
    assert (looks[0] == looks[2], len(set(looks))) == (True, 4)
    assert plain_prices(padded) == plain_prices(GTT)


def denied(terms: OrderTerms, facts: RiskFacts = FACTS) -> str | None:
    denial = judge(RiskLimits(), terms, "LIVE", facts, OPENING_BELL + timedelta(seconds=1))
    return denial.rule if denial else None


def test_a_gtt_order_waits_for_another_price_at_any_hour():
    far = gtt_terms(SELL_TEN, (replace(TARGET, trigger_price_inr=Decimal("3000")),))

    assert denied(far) is None
    assert denied(replace(far, instruction=None)) == "market_hours"


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"price_inr": None, "price_at": None}, "fresh_price"),
        ({"value_inr": Decimal("1000000000")}, "order_value"),
        ({"tick_inr": Decimal("10")}, "tick"),
    ],
)
def test_its_price_value_and_ticks_are_judged(facts, rule):
    assert denied(GTT, replace(FACTS, **facts)) == rule


def test_a_conversion_is_judged_for_what_it_is_and_not_as_a_purchase():
    dear = replace(FACTS, value_inr=Decimal("1000000000"), price_inr=None, price_at=None)

    assert denied(CONVERT, dear) is None
    assert denied(replace(CONVERT, product="BO"), dear) == "products"
    assert denied(CONVERT, replace(dear, orders_today=100_000)) == "orders_per_day"


def test_nothing_keeps_anybody_from_taking_an_order_back():
    worst = replace(FACTS, orders_today=100_000, unknown_open=9, value_inr=Decimal("1000000000"))

    assert denied(replace(CANCEL, exchange="MCX", product="BO"), worst) is None


def test_a_person_is_shown_both_legs_and_what_becomes_of_them():
    text = order_text(GTT, "Kite", "LIVE", value_inr=Decimal("15990"))

    assert text == (
        "A GTT order: the broker keeps it until it is triggered or ends.\n"
        "Sell 10 shares of NSE:INFY, product CNC, at a limit of ₹1,395.00 once the price reaches "
        "₹1,400.00; or at a limit of ₹1,599.00 once the price reaches ₹1,600.00, whichever comes "
        "first, and the other is cancelled then.\n"
        "At Kite, LIVE: real money.\n"
        "Worth at least ₹15,990.00."
    )
    assert sentences(CONVERT) == [
        "Convert 10 shares of NSE:INFY of an open short position from product MIS to CNC."
    ]
    assert sentences(CANCEL) == ["Cancel the GTT order 7 for 10 shares of NSE:INFY."]
