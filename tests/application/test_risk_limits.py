from uuid import UUID

import pytest

from application.orders.risk_limits import RiskPolicy
from application.writer import Context, Writer
from domain.catalog import CATALOG
from domain.errors import InvalidArgument
from domain.limits import parse
from domain.streams import risk_limits_stream
from tests.application.world import ASHA, OPENING_BELL, RAVI
from tests.fakes.clock import CountingIds, ManualClock
from tests.fakes.event_store import MemoryEventStore

CONFIGURED = parse("max_orders_per_day=50")
BY_THE_OPERATOR = Context(principal=RAVI, actor="operator", correlation_id=UUID(int=0xC0))


@pytest.fixture
def policy() -> RiskPolicy:
    writer = Writer(
        store=MemoryEventStore(),
        clock=ManualClock(OPENING_BELL),
        ids=CountingIds(),
        catalog=CATALOG,
    )
    return RiskPolicy(writer=writer, defaults=CONFIGURED)


def stored(policy, principal=ASHA):
    return policy.writer.load(risk_limits_stream(principal)).recorded


def test_whoever_has_no_limits_of_their_own_has_the_configurations(policy):
    assert policy.of(ASHA) == CONFIGURED


def test_a_change_is_for_one_person_and_everything_else_stays(policy):
    now = policy.set(BY_THE_OPERATOR, ASHA, {"max_order_value_inr": "5000"}, "asked for it")

    assert now == policy.of(ASHA) == parse("max_orders_per_day=50, max_order_value_inr=5000")
    assert policy.of(RAVI) == CONFIGURED


def test_the_newest_change_of_each_limit_holds(policy):
    policy.set(BY_THE_OPERATOR, ASHA, {"max_order_value_inr": "5000"}, "first")
    policy.set(BY_THE_OPERATOR, ASHA, {"max_orders_per_day": "9"}, "second")
    policy.set(BY_THE_OPERATOR, ASHA, {"max_order_value_inr": "7000"}, "third")

    assert policy.of(ASHA) == parse("max_orders_per_day=9, max_order_value_inr=7000")


def test_a_limit_that_is_taken_back_is_the_configurations_again(policy):
    policy.set(BY_THE_OPERATOR, ASHA, {"max_orders_per_day": "9"}, "for a week")

    assert policy.set(BY_THE_OPERATOR, ASHA, {"max_orders_per_day": None}, "over") == CONFIGURED


def test_the_fact_says_why_and_that_it_was_the_operator_about_this_person(policy):
    policy.set(BY_THE_OPERATOR, ASHA, {"max_orders_per_day": "9"}, "asked for it")

    [recorded] = stored(policy)
    assert recorded.event.changes == {"max_orders_per_day": "9"}
    assert recorded.event.reason == "asked for it"
    assert (recorded.envelope.principal, recorded.envelope.actor) == (ASHA, "operator")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"max_orders_per_day": "none at all"}, "why"),
        ({"max_lots": "1"}, "why"),
        ({"max_lots": None}, "why"),
        ({}, "why"),
        ({"max_orders_per_day": "9"}, ""),
        ({"max_orders_per_day": "9"}, "x" * 201),
        ({"max_orders_per_day": "9"}, "two\nlines"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_stored(policy, changes, reason):
    with pytest.raises(InvalidArgument):
        policy.set(BY_THE_OPERATOR, ASHA, changes, reason)

    assert stored(policy) == ()


def test_changes_that_nobody_stored_go_over_those_that_hold(policy):
    policy.set(BY_THE_OPERATOR, ASHA, {"max_orders_per_day": "9", "max_unknown_open": "2"}, "why")

    proposed = policy.of(ASHA, {"max_orders_per_day": "5", "max_unknown_open": None})

    assert proposed == parse("max_orders_per_day=5")
    assert policy.of(ASHA) == parse("max_orders_per_day=9, max_unknown_open=2")
