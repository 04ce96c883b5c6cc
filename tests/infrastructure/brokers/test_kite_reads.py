"""What can be asked about an account at Kite: the real SDK against the simulator."""

import itertools
from datetime import timedelta
from decimal import Decimal

import pytest

from application.ports.account import Charges, Funds, OrderMargin, Profile
from application.ports.broker import BrokerDown, LoginExpired, RateLimited
from domain.errors import InvalidOrder
from domain.events import OrderPlaced
from domain.vocabulary import OrderTerms
from infrastructure.brokers.calls import Calls
from infrastructure.brokers.kite import KiteBroker
from tests.infrastructure.brokers.kite_support import (
    TAG,
    TEN_AT_1400,
    access,
    as_json,
    far_side,
    kite_error,
    known,
    logged_in,
    ticket,
)
from tests.infrastructure.simulator.support import OPENING_BELL, simulated_kite

CUSTOMERS = itertools.count(1)
LOT = 65


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


def option(symbol, side, price):
    return OrderTerms(
        exchange="NFO",
        trading_symbol=symbol,
        transaction_type=side,
        order_type="LIMIT",
        product="NRML",
        quantity_shares=LOT,
        limit_price_inr=Decimal(price),
    )


def test_a_profile_says_who_it_is_and_what_may_be_traded(kite, broker):
    assert broker.profile(logged_in(kite, "ASHA"), OPENING_BELL) == Profile(
        account_id="ASHA",
        account_name="Asha",
        exchanges=("NSE", "BSE", "NFO", "BFO"),
        products=("CNC", "NRML", "MIS", "MTF"),
    )


def test_funds_by_segment_after_a_purchase(broker, alice):
    broker.place(alice, ticket(), OPENING_BELL)

    equity, commodity = broker.funds(alice, OPENING_BELL)

    assert equity == Funds(
        segment="equity",
        available_inr=Decimal("985112.0"),
        used_inr=Decimal("14888.0"),
        opening_inr=Decimal("1000000"),
        collateral_inr=Decimal(0),
    )
    assert (commodity.segment, commodity.available_inr) == ("commodity", Decimal(0))


def test_the_life_of_an_order_step_by_step(broker, alice):
    placed = broker.place(alice, ticket(), OPENING_BELL)
    assert isinstance(placed, OrderPlaced)

    steps = broker.order_history(alice, placed.broker_order_id, "NSE", OPENING_BELL)

    assert [(step.raw_status, step.status) for step in steps] == [
        ("PUT ORDER REQ RECEIVED", "PENDING_SUBMIT"),
        ("VALIDATION PENDING", "PENDING_SUBMIT"),
        ("OPEN PENDING", "PENDING_SUBMIT"),
        ("OPEN", "OPEN"),
        ("COMPLETE", "FILLED"),
    ]
    assert steps[-1].average_price_inr == Decimal("1488.8")


def test_kites_words_about_an_order_do_not_repeat_the_account(tmp_path):
    words = "RMS:Margin Exceeds,Required:32040.00 for entity account-ALICE across exchange"
    row = {
        "order_id": "1",
        "status": "REJECTED",
        "status_message": words,
        "exchange": "NSE",
        "tradingsymbol": "INFY",
        "transaction_type": "BUY",
        "order_type": "LIMIT",
        "product": "CNC",
        "variety": "regular",
        "validity": "DAY",
        "quantity": 10,
        "filled_quantity": 0,
        "pending_quantity": 0,
        "average_price": 0,
        "price": 1400,
        "trigger_price": 0,
        "tag": None,
        "tags": None,
    }
    with far_side(lambda *_: as_json(200, {"status": "success", "data": [row]})) as side:
        broker = KiteBroker(side.url, tmp_path)
        (order,) = broker.orders(access(), OPENING_BELL)
        (step,) = broker.order_history(access(), "1", "NSE", OPENING_BELL)

    assert order.sighting.status_message == (
        "RMS:Margin Exceeds,Required:32040.00 for entity account-*** across exchange"
    )
    assert step == order.sighting
    assert order.broker_tags == ()


def test_a_status_that_kite_did_not_answer_with_is_not_told(tmp_path):
    """The SDK makes a 502 of whatever it cannot read."""
    page = (200, {"Content-Type": "text/html"}, b"<html>")
    with far_side(lambda *_: page) as side, pytest.raises(BrokerDown) as down:
        KiteBroker(side.url, tmp_path).funds(access(), OPENING_BELL)

    assert str(down.value) == "DataException"


