"""Cards 1 to 29: orders, whoever the broker is."""

from datetime import UTC
from decimal import Decimal

import pytest
from msgspec.structs import replace

from application.ports.broker_orders import Accepted, Declined
from domain.events import OrderPlaced, OrderRejected
from domain.vocabulary import SETTLED_STATUSES, OrderTerms
from tests.contract.cards import needs
from tests.contract.desk import BUY_TEN, BUY_TEN_LOW, Desk

TAG = "u1b2c3d4e5f6g7h8i9j0"
NOBODYS_TAG = "u0000000000000000000"
BREAKOUT = replace(
    BUY_TEN,
    order_type="SL",
    trigger_price_inr=Decimal("1560.00"),
    limit_price_inr=Decimal("1565.00"),
)
"""Buys when the price rises far above where it will be today."""


def test_card_01_a_market_order_is_filled_at_the_market_price(desk: Desk):
    price = desk.price("NSE", "INFY")

    order = desk.order(desk.placed(BUY_TEN))

    assert (order.sighting.status, order.sighting.filled_shares) == ("FILLED", 10)
    assert order.sighting.pending_shares == 0
    assert order.sighting.average_price_inr == pytest.approx(price, rel=Decimal("0.001"))


def test_card_02_a_limit_order_away_from_the_market_rests(desk: Desk):
    order = desk.order(desk.placed(BUY_TEN_LOW))

    assert (order.sighting.status, order.sighting.filled_shares) == ("OPEN", 0)
    assert order.sighting.pending_shares == 10
    assert order.sighting.average_price_inr is None


def test_card_03_the_book_speaks_the_words_of_the_order(desk: Desk):
    terms = replace(BUY_TEN_LOW, product="MIS")

    order = desk.order(desk.placed(terms))

    assert (order.exchange, order.trading_symbol) == ("NSE", "INFY")
    assert (order.transaction_type, order.order_type) == ("BUY", "LIMIT")
    assert (order.product, order.variety, order.validity) == ("MIS", "regular", "DAY")
    assert (order.quantity_shares, order.limit_price_inr) == (10, Decimal("1400.00"))
    assert order.trigger_price_inr is None


def test_card_04_the_book_shows_our_tag(desk: Desk):
    desk.place(BUY_TEN, tag=TAG)

    (order,) = desk.broker.orders(desk.access, desk.clock())

    assert TAG in order.broker_tags


def test_card_05_a_stop_order_waits_for_its_trigger(desk: Desk):
    order = desk.order(desk.placed(BREAKOUT))

    assert order.sighting.status in ("TRIGGER_PENDING", "OPEN")  # Dhan has one word for both
    assert (order.order_type, order.trigger_price_inr) == ("SL", Decimal("1560.00"))
    assert order.sighting.filled_shares == 0


def test_card_06_the_book_is_told_oldest_first(desk: Desk):
    sent = []
    for _ in range(3):
        sent.append(desk.placed(BUY_TEN_LOW))
        desk.advance(seconds=2)

    book = desk.broker.orders(desk.access, desk.clock())

    assert [order.broker_order_id for order in book] == sent


def test_card_07_an_order_bears_the_time_at_which_it_was_placed(desk: Desk):
    order = desk.order(desk.placed(BUY_TEN))

    assert order.placed_at == desk.clock()
    assert order.placed_at.tzinfo is UTC


def test_card_08_an_immediate_order_that_cannot_be_filled_is_cancelled(desk: Desk):
    order = desk.order(desk.placed(replace(BUY_TEN_LOW, validity="IOC")))

    assert (order.sighting.status, order.sighting.filled_shares) == ("CANCELLED", 0)


def refused(desk: Desk, terms: OrderTerms) -> str:
    """Why: some brokers say so at once, others take the order and turn it down in the book."""
    outcome = desk.place(terms)
    if isinstance(outcome, OrderRejected):
        assert desk.broker.orders(desk.access, desk.clock()) == ()
        return outcome.code
    assert isinstance(outcome, OrderPlaced), outcome
    sighting = desk.order(outcome.broker_order_id).sighting
    assert (sighting.status, sighting.filled_shares) == ("REJECTED", 0)
    assert sighting.status_message
    return "REJECTED"


def test_card_09_a_price_off_the_tick_is_refused(desk: Desk):
    refused(desk, replace(BUY_TEN_LOW, limit_price_inr=Decimal("1400.03")))


def test_card_10_more_than_there_is_money_for_is_refused(desk: Desk):
    code = refused(desk, replace(BUY_TEN, quantity_shares=5000))

    assert code in ("INSUFFICIENT_FUNDS", "REJECTED")


def test_card_11_shares_that_one_does_not_hold_cannot_be_sold_for_delivery(desk: Desk):
    code = refused(desk, replace(BUY_TEN, transaction_type="SELL", quantity_shares=999))

    assert code in ("INSUFFICIENT_HOLDINGS", "REJECTED")


def test_card_12_an_unknown_symbol_is_refused(desk: Desk):
    outcome = desk.place(replace(BUY_TEN, trading_symbol="ZYXW"))

    assert isinstance(outcome, OrderRejected)
    assert desk.broker.orders(desk.access, desk.clock()) == ()


@needs("find")
def test_card_13_an_order_is_found_by_our_tag(desk: Desk):
    desk.place(BUY_TEN, tag=TAG)

    found = desk.broker.find(desk.access, TAG, "NSE", desk.clock())

    assert [TAG in order.broker_tags for order in found] == [True]
    assert found[0].quantity_shares == 10


@needs("find")
def test_card_14_a_tag_that_nobody_used_finds_nothing(desk: Desk):
    desk.place(BUY_TEN, tag=TAG)

    assert desk.broker.find(desk.access, NOBODYS_TAG, "NSE", desk.clock()) == ()


