"""Cards 63 to 72: what goes wrong on the wire, at the brokers that have one."""

import pytest

from application.ports.broker import BrokerDown
from application.ports.broker_orders import Accepted, Declined, Unproven
from domain.events import OrderOutcomeUnknown, OrderPlaced, OrderRejected
from tests.contract.desk import BUY_TEN, BUY_TEN_LOW, Desk

PLACING = {"kite": "/orders", "groww": "/v1/order/create", "dhan": "/v2/orders"}
CANCELLING = {"kite": "/orders", "groww": "/v1/order/cancel", "dhan": "/v2/orders"}
MONEY = {"kite": "/user/margins", "groww": "/v1/margins", "dhan": "/v2/fundlimit"}
TAG = "u1b2c3d4e5f6g7h8i9j0"


@pytest.mark.parametrize(
    "fault", ["drop_after", "html502", "truncated", "json_list", "empty", "wrong_shape"]
)
def test_card_63_an_order_whose_answer_was_lost_is_unknown_and_found_by_its_tag(
    wired: Desk, fault: str
):
    wired.accident(fault, PLACING[wired.name])

    outcome = wired.place(BUY_TEN, tag=TAG)

    assert isinstance(outcome, OrderOutcomeUnknown)
    (found,) = wired.broker.find(wired.access, TAG, "NSE", wired.clock())
    assert found.quantity_shares == 10
    assert wired.orders_at_the_broker() == 1


def test_card_64_a_lost_request_is_unknown_too(wired: Desk):
    wired.accident("drop_before", PLACING[wired.name])

    outcome = wired.place(BUY_TEN, tag=TAG)

    assert isinstance(outcome, OrderOutcomeUnknown)
    assert wired.broker.find(wired.access, TAG, "NSE", wired.clock()) == ()
    assert wired.orders_at_the_broker() == 0


def test_card_65_too_many_orders_is_a_proven_no(wired: Desk):
    wired.accident("status:429", PLACING[wired.name])

    outcome = wired.place(BUY_TEN)

    assert isinstance(outcome, OrderRejected)
    assert outcome.code == "RATE_LIMITED"
    assert wired.orders_at_the_broker() == 0


def test_card_66_an_accident_at_the_broker_proves_nothing(wired: Desk):
    wired.accident("status:503", PLACING[wired.name])

    assert isinstance(wired.place(BUY_TEN), OrderOutcomeUnknown)


@pytest.mark.parametrize("fault", ["drop_after", "html502", "truncated"])
def test_card_67_a_cancellation_whose_answer_was_lost_is_unproven(wired: Desk, fault: str):
    broker_order_id = wired.placed(BUY_TEN_LOW)
    wired.accident(fault, CANCELLING[wired.name])

    end = wired.broker.cancel(wired.access, broker_order_id, BUY_TEN_LOW, wired.clock())

    assert isinstance(end, Unproven)
    assert wired.order(broker_order_id).sighting.status == "CANCELLED"


def test_card_68_after_an_accident_the_next_order_is_placed_as_ever(wired: Desk):
    wired.accident("drop_after", PLACING[wired.name])
    wired.place(BUY_TEN)

    assert isinstance(wired.place(BUY_TEN), OrderPlaced)


@pytest.mark.parametrize("fault", ["html502", "truncated", "json_list", "empty", "wrong_shape"])
def test_card_69_a_read_without_a_usable_answer_says_so(wired: Desk, fault: str):
    wired.accident(fault, MONEY[wired.name], calls=3)

    with pytest.raises(BrokerDown):
        wired.broker.funds(wired.access, wired.clock())


def test_card_70_a_read_survives_one_accident(wired: Desk):
    wired.accident("drop_before", MONEY[wired.name])

    assert wired.broker.funds(wired.access, wired.clock())[0].available_inr > 0


def test_card_71_nobody_sees_the_orders_of_another_account(wired: Desk):
    wired.placed(BUY_TEN_LOW)

    neighbour = wired.neighbour()

    assert wired.broker.orders(neighbour, wired.clock()) == ()
    assert wired.broker.trades(neighbour, wired.clock()) == ()


def test_card_72_nobody_cancels_the_orders_of_another_account(wired: Desk):
    broker_order_id = wired.placed(BUY_TEN_LOW)

    end = wired.broker.cancel(wired.neighbour(), broker_order_id, BUY_TEN_LOW, wired.clock())

    assert not isinstance(end, Accepted)
    assert isinstance(end, Declined | Unproven)
    assert wired.order(broker_order_id).sighting.status == "OPEN"
