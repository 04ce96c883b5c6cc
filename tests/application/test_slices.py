"""One order that goes as several: one yes, one append, each slice an order of its own."""

import pytest
from msgspec.structs import replace

from application.orders.change_order import Change
from application.orders.place_order import Asked, Order
from application.orders.switch import Which
from domain.errors import OrderDeniedByRisk, OrderKeyReused, OrderNotFound, TradingIsHalted
from domain.events import (
    OrderConfirmed,
    OrderOutcomeUnknown,
    OrderProposed,
    OrderRejected,
    OrderRequested,
)
from domain.limits import parse, with_changes
from tests.application.world import ASHA, FIRST, TEN_INFY, WIDE_OPEN_TEXT, World, context

FOUR_AT_ONCE = parse(f"{WIDE_OPEN_TEXT}, freeze_quantity_shares=NSE:INFY:4")


@pytest.fixture
def world() -> World:
    return World(limits=FOUR_AT_ONCE)


def order(world, key="k1", *, broker="paper", slices=True, terms=TEN_INFY):
    wanted = Order(terms=terms, order_key=key, broker=broker, slices=slices)
    return world.place_order(context(), world.entered(), wanted)


def sent(broker):
    return [(t.order_key, t.terms.quantity_shares) for _, t in broker.calls]


def test_an_order_above_the_freeze_quantity_is_refused_without_slices(world):
    with pytest.raises(OrderDeniedByRisk, match="slices=true"):
        order(world, slices=False)

    assert world.paper.calls == []


def test_it_goes_as_orders_of_its_own_one_after_the_other(world):
    receipt = order(world)

    assert sent(world.paper) == [("k1.1", 4), ("k1.2", 4), ("k1.3", 2)]
    assert len({ticket.broker_tag for _, ticket in world.paper.calls}) == 3
    assert (receipt.report.state, receipt.report.terms) == ("PLACED", TEN_INFY)
    assert [s.request.order_key for s in receipt.slices] == ["k1.1", "k1.2", "k1.3"]


def test_a_small_order_goes_whole_although_it_may_be_sliced(world):
    receipt = order(world, terms=replace(TEN_INFY, quantity_shares=4))

    assert sent(world.paper) == [("k1", 4)]
    assert receipt.slices == ()


def test_one_yes_is_used_once_for_all_slices_in_one_append(world):
    world.at_kite()
    asked = order(world, broker="kite")
    assert isinstance(asked, Asked)
    assert asked.proposal.slices == 3
    assert "as 3 orders" in asked.proposal.text
    assert world.kite.calls == []

    receipt = world.said_yes(asked)

    assert receipt.report.state == "PLACED"
    assert len(world.kite.calls) == 3
    facts = world.events(FIRST)
    assert sum(isinstance(f, OrderProposed) for f in facts) == 1
    assert sum(isinstance(f, OrderConfirmed) for f in facts) == 1
    requests = [f for f in facts if isinstance(f, OrderRequested)]
    assert {r.approval for r in requests} == {asked.proposal.proposal_id}
    assert [r.risk.orders_today for r in requests if r.risk] == [0, 1, 2]
    [append] = [
        a
        for a in world.store.attempts
        if any(r.name == "trading_session.order_requested.v1" for r in a.rows)
    ]
    assert sum(r.name == "order_key.claimed.v1" for r in append.rows) == 4
    assert sum(r.name == "risk_ledger.reserved.v1" for r in append.rows) == 3


@pytest.mark.parametrize(
    "second",
    [
        OrderRejected(order_key="k1.2", code="NO_MONEY", reason="Not enough money."),
        OrderOutcomeUnknown(order_key="k1.2", cause="no answer"),
    ],
    ids=["refused", "unknown"],
)
def test_a_slice_that_is_not_placed_stops_those_behind_it(world, second):
    first = []

    def answer(ticket):
        first.append(ticket.order_key)
        if ticket.order_key == "k1.2":
            return second
        return world.paper.accepted(ticket)

    world.paper.answers = [answer, answer]

    receipt = order(world)

    assert first == ["k1.1", "k1.2"]
    third = receipt.slices[2]
    assert (third.state, third.code, third.reached_broker) == ("REJECTED", "SLICES_STOPPED", False)
    assert receipt.report.state == ("PLACED" if isinstance(second, OrderRejected) else "UNKNOWN")


def test_the_same_key_tells_all_of_it_and_sends_nothing(world):
    first = order(world)

    again = order(world)

    assert again.repeated
    assert again.report == first.report
    assert len(world.paper.calls) == 3


def test_the_same_key_with_another_quantity_is_refused(world):
    order(world)

    with pytest.raises(OrderKeyReused):
        order(world, terms=replace(TEN_INFY, quantity_shares=9))


def test_slices_that_were_not_sent_when_the_process_died_are_sent_by_the_same_key(world):
    class Crash(BaseException):
        pass

    def die(ticket):
        raise Crash

    world.paper.answers = [world.paper.accepted, die]
    with pytest.raises(Crash):
        order(world)

    again = order(world)

    # The second may be live: it is looked for, and nothing behind it is sent.
    assert [s.state for s in again.slices][:2] == ["PLACED", "DISPATCHED"]
    assert len(world.paper.calls) == 2


def test_slices_are_cancelled_one_by_one(world):
    order(world)

    with pytest.raises(OrderNotFound, match=r"k1\.1, k1\.2, k1\.3"):
        world.change_order(context(), world.entered(), Change(order="k1", new=None))

    world.change_order(context(), world.entered(), Change(order="k1.2", new=None))
    assert [broker_order_id for _, broker_order_id, _ in world.paper.changed] == ["B2"]


def test_slices_count_as_orders():
    world = World(limits=with_changes(FOUR_AT_ONCE, {"max_orders_per_day": "2"}))

    with pytest.raises(OrderDeniedByRisk, match="max_orders_per_day"):
        order(world)

    assert world.paper.calls == []


def test_a_halt_between_two_slices_stops_the_rest(world):
    def halted(ticket):
        world.kill_switch.arm(context(), Which("user", ASHA), "enough", ASHA)
        return world.paper.accepted(ticket)

    world.paper.answers = [halted]

    receipt = order(world)

    assert len(world.paper.calls) == 1
    assert [s.state for s in receipt.slices] == ["PLACED", "REJECTED", "REJECTED"]
    with pytest.raises(TradingIsHalted):
        order(world, key="k2")


def test_the_key_of_a_slice_is_never_one_that_names_another_order(world):
    order(world, key="k1.1", terms=replace(TEN_INFY, quantity_shares=9))

    with pytest.raises(OrderKeyReused, match=r"k1\.1"):
        order(world, key="k1")

    assert [key for key, _ in sent(world.paper)] == ["k1.1.1", "k1.1.2", "k1.1.3"]
