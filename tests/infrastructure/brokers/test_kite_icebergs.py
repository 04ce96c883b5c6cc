"""An iceberg order is one order here, whatever number of legs Kite makes of it."""

import itertools
from decimal import Decimal

import pytest
from msgspec.structs import replace

from application.ports.broker_orders import Accepted, Declined
from domain.errors import NotSupportedByBroker
from domain.events import OrderPlaced
from infrastructure.brokers.kite import KiteBroker
from infrastructure.brokers.kite.map_orders import broker_orders
from tests.infrastructure.brokers.kite_support import (
    TAG,
    TEN_AT_1400,
    access,
    far_side,
    kite_error,
    kite_yes,
    logged_in,
    ticket,
)
from tests.infrastructure.simulator.support import OPENING_BELL, simulated_kite

CUSTOMERS = itertools.count(1)
FOUR_LEGS = replace(TEN_AT_1400, variety="iceberg", quantity_shares=20, disclosed_quantity_shares=5)
AT_ONCE = replace(FOUR_LEGS, limit_price_inr=Decimal("1500.00"))
"""Above the market: every leg is filled as soon as it is there."""
LEG = {
    "order_id": "1",
    "exchange": "NSE",
    "tradingsymbol": "INFY",
    "transaction_type": "BUY",
    "order_type": "LIMIT",
    "product": "CNC",
    "variety": "iceberg",
    "validity": "DAY",
    "price": 1400,
    "trigger_price": 0,
    "quantity": 5,
    "status": "COMPLETE",
    "filled_quantity": 5,
    "pending_quantity": 0,
    "average_price": 1400,
    "tag": TAG,
    "parent_order_id": None,
    "meta": {"iceberg": {"leg": 1, "legs": 4, "leg_quantity": 5, "total_quantity": 20}},
}


def leg(number: int, **cells: object) -> dict[str, object]:
    about = {"leg": number, "legs": 4, "leg_quantity": 5, "total_quantity": 20}
    parent = None if number == 1 else "1"
    row = {**LEG, "order_id": str(number), "parent_order_id": parent, "meta": {"iceberg": about}}
    return {**row, **cells}


OPEN = {"status": "OPEN", "filled_quantity": 0, "pending_quantity": 5, "average_price": 0}


@pytest.fixture(scope="module")
def kite(tmp_path_factory):
    with simulated_kite(tmp_path_factory.mktemp("keys")) as simulator:
        yield simulator


@pytest.fixture
def broker(kite):
    return KiteBroker(kite.url, kite.keys_dir)


@pytest.fixture
def alice(kite):
    """A customer of this test only."""
    return logged_in(kite, f"ICE{next(CUSTOMERS)}")


def test_an_iceberg_goes_out_with_its_legs_and_never_discloses(tmp_path):
    with far_side(lambda *_: kite_error(400, "InputException", "no")) as side:
        KiteBroker(side.url, tmp_path).place(access(), ticket(FOUR_LEGS), OPENING_BELL)

    (method, path, _, body) = side.requests[0]
    assert (method, path) == ("POST", "/orders/iceberg")
    assert "iceberg_legs=4&iceberg_quantity=5" in body
    assert "quantity=20&" in body
    assert "disclosed_quantity" not in body


def test_one_that_waits_is_one_order_of_all_its_shares(broker, alice):
    placed = broker.place(alice, ticket(FOUR_LEGS), OPENING_BELL)
    assert isinstance(placed, OrderPlaced)

    (order,) = broker.orders(alice, OPENING_BELL)

    assert (order.broker_order_id, order.broker_tags) == (placed.broker_order_id, (TAG,))
    assert (order.quantity_shares, order.variety) == (20, "iceberg")
    assert (order.sighting.status, order.sighting.raw_status) == ("OPEN", "OPEN (leg 1 of 4)")
    assert (order.sighting.filled_shares, order.sighting.pending_shares) == (0, 20)


def test_its_legs_are_filled_one_after_the_other_and_stay_one_order(broker, alice, kite):
    placed = broker.place(alice, ticket(AT_ONCE), OPENING_BELL)
    assert isinstance(placed, OrderPlaced)

    first, whole = (broker.orders(alice, OPENING_BELL) for _ in range(2))

    (order,) = whole
    assert len(first) == 1
    assert (order.broker_order_id, order.quantity_shares) == (placed.broker_order_id, 20)
    assert (order.sighting.status, order.sighting.filled_shares) == ("FILLED", 20)
    assert order.sighting.average_price_inr == Decimal("1488.8")
    assert [trade.quantity_shares for trade in broker.trades(alice, OPENING_BELL)] == [5, 5, 5, 5]
    (position,) = broker.positions(alice, OPENING_BELL)
    assert position.quantity_shares == 20


