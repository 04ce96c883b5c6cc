"""What changes something at Groww: through the real SDK, over real HTTP, at most once."""

import dataclasses
import json
from decimal import Decimal

import pytest
from msgspec.structs import replace

from application.ports.broker_orders import Accepted, Declined, GttLeg, GttOrder, Unproven
from domain.events import OrderOutcomeUnknown, OrderPlaced, OrderRejected
from infrastructure.brokers.calls import Calls
from tests.infrastructure.brokers.groww_support import (
    BUY_AT_1400,
    DEARER,
    DEARER_GTT,
    LEAVE_BELOW_1400_OR_ABOVE_1600,
    ONE_LOT,
    TEN_INTRADAY,
    WRITES,
    YES,
    access,
    groww,
    groww_error,
    logged_in,
    payload,
)
from tests.infrastructure.brokers.kite_support import (
    TAG,
    TEN_AT_1400,
    TEN_AT_MARKET,
    far_side,
    ticket,
)
from tests.infrastructure.simulator.support import OPENING_BELL, simulated_kite

UNKNOWN = (Unproven, OrderOutcomeUnknown)
REFUSED = (Declined, OrderRejected)
WITHOUT_A_READ = [name for name, write in WRITES.items() if write.read_first is None]
SMART_ID = {"smart_order_id": "gtt_1", "smart_order_type": "GTT", "status": "ACTIVE"}


@pytest.fixture(scope="module")
def simulator(tmp_path_factory):
    with simulated_kite(tmp_path_factory.mktemp("keys")) as simulator:
        yield simulator


@pytest.fixture
def broker(simulator):
    """Waits for its turn in no time: the limits are somebody else's test."""
    calls = Calls("groww", pause=lambda seconds: None)
    return groww(simulator.url, simulator.keys_dir, calls)


@pytest.fixture
def alice(simulator, request):
    """A customer of this test only."""
    return logged_in(simulator, f"A{abs(hash(request.node.name)) % 10**12}")


def done(simulator, who, action):
    """How often the simulator has done it for this customer."""
    mine = [write for write in simulator.exchange.writes() if write.user == who.account_id]
    return [write.action for write in mine].count(action)


@pytest.mark.parametrize("name", WITHOUT_A_READ)
def test_a_write_repeats_neither_token_nor_account(tmp_path, name):
    words = "Invalid: s3cr3t-t0ken of ALICE"

    with far_side(lambda *_: groww_error(400, "GA001", words)) as side:
        outcome = WRITES[name].do(groww(side.url, tmp_path), access())

    assert isinstance(outcome, REFUSED)
    assert outcome.reason == "Groww refused: Invalid: *** of ***"
    assert len(side.asked) == 1


@pytest.mark.parametrize("name", WITHOUT_A_READ)
def test_what_does_not_exist_was_not_changed_but_it_proves_nothing_about_what_is_new(
    tmp_path, name
):
    absent = groww_error(404, "GA004", "Requested entity does not exist.")

    with far_side(lambda *_: absent) as side:
        outcome = WRITES[name].do(groww(side.url, tmp_path), access())

    if name in ("place", "place_gtt"):
        assert isinstance(outcome, UNKNOWN)
    else:
        assert isinstance(outcome, Declined)
        assert outcome.code == "NOT_FOUND"


@pytest.mark.parametrize(
    "answer",
    [
        groww_error(404, "XX004", "Requested entity does not exist."),
        groww_error(400, "GA006", "Something unheard of"),
        groww_error(200, "GA004", "Requested entity does not exist."),
        payload({}),
        payload({"groww_order_id": 7}),
    ],
)
def test_without_growws_own_word_for_it_a_change_is_unproven(tmp_path, answer):
    with far_side(lambda *_: answer) as side:
        broker = groww(side.url, tmp_path)
        written = broker.cancel(access(), "G1", TEN_AT_1400, OPENING_BELL)

    assert isinstance(written, Unproven)
    assert side.asked == ["POST /v1/order/cancel"]


