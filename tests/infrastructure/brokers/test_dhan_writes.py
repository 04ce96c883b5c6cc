"""Everything that changes something at Dhan: through the real SDK, against the simulator."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from application.ports.broker_orders import Accepted, Declined, GttLeg, GttOrder, Unproven
from domain.events import OrderPlaced, OrderRejected
from tests.infrastructure.brokers.dhan_support import (
    BUY_AT_1400,
    SELL_BELOW_1400_OR_ABOVE_1600,
    TEN_INTRADAY,
    TO_DELIVERY,
    WRITES,
    access,
    dhan,
    dhan_error,
    logged_in,
)
from tests.infrastructure.brokers.kite_support import (
    TAG,
    TEN_AT_1400,
    TEN_AT_MARKET,
    as_json,
    far_side,
    ticket,
)
from tests.infrastructure.simulator.support import OPENING_BELL, simulated_kite

REFUSED = (Declined, OrderRejected)
WITHOUT_A_READ = [name for name, write in WRITES.items() if write.read_first is None]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory):
    with simulated_kite(tmp_path_factory.mktemp("keys")) as simulator:
        yield simulator


@pytest.fixture
def broker(simulator):
    return dhan(simulator.url, simulator.keys_dir)


@pytest.fixture
def alice(simulator, request):
    """A customer of this test only."""
    return logged_in(simulator, f"A{abs(hash(request.node.name)) % 10**12}")


def done(simulator, who, action):
    """How often the simulator has done it for this customer."""
    mine = [write for write in simulator.exchange.writes() if write.user == who.account_id]
    return [write.action for write in mine].count(action)


@pytest.mark.parametrize(
    "name", [name for name, write in WRITES.items() if write.read_first is None]
)
def test_a_write_repeats_neither_token_nor_account(tmp_path, name):
    words = "Invalid: s3cr3t-t0ken of ALICE"

    with far_side(lambda *_: dhan_error(400, "DH-905", words)) as side:
        outcome = WRITES[name].do(dhan(side.url, tmp_path), access())

    assert isinstance(outcome, REFUSED)
    assert outcome.reason == "Dhan refused: Invalid: *** of ***"
    assert len(side.asked) == 1


def test_a_yes_without_a_word_is_a_yes_only_where_dhan_documents_it(tmp_path):
    """202 and nothing: the SDK calls it a failure, and whoever believes it converts twice."""
    with far_side(lambda *_: (202, {}, b"")) as side:
        broker = dhan(side.url, tmp_path)
        converted = broker.convert_position(access(), TO_DELIVERY, OPENING_BELL)
        cancelled = broker.cancel(access(), "112", TEN_AT_1400, OPENING_BELL)

    assert converted == Accepted()
    assert cancelled == Unproven(cause="Dhan answered 202 without a word.")


def test_a_modification_sends_every_field_also_those_that_stay(tmp_path):
    terms = replace(
        TEN_AT_1400, order_type="SL", trigger_price_inr=Decimal("1.4E+3"), validity="IOC"
    )
    with far_side(lambda *_: as_json(200, {"orderId": "112", "orderStatus": "TRANSIT"})) as side:
        written = dhan(side.url, tmp_path).modify(access(), "112", terms, OPENING_BELL)

    assert written == Accepted(reference="112")
    (method, path, _, body) = side.requests[0]
    assert (method, path) == ("PUT", "/v2/orders/112")
    assert json.loads(body) == {
        "dhanClientId": "ALICE",
        "orderId": "112",
        "orderType": "STOP_LOSS",
        "legName": "",
        "quantity": 10,
        "price": 1400.0,
        "disclosedQuantity": 0,
        "triggerPrice": 1400.0,
        "validity": "IOC",
    }


def test_the_terms_of_a_working_order_are_replaced_by_all_of_the_new_ones(broker, alice):
    placed = broker.place(alice, ticket(TEN_AT_1400), OPENING_BELL)
    assert isinstance(placed, OrderPlaced)
    other = replace(TEN_AT_1400, quantity_shares=7, limit_price_inr=Decimal("1410.5"))

    written = broker.modify(alice, placed.broker_order_id, other, OPENING_BELL)

    assert written == Accepted(reference=placed.broker_order_id)
    (order,) = broker.orders(alice, OPENING_BELL)
    assert (order.quantity_shares, order.limit_price_inr) == (7, Decimal("1410.5"))
    assert (order.sighting.status, order.sighting.pending_shares) == ("OPEN", 7)


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


def test_an_order_of_nobody_or_of_somebody_else_cannot_be_changed(simulator, broker, alice):
    bob = logged_in(simulator, "BOB")
    placed = broker.place(bob, ticket(TEN_AT_1400), OPENING_BELL)
    assert isinstance(placed, OrderPlaced)

    for order_id in ("261123000000000", placed.broker_order_id):
        written = broker.cancel(alice, order_id, TEN_AT_1400, OPENING_BELL)
        assert isinstance(written, Declined)
        assert written.code == "NOT_FOUND"


def test_a_position_is_converted_once(simulator, broker, alice):
    broker.place(alice, ticket(TEN_INTRADAY), OPENING_BELL)

    written = broker.convert_position(alice, TO_DELIVERY, OPENING_BELL)

    assert written == Accepted()
    assert done(simulator, alice, "convert") == 1
    positions = broker.positions(alice, OPENING_BELL)
    assert [(each.product, each.quantity_shares) for each in positions] == [("CNC", 10)]


def test_more_than_there_is_cannot_be_converted(broker, alice):
    broker.place(alice, ticket(TEN_INTRADAY), OPENING_BELL)
    more = dataclasses.replace(TO_DELIVERY, quantity_shares=11)

    written = broker.convert_position(alice, more, OPENING_BELL)

    assert isinstance(written, Declined)
    assert written.code == "POSITION_TOO_SMALL"
    (position,) = broker.positions(alice, OPENING_BELL)
    assert (position.product, position.quantity_shares) == ("MIS", 10)


def test_a_contract_is_traded_by_its_security_id_and_comes_back_under_our_name(broker, alice):
    future = replace(
        TEN_AT_MARKET,
        exchange="NFO",
        trading_symbol="NIFTY26DECFUT",
        product="NRML",
        quantity_shares=65,
    )

    placed = broker.place(alice, ticket(future), OPENING_BELL)

    assert isinstance(placed, OrderPlaced)
    (order,) = broker.orders(alice, OPENING_BELL)
    (trade,) = broker.trades(alice, OPENING_BELL)
    (position,) = broker.positions(alice, OPENING_BELL)
    for row in (order, trade, position):
        assert (row.exchange, row.trading_symbol) == ("NFO", "NIFTY26DECFUT")
        assert (row.product, row.quantity_shares) == ("NRML", 65)


def test_where_quantities_may_be_lots_nothing_is_ordered_changed_or_converted(tmp_path):
    crude = replace(TEN_AT_1400, exchange="MCX", trading_symbol="CRUDEOIL26DECFUT")
    moved = dataclasses.replace(TO_DELIVERY, exchange="MCX")
    waiting = dataclasses.replace(BUY_AT_1400, exchange="MCX")
    with far_side(lambda *_: as_json(200, {"orderId": "1"})) as side:
        broker = dhan(side.url, tmp_path)
        placed = broker.place(access(), ticket(crude), OPENING_BELL)
        others = [
            broker.modify(access(), "1", crude, OPENING_BELL),
            broker.convert_position(access(), moved, OPENING_BELL),
            broker.place_gtt(access(), waiting, OPENING_BELL),
        ]

    assert isinstance(placed, OrderRejected)
    refusals = [each for each in others if isinstance(each, Declined)]
    assert len(refusals) == len(others)
    assert {placed.code, *(each.code for each in refusals)} == {"NOT_SUPPORTED"}
    assert side.asked == []


@pytest.mark.parametrize("order_id", ["", "..", "../forever/orders/1", "1?x=2", "1/2", "%2e%2e"])
def test_what_is_no_id_leads_nowhere(tmp_path, order_id):
    with far_side(lambda *_: as_json(200, {"orderId": "1"})) as side:
        broker = dhan(side.url, tmp_path)
        written = [
            broker.modify(access(), order_id, TEN_AT_1400, OPENING_BELL),
            broker.cancel(access(), order_id, TEN_AT_1400, OPENING_BELL),
        ]

    assert [isinstance(each, Declined) and each.reached_broker for each in written] == [False] * 2
    assert side.asked == []


def test_a_contract_of_an_old_table_that_has_expired_is_not_ordered(tmp_path):
    """Exchanges give the numbers of expired contracts to new ones."""
    future = replace(
        TEN_AT_MARKET,
        exchange="NFO",
        trading_symbol="NIFTY26DECFUT",
        product="NRML",
        quantity_shares=65,
    )
    its_last_day = datetime(2026, 12, 29, 4, tzinfo=UTC)
    waiting = dataclasses.replace(BUY_AT_1400, exchange="NFO", trading_symbol="NIFTY26DECFUT")
    with far_side(lambda *_: as_json(200, {"orderId": "1"})) as side:
        broker = dhan(side.url, tmp_path)
        placed = broker.place(access(), ticket(future), its_last_day)
        refused = broker.place(access(), ticket(future), its_last_day + timedelta(days=1))
        waits = broker.place_gtt(
            access(),
            dataclasses.replace(waiting, product="NRML"),
            its_last_day + timedelta(days=1),
        )

    assert isinstance(placed, OrderPlaced)
    assert isinstance(refused, OrderRejected)
    assert isinstance(waits, Declined)
    assert {refused.code, waits.code} == {"UNKNOWN_INSTRUMENT"}
    assert "has expired" in refused.reason
    assert side.asked == ["POST /v2/orders"]


def test_a_share_of_the_bse_goes_to_the_bse(broker, alice):
    placed = broker.place(alice, ticket(replace(TEN_AT_MARKET, exchange="BSE")), OPENING_BELL)

    assert isinstance(placed, OrderPlaced)
    (order,) = broker.orders(alice, OPENING_BELL)
    assert (order.exchange, order.trading_symbol) == ("BSE", "INFY")


@pytest.mark.parametrize("gtt", [BUY_AT_1400, SELL_BELOW_1400_OR_ABOVE_1600])
def test_a_gtt_is_a_forever_order_that_is_placed_listed_and_cancelled(broker, alice, gtt):
    written = broker.place_gtt(alice, gtt, OPENING_BELL)

    assert isinstance(written, Accepted)
    (found,) = broker.gtt_orders(alice, OPENING_BELL)
    assert found == GttOrder(
        gtt_id=str(written.reference),
        kind=gtt.kind,
        exchange="NSE",
        trading_symbol="INFY",
        transaction_type=gtt.transaction_type,
        product="CNC",
        quantity_shares=10,
        legs=gtt.legs,
        status="ACTIVE",
        raw_status="CONFIRM",
        created_at=OPENING_BELL,
    )
    assert broker.cancel_gtt(alice, found, OPENING_BELL) == written
    (cancelled,) = broker.gtt_orders(alice, OPENING_BELL)
    assert cancelled.status == "CANCELLED"


def test_of_an_oco_the_target_is_sent_first_and_the_stop_loss_second(tmp_path):
    """Whoever sells takes the profit above and stops the loss below; whoever buys back, the other
    way round."""
    buying = dataclasses.replace(SELL_BELOW_1400_OR_ABOVE_1600, transaction_type="BUY")
    with far_side(lambda *_: as_json(200, {"orderId": "5", "orderStatus": "PENDING"})) as side:
        broker = dhan(side.url, tmp_path)
        broker.place_gtt(access(), SELL_BELOW_1400_OR_ABOVE_1600, OPENING_BELL)
        broker.place_gtt(access(), buying, OPENING_BELL)

    sells, buys = (json.loads(body) for _, _, _, body in side.requests)
    assert sells == {
        "dhanClientId": "ALICE",
        "orderFlag": "OCO",
        "transactionType": "SELL",
        "exchangeSegment": "NSE_EQ",
        "productType": "CNC",
        "orderType": "LIMIT",
        "validity": "DAY",
        "securityId": "1594",
        "quantity": 10,
        "disclosedQuantity": 0,
        "price": 1600.0,
        "triggerPrice": 1600.0,
        "price1": 1399.95,
        "triggerPrice1": 1400.0,
        "quantity1": 10,
        "correlationId": TAG,
    }
    assert (buys["triggerPrice"], buys["triggerPrice1"]) == (1400.0, 1600.0)


def test_one_leg_of_an_oco_is_changed_and_the_other_stays(simulator, broker, alice):
    placed = broker.place_gtt(alice, SELL_BELOW_1400_OR_ABOVE_1600, OPENING_BELL)
    assert isinstance(placed, Accepted)
    stop, target = SELL_BELOW_1400_OR_ABOVE_1600.legs
    lower = GttLeg(trigger_price_inr=Decimal("1390"), limit_price_inr=Decimal("1389.5"))
    changed = dataclasses.replace(SELL_BELOW_1400_OR_ABOVE_1600, legs=(lower, target))

    written = broker.modify_gtt(alice, str(placed.reference), changed, OPENING_BELL)

    assert written == placed
    (found,) = broker.gtt_orders(alice, OPENING_BELL)
    assert found.legs == (lower, target)
    assert done(simulator, alice, "modify_gtt") == 1
    assert stop != lower


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"quantity_shares": 5}, "one leg of an OCO at a time"),
        (
            {"legs": tuple(reversed(BUY_AT_1400.legs * 2))},
            "one leg of an OCO at a time",
        ),
        ({"trading_symbol": "TCS"}, "quantity and prices only"),
        ({"transaction_type": "BUY"}, "quantity and prices only"),
        ({"kind": "SINGLE", "legs": BUY_AT_1400.legs}, "quantity and prices only"),
    ],
)
def test_what_dhan_cannot_change_in_one_call_is_not_begun(simulator, broker, alice, change, words):
    placed = broker.place_gtt(alice, SELL_BELOW_1400_OR_ABOVE_1600, OPENING_BELL)
    assert isinstance(placed, Accepted)

    written = broker.modify_gtt(
        alice,
        str(placed.reference),
        dataclasses.replace(SELL_BELOW_1400_OR_ABOVE_1600, **change),
        OPENING_BELL,
    )

    assert isinstance(written, Declined)
    assert (written.code, written.reached_broker) == ("NOT_SUPPORTED", False)
    assert words in written.reason
    assert done(simulator, alice, "modify_gtt") == 0


def test_a_gtt_that_nobody_has_is_not_changed_and_not_found(broker, alice):
    broker.place_gtt(alice, BUY_AT_1400, OPENING_BELL)
    (found,) = broker.gtt_orders(alice, OPENING_BELL)

    changed = broker.modify_gtt(alice, "1", BUY_AT_1400, OPENING_BELL)
    cancelled = broker.cancel_gtt(alice, dataclasses.replace(found, gtt_id="1"), OPENING_BELL)

    assert isinstance(changed, Declined)
    assert (changed.code, changed.reached_broker) == ("NOT_FOUND", False)
    assert isinstance(cancelled, Declined)
    assert (cancelled.code, cancelled.reached_broker) == ("NOT_FOUND", True)


@pytest.mark.parametrize(
    "lame",
    [
        dataclasses.replace(BUY_AT_1400, kind="OCO"),
        dataclasses.replace(BUY_AT_1400, legs=()),
        dataclasses.replace(BUY_AT_1400, product="MIS"),
    ],
)
def test_a_gtt_that_dhan_could_not_be_told_is_never_sent(tmp_path, lame):
    with far_side(lambda *_: as_json(200, {"orderId": "5"})) as side:
        written = dhan(side.url, tmp_path).place_gtt(access(), lame, OPENING_BELL)

    assert isinstance(written, Declined)
    assert (written.code, written.reached_broker) == ("NOT_SUPPORTED", False)
    assert side.asked == []


def test_the_kill_switch_stops_orders_until_it_is_let_go(broker, alice):
    assert not broker.kill_switch(alice, OPENING_BELL)

    assert broker.set_kill_switch(alice, True, OPENING_BELL) == Accepted()

    assert broker.kill_switch(alice, OPENING_BELL)
    refused = broker.place(alice, ticket(), OPENING_BELL)
    assert isinstance(refused, OrderRejected)
    assert refused.code == "KILL_SWITCH"
    assert broker.orders(alice, OPENING_BELL) == ()
    assert broker.set_kill_switch(alice, False, OPENING_BELL) == Accepted()
    assert isinstance(broker.place(alice, ticket(), OPENING_BELL), OrderPlaced)


def test_the_kill_switch_needs_closed_positions(broker, alice):
    broker.place(alice, ticket(), OPENING_BELL)

    written = broker.set_kill_switch(alice, True, OPENING_BELL)

    assert isinstance(written, Declined)
    assert written.code == "STILL_OPEN"
    assert not broker.kill_switch(alice, OPENING_BELL)


def test_the_kill_switch_goes_out_with_a_query_and_no_body(tmp_path):
    said = {"killSwitchStatus": "Kill Switch has been successfully deactivated"}
    with far_side(lambda *_: as_json(200, said)) as side:
        broker = dhan(side.url, tmp_path)
        off = broker.set_kill_switch(access(), False, OPENING_BELL)
        on = broker.set_kill_switch(access(), True, OPENING_BELL)

    assert side.asked == [
        "POST /v2/killswitch?killSwitchStatus=DEACTIVATE",
        "POST /v2/killswitch?killSwitchStatus=ACTIVATE",
    ]
    assert [body for _, _, _, body in side.requests] == ["", ""]
    assert off == Accepted()
    assert isinstance(on, Unproven)  # Dhan said the opposite