@pytest.mark.parametrize("amount", ["1e999999", "-1e99", 1e16])
def test_an_amount_that_nobody_could_mean_is_no_answer(tmp_path, amount):
    purse = {
        "enabled": True,
        "net": amount,
        "available": {"opening_balance": 0, "collateral": 0},
        "utilised": {"debits": 0},
    }
    answer = as_json(200, {"status": "success", "data": {"equity": purse}})
    with far_side(lambda *_: answer) as side, pytest.raises(BrokerDown):
        KiteBroker(side.url, tmp_path).funds(access(), OPENING_BELL)


def test_an_order_that_kite_does_not_know_has_no_history(broker, alice):
    assert broker.order_history(alice, "261123000000000", "NSE", OPENING_BELL) == ()


@pytest.mark.parametrize(
    "answer",
    [
        kite_error(404, "GeneralException", "Route not found"),
        kite_error(500, "GeneralException", "Couldn't find that `order_id`."),
        (404, {"Content-Type": "text/html"}, b"<html>order_id</html>"),
    ],
)
def test_a_history_that_could_not_be_read_is_not_an_empty_one(tmp_path, answer):
    with far_side(lambda *_: answer) as side, pytest.raises(BrokerDown):
        KiteBroker(side.url, tmp_path).order_history(access(), "1", "NSE", OPENING_BELL)


def test_an_order_is_found_by_our_tag_among_the_tags_that_kite_adds(broker, alice):
    broker.place(alice, ticket(TEN_AT_1400, "a1"), OPENING_BELL)
    placed = broker.place(alice, ticket(), OPENING_BELL)  # protected, so Kite tags it, too
    assert isinstance(placed, OrderPlaced)

    (found,) = broker.find(alice, TAG, "NSE", OPENING_BELL)

    assert found.broker_order_id == placed.broker_order_id
    assert set(found.broker_tags) == {TAG, "mktp"}
    assert broker.find(alice, "b2", "NSE", OPENING_BELL) == ()


def test_an_order_whose_row_has_a_tag_and_no_tags_is_found_too(broker, tmp_path):
    row = {
        "order_id": "1",
        "status": "COMPLETE",
        "exchange": "NSE",
        "tradingsymbol": "INFY",
        "transaction_type": "BUY",
        "order_type": "MARKET",
        "product": "CNC",
        "variety": "regular",
        "validity": "DAY",
        "quantity": 1,
        "filled_quantity": 1,
        "pending_quantity": 0,
        "price": 0,
        "trigger_price": 0,
        "average_price": 1,
        "tag": TAG,
        "order_timestamp": "0001-01-01 00:00:00",
        "exchange_timestamp": None,
    }
    answer = as_json(200, {"status": "success", "data": [row]})
    with far_side(lambda *_: answer) as side:
        (found,) = KiteBroker(side.url, tmp_path).find(access(), TAG, "NSE", OPENING_BELL)

    assert found.broker_order_id == "1"
    assert found.placed_at is None  # Kite's "never" is the year 1


def test_every_fill_of_an_order_is_a_trade_of_its_own(kite, broker, alice):
    kite.http.post(
        "/simulator/fills",
        json={
            "broker": "kite",
            "user": alice.account_id,
            "shares_per_fill": 4,
            "seconds_per_fill": 60,
        },
    ).raise_for_status()
    placed = broker.place(alice, ticket(), kite.clock())
    assert isinstance(placed, OrderPlaced)
    first = broker.orders(alice, kite.clock())[0].sighting
    kite.clock.advance(minutes=3)
    trades = broker.trades(alice, kite.clock())
    last = broker.orders(alice, kite.clock())[0].sighting
    kite.clock.advance(minutes=-3)

    assert (first.status, first.raw_status) == ("PARTIAL", "OPEN")
    assert (first.filled_shares, first.pending_shares) == (4, 6)
    assert [trade.quantity_shares for trade in trades] == [4, 4, 2]
    assert len({trade.trade_id for trade in trades}) == 3
    assert {trade.broker_order_id for trade in trades} == {placed.broker_order_id}
    assert [trade.traded_at for trade in trades] == [
        OPENING_BELL + timedelta(minutes=minute) for minute in (0, 1, 2)
    ]
    assert last.status == "FILLED"


