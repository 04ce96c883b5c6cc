"""Zerodha's own published samples through the real SDK, against what they say in our words."""

import dataclasses
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from application.portfolio.valuation import ValuedHolding, ValuedPosition, price_of
from application.ports.account import DayTrades, Funds, Holding, Position
from application.ports.broker import Secrets
from application.ports.broker_orders import Accepted, GttLeg, GttOrder, Trade
from application.ports.market import Candle, DepthLevel
from domain.events import OrderPlaced
from domain.vocabulary import OrderSighting
from infrastructure.brokers.kite import KiteBroker
from tests.infrastructure.brokers.kite_support import (
    BUY_AT_1400,
    TEN_AT_1400,
    TO_DELIVERY,
    access,
    far_side,
    known,
    recorded,
    ticket,
)
from tests.infrastructure.simulator.support import OPENING_BELL

SAMPLES = Path(__file__).parents[3] / ".." / "shared" / "fixtures" / "kiteconnect-mocks"

pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="Zerodha's samples are not beside the repository"
)

FILES = {
    "GET /orders": "orders",
    "GET /orders/171229000724687": "order_info",
    "GET /trades": "trades",
    "GET /portfolio/holdings": "holdings",
    "GET /portfolio/positions": "positions",
    "GET /user/profile": "profile",
    "GET /user/margins": "margins",
    "GET /gtt/triggers": "gtt_get_orders",
    "GET /quote/ltp": "ltp",
    "GET /quote/ohlc": "ohlc",
    "GET /quote": "quote",
    "GET /instruments/historical/408065/minute": "historical_minute",
    "GET /instruments/historical/256265/minute": "historical_oi",
    "POST /session/token": "generate_session",
    "POST /orders/regular": "order_response",
    "PUT /orders/regular/151220000000000": "order_modify",
    "DELETE /orders/regular/151220000000000": "order_cancel",
    "PUT /portfolio/positions": "convert_position",
    "POST /gtt/triggers": "gtt_place_order",
    "PUT /gtt/triggers/123": "gtt_modify_order",
    "DELETE /gtt/triggers/123": "gtt_delete_order",
    "POST /margins/orders": "order_margins",
    "POST /margins/basket": "basket_margins",
    "POST /charges/orders": "virtual_contract_note",
}
"""By what a request asks for, without its query."""


@pytest.fixture
def broker(tmp_path):
    def answer(method: str, path: str):
        return recorded(SAMPLES, FILES[f"{method} {path.partition('?')[0]}"])

    with far_side(answer) as side:
        yield KiteBroker(side.url, tmp_path)


def test_the_order_book(broker):
    book = broker.orders(access(), OPENING_BELL)

    assert [order.sighting.status for order in book[:4]] == [
        "CANCELLED",
        "FILLED",
        "FILLED",
        "REJECTED",
    ]
    cancelled, bought, sold, rejected = book[:4]
    assert cancelled.broker_order_id == "100000000000000"
    assert (cancelled.exchange, cancelled.trading_symbol) == ("CDS", "USDINR21JUNFUT")
    assert cancelled.placed_at == datetime(2021, 5, 31, 3, 45, 38, tzinfo=UTC)
    assert cancelled.sighting.broker_time == datetime(2021, 5, 31, 3, 48, 57, tzinfo=UTC)
    assert bought.limit_price_inr == Decimal("109.4")
    assert bought.trigger_price_inr is None
    assert bought.sighting == OrderSighting(
        status="FILLED",
        raw_status="COMPLETE",
        filled_shares=1,
        pending_shares=0,
        average_price_inr=Decimal("109.4"),
        broker_time=datetime(2021, 5, 31, 9, 50, 28, tzinfo=UTC),
    )
    assert (sold.order_type, sold.transaction_type, sold.limit_price_inr) == (
        "MARKET",
        "SELL",
        None,
    )
    assert (rejected.variety, rejected.validity) == ("iceberg", "TTL")
    assert rejected.broker_tags == ("icebergord",)
    assert rejected.placed_at == datetime(2022, 5, 24, 6, 56, 52, tzinfo=UTC)
    assert rejected.sighting.status_message == (
        "Insufficient funds. Required margin is 95417.84 but available margin is 74251.80. "
        "Check the orderbook for open orders."
    )


def test_holdings(broker):
    own = Holding(
        exchange="NSE",
        trading_symbol="AARON",
        isin="INE721Z01010",
        quantity_shares=1,
        average_price_inr=Decimal("161"),
        last_price_inr=Decimal("352.95"),
        previous_close_inr=Decimal("352.35"),
        sellable_shares=1,
    )
    assert broker.holdings(access(), OPENING_BELL) == (
        own,
        dataclasses.replace(  # bought with the broker's money, at another price
            own,
            quantity_shares=1000,
            average_price_inr=Decimal("100"),
            sellable_shares=1000,
        ),
        Holding(
            exchange="BSE",
            trading_symbol="SBIN",
            isin="INE062A01020",
            quantity_shares=16,
            average_price_inr=Decimal("801.78125"),
            last_price_inr=Decimal("762.45"),
            previous_close_inr=Decimal("766.4"),
            sellable_shares=16,
        ),
    )


