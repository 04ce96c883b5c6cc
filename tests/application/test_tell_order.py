from dataclasses import replace
from datetime import timedelta

import pytest

from application.orders.place_order import Asked, Order
from application.orders.tell_order import TellOrder, Told, Unsent
from application.ports.broker import BrokerDown
from domain.errors import OrderDeniedByRisk, OrderNotFound
from domain.events import OrderOutcomeUnknown
from domain.limits import parse
from tests.application.world import (
    ASHA,
    FILLED,
    FIRST,
    OPEN,
    RAVI,
    TEN_INFY,
    World,
    context,
    row,
)


def telling(world: World) -> TellOrder:
    return TellOrder(writer=world.writer, read_broker=world.read_broker, clock=world.clock)


def tell(world: World, key: str | None = "k1", order_id: str | None = None, principal=ASHA):
    return telling(world)(context(principal), world.entered(principal), key, order_id)


def proposed(world: World) -> Asked:
    answer = world.place_order(
        context(), world.at_kite(), Order(terms=TEN_INFY, order_key="k1", broker="kite")
    )
    assert isinstance(answer, Asked)
    return answer


def test_an_order_is_told_by_its_key_and_by_the_brokers_id(world: World):
    receipt = world.order("k1")

    by_key, by_id = tell(world, "k1"), tell(world, None, "B1")

    assert isinstance(by_key, Told)
    assert by_key == by_id
    assert (by_key.report, by_key.session_id) == (receipt.report, FIRST)


def test_an_order_that_may_have_moved_is_looked_up(world: World):
    receipt = world.order("k1")
    world.paper.book = [row("B1", OPEN, receipt.report.request.broker_tag)]
    assert tell(world).report.sighting == OPEN
    world.paper.book = [row("B1", FILLED, receipt.report.request.broker_tag)]
    assert tell(world).report.sighting == FILLED


def test_an_order_that_is_over_is_told_without_asking_anybody(world: World):
    receipt = world.order("k1")
    world.paper.book = [row("B1", FILLED, receipt.report.request.broker_tag)]
    tell(world)
    world.paper.book = BrokerDown("away")

    assert tell(world).report.sighting == FILLED


@pytest.mark.parametrize("trouble", [BrokerDown("away")])
def test_where_nobody_can_look_what_is_on_record_is_told(world: World, trouble):
    world.paper.answers = [lambda t: OrderOutcomeUnknown(order_key=t.order_key, cause="no answer")]
    world.order("k1")
    world.paper.book = trouble

    assert tell(world).report.state == "UNKNOWN"


def test_an_order_tells_how_it_was_said_yes_to(world: World):
    asked = proposed(world)
    world.said_yes(asked)

    told = tell(world)

    assert isinstance(told, Told)
    assert told.approval is not None
    assert (told.approval.method, told.approval.text_hash) == (
        "elicitation",
        asked.proposal.text_hash,
    )


def test_an_order_that_was_only_proposed_tells_what_it_waits_for(world: World):
    asked = proposed(world)

    told = tell(world)
    world.clock.advance(timedelta(seconds=120))
    later = tell(world)

    assert isinstance(told, Unsent)
    assert (told.fact, told.state) == (asked.proposal, "AWAITING_APPROVAL")
    assert (later.state, later.fact) == ("EXPIRED", asked.proposal)


def test_an_order_that_was_denied_tells_the_rule():
    world = World(limits=parse("max_order_quantity_shares=5"))
    with pytest.raises(OrderDeniedByRisk):
        world.order("k1")

    told = tell(world)

    assert isinstance(told, Unsent)
    assert (told.state, told.fact.terms.quantity_shares) == ("DENIED", 10)


def test_an_order_that_was_denied_and_then_sent_is_told_as_sent():
    world = World(limits=parse("max_order_quantity_shares=5"))
    with pytest.raises(OrderDeniedByRisk):
        world.order("k1")
    judging = replace(
        world.judging, policy=replace(world.policy, defaults=parse("market_hours=off"))
    )
    world.place_order = replace(world.place_order, judging=judging)
    world.order("k1")

    assert isinstance(tell(world), Told)


def test_what_nobody_asked_for_and_what_others_asked_for_is_not_found(world: World):
    world.order("k1")

    for attempt in (
        lambda: tell(world, "k2"),
        lambda: tell(world, None, "B2"),
        lambda: tell(world, "k1", principal=RAVI),
        lambda: tell(world, None, "B1", principal=RAVI),
    ):
        with pytest.raises(OrderNotFound):
            attempt()