def test_the_time_of_day_on_a_trade_is_not_taken_for_an_instant(tmp_path):
    trade = {
        "trade_id": "1",
        "order_id": "2",
        "exchange": "NSE",
        "tradingsymbol": "SBIN",
        "transaction_type": "BUY",
        "product": "CNC",
        "quantity": 1,
        "average_price": 420.65,
        "order_timestamp": "09:16:39",
        "fill_timestamp": "09:16:39",
    }
    answer = as_json(200, {"status": "success", "data": [trade]})
    with far_side(lambda *_: answer) as side:
        (read,) = KiteBroker(side.url, tmp_path).trades(access(), OPENING_BELL)

    assert (read.price_inr, read.traded_at) == (Decimal("420.65"), None)


def test_what_one_order_would_block_and_cost(broker, alice):
    margins = broker.order_margins(alice, [TEN_AT_1400], OPENING_BELL)

    assert margins.total_inr == Decimal("14000")
    (order,) = margins.orders
    assert order == OrderMargin(
        exchange="NSE",
        trading_symbol="INFY",
        total_inr=Decimal("14000"),
        span_inr=Decimal(0),
        exposure_inr=Decimal(0),
        option_premium_inr=Decimal(0),
        charges_inr=Decimal("16.607164"),
        leverage=Decimal(1),
    )


def test_orders_of_a_basket_save_each_other_margin(kite, broker, alice):
    near, far = (
        known("NFO", strike.call.symbol).trading_symbol for strike in _strikes_above(kite, (4, 8))
    )
    sold, bought = option(near, "SELL", "150"), option(far, "BUY", "60")

    alone = [broker.order_margins(alice, [each], OPENING_BELL) for each in (sold, bought)]
    together = broker.basket_margins(alice, [sold, bought], OPENING_BELL)

    assert together.total_inr < sum(each.total_inr for each in alone)
    assert [order.trading_symbol for order in together.orders] == [near, far]
    assert [order.total_inr for order in together.orders] == [each.total_inr for each in alone]


def test_orders_that_are_asked_about_one_by_one_save_nothing(kite, broker, alice):
    near, far = (
        known("NFO", strike.call.symbol).trading_symbol for strike in _strikes_above(kite, (4, 8))
    )

    margins = broker.order_margins(
        alice, [option(near, "SELL", "150"), option(far, "BUY", "60")], OPENING_BELL
    )

    assert margins.total_inr == sum(each.total_inr for each in margins.orders)


def test_open_positions_can_be_left_out_of_account(tmp_path):
    with far_side(lambda *_: kite_error(400, "InputException", "no")) as side:
        broker = KiteBroker(side.url, tmp_path)
        with pytest.raises(BrokerDown):
            broker.basket_margins(access(), [TEN_AT_1400], OPENING_BELL, consider_positions=False)

    assert side.asked == ["POST /margins/basket?consider_positions=False"]


def _strikes_above(kite, places):
    from infrastructure.simulator.market.universe import listed

    listing = listed(OPENING_BELL)
    chain = listing.chain("NIFTY", listing.expiries("NIFTY")[0])
    middle = len(chain) // 2
    return [chain[middle + place] for place in places]


def test_a_basket_goes_out_as_a_json_array_and_open_positions_count(tmp_path):
    with far_side(lambda *_: kite_error(400, "InputException", "no")) as side:
        broker = KiteBroker(side.url, tmp_path)
        with pytest.raises(BrokerDown):
            broker.basket_margins(access(), [TEN_AT_1400, TEN_AT_1400], OPENING_BELL)

    (method, path, headers, body) = side.requests[0]
    assert (method, path) == ("POST", "/margins/basket?consider_positions=True")
    assert headers["Content-Type"] == "application/json"
    assert body.startswith(
        '[{"exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "BUY", '
        '"variety": "regular", "product": "CNC", "order_type": "LIMIT", "quantity": 10, '
        '"price": 1400.0, "trigger_price": 0.0}, {'
    )