def test_a_modification_in_growws_words_with_nulls_for_what_an_order_has_no_more(tmp_path):
    with far_side(lambda *_: YES) as side:
        broker = groww(side.url, tmp_path)
        stop = replace(ONE_LOT, order_type="SL-M", trigger_price_inr=Decimal("25000.05"))
        assert broker.modify(access(), "G1", stop, OPENING_BELL) == Accepted(
            reference="GMK39038RDT490CCVRO"
        )

    assert json.loads(side.requests[0][3]) == {
        "quantity": 65,
        "price": None,
        "trigger_price": 25000.05,
        "groww_order_id": "G1",
        "order_type": "SL_M",
        "segment": "FNO",
    }


@pytest.mark.parametrize(
    "terms",
    [
        replace(TEN_AT_1400, validity="IOC"),
        replace(TEN_AT_1400, disclosed_quantity_shares=5),
        replace(TEN_AT_1400, exchange="MCX"),
    ],
)
def test_a_change_that_groww_would_leave_out_silently_is_not_begun(tmp_path, terms):
    with far_side(lambda *_: YES) as side:
        written = groww(side.url, tmp_path).modify(access(), "G1", terms, OPENING_BELL)

    assert isinstance(written, Declined)
    assert (written.code, written.reached_broker) == ("NOT_SUPPORTED", False)
    assert side.asked == []


def test_the_terms_of_a_working_order_are_replaced_by_all_of_the_new_ones(broker, alice):
    placed = broker.place(alice, ticket(TEN_AT_1400), OPENING_BELL)
    other = replace(TEN_AT_1400, quantity_shares=7, limit_price_inr=Decimal("1410.5"))

    written = broker.modify(alice, placed.broker_order_id, other, OPENING_BELL)

    assert written == Accepted(reference=placed.broker_order_id)
    (order,) = broker.orders(alice, OPENING_BELL)
    assert (order.quantity_shares, order.limit_price_inr) == (7, Decimal("1410.5"))
    assert (order.sighting.status, order.sighting.pending_shares) == ("OPEN", 7)


def test_an_order_that_is_not_working_any_more_cannot_be_changed(broker, alice):
    placed = broker.place(alice, ticket(), OPENING_BELL)

    for written in (
        broker.modify(alice, placed.broker_order_id, TEN_AT_1400, OPENING_BELL),
        broker.cancel(alice, placed.broker_order_id, TEN_AT_1400, OPENING_BELL),
    ):
        assert isinstance(written, Declined)
        assert (written.code, written.reached_broker) == ("NOT_WORKING", True)


def test_an_order_of_nobody_or_of_somebody_else_cannot_be_changed(simulator, broker, alice):
    bob = logged_in(simulator, "BOB")
    placed = broker.place(bob, ticket(TEN_AT_1400), OPENING_BELL)

    for order_id in ("261123000000000", placed.broker_order_id):
        written = broker.modify(alice, order_id, DEARER, OPENING_BELL)
        assert isinstance(written, Declined)
        assert written.code == "NOT_FOUND"


def test_a_contract_goes_to_its_home_exchange_and_comes_back_under_our_name(broker, alice):
    placed = broker.place(alice, ticket(ONE_LOT), OPENING_BELL)

    assert isinstance(placed, OrderPlaced)
    (order,) = broker.orders(alice, OPENING_BELL)
    (trade,) = broker.trades(alice, OPENING_BELL)
    (position,) = broker.positions(alice, OPENING_BELL)
    for row in (order, trade, position):
        assert (row.exchange, row.trading_symbol) == ("NFO", "NIFTY26DECFUT")
        assert (row.product, row.quantity_shares) == ("NRML", 65)
    assert position.last_price_inr == order.sighting.average_price_inr