def test_the_gains_of_holdings_are_kites_own(broker):
    aaron, _, sbin = (
        ValuedHolding(holding=each, price=price_of(each, None))
        for each in broker.holdings(access(), OPENING_BELL)
    )

    assert (aaron.gain_inr, aaron.day_change_inr) == (Decimal("191.95"), Decimal("0.60"))
    assert (sbin.gain_inr, sbin.day_change_inr) == (Decimal("-629.30"), 16 * Decimal("-3.95"))


def test_positions_are_the_net_ones(broker):
    positions = broker.positions(access(), OPENING_BELL)

    assert positions[0] == Position(
        exchange="MCX",
        trading_symbol="LEADMINI17DECFUT",
        product="NRML",
        quantity_shares=1,
        average_price_inr=Decimal("161.05"),
        last_price_inr=Decimal("161.05"),
        multiplier=1000,
        realised_inr=Decimal(0),
        unrealised_inr=Decimal(0),
        day=DayTrades(
            overnight_shares=0,
            buy_shares=1,
            buy_value_inr=Decimal(161050),
            sell_shares=0,
            sell_value_inr=Decimal(0),
        ),
    )
    assert [(each.trading_symbol, each.quantity_shares) for each in positions[1:]] == [
        ("GOLDGUINEA17DECFUT", 0),
        ("SBIN", 0),
    ]


def test_the_gains_of_positions_are_kites_own_in_all_and_today(broker):
    valued = [
        ValuedPosition(position=held, price=price_of(held, None))
        for held in broker.positions(access(), OPENING_BELL)
    ]

    assert [each.gain_inr for each in valued] == [0, 801, -2]  # Kite's pnl
    assert [each.day_gain_inr for each in valued] == [0, 276, -2]  # Kite's m2m
    # What is closed has realised all of it, though Kite calls it unrealised.
    assert [each.position.realised_inr for each in valued] == [0, 801, -2]


def test_a_login_by_either_token(broker):
    by_token = broker.log_in(Secrets({"api_key": "k", "access_token": "t"}), OPENING_BELL)
    redeemed = broker.log_in(
        Secrets({"api_key": "k", "api_secret": "s", "request_token": "r"}), OPENING_BELL
    )

    assert (by_token.account_id, by_token.account_name) == ("AB1234", "AxAx Bxx")
    assert (redeemed.account_id, redeemed.account_name) == ("XX0000", "Kite Connect")
    assert redeemed.secrets["access_token"] == "XXXXXX"


def test_a_placed_order(broker):
    assert broker.place(access(), ticket(), OPENING_BELL) == OrderPlaced(
        order_key="k1", broker_order_id="151220000000000", placed_at=OPENING_BELL
    )


def test_a_profile(broker):
    profile = broker.profile(access(), OPENING_BELL)

    assert (profile.account_id, profile.account_name) == ("AB1234", "AxAx Bxx")
    assert profile.exchanges == ("BFO", "MCX", "NSE", "CDS", "BSE", "BCD", "MF", "NFO")
    assert profile.token_ends_at is None


def test_funds(broker):
    equity, commodity = broker.funds(access(), OPENING_BELL)

    assert equity == Funds(
        segment="equity",
        available_inr=Decimal("99725.05000000002"),
        used_inr=Decimal("145706.55"),
        opening_inr=Decimal("245431.6"),
        collateral_inr=Decimal(0),
    )
    assert (commodity.segment, commodity.available_inr) == ("commodity", Decimal("100661.7"))


def test_the_steps_of_an_order(broker):
    steps = broker.order_history(access(), "171229000724687", "NSE", OPENING_BELL)

    assert [step.raw_status for step in steps][:4] == [
        "PUT ORDER REQ RECEIVED",
        "VALIDATION PENDING",
        "OPEN PENDING",
        "OPEN",
    ]
    assert steps[0].broker_time == datetime(2017, 12, 29, 5, 36, 52, tzinfo=UTC)
    assert (steps[0].filled_shares, steps[0].pending_shares) == (0, 1)


def test_trades_have_the_instant_of_the_fill_and_not_the_time_of_day_of_the_order(broker):
    trades = broker.trades(access(), OPENING_BELL)

    assert [trade.trade_id for trade in trades] == ["10000000", "40000000", "70000000", "90000000"]
    assert trades[0] == Trade(
        trade_id="10000000",
        broker_order_id="200000000000000",
        exchange="NSE",
        trading_symbol="SBIN",
        transaction_type="BUY",
        product="CNC",
        quantity_shares=1,
        price_inr=Decimal("420.65"),
        traded_at=datetime(2021, 5, 31, 3, 46, 39, tzinfo=UTC),
    )