def test_cancelling_it_cancels_the_leg_in_the_market_and_the_rest_never_comes(broker, alice, kite):
    placed = broker.place(alice, ticket(FOUR_LEGS), OPENING_BELL)
    assert isinstance(placed, OrderPlaced)

    written = broker.cancel(alice, placed.broker_order_id, FOUR_LEGS, OPENING_BELL)

    assert isinstance(written, Accepted)
    (order,) = broker.orders(alice, OPENING_BELL)
    assert (order.sighting.status, order.sighting.filled_shares) == ("CANCELLED", 0)


def test_the_latest_leg_is_the_one_that_is_cancelled(tmp_path):
    book = kite_yes([leg(1), leg(2, **OPEN)])

    def answer(method: str, path: str):
        return book if method == "GET" else kite_yes({"order_id": "2"})

    with far_side(answer) as side:
        written = KiteBroker(side.url, tmp_path).cancel(access(), "1", FOUR_LEGS, OPENING_BELL)

    assert written == Accepted(reference="2")
    assert side.asked == ["GET /orders", "DELETE /orders/iceberg/2"]


def test_nothing_is_cancelled_while_the_leg_cannot_be_looked_up(tmp_path):
    with far_side(lambda *_: kite_error(500, "GeneralException", "no")) as side:
        written = KiteBroker(side.url, tmp_path).cancel(access(), "1", FOUR_LEGS, OPENING_BELL)

    assert isinstance(written, Declined)
    assert (written.code, written.reached_broker) == ("NOT_LOOKED_UP", False)
    assert not any(asked.startswith("DELETE") for asked in side.asked)


def test_no_leg_is_ever_modified(tmp_path):
    with far_side(lambda *_: kite_yes({"order_id": "1"})) as side:
        broker = KiteBroker(side.url, tmp_path)
        with pytest.raises(NotSupportedByBroker):
            broker.modify(access(), "1", FOUR_LEGS, OPENING_BELL)

    assert side.asked == []


@pytest.mark.parametrize(
    ("rows", "status", "filled", "pending"),
    [
        ([leg(1)], "PARTIAL", 5, 15),
        ([leg(1), leg(2, **OPEN)], "PARTIAL", 5, 15),
        ([leg(2, **OPEN, tag=None), leg(1)], "PARTIAL", 5, 15),
        ([leg(1, **OPEN)], "OPEN", 0, 20),
        ([leg(1), leg(2, **{**OPEN, "status": "CANCELLED"})], "CANCELLED", 5, 0),
        ([leg(1, **{**OPEN, "status": "REJECTED"})], "REJECTED", 0, 0),
        ([leg(1), leg(2), leg(3), leg(4)], "FILLED", 20, 0),
    ],
)
def test_how_the_whole_stands_is_told_from_its_legs(rows, status, filled, pending):
    (order,) = broker_orders(rows)

    sighting = order.sighting
    assert (sighting.status, sighting.filled_shares, sighting.pending_shares) == (
        status,
        filled,
        pending,
    )
    assert (order.broker_order_id, order.quantity_shares) == ("1", 20)
    assert order.broker_tags == (TAG,)


def test_the_price_paid_is_the_mean_over_the_shares_of_the_legs():
    dearer = leg(2, average_price=1402, quantity=15, filled_quantity=15)

    (order,) = broker_orders([leg(1), dearer])

    assert order.sighting.average_price_inr == Decimal("1401.5")


def test_an_iceberg_that_says_nothing_of_its_legs_is_an_order_like_any_other():
    (order,) = broker_orders([{**LEG, "meta": ""}])

    assert (order.quantity_shares, order.sighting.status) == (5, "FILLED")


def test_other_orders_keep_their_places_among_the_legs():
    regular = {**LEG, "order_id": "7", "variety": "regular", "meta": {}}

    found = broker_orders([regular, leg(1), {**regular, "order_id": "8"}, leg(2, **OPEN)])

    assert [order.broker_order_id for order in found] == ["7", "1", "8"]