@needs("order_history")
def test_card_15_the_history_of_an_order_ends_where_the_book_is(desk: Desk):
    broker_order_id = desk.placed(BUY_TEN)

    steps = desk.broker.order_history(desk.access, broker_order_id, "NSE", desk.clock())

    last, booked = steps[-1], desk.order(broker_order_id).sighting
    assert (last.status, last.filled_shares) == (booked.status, booked.filled_shares)


@needs("order_history")
def test_card_16_an_order_that_does_not_exist_has_no_history(desk: Desk):
    assert desk.broker.order_history(desk.access, "999999", "NSE", desk.clock()) == ()


@needs("trades")
def test_card_17_a_fill_is_a_trade(desk: Desk):
    broker_order_id = desk.placed(BUY_TEN)

    (trade,) = desk.broker.trades(desk.access, desk.clock())

    assert (trade.broker_order_id, trade.quantity_shares) == (broker_order_id, 10)
    assert (trade.exchange, trade.trading_symbol) == ("NSE", "INFY")
    assert (trade.transaction_type, trade.product) == ("BUY", "CNC")
    assert trade.price_inr == desk.order(broker_order_id).sighting.average_price_inr
    assert trade.traded_at is not None
    assert trade.trade_id


@needs("trades")
def test_card_18_without_a_fill_there_is_no_trade(desk: Desk):
    desk.place(BUY_TEN_LOW)

    assert desk.broker.trades(desk.access, desk.clock()) == ()


@needs("modify")
def test_card_19_a_resting_order_takes_new_terms(desk: Desk):
    broker_order_id = desk.placed(BUY_TEN_LOW)
    terms = replace(BUY_TEN_LOW, quantity_shares=7, limit_price_inr=Decimal("1410.00"))

    end = desk.modify(broker_order_id, terms)

    assert isinstance(end, Accepted)
    order = desk.order(broker_order_id)
    assert (order.quantity_shares, order.limit_price_inr) == (7, Decimal("1410.00"))
    assert order.sighting.status == "OPEN"


@needs("modify")
def test_card_20_an_order_can_become_a_market_order_and_is_filled(desk: Desk):
    broker_order_id = desk.placed(BUY_TEN_LOW)

    end = desk.modify(broker_order_id, BUY_TEN)

    assert isinstance(end, Accepted)
    assert desk.order(broker_order_id).sighting.status == "FILLED"


@needs("modify")
def test_card_21_a_filled_order_takes_no_new_terms(desk: Desk):
    broker_order_id = desk.placed(BUY_TEN)

    end = desk.modify(broker_order_id, BUY_TEN_LOW)

    assert isinstance(end, Declined)
    assert desk.order(broker_order_id).sighting.status == "FILLED"


@needs("cancel")
def test_card_22_a_resting_order_can_be_cancelled(desk: Desk):
    broker_order_id = desk.placed(BUY_TEN_LOW)

    end = desk.cancel(broker_order_id, BUY_TEN_LOW)

    assert isinstance(end, Accepted)
    sighting = desk.order(broker_order_id).sighting
    assert (sighting.status, sighting.pending_shares) == ("CANCELLED", 0)


@needs("cancel")
def test_card_23_a_filled_order_cannot_be_cancelled(desk: Desk):
    broker_order_id = desk.placed(BUY_TEN)

    end = desk.cancel(broker_order_id, BUY_TEN)

    assert isinstance(end, Declined)
    assert end.reached_broker


@needs("cancel")
def test_card_24_an_order_that_does_not_exist_cannot_be_cancelled(desk: Desk):
    end = desk.cancel("999999", BUY_TEN_LOW)

    assert isinstance(end, Declined)


@needs("modify")
def test_card_25_an_order_of_somebody_else_is_out_of_reach(desk: Desk):
    broker_order_id = desk.placed(BUY_TEN_LOW)

    end = desk.broker.modify(desk.stranger(), broker_order_id, BUY_TEN, desk.clock())

    assert isinstance(end, Declined)
    assert desk.order(broker_order_id).sighting.status == "OPEN"


def test_card_26_each_order_is_there_once(desk: Desk):
    for _ in range(4):
        desk.placed(BUY_TEN_LOW)

    book = desk.broker.orders(desk.access, desk.clock())

    assert len({order.broker_order_id for order in book}) == len(book) == 4
    assert len({tag for order in book for tag in order.broker_tags}) == 4


def test_card_27_no_day_order_outlives_its_day(desk: Desk):
    desk.placed(BUY_TEN_LOW)
    desk.next_morning()

    fresh = [
        order
        for order in desk.broker.orders(desk.access, desk.clock())
        if order.sighting.status not in SETTLED_STATUSES
    ]

    assert fresh == []


def test_card_28_an_option_is_bought_in_lots(desk: Desk):
    contract = desk.at_the_money_call()
    terms = replace(
        BUY_TEN,
        exchange="NFO",
        trading_symbol=contract.trading_symbol,
        product="NRML",
        quantity_shares=contract.lot_size_shares,
    )
    if "NFO" not in desk.broker.offer.exchanges:
        assert isinstance(desk.place(terms), OrderRejected)
        return

    order = desk.order(desk.placed(terms))

    assert (order.exchange, order.trading_symbol) == ("NFO", contract.trading_symbol)
    assert (order.sighting.status, order.product) == ("FILLED", "NRML")


def test_card_29_half_a_lot_is_refused(desk: Desk):
    contract = desk.at_the_money_call()

    refused(
        desk,
        replace(
            BUY_TEN,
            exchange="NFO",
            trading_symbol=contract.trading_symbol,
            product="NRML",
            quantity_shares=contract.lot_size_shares - 1,
        ),
    )