def test_quotes_of_every_detail(broker):
    infy = known("NSE", "INFY")
    (ltp,) = broker.quotes(access("a", "A"), [infy], "ltp", OPENING_BELL)
    (ohlc,) = broker.quotes(access("b", "B"), [infy], "ohlc", OPENING_BELL)
    (full,) = broker.quotes(access("c", "C"), [infy], "full", OPENING_BELL)

    assert ltp.last_price_inr == Decimal("1074.35")
    assert (ohlc.open_inr, ohlc.high_inr) == (Decimal("1085.8"), Decimal("1085.9"))
    assert (ohlc.low_inr, ohlc.previous_close_inr) == (Decimal("1070.9"), Decimal("1075.8"))
    assert full.volume_shares == 7360198
    assert full.average_price_inr == Decimal("1412.47")
    assert (full.lower_circuit_inr, full.upper_circuit_inr) == (
        Decimal("1250.7"),
        Decimal("1528.6"),
    )
    assert full.bids == ()
    assert full.asks == (DepthLevel(price_inr=Decimal("1412.95"), quantity_shares=5191, orders=13),)
    assert full.traded_at == datetime(2021, 6, 8, 10, 15, 52, tzinfo=UTC)


def test_candles(broker):
    start = datetime(2017, 12, 15, 3, 45, tzinfo=UTC)

    bars = broker.candles(
        access(), known("NSE", "INFY"), "1m", start, start + timedelta(minutes=5), OPENING_BELL
    )

    assert len(bars) == 5  # the sixth of the sample begins when we stop asking
    assert bars[0] == Candle(
        starts_at=start,
        open_inr=Decimal("1704.5"),
        high_inr=Decimal("1705"),
        low_inr=Decimal("1699.25"),
        close_inr=Decimal("1702.8"),
        volume_shares=2499,
    )


def test_candles_with_open_interest(broker):
    start = datetime(2019, 12, 4, 3, 45, tzinfo=UTC)

    bars = broker.candles(
        access(), known("NSE", "NIFTY 50"), "1m", start, start + timedelta(hours=1), OPENING_BELL
    )

    assert [bar.open_interest_shares for bar in bars] == [
        13667775,
        13667775,
        13758000,
        13758000,
        13758000,
        13777050,
    ]


def test_gtt_orders(broker):
    waiting, triggered = broker.gtt_orders(access(), OPENING_BELL)

    assert waiting == GttOrder(
        gtt_id="112127",
        kind="SINGLE",
        exchange="NSE",
        trading_symbol="INFY",
        transaction_type="BUY",
        product="CNC",
        quantity_shares=1,
        legs=(GttLeg(trigger_price_inr=Decimal("702"), limit_price_inr=Decimal("702.5")),),
        status="ACTIVE",
        raw_status="active",
        created_at=datetime(2019, 9, 12, 7, 55, 16, tzinfo=UTC),
    )
    assert (triggered.kind, triggered.status) == ("OCO", "TRIGGERED")
    assert [leg.trigger_price_inr for leg in triggered.legs] == [Decimal("102"), Decimal("103.7")]


def test_margins_of_an_order_and_of_a_basket(broker):
    alone = broker.order_margins(access(), [TEN_AT_1400], OPENING_BELL)
    basket = broker.basket_margins(access(), [TEN_AT_1400, TEN_AT_1400], OPENING_BELL)

    assert alone.total_inr == Decimal("1498")
    assert alone.orders[0].charges_inr == Decimal("1.79255122")
    assert basket.total_inr == Decimal("34786.725000000006")
    assert [order.trading_symbol for order in basket.orders] == [
        "NIFTY23JUL20600CE",
        "NIFTY23JUL20700CE",
    ]
    assert basket.orders[0].span_inr == Decimal("66832.5")


def test_charges(broker):
    charges = broker.charges(access(), [TEN_AT_1400] * 3, OPENING_BELL)

    assert [each.trading_symbol for each in charges] == [
        "SBIN",
        "GOLDPETAL23JULFUT",
        "NIFTY2371317900PE",
    ]
    assert charges[2].total_inr == Decimal("23.689427000000002")
    assert charges[2].gst_inr == Decimal("3.613527")


def test_what_kite_says_to_every_write(broker):
    order = Accepted(reference="151220000000000")
    gtt = Accepted(reference="123")
    (waiting, _) = broker.gtt_orders(access(), OPENING_BELL)
    waiting = dataclasses.replace(waiting, gtt_id="123")

    assert broker.modify(access(), "151220000000000", TEN_AT_1400, OPENING_BELL) == order
    assert broker.cancel(access(), "151220000000000", TEN_AT_1400, OPENING_BELL) == order
    assert broker.convert_position(access(), TO_DELIVERY, OPENING_BELL) == Accepted()
    assert broker.place_gtt(access(), BUY_AT_1400, OPENING_BELL) == gtt
    assert broker.modify_gtt(access(), "123", BUY_AT_1400, OPENING_BELL) == gtt
    assert broker.cancel_gtt(access(), waiting, OPENING_BELL) == gtt
