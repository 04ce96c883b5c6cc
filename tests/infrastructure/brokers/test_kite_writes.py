"""Everything that changes something at Kite: through the real SDK, against the simulator."""

import dataclasses
import itertools
import threading
from decimal import Decimal

import pytest
from msgspec.structs import replace

from application.ports.broker import BrokerDown, LoginExpired
from application.ports.broker_orders import Accepted, Declined, GttLeg, GttOrder
from domain.errors import NotSupportedByBroker
from domain.events import OrderPlaced, OrderRejected
from infrastructure.brokers.kite import KiteBroker
from tests.infrastructure.brokers.kite_support import (
    BUY_AT_1400,
    SELL_OUT_OF_1400_TO_1600,
    TAG,
    TEN_AT_1400,
    TEN_INTRADAY,
    TO_DELIVERY,
    WRITES,
    access,
    as_json,
    far_side,
    kite_error,
    logged_in,
    ticket,
)
from tests.infrastructure.simulator.support import OPENING_BELL, simulated_kite

CUSTOMERS = itertools.count(1)
REFUSED = (Declined, OrderRejected)


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
    return logged_in(kite, f"ALICE{next(CUSTOMERS)}")


@pytest.mark.parametrize("name", WRITES)
def test_a_write_repeats_neither_token_nor_account(tmp_path, name):
    words = "Invalid: s3cr3t-t0ken of ALICE"

    with far_side(lambda *_: kite_error(400, "InputException", words)) as side:
        outcome = WRITES[name].do(KiteBroker(side.url, tmp_path), access())

    assert isinstance(outcome, REFUSED)
    assert outcome.reason == "Kite refused: Invalid: *** of ***"
    assert len(side.asked) == 1


def test_the_terms_of_a_working_order_are_replaced_by_all_of_the_new_ones(broker, alice):
    disclosed = replace(TEN_AT_1400, disclosed_quantity_shares=5)
    placed = broker.place(alice, ticket(disclosed), OPENING_BELL)
    assert isinstance(placed, OrderPlaced)
    other = replace(TEN_AT_1400, quantity_shares=7, limit_price_inr=Decimal("1410.5"))

    written = broker.modify(alice, placed.broker_order_id, other, OPENING_BELL)

    assert written == Accepted(reference=placed.broker_order_id)
    (order,) = broker.orders(alice, OPENING_BELL)
    assert (order.quantity_shares, order.limit_price_inr) == (7, Decimal("1410.5"))
    assert order.sighting.status == "OPEN"


def test_on_the_wire_a_modification_names_what_it_changes(tmp_path):
    terms = replace(
        TEN_AT_1400, order_type="SL-M", limit_price_inr=None, trigger_price_inr=Decimal("1E+3")
    )
    with far_side(lambda *_: kite_error(400, "InputException", "no")) as side:
        KiteBroker(side.url, tmp_path).modify(access(), "151", terms, OPENING_BELL)

    (method, path, _, form) = side.requests[0]
    assert (method, path) == ("PUT", "/orders/regular/151")
    assert form == (
        "variety=regular&order_id=151&quantity=10&order_type=SL-M&trigger_price=1000"
        "&validity=DAY&disclosed_quantity=0&market_protection=-1"
    )


def test_a_working_order_is_cancelled(broker, alice):
    placed = broker.place(alice, ticket(TEN_AT_1400), OPENING_BELL)
    assert isinstance(placed, OrderPlaced)

    written = broker.cancel(alice, placed.broker_order_id, TEN_AT_1400, OPENING_BELL)

    assert written == Accepted(reference=placed.broker_order_id)
    (order,) = broker.orders(alice, OPENING_BELL)
    assert order.sighting.status == "CANCELLED"


def test_an_order_that_is_not_working_any_more_cannot_be_changed(broker, alice):
    placed = broker.place(alice, ticket(), OPENING_BELL)
    assert isinstance(placed, OrderPlaced)

    for written in (
        broker.modify(alice, placed.broker_order_id, TEN_AT_1400, OPENING_BELL),
        broker.cancel(alice, placed.broker_order_id, TEN_AT_1400, OPENING_BELL),
    ):
        assert isinstance(written, Declined)
        assert (written.code, written.reached_broker) == ("NOT_WORKING", True)


def test_an_order_of_nobody_or_of_somebody_else_cannot_be_changed(kite, broker, alice):
    bob = logged_in(kite, "BOB")
    placed = broker.place(bob, ticket(TEN_AT_1400), OPENING_BELL)
    assert isinstance(placed, OrderPlaced)

    for order_id in ("261123000000000", placed.broker_order_id):
        written = broker.cancel(alice, order_id, TEN_AT_1400, OPENING_BELL)
        assert isinstance(written, Declined)
        assert written.code == "NOT_FOUND"