def test_charges_of_several_orders_part_by_part(broker, alice):
    first, second = broker.charges(alice, [TEN_AT_1400, TEN_AT_1400], OPENING_BELL)

    assert first == second
    assert first == Charges(
        exchange="NSE",
        trading_symbol="INFY",
        total_inr=Decimal("16.607164"),
        brokerage_inr=Decimal(0),
        transaction_tax_inr=Decimal("14"),
        exchange_charge_inr=Decimal("0.4158"),
        stamp_duty_inr=Decimal("2.1"),
        gst_inr=Decimal("0.077364"),
        sebi_charge_inr=Decimal("0.014"),
    ), first


def test_charges_of_a_market_order_need_a_price_to_reckon_with(tmp_path):
    market = OrderTerms(
        exchange="NSE",
        trading_symbol="INFY",
        transaction_type="BUY",
        order_type="MARKET",
        product="CNC",
        quantity_shares=1,
    )
    with far_side(lambda *_: as_json(200, [])) as side, pytest.raises(InvalidOrder, match="price"):
        KiteBroker(side.url, tmp_path).charges(access(), [market], OPENING_BELL)

    assert side.asked == []


READS = {
    "profile": lambda broker, who: broker.profile(who, OPENING_BELL),
    "funds": lambda broker, who: broker.funds(who, OPENING_BELL),
    "holdings": lambda broker, who: broker.holdings(who, OPENING_BELL),
    "positions": lambda broker, who: broker.positions(who, OPENING_BELL),
    "orders": lambda broker, who: broker.orders(who, OPENING_BELL),
    "order_history": lambda broker, who: broker.order_history(who, "1", "NSE", OPENING_BELL),
    "find": lambda broker, who: broker.find(who, TAG, "NSE", OPENING_BELL),
    "trades": lambda broker, who: broker.trades(who, OPENING_BELL),
    "gtt_orders": lambda broker, who: broker.gtt_orders(who, OPENING_BELL),
    "ltp": lambda broker, who: broker.quotes(who, [known("NSE", "INFY")], "ltp", OPENING_BELL),
    "ohlc": lambda broker, who: broker.quotes(who, [known("NSE", "INFY")], "ohlc", OPENING_BELL),
    "full": lambda broker, who: broker.quotes(who, [known("NSE", "INFY")], "full", OPENING_BELL),
    "candles": lambda broker, who: broker.candles(
        who,
        known("NSE", "INFY"),
        "1d",
        OPENING_BELL - timedelta(days=9),
        OPENING_BELL,
        OPENING_BELL,
    ),
    "order_margins": lambda broker, who: broker.order_margins(who, [TEN_AT_1400], OPENING_BELL),
    "basket": lambda broker, who: broker.basket_margins(who, [TEN_AT_1400] * 2, OPENING_BELL),
    "charges": lambda broker, who: broker.charges(who, [TEN_AT_1400], OPENING_BELL),
}

SENSELESS = [
    as_json(200, {"status": "success", "data": None}),
    as_json(200, {"status": "success", "data": "words"}),
    as_json(200, {"status": "success", "data": [{}]}),
    as_json(200, {"status": "success", "data": {"net": [{}], "candles": [[]], "NSE:INFY": {}}}),
    as_json(200, {"status": "success"}),
    as_json(400, {"status": "error", "message": "no type"}),
    as_json(200, [{}]),
    (200, {}, b"{}"),
    (200, {"Content-Type": "application/json"}, b"{"),
    (200, {"Content-Type": "application/json"}, b""),
    (200, {"Content-Type": "text/html"}, b"<html>"),
]


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("answer", SENSELESS, ids=range(len(SENSELESS)))
def test_an_answer_that_makes_no_sense_is_never_taken_for_an_empty_one(tmp_path, name, answer):
    calls = Calls("kite", pause=lambda seconds: None)
    with far_side(lambda *_: answer) as side, pytest.raises(BrokerDown):
        READS[name](KiteBroker(side.url, tmp_path, calls), access())


@pytest.mark.parametrize("name", READS)
def test_a_read_with_a_token_that_has_ended_says_so(kite, broker, name):
    who = logged_in(kite, f"ENDED{name.upper().replace('_', '')}")
    broker.log_out(who)

    with pytest.raises(LoginExpired):
        READS[name](broker, who)


def test_a_read_that_kite_will_not_answer_now_says_when_to_ask_again(kite, broker, alice):
    kite.fault(fault="status:429", route="/trades", user=alice.account_id, calls=3)

    with pytest.raises(RateLimited):
        broker.trades(alice, OPENING_BELL)
