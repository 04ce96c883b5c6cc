"""What can be asked at Dhan: through the real SDK, against the simulator or a far side that says
what it is told."""

import dataclasses
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from application.ports.account import Funds, Profile
from application.ports.broker import BrokerDown, LoginExpired
from application.ports.broker_orders import GttLeg
from domain.capabilities import OFFERS
from domain.errors import NotSupportedByBroker, UnknownInstrument
from domain.events import OrderPlaced
from domain.vocabulary import OrderTerms
from tests.infrastructure.brokers.dhan_support import (
    BUY_AT_1400,
    access,
    data_error,
    dhan,
    dhan_error,
    known,
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

NOTHING = as_json(200, [])
ORDER = {
    "orderId": "1",
    "orderStatus": "PENDING",
    "transactionType": "BUY",
    "exchangeSegment": "NSE_EQ",
    "productType": "CNC",
    "orderType": "LIMIT",
    "validity": "DAY",
    "securityId": "1594",
    "quantity": 5,
    "filledQty": 0,
    "correlationId": TAG,
}


@pytest.fixture
def simulator(tmp_path):
    with simulated_kite(tmp_path / "keys") as simulator:
        yield simulator


@pytest.fixture
def broker(simulator):
    return dhan(simulator.url, simulator.keys_dir)


def test_it_is_said_who_is_logged_in_and_until_when(simulator, broker):
    assert broker.profile(logged_in(simulator), OPENING_BELL) == Profile(
        account_id="ALICE",
        account_name="ALICE",
        exchanges=("NSE", "BSE", "NFO", "BFO"),
        token_ends_at=datetime(2026, 11, 24, 3, 45, tzinfo=UTC),
    )


def test_a_sector_without_a_word_of_ours_keeps_dhans(tmp_path):
    said = {"dhanClientId": "ALICE", "activeSegment": "Equity, Moon", "tokenValidity": "soon"}
    with far_side(lambda *_: as_json(200, said)) as side:
        profile = dhan(side.url, tmp_path).profile(access(), OPENING_BELL)

    assert profile.exchanges == ("NSE", "BSE", "Moon")
    assert profile.token_ends_at is None


def test_money_is_one_purse(simulator, broker):
    alice = logged_in(simulator)
    broker.place(alice, ticket(), OPENING_BELL)

    assert broker.funds(alice, OPENING_BELL) == (
        Funds(
            segment="all",
            available_inr=Decimal("985112"),
            used_inr=Decimal("14888"),
            opening_inr=Decimal("1000000"),
            collateral_inr=Decimal("0"),
            withdrawable_inr=Decimal("985112"),
        ),
    )


@pytest.mark.parametrize("spelled", ["availabelBalance", "availableBalance"])
def test_the_balance_is_found_as_dhan_misspells_it_and_as_it_may_spell_it_one_day(
    tmp_path, spelled
):
    with far_side(lambda *_: as_json(200, {spelled: 98440.05})) as side:
        (funds,) = dhan(side.url, tmp_path).funds(access(), OPENING_BELL)

    assert funds.available_inr == Decimal("98440.05")
    assert funds.used_inr is None


def test_a_purse_that_says_nothing_is_no_answer(tmp_path):
    with (
        far_side(lambda *_: as_json(200, {"dhanClientId": "ALICE"})) as side,
        pytest.raises(BrokerDown),
    ):
        dhan(side.url, tmp_path).funds(access(), OPENING_BELL)


def test_an_order_is_found_by_our_tag_and_so_are_its_doubles(simulator, broker):
    """Dhan documents no check of correlation ids, and its look-up knows the latest one only."""
    alice = logged_in(simulator)
    for _ in range(2):
        broker.place(alice, ticket(TEN_AT_1400), OPENING_BELL)
    broker.place(alice, ticket(TEN_AT_1400, "another"), OPENING_BELL)

    found = broker.find(alice, TAG, "NSE", OPENING_BELL)

    assert [each.broker_order_id for each in found] == ["261123033300001", "261123033300002"]
    assert broker.find(alice, "nobodys", "NSE", OPENING_BELL) == ()


def test_an_order_that_the_look_up_knows_is_found_before_the_book_shows_it(tmp_path):
    def answer(_: str, path: str):
        return as_json(200, ORDER) if "external" in path else NOTHING

    with far_side(answer) as side:
        (found,) = dhan(side.url, tmp_path).find(access(), TAG, "NSE", OPENING_BELL)

    assert found.broker_order_id == "1"
    assert side.asked == [f"GET /v2/orders/external/{TAG}", "GET /v2/orders"]


def test_what_the_book_says_of_an_order_is_newer_than_the_look_up(tmp_path):
    traded = {"orderStatus": "TRADED", "filledQty": ORDER["quantity"], "remainingQuantity": 0}

    def answer(_: str, path: str):
        return as_json(200, ORDER if "external" in path else [ORDER | traded])

    with far_side(answer) as side:
        (found,) = dhan(side.url, tmp_path).find(access(), TAG, "NSE", OPENING_BELL)

    assert found.sighting.status == "FILLED"


def test_dhans_words_about_an_order_do_not_repeat_the_account(tmp_path):
    words = "RMS:Margin Exceeds for entity account-ALICE across exchange"
    row = ORDER | {"orderStatus": "REJECTED", "omsErrorDescription": words}
    with far_side(lambda _, path: as_json(200, row if "external" in path else [row])) as side:
        broker = dhan(side.url, tmp_path)
        (listed,) = broker.orders(access(), OPENING_BELL)
        (found,) = broker.find(access(), TAG, "NSE", OPENING_BELL)

    assert (
        listed.sighting.status_message
        == "RMS:Margin Exceeds for entity account-*** across exchange"
    )
    assert found.sighting == listed.sighting


def test_a_number_that_an_expired_contract_had_is_not_read_as_that_contract(tmp_path):
    future = known("NFO", "NIFTY26DECFUT")
    assert future.dhan is not None
    row = ORDER | {
        "exchangeSegment": "NSE_FNO",
        "securityId": future.dhan.security_id,
        "tradingSymbol": "NIFTY-Feb2027-FUT",
    }
    with far_side(lambda *_: as_json(200, [row])) as side:
        broker = dhan(side.url, tmp_path)
        (while_listed,) = broker.orders(access(), OPENING_BELL)
        (later,) = broker.orders(access(), OPENING_BELL + timedelta(days=60))

    assert while_listed.trading_symbol == "NIFTY26DECFUT"
    assert later.trading_symbol == "NIFTY-Feb2027-FUT"


def test_an_order_that_only_the_book_shows_is_found(tmp_path):
    def answer(_: str, path: str):
        if "external" in path:
            return dhan_error(400, "DH-906", "Incorrect request for order.")
        return as_json(200, [ORDER, ORDER | {"orderId": "2", "correlationId": "other"}])

    with far_side(answer) as side:
        (found,) = dhan(side.url, tmp_path).find(access(), TAG, "NSE", OPENING_BELL)

    assert found.broker_order_id == "1"


def test_null_is_not_nothing(tmp_path):
    with far_side(lambda *_: as_json(200, None)) as side:
        broker = dhan(side.url, tmp_path)
        for read in (broker.holdings, broker.orders, broker.trades, broker.funds):
            with pytest.raises(BrokerDown):
                read(access(), OPENING_BELL)


def test_a_book_that_cannot_be_read_is_no_proof_of_absence(tmp_path):
    def answer(_: str, path: str):
        if "external" in path:
            return dhan_error(404, "DH-906", "No order")
        return dhan_error(400, "DH-910", "Others")

    with far_side(answer) as side, pytest.raises(BrokerDown):
        dhan(side.url, tmp_path).find(access(), TAG, "NSE", OPENING_BELL)


def test_the_last_step_of_an_order_is_all_that_dhan_keeps(simulator, broker):
    alice = logged_in(simulator)
    placed = broker.place(alice, ticket(), OPENING_BELL)
    assert isinstance(placed, OrderPlaced)

    (sighting,) = broker.order_history(alice, placed.broker_order_id, "NSE", OPENING_BELL)

    assert (sighting.status, sighting.filled_shares) == ("FILLED", 10)
    assert broker.order_history(alice, "261123000000000", "NSE", OPENING_BELL) == ()


def test_all_trades_are_asked_for_with_the_slash_that_the_sdk_leaves_behind(simulator, broker):
    alice = logged_in(simulator)
    placed = broker.place(alice, ticket(), OPENING_BELL)
    assert isinstance(placed, OrderPlaced)

    (trade,) = broker.trades(alice, OPENING_BELL)

    assert trade.broker_order_id == placed.broker_order_id
    assert (trade.quantity_shares, trade.price_inr) == (10, Decimal("1488.8"))
    assert trade.traded_at == OPENING_BELL
    with far_side(lambda *_: NOTHING) as side:
        dhan(side.url, simulator.keys_dir).trades(access(), OPENING_BELL)
    assert side.asked == ["GET /v2/trades/"]


def test_a_partly_traded_order_shows_what_is_left_of_it(simulator, broker):
    alice = logged_in(simulator)
    fills = {"broker": "dhan", "user": "ALICE", "shares_per_fill": 4, "seconds_per_fill": 60}
    simulator.http.post("/simulator/fills", json=fills).raise_for_status()
    broker.place(alice, ticket(), OPENING_BELL)

    (order,) = broker.orders(alice, OPENING_BELL)

    assert (order.sighting.status, order.sighting.raw_status) == ("PARTIAL", "PART_TRADED")
    assert (order.sighting.filled_shares, order.sighting.pending_shares) == (4, 6)


def test_a_day_order_that_the_close_ended_has_expired(tmp_path):
    with far_side(lambda *_: as_json(200, [ORDER | {"orderStatus": "EXPIRED"}])) as side:
        (order,) = dhan(side.url, tmp_path).orders(access(), OPENING_BELL)

    assert (order.sighting.status, order.sighting.pending_shares) == ("EXPIRED", 0)


def test_a_market_order_that_became_a_limit_order_may_rest(tmp_path):
    """Since orders need price protection, Dhan converts them; only the book says how it ended."""
    resting = ORDER | {"orderType": "LIMIT", "price": 1496.2, "remainingQuantity": 5}
    with far_side(lambda *_: as_json(200, [resting])) as side:
        (order,) = dhan(side.url, tmp_path).orders(access(), OPENING_BELL)

    assert (order.order_type, order.sighting.status) == ("LIMIT", "OPEN")
    assert order.limit_price_inr == Decimal("1496.2")


SELL_A_CALL = OrderTerms(
    exchange="NFO",
    trading_symbol="NIFTY26D0125050CE",
    transaction_type="SELL",
    order_type="LIMIT",
    product="NRML",
    quantity_shares=65,
    limit_price_inr=Decimal("300"),
)
BUY_A_HIGHER_ONE = replace(
    SELL_A_CALL,
    trading_symbol="NIFTY26D0127600CE",
    transaction_type="BUY",
    limit_price_inr=Decimal("1"),
)


def test_the_margin_of_one_order_comes_with_its_brokerage(simulator, broker):
    margins = broker.order_margins(logged_in(simulator), [SELL_A_CALL], OPENING_BELL)

    (one,) = margins.orders
    assert (one.exchange, one.trading_symbol) == ("NFO", "NIFTY26D0125050CE")
    assert margins.total_inr == one.total_inr == Decimal("179107.5")
    assert (one.span_inr, one.exposure_inr) == (Decimal("146542.5"), Decimal("32565"))
    assert (one.charges_inr, one.leverage) == (Decimal("20"), Decimal("1"))
    assert margins.available_inr == Decimal("1000000")


def test_a_hedged_basket_needs_less_than_its_orders(simulator, broker):
    margins = broker.basket_margins(
        logged_in(simulator), [SELL_A_CALL, BUY_A_HIGHER_ONE], OPENING_BELL
    )

    assert [each.total_inr for each in margins.orders] == [Decimal("179107.5"), Decimal("65")]
    assert margins.total_inr == Decimal("159672.50")


def test_a_basket_goes_out_in_the_words_of_the_wire(tmp_path):
    def answer(_: str, path: str):
        return as_json(200, {"total_margin": "7.50"} if "multi" in path else {"totalMargin": 5})

    with far_side(answer) as side:
        margins = dhan(side.url, tmp_path).basket_margins(
            access(), [TEN_AT_MARKET, TEN_AT_1400], OPENING_BELL
        )

    assert (margins.total_inr, margins.available_inr) == (Decimal("7.50"), None)
    assert side.asked == [
        "POST /v2/margincalculator",
        "POST /v2/margincalculator",
        "POST /v2/margincalculator/multi",
    ]
    assert side.requests[2][3] == (
        '{"includePosition": false, "includeOrder": false, "scripList": ['
        '{"securityId": "1594", "exchangeSegment": "NSE_EQ", "transactionType": "BUY", '
        '"quantity": 10, "productType": "CNC", "price": 0.0, "triggerPrice": 0.0}, '
        '{"securityId": "1594", "exchangeSegment": "NSE_EQ", "transactionType": "BUY", '
        '"quantity": 10, "productType": "CNC", "price": 1400.0, "triggerPrice": 0.0}], '
        '"dhanClientId": "ALICE"}'
    )


def test_charges_alone_are_not_offered_and_nobody_is_asked(tmp_path):
    assert "charges" not in OFFERS["dhan"].functions
    with far_side(lambda *_: NOTHING) as side:
        broker = dhan(side.url, tmp_path)
        with pytest.raises(NotSupportedByBroker, match="Next: ask for the order's margins"):
            broker.charges(access(), [TEN_AT_1400], OPENING_BELL)
        with pytest.raises(NotSupportedByBroker, match="takes no CO orders"):
            broker.order_margins(access(), [replace(TEN_AT_1400, product="CO")], OPENING_BELL)
        with pytest.raises(UnknownInstrument):
            broker.order_margins(
                access(), [replace(TEN_AT_1400, trading_symbol="NOPE")], OPENING_BELL
            )

    assert side.asked == []


@pytest.mark.parametrize(
    ("answer", "ends_the_login"),
    [
        (dhan_error(401, "DH-901", "invalid or expired"), True),
        (dhan_error(400, "DH-901", "invalid or expired"), True),
        (data_error(401, 807, "Access token is expired"), True),
        (data_error(400, 809, "Access token is invalid"), True),
        (dhan_error(401, "DH-910", "who?"), True),
        (dhan_error(401, "DH-902", "not subscribed to Data APIs"), False),
        (data_error(401, 806, "Data APIs not subscribed"), False),
        (data_error(400, 814, "Invalid Request"), False),
        (as_json(401, {"data": {"not a number": "?"}, "status": "failed"}), False),
    ],
)
def test_a_refused_read_tells_a_dead_token_from_everything_else(tmp_path, answer, ends_the_login):
    with (
        far_side(lambda *_: answer) as side,
        pytest.raises(LoginExpired if ends_the_login else BrokerDown) as refused,
    ):
        dhan(side.url, tmp_path).funds(access(), OPENING_BELL)

    assert len(side.asked) == 1
    assert "s3cr3t" not in f"{refused.value}"


def test_who_has_not_subscribed_is_told_so(tmp_path):
    refusal = data_error(401, 806, "Data APIs not subscribed")
    with (
        far_side(lambda *_: refusal) as side,
        pytest.raises(BrokerDown, match=r"no access to it \(DATA-806\)"),
    ):
        dhan(side.url, tmp_path).positions(access(), OPENING_BELL)


LEG = {
    "orderId": "5132208051112",
    "orderStatus": "CONFIRM",
    "transactionType": "SELL",
    "exchangeSegment": "NSE_EQ",
    "productType": "CNC",
    "orderType": "OCO",
    "securityId": "1594",
    "tradingSymbol": "INFY",
    "quantity": 10,
    "price": 1600,
    "triggerPrice": 1600,
    "legName": "TARGET_LEG",
    "createTime": "2026-11-23 09:15:00",
}


@pytest.mark.parametrize(
    ("statuses", "ours", "raw"),
    [
        (("CONFIRM", "CONFIRM"), "ACTIVE", "CONFIRM"),
        (("TRADED", "CANCELLED"), "COMPLETED", "TRADED/CANCELLED"),
        (("CANCELLED", "REJECTED"), "REJECTED", "CANCELLED/REJECTED"),
        (("CANCELLED", "CANCELLED"), "CANCELLED", "CANCELLED"),
        (("EXPIRED", "EXPIRED"), "EXPIRED", "EXPIRED"),
        (("DREAMING", "TRANSIT"), "UNKNOWN", "DREAMING/TRANSIT"),
    ],
)
def test_the_two_rows_of_an_oco_are_one_gtt(tmp_path, statuses, ours, raw):
    rows = [
        LEG | {"orderStatus": statuses[0]},
        LEG | {"orderStatus": statuses[1], "triggerPrice": 1400, "legName": "STOP_LOSS_LEG"},
    ]
    with far_side(lambda *_: as_json(200, rows)) as side:
        (gtt,) = dhan(side.url, tmp_path).gtt_orders(access(), OPENING_BELL)

    assert (gtt.kind, gtt.status, gtt.raw_status) == ("OCO", ours, raw)
    assert [leg.trigger_price_inr for leg in gtt.legs] == [1400, 1600]
    assert gtt.created_at == OPENING_BELL


def test_a_forever_order_may_say_its_kind_in_either_field(tmp_path):
    other = LEG | {"orderType": "LIMIT", "orderFlag": "SINGLE", "correlationId": TAG}
    with far_side(lambda *_: as_json(200, [other])) as side:
        (gtt,) = dhan(side.url, tmp_path).gtt_orders(access(), OPENING_BELL)

    assert (gtt.kind, gtt.broker_tag) == ("SINGLE", TAG)


def test_a_forever_order_that_fired_is_completed_and_its_order_is_in_the_book(simulator, broker):
    alice = logged_in(simulator)
    near = dataclasses.replace(
        BUY_AT_1400,
        legs=(GttLeg(trigger_price_inr=Decimal("1488"), limit_price_inr=Decimal("1490")),),
    )
    broker.place_gtt(alice, near, OPENING_BELL)
    simulator.clock.advance(hours=4)

    (gtt,) = broker.gtt_orders(alice, OPENING_BELL)

    assert (gtt.status, gtt.raw_status) == ("COMPLETED", "TRADED")
    (order,) = broker.orders(alice, OPENING_BELL)
    assert order.broker_tags == (TAG,)