def test_a_position_is_converted(broker, alice):
    broker.place(alice, ticket(TEN_INTRADAY), OPENING_BELL)

    written = broker.convert_position(alice, TO_DELIVERY, OPENING_BELL)

    assert written == Accepted()
    positions = broker.positions(alice, OPENING_BELL)
    assert [(each.product, each.quantity_shares) for each in positions if each.quantity_shares] == [
        ("CNC", 10)
    ]


def test_on_the_wire_a_conversion_says_which_day_the_position_is_from(tmp_path):
    with far_side(lambda *_: kite_error(400, "InputException", "no")) as side:
        broker = KiteBroker(side.url, tmp_path)
        broker.convert_position(access(), TO_DELIVERY, OPENING_BELL)

    assert side.requests[0][0:2] == ("PUT", "/portfolio/positions")
    assert side.requests[0][3] == (
        "exchange=NSE&tradingsymbol=INFY&transaction_type=BUY&position_type=day&quantity=10"
        "&old_product=MIS&new_product=CNC"
    )


@pytest.mark.parametrize("gtt", [BUY_AT_1400, SELL_OUT_OF_1400_TO_1600])
def test_a_gtt_is_placed_listed_and_cancelled(broker, alice, gtt):
    written = broker.place_gtt(alice, gtt, OPENING_BELL)

    assert isinstance(written, Accepted)
    (listed,) = broker.gtt_orders(alice, OPENING_BELL)
    assert listed == GttOrder(
        gtt_id=str(written.reference),
        kind=gtt.kind,
        exchange="NSE",
        trading_symbol="INFY",
        transaction_type=gtt.transaction_type,
        product="CNC",
        quantity_shares=10,
        legs=gtt.legs,
        status="ACTIVE",
        raw_status="active",
        created_at=OPENING_BELL,
    )
    assert broker.cancel_gtt(alice, listed, OPENING_BELL) == written
    (cancelled,) = broker.gtt_orders(alice, OPENING_BELL)
    assert cancelled.status == "CANCELLED"


def test_a_gtt_becomes_another_one_under_its_id(broker, alice):
    placed = broker.place_gtt(alice, BUY_AT_1400, OPENING_BELL)
    assert isinstance(placed, Accepted)

    written = broker.modify_gtt(
        alice, str(placed.reference), SELL_OUT_OF_1400_TO_1600, OPENING_BELL
    )

    assert written == placed
    (listed,) = broker.gtt_orders(alice, OPENING_BELL)
    assert (listed.kind, listed.transaction_type, len(listed.legs)) == ("OCO", "SELL", 2)


def test_a_gtt_goes_out_as_two_json_texts_in_a_form_and_is_always_a_limit_order(tmp_path):
    with far_side(lambda *_: kite_error(400, "InputException", "no")) as side:
        KiteBroker(side.url, tmp_path).place_gtt(access(), SELL_OUT_OF_1400_TO_1600, OPENING_BELL)

    (method, path, _, form) = side.requests[0]
    assert (method, path) == ("POST", "/gtt/triggers")
    assert "type=two-leg" in form
    assert "trigger_values%22%3A+%5B1400.0%2C+1600.0%5D" in form
    assert form.count("%22order_type%22%3A+%22LIMIT%22") == 2
    assert "%22price%22%3A+1399.95%7D" in form


def test_a_gtt_without_the_legs_of_its_kind_is_never_sent(tmp_path):
    lame = dataclasses.replace(SELL_OUT_OF_1400_TO_1600, legs=BUY_AT_1400.legs)
    with far_side(lambda *_: kite_error(400, "InputException", "no")) as side:
        written = KiteBroker(side.url, tmp_path).place_gtt(access(), lame, OPENING_BELL)

    assert isinstance(written, Declined)
    assert (written.code, written.reached_broker) == ("NEVER_SENT", False)
    assert side.asked == []


def test_a_trigger_that_is_met_already_is_refused(broker, alice):
    met = dataclasses.replace(
        SELL_OUT_OF_1400_TO_1600,
        legs=(
            GttLeg(trigger_price_inr=Decimal("1500"), limit_price_inr=Decimal("1500")),
            GttLeg(trigger_price_inr=Decimal("1600"), limit_price_inr=Decimal("1600")),
        ),
    )

    written = broker.place_gtt(alice, met, OPENING_BELL)

    assert isinstance(written, Declined)
    assert written.code == "INPUT_REFUSED"
    assert broker.gtt_orders(alice, OPENING_BELL) == ()