def test_a_share_of_the_bse_goes_to_the_bse(broker, alice):
    placed = broker.place(alice, ticket(replace(TEN_AT_MARKET, exchange="BSE")), OPENING_BELL)

    assert isinstance(placed, OrderPlaced)
    (order,) = broker.orders(alice, OPENING_BELL)
    assert (order.exchange, order.trading_symbol) == ("BSE", "INFY")


def test_a_gtt_is_a_smart_order_that_is_placed_listed_and_cancelled(broker, alice):
    written = broker.place_gtt(alice, BUY_AT_1400, OPENING_BELL)

    assert isinstance(written, Accepted)
    (found,) = broker.gtt_orders(alice, OPENING_BELL)
    assert found == GttOrder(
        gtt_id=str(written.reference),
        kind="SINGLE",
        exchange="NSE",
        trading_symbol="INFY",
        transaction_type="BUY",
        product="CNC",
        quantity_shares=10,
        legs=BUY_AT_1400.legs,
        status="ACTIVE",
        raw_status="ACTIVE",
        created_at=OPENING_BELL,
    )
    assert broker.cancel_gtt(alice, found, OPENING_BELL) == written
    assert broker.gtt_orders(alice, OPENING_BELL) == ()
    again = broker.cancel_gtt(alice, found, OPENING_BELL)
    assert isinstance(again, Declined)
    assert again.code == "NOT_WORKING"


def test_an_oco_leaves_a_position_and_its_side_follows_from_its_prices(broker, alice):
    broker.place(alice, ticket(TEN_INTRADAY), OPENING_BELL)

    written = broker.place_gtt(alice, LEAVE_BELOW_1400_OR_ABOVE_1600, OPENING_BELL)

    assert isinstance(written, Accepted)
    (found,) = broker.gtt_orders(alice, OPENING_BELL)
    assert (found.gtt_id, found.kind) == (written.reference, "OCO")
    assert (found.transaction_type, found.product) == ("SELL", "MIS")
    assert found.legs == LEAVE_BELOW_1400_OR_ABOVE_1600.legs
    assert broker.cancel_gtt(alice, found, OPENING_BELL) == written


def test_a_smart_order_in_growws_words_with_prices_as_texts_and_our_reference(tmp_path):
    with far_side(lambda *_: payload(SMART_ID, 201)) as side:
        broker = groww(side.url, tmp_path)
        written = broker.place_gtt(access(), BUY_AT_1400, OPENING_BELL)

    assert written == Accepted(reference="gtt_1")
    assert json.loads(side.requests[0][3]) == {
        "smart_order_type": "GTT",
        "reference_id": TAG,
        "segment": "CASH",
        "trading_symbol": "INFY",
        "quantity": 10,
        "product_type": "CNC",
        "exchange": "NSE",
        "duration": "DAY",
        "trigger_price": "1400",
        "trigger_direction": "DOWN",
        "order": {"order_type": "LIMIT", "price": "1401.5", "transaction_type": "BUY"},
    }


def test_an_oco_names_the_position_that_it_leaves_target_and_stop_loss(tmp_path):
    """Whoever buys back what was sold short takes the profit below."""
    short = {
        "trading_symbol": "INFY",
        "exchange": "NSE",
        "segment": "CASH",
        "product": "MIS",
        "quantity": -12,
        "net_price": 1488.8,
    }

    def answer(method, path):
        return payload({"positions": [short]} if method == "GET" else SMART_ID)

    buying = dataclasses.replace(LEAVE_BELOW_1400_OR_ABOVE_1600, transaction_type="BUY")
    with far_side(answer) as side:
        written = groww(side.url, tmp_path).place_gtt(access(), buying, OPENING_BELL)

    assert isinstance(written, Accepted)
    asked, placed = side.requests
    assert asked[1] == "/v1/positions/trading-symbol?trading_symbol=INFY&segment=CASH"
    body = json.loads(placed[3])
    assert body["net_position_quantity"] == -12
    assert body["transaction_type"] == "BUY"
    assert body["target"] == {"trigger_price": "1400", "price": "1399.95", "order_type": "LIMIT"}
    assert body["stop_loss"] == {"trigger_price": "1600", "price": "1600", "order_type": "SL"}


