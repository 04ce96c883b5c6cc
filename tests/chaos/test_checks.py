"""The judge of the chaos runs: each kind of offence is seen, and nothing else is."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from domain.order_reports import order_reports
from tests.chaos.checks import AtBroker, Findings, Told, check
from tests.chaos.plan import Wish, mixed
from tests.domain import facts

USER = "CHAOS0"
TAG = facts.REQUESTED.broker_tag
WISH = Wish(symbol="INFY", side="BUY", quantity_shares=10, limit_price_inr=Decimal(1480))
LIVE = AtBroker(user=USER, tag=TAG, symbol="INFY", side="BUY", quantity_shares=10)
PRICES = {name: Decimal(1000) for name in ("INFY", "TCS", "ITC", "SBIN", "WIPRO")}


def stored(*events):
    return {USER: order_reports([facts.CREATED, facts.REQUESTED, *events])}


def told(state, *, safe=False, key="k1"):
    return Told(user=USER, order_key=key, wish=WISH, state=state, safe=safe)


def test_an_order_that_all_three_know_is_no_offence():
    assert (
        check([LIVE], stored(facts.DISPATCHED, facts.PLACED), [told("PLACED"), told("DISPATCHED")])
        == Findings()
    )


@pytest.mark.parametrize("end", [facts.REJECTED, facts.NEVER_SENT, facts.ABSENT])
def test_an_order_that_nobody_has_is_no_offence(end):
    assert check([], stored(facts.DISPATCHED, end), [told("REJECTED", safe=True)]) == Findings()


def test_two_orders_with_one_id_are_doubled():
    found = check([LIVE, LIVE], stored(facts.DISPATCHED, facts.PLACED), [])

    assert found == Findings(doubled=("CHAOS0 has 2 orders for 10 INFY",))


def test_one_wish_that_came_true_under_two_keys_is_doubled():
    second = replace(facts.REQUESTED, order_key="k2", broker_tag="utag0000000000000002")
    again = AtBroker(
        user=USER, tag="utag0000000000000002", symbol="INFY", side="BUY", quantity_shares=10
    )
    both = stored(facts.DISPATCHED, facts.PLACED, second, replace(facts.PLACED, order_key="k2"))

    assert check([LIVE, again], both, []) == Findings(doubled=("CHAOS0 has 2 orders for 10 INFY",))


def test_the_same_wish_of_two_people_is_two_wishes():
    other = AtBroker(user="CHAOS1", tag=TAG, symbol="INFY", side="BUY", quantity_shares=10)
    placed = stored(facts.DISPATCHED, facts.PLACED)

    assert check([LIVE, other], {**placed, "CHAOS1": placed[USER]}, []) == Findings()


def test_an_order_that_the_store_does_not_have_is_lost():
    assert len(check([LIVE], {USER: {}}, []).lost) == 1


def test_an_order_of_another_quantity_than_the_store_has_is_lost():
    more = AtBroker(user=USER, tag=TAG, symbol="INFY", side="BUY", quantity_shares=11)

    assert len(check([more], stored(facts.DISPATCHED, facts.PLACED), []).lost) == 1


def test_a_key_that_was_answered_and_is_not_in_the_store_is_lost():
    found = check([], {USER: {}}, [told("REJECTED", safe=True)])

    assert found == Findings(lost=("CHAOS0 was told REJECTED of k1: not in the store",))


@pytest.mark.parametrize(
    ("at_broker", "end"),
    [([], facts.PLACED), ([LIVE], facts.REJECTED), ([LIVE], facts.ABSENT)],
)
def test_a_store_that_says_otherwise_than_the_broker_has_a_phantom(at_broker, end):
    assert len(check(at_broker, stored(facts.DISPATCHED, end), []).phantom) == 1


def test_safe_to_retry_is_a_lie_where_the_order_exists():
    found = check([LIVE], stored(facts.DISPATCHED, facts.PLACED), [told("REJECTED", safe=True)])

    assert found == Findings(phantom=("CHAOS0 was told REJECTED of k1; at the broker: True",))


def test_placed_is_a_lie_where_no_order_exists():
    found = check([], stored(facts.DISPATCHED, facts.REJECTED), [told("PLACED")])

    assert found == Findings(phantom=("CHAOS0 was told PLACED of k1; at the broker: False",))


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ((), "REQUESTED"),
        ((facts.DISPATCHED,), "DISPATCHED"),
        ((facts.DISPATCHED, facts.UNKNOWN), "UNKNOWN"),
    ],
)
def test_an_order_without_an_end_is_an_offence_when_the_day_is_over(events, state):
    assert check([], stored(*events), []) == Findings(unknown=(f"CHAOS0 k1 is {state}",))


def test_the_same_seed_makes_the_same_plan_and_another_one_another():
    assert mixed(7, 600, PRICES) == mixed(7, 600, PRICES)
    assert mixed(7, 600, PRICES) != mixed(8, 600, PRICES)


def test_a_plan_has_as_many_wishes_as_asked_for_and_each_person_none_twice():
    plans = mixed(7, 603, PRICES)

    assert sum(len(plan.wishes) for plan in plans) == 603
    for plan in plans:
        assert len({wish.quantity_shares for wish in plan.wishes}) == len(plan.wishes)