def test_a_gtt_that_nobody_has_is_not_found(broker, alice):
    broker.place_gtt(alice, BUY_AT_1400, OPENING_BELL)
    (listed,) = broker.gtt_orders(alice, OPENING_BELL)

    written = broker.cancel_gtt(alice, dataclasses.replace(listed, gtt_id="1"), OPENING_BELL)

    assert isinstance(written, Declined)
    assert written.code == "NOT_FOUND"


def test_what_kite_has_no_call_for_is_refused_before_anything_is_sent(tmp_path):
    with far_side(lambda *_: kite_error(400, "InputException", "no")) as side:
        broker = KiteBroker(side.url, tmp_path)
        with pytest.raises(NotSupportedByBroker, match="dhan can"):
            broker.set_kill_switch(access(), True, OPENING_BELL)
        with pytest.raises(NotSupportedByBroker):
            broker.kill_switch(access(), OPENING_BELL)

    assert side.asked == []


def test_writes_of_many_people_at_once_stay_apart(kite, broker):
    people = [logged_in(kite, f"WRITER{number}") for number in range(4)]
    seen = {}

    def act(who):
        placed = [broker.place(who, ticket(TEN_AT_1400), OPENING_BELL) for _ in range(3)]
        seen[who.account_id] = {order.broker_order_id for order in placed}

    threads = [threading.Thread(target=act, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for who in people:
        mine = {order.broker_order_id for order in broker.orders(who, OPENING_BELL)}
        assert mine == seen[who.account_id]


def test_a_gtt_list_that_makes_no_sense_is_down_and_not_empty(tmp_path):
    no_price = {"status": "success", "data": [{"id": 1, "type": "single", "status": "active"}]}
    with far_side(lambda *_: as_json(200, no_price)) as side, pytest.raises(BrokerDown):
        KiteBroker(side.url, tmp_path).gtt_orders(access(), OPENING_BELL)


def test_an_order_from_an_address_that_is_not_registered_is_refused(kite, broker, alice):
    kite.http.post(
        "/simulator/addresses",
        json={"broker": "kite", "user": alice.account_id, "addresses": ["192.0.2.7"]},
    ).raise_for_status()

    for name in ("place", "place_gtt"):
        outcome = WRITES[name].do(broker, alice)
        assert isinstance(outcome, REFUSED)
        assert outcome.code == "IP_NOT_ALLOWED"
    assert broker.orders(alice, OPENING_BELL) == ()


def test_a_token_that_ends_in_mid_call_has_placed_its_order(kite, broker, alice):
    kite.fault(fault="expire_token", route="/orders", user=alice.account_id, calls=1)

    outcome = broker.place(alice, ticket(), OPENING_BELL)

    assert isinstance(outcome, OrderPlaced)
    with pytest.raises(LoginExpired):
        broker.orders(alice, OPENING_BELL)


def test_an_order_that_shows_late_is_missing_first_and_found_then(kite, broker, alice):
    late = {"broker": "kite", "user": alice.account_id, "seconds": 30}
    kite.http.post("/simulator/lag", json=late).raise_for_status()

    placed = broker.place(alice, ticket(), OPENING_BELL)
    first = broker.find(alice, TAG, "NSE", OPENING_BELL)
    kite.clock.advance(seconds=30)
    later = broker.find(alice, TAG, "NSE", OPENING_BELL)
    kite.clock.advance(seconds=-30)

    assert isinstance(placed, OrderPlaced)
    assert first == ()
    assert [order.broker_order_id for order in later] == [placed.broker_order_id]


def test_on_the_wire_a_cancellation_names_the_order_and_nothing_else(tmp_path):
    after_hours = replace(TEN_AT_1400, variety="amo")
    with far_side(lambda *_: kite_error(400, "InputException", "no")) as side:
        KiteBroker(side.url, tmp_path).cancel(access(), "151", after_hours, OPENING_BELL)

    assert side.asked == ["DELETE /orders/amo/151"]


@pytest.mark.parametrize("order_id", ["", "..", "../../gtt/triggers/1", "1?x=2", "1/2", "%2e%2e"])
def test_what_is_no_id_leads_nowhere(tmp_path, order_id):
    with far_side(lambda *_: as_json(200, {"data": {"order_id": "1", "trigger_id": 1}})) as side:
        broker = KiteBroker(side.url, tmp_path)
        written = [
            broker.modify(access(), order_id, TEN_AT_1400, OPENING_BELL),
            broker.cancel(access(), order_id, TEN_AT_1400, OPENING_BELL),
            broker.modify_gtt(access(), order_id, BUY_AT_1400, OPENING_BELL),
        ]
        history = broker.order_history(access(), order_id, "NSE", OPENING_BELL)

    assert [isinstance(each, Declined) and each.reached_broker for each in written] == [False] * 3
    assert (history, side.asked) == ((), [])