def test_an_oco_without_a_position_to_leave_is_not_begun(simulator, broker, alice):
    written = broker.place_gtt(alice, LEAVE_BELOW_1400_OR_ABOVE_1600, OPENING_BELL)

    assert isinstance(written, Declined)
    assert (written.code, written.reached_broker) == ("NOT_SUPPORTED", False)
    assert "open position" in written.reason
    assert done(simulator, alice, "place_gtt") == 0


@pytest.mark.parametrize(
    "lame",
    [
        dataclasses.replace(BUY_AT_1400, legs=()),
        dataclasses.replace(BUY_AT_1400, exchange="MCX"),
        dataclasses.replace(BUY_AT_1400, kind="OCO", product="CNC"),
        dataclasses.replace(LEAVE_BELOW_1400_OR_ABOVE_1600, legs=BUY_AT_1400.legs),
    ],
)
def test_a_gtt_that_groww_could_not_be_told_is_never_placed(tmp_path, lame):
    held = {
        "trading_symbol": "INFY",
        "exchange": "NSE",
        "segment": "CASH",
        "product": lame.product,
        "quantity": -10 if lame.transaction_type == "BUY" else 10,
        "net_price": 1488.8,
    }
    with far_side(lambda *_: payload({"positions": [held]})) as side:
        written = groww(side.url, tmp_path).place_gtt(access(), lame, OPENING_BELL)

    assert isinstance(written, Declined)
    assert (written.code, written.reached_broker) == ("NOT_SUPPORTED", False)
    assert [each for each in side.asked if each.startswith("POST")] == []


def test_a_gtt_takes_another_quantity_trigger_and_price(simulator, broker, alice):
    placed = broker.place_gtt(alice, BUY_AT_1400, OPENING_BELL)
    other = dataclasses.replace(DEARER_GTT, quantity_shares=4)

    written = broker.modify_gtt(alice, str(placed.reference), other, OPENING_BELL)

    assert written == placed
    (found,) = broker.gtt_orders(alice, OPENING_BELL)
    assert (found.quantity_shares, found.legs) == (4, DEARER_GTT.legs)
    assert done(simulator, alice, "modify_gtt") == 1


def test_of_an_oco_the_triggers_are_changed_and_its_limits_stay(simulator, broker, alice):
    broker.place(alice, ticket(TEN_INTRADAY), OPENING_BELL)
    placed = broker.place_gtt(alice, LEAVE_BELOW_1400_OR_ABOVE_1600, OPENING_BELL)
    stop, target = LEAVE_BELOW_1400_OR_ABOVE_1600.legs
    lower = replace(stop, trigger_price_inr=Decimal("1399.95"))
    changed = dataclasses.replace(
        LEAVE_BELOW_1400_OR_ABOVE_1600, quantity_shares=5, legs=(lower, target)
    )

    written = broker.modify_gtt(alice, str(placed.reference), changed, OPENING_BELL)

    assert written == placed
    (found,) = broker.gtt_orders(alice, OPENING_BELL)
    assert (found.quantity_shares, found.legs) == (5, (lower, target))


