"""Cards 30 to 43: money, shares and positions, whoever the broker is."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from application.ports.account import Conversion, DayTrades
from application.ports.broker import LoginExpired
from application.ports.broker_orders import Accepted, Declined, Unproven
from tests.contract.cards import needs
from tests.contract.desk import BUY_TEN, Desk, known

BUY_INTRADAY = replace(BUY_TEN, product="MIS")
CONVERT_FOUR = Conversion(
    exchange="NSE",
    trading_symbol="INFY",
    transaction_type="BUY",
    quantity_shares=4,
    from_product="MIS",
    to_product="CNC",
)


@needs("profile")
def test_card_30_the_profile_says_whose_account_it_is(desk: Desk):
    profile = desk.broker.profile(desk.access, desk.clock())

    assert profile.account_id == desk.access.account_id
    assert profile.account_name


def test_card_31_a_token_that_the_broker_does_not_know_ends_as_an_expired_login(desk: Desk):
    if not desk.broker.needs_login:
        assert desk.broker.profile(desk.stranger(), desk.clock()).account_id == "NOBODY"
        return
    with pytest.raises(LoginExpired):
        desk.broker.profile(desk.stranger(), desk.clock())
    with pytest.raises(LoginExpired):
        desk.broker.orders(desk.stranger(), desk.clock())


@needs("funds")
def test_card_32_there_is_money_to_begin_with(desk: Desk):
    funds = desk.broker.funds(desk.access, desk.clock())

    assert funds[0].segment in ("equity", "all")
    assert funds[0].available_inr == Decimal(1_000_000)


@needs("funds")
def test_card_33_what_is_bought_is_paid_for(desk: Desk):
    order = desk.order(desk.placed(BUY_TEN))

    funds = desk.broker.funds(desk.access, desk.clock())[0]

    paid = 10 * known(order.sighting.average_price_inr)
    assert funds.available_inr == Decimal(1_000_000) - paid


@needs("holdings")
def test_card_34_holdings_have_a_quantity_a_cost_and_a_name(desk: Desk):
    desk.place(BUY_TEN)
    desk.next_morning()

    held = {each.trading_symbol: each for each in desk.broker.holdings(desk.access, desk.clock())}

    assert held["INFY"].quantity_shares >= 10
    assert held["INFY"].isin == "INE009A01021"
    assert all(each.average_price_inr > 0 for each in held.values())


@needs("holdings")
def test_card_35_holdings_are_valued_at_the_market_price_or_not_at_all(desk: Desk):
    desk.place(BUY_TEN)
    desk.next_morning()

    for each in desk.broker.holdings(desk.access, desk.clock()):
        assert each.last_price_inr in (None, desk.price("NSE", each.trading_symbol))


@needs("positions")
def test_card_36_an_intraday_purchase_is_a_position(desk: Desk):
    order = desk.order(desk.placed(BUY_INTRADAY))

    (position,) = desk.broker.positions(desk.access, desk.clock())

    assert (position.exchange, position.trading_symbol) == ("NSE", "INFY")
    assert (position.product, position.quantity_shares) == ("MIS", 10)
    assert position.average_price_inr == order.sighting.average_price_inr
    assert position.last_price_inr in (None, desk.price("NSE", "INFY"))
    assert position.realised_inr == 0
    assert position.day == DayTrades(
        overnight_shares=0,
        buy_shares=10,
        buy_value_inr=10 * known(order.sighting.average_price_inr),
        sell_shares=0,
        sell_value_inr=Decimal(0),
    )


@needs("positions")
def test_card_37_a_short_position_is_negative_and_stays_when_it_is_closed(desk: Desk):
    sold = desk.order(desk.placed(replace(BUY_INTRADAY, transaction_type="SELL")))
    (short,) = desk.broker.positions(desk.access, desk.clock())
    desk.advance(minutes=10)
    bought = desk.order(desk.placed(BUY_INTRADAY))

    (closed,) = desk.broker.positions(desk.access, desk.clock())

    earned = known(sold.sighting.average_price_inr) - known(bought.sighting.average_price_inr)
    assert (short.quantity_shares, closed.quantity_shares) == (-10, 0)
    assert short.realised_inr == 0
    assert closed.realised_inr == 10 * earned != 0
    assert closed.average_price_inr == 0


@needs("positions")
def test_card_38_nothing_traded_is_no_position(desk: Desk):
    assert desk.broker.positions(desk.access, desk.clock()) == ()


@needs("convert_position")
def test_card_39_an_intraday_position_becomes_a_delivery(desk: Desk):
    desk.placed(BUY_INTRADAY)

    end = desk.broker.convert_position(desk.access, CONVERT_FOUR, desk.clock())

    assert isinstance(end, Accepted)
    shares = {
        each.product: each.quantity_shares
        for each in desk.broker.positions(desk.access, desk.clock())
    }
    assert (shares["MIS"], shares["CNC"]) == (6, 4)


@needs("convert_position")
def test_card_40_more_than_is_open_cannot_be_converted(desk: Desk):
    desk.placed(replace(BUY_INTRADAY, quantity_shares=3))

    end = desk.broker.convert_position(desk.access, CONVERT_FOUR, desk.clock())

    assert isinstance(end, Declined | Unproven)
    (position,) = desk.broker.positions(desk.access, desk.clock())
    assert (position.product, position.quantity_shares) == ("MIS", 3)


@needs("order_margins")
def test_card_41_a_delivery_blocks_its_price(desk: Desk):
    terms = replace(BUY_TEN, order_type="LIMIT", limit_price_inr=Decimal("1480.00"))

    margins = desk.broker.order_margins(desk.access, [terms], desk.clock())

    assert len(margins.orders) == 1
    assert margins.total_inr == pytest.approx(Decimal("14800.00"), rel=Decimal("0.01"))


@needs("basket_margins")
def test_card_42_a_basket_blocks_no_more_than_its_orders_together(desk: Desk):
    future = desk.future()
    buy = replace(
        BUY_TEN,
        exchange="NFO",
        trading_symbol=future.trading_symbol,
        product="NRML",
        order_type="LIMIT",
        quantity_shares=future.lot_size_shares,
        limit_price_inr=desk.price("NFO", future.trading_symbol),
    )
    sell = replace(buy, transaction_type="SELL")

    alone = desk.broker.order_margins(desk.access, [buy], desk.clock())
    both = desk.broker.basket_margins(desk.access, [buy, sell], desk.clock())

    assert Decimal(0) <= both.total_inr <= 2 * alone.total_inr


@needs("charges")
def test_card_43_an_order_costs_more_than_nothing_and_less_than_a_hundredth(desk: Desk):
    terms = replace(BUY_TEN, order_type="LIMIT", limit_price_inr=Decimal("1480.00"))

    (charges,) = desk.broker.charges(desk.access, [terms], desk.clock())

    assert Decimal(0) < charges.total_inr < Decimal(148)
    assert (charges.exchange, charges.trading_symbol) == ("NSE", "INFY")