CHEAPER_LIMIT = GttLeg(trigger_price_inr=Decimal("1400"), limit_price_inr=Decimal("1390"))


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        ("OCO", {"legs": (CHEAPER_LIMIT, LEAVE_BELOW_1400_OR_ABOVE_1600.legs[1])}, "limit prices"),
        ("OCO", {"transaction_type": "BUY"}, "quantity and prices only"),
        ("OCO", {"trading_symbol": "TCS"}, "quantity and prices only"),
        ("SINGLE", {"product": "MIS"}, "quantity and prices only"),
        ("SINGLE", {"transaction_type": "SELL"}, "quantity and prices only"),
    ],
)
def test_what_groww_cannot_change_is_not_begun(simulator, broker, alice, kind, change, words):
    broker.place(alice, ticket(TEN_INTRADAY), OPENING_BELL)
    gtt = BUY_AT_1400 if kind == "SINGLE" else LEAVE_BELOW_1400_OR_ABOVE_1600
    placed = broker.place_gtt(alice, gtt, OPENING_BELL)
    assert isinstance(placed, Accepted)

    written = broker.modify_gtt(
        alice, str(placed.reference), dataclasses.replace(gtt, **change), OPENING_BELL
    )

    assert isinstance(written, Declined)
    assert (written.code, written.reached_broker) == ("NOT_SUPPORTED", False)
    assert words in written.reason
    assert done(simulator, alice, "modify_gtt") == 0


def test_a_gtt_that_nobody_has_is_not_changed_and_not_found(broker, alice):
    broker.place_gtt(alice, BUY_AT_1400, OPENING_BELL)
    (found,) = broker.gtt_orders(alice, OPENING_BELL)

    changed = broker.modify_gtt(alice, "gtt_1", BUY_AT_1400, OPENING_BELL)
    cancelled = broker.cancel_gtt(alice, dataclasses.replace(found, gtt_id="gtt_1"), OPENING_BELL)
    strange = broker.cancel_gtt(alice, dataclasses.replace(found, kind="TRAIL"), OPENING_BELL)

    assert isinstance(changed, Declined)
    assert (changed.code, changed.reached_broker) == ("NOT_FOUND", False)
    assert isinstance(cancelled, Declined)
    assert (cancelled.code, cancelled.reached_broker) == ("NOT_FOUND", True)
    assert isinstance(strange, Declined)
    assert (strange.code, strange.reached_broker) == ("NOT_SUPPORTED", False)


def test_a_cancellation_that_leaves_a_smart_order_active_is_no_yes(tmp_path):
    found = GttOrder(
        gtt_id="gtt_1",
        kind="SINGLE",
        exchange="NSE",
        trading_symbol="INFY",
        transaction_type="BUY",
        product="CNC",
        quantity_shares=10,
        legs=BUY_AT_1400.legs,
        status="ACTIVE",
        raw_status="ACTIVE",
        created_at=None,
    )
    with far_side(lambda *_: payload(SMART_ID, 202)) as side:
        written = groww(side.url, tmp_path).cancel_gtt(access(), found, OPENING_BELL)

    assert isinstance(written, Unproven)
    assert side.asked == ["POST /v1/order-advance/cancel/CASH/GTT/gtt_1"]


def test_a_smart_order_with_a_reference_that_exists_is_unproven(simulator, broker, alice):
    simulator.fault(fault="drop_after", route="/v1/order-advance/create", user=alice.account_id)
    broker.place_gtt(alice, BUY_AT_1400, OPENING_BELL)

    again = broker.place_gtt(alice, BUY_AT_1400, OPENING_BELL)

    assert again == Unproven(
        cause="Groww says that an order with this order's reference exists already."
    )
    assert done(simulator, alice, "place_gtt") == 1


@pytest.mark.parametrize("order_id", ["", "..", "../order-advance/list", "1?x=2", "1/2"])
def test_what_is_no_id_leads_nowhere(tmp_path, order_id):
    with far_side(lambda *_: YES) as side:
        broker = groww(side.url, tmp_path)
        written = [
            broker.modify(access(), order_id, TEN_AT_1400, OPENING_BELL),
            broker.cancel(access(), order_id, TEN_AT_1400, OPENING_BELL),
        ]

    assert [isinstance(each, Declined) and each.reached_broker for each in written] == [False] * 2
    assert side.asked == []
