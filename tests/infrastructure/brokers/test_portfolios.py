"""What brokers say of shares that are not delivered yet, pledged, free, closed, or none at all.

Rows as the brokers' documentation shows them, through the real SDKs."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from application.ports.account import DayTrades, Holding, Position
from application.ports.broker import BrokerDown
from infrastructure.brokers.kite import KiteBroker
from tests.infrastructure.brokers import dhan_support, groww_support, kite_support
from tests.infrastructure.brokers.kite_support import Answer, as_json, far_side
from tests.infrastructure.simulator.support import OPENING_BELL

# Any: rows of JSON.
Row = dict[str, Any]

KITE_HOLDING: Row = {
    "tradingsymbol": "INFY",
    "exchange": "BSE",
    "isin": "INE009A01021",
    "quantity": 5,
    "t1_quantity": 3,
    "collateral_quantity": 2,
    "average_price": 1400.1,
    "last_price": 1500.05,
    "close_price": 1490,
}
KITE_POSITION: Row = {
    "tradingsymbol": "INFY",
    "exchange": "NSE",
    "product": "MIS",
    "quantity": 6,
    "multiplier": 1,
    "average_price": 1500,
    "last_price": 1510,
    "close_price": 0,
    "pnl": 80,
    "buy_quantity": 10,
    "buy_value": 15000,
    "sell_quantity": 4,
    "sell_value": 6020,
    "overnight_quantity": 0,
    "day_buy_quantity": 10,
    "day_buy_value": 15000,
    "day_sell_quantity": 4,
    "day_sell_value": 6020,
}
GROWW_HOLDING: Row = {  # groww.in/trade-api/docs/curl/portfolio, in whole shares
    "isin": "INE009A01021",
    "trading_symbol": "INFY",
    "quantity": 10,
    "average_price": 1400.1,
    "pledge_quantity": 2,
    "demat_locked_quantity": 1,
    "groww_locked_quantity": 1,
    "repledge_quantity": 1,
    "t1_quantity": 3,
    "demat_free_quantity": 5,
}
DHAN_HOLDING: Row = {  # dhanhq.co/docs/v2/portfolio
    "exchange": "ALL",
    "tradingSymbol": "INFY",
    "securityId": "1594",
    "isin": "INE009A01021",
    "totalQty": 10,
    "dpQty": 7,
    "t1Qty": 3,
    "availableQty": 5,
    "collateralQty": 2,
    "avgCostPrice": 1400.1,
    "lastTradedPrice": 1500.05,
}
DHAN_POSITION: Row = {
    "tradingSymbol": "INFY",
    "securityId": "1594",
    "exchangeSegment": "NSE_EQ",
    "productType": "INTRADAY",
    "netQty": 0,
    "costPrice": 1500.0,
    "realizedProfit": 20.0,
    "unrealizedProfit": 0.0,
    "multiplier": 1,
    "carryForwardBuyQty": 0,
    "carryForwardSellQty": 0,
    "dayBuyQty": 4,
    "dayBuyValue": 6000.0,
    "daySellQty": 4,
    "daySellValue": 6020.0,
}


def kite_holdings(tmp_path: Path, *rows: Row) -> tuple[Holding, ...]:
    with far_side(lambda *_: as_json(200, {"status": "success", "data": rows})) as side:
        return KiteBroker(side.url, tmp_path).holdings(kite_support.access(), OPENING_BELL)


def kite_positions(tmp_path: Path, *rows: Row) -> tuple[Position, ...]:
    said = {"status": "success", "data": {"net": rows, "day": []}}
    with far_side(lambda *_: as_json(200, said)) as side:
        return KiteBroker(side.url, tmp_path).positions(kite_support.access(), OPENING_BELL)


def groww_holdings(tmp_path: Path, *rows: Row, ohlc: str | None = None) -> tuple[Holding, ...]:
    """`ohlc` is what the live prices say of INFY's day; without it there are none."""

    def answer(method: str, path: str) -> Answer:
        if "/holdings" in path:
            return groww_support.payload({"holdings": rows})
        if ohlc is None:
            return groww_support.groww_error(403, "GA007", "Access forbidden")
        prices = {"NSE_INFY": 1500.05 if "/ltp" in path else ohlc}
        return groww_support.payload(prices)

    with far_side(answer) as side:
        broker = groww_support.groww(side.url, tmp_path)
        return broker.holdings(groww_support.access(), OPENING_BELL)


def dhan_holdings(tmp_path: Path, *rows: Row) -> tuple[Holding, ...]:
    with far_side(lambda *_: as_json(200, rows)) as side:
        broker = dhan_support.dhan(side.url, tmp_path)
        return broker.holdings(dhan_support.access(), OPENING_BELL)


def dhan_positions(tmp_path: Path, *rows: Row) -> tuple[Position, ...]:
    with far_side(lambda *_: as_json(200, rows)) as side:
        broker = dhan_support.dhan(side.url, tmp_path)
        return broker.positions(dhan_support.access(), OPENING_BELL)


# Kite


def test_kite_counts_what_is_free_and_all_that_is_owned_is_held(tmp_path):
    (held,) = kite_holdings(tmp_path, KITE_HOLDING)

    assert held == Holding(
        exchange="BSE",
        trading_symbol="INFY",
        isin="INE009A01021",
        quantity_shares=10,
        average_price_inr=Decimal("1400.1"),
        last_price_inr=Decimal("1500.05"),
        previous_close_inr=Decimal("1490"),
        unsettled_shares=3,
        pledged_shares=2,
        sellable_shares=5,
    )


def test_a_wholly_pledged_holding_at_kite_is_there(tmp_path):
    pledged = {**KITE_HOLDING, "quantity": 0, "t1_quantity": 0, "collateral_quantity": 12}

    (held,) = kite_holdings(tmp_path, pledged)

    assert (held.quantity_shares, held.pledged_shares, held.sellable_shares) == (12, 12, 0)


def test_a_pledged_holding_beside_one_on_loan_is_told_apart(tmp_path):
    loan = {"quantity": 7, "average_price": 1300}
    both = {**KITE_HOLDING, "quantity": 0, "t1_quantity": 0, "mtf": loan}

    own, on_loan = kite_holdings(tmp_path, both)

    assert (own.quantity_shares, own.pledged_shares) == (2, 2)
    assert (on_loan.quantity_shares, on_loan.pledged_shares) == (7, 0)
    assert on_loan.average_price_inr == 1300


def test_kite_owes_shares_and_knows_no_price_and_no_isin(tmp_path):
    odd = {
        **KITE_HOLDING, "quantity": -4, "t1_quantity": 0, "collateral_quantity": 0,
        "last_price": 0, "close_price": 0, "average_price": 0, "isin": "",
    }  # fmt: skip

    (held,) = kite_holdings(tmp_path, odd)

    assert (held.quantity_shares, held.average_price_inr, held.isin) == (-4, Decimal(0), "")
    assert (held.last_price_inr, held.previous_close_inr) == (None, None)


def test_at_kite_a_half_closed_position_has_realised_that_half(tmp_path):
    (held,) = kite_positions(tmp_path, KITE_POSITION)

    assert (held.realised_inr, held.unrealised_inr) == (Decimal(20), Decimal(60))
    assert held.day == DayTrades(
        overnight_shares=0,
        buy_shares=10,
        buy_value_inr=Decimal(15000),
        sell_shares=4,
        sell_value_inr=Decimal(6020),
    )


def test_kites_rows_of_before_have_no_day_and_no_gains(tmp_path):
    old = ("exchange", "tradingsymbol", "product", "quantity", "average_price", "last_price")

    (held,) = kite_positions(tmp_path, {name: KITE_POSITION[name] for name in old})

    assert (held.day, held.realised_inr, held.unrealised_inr) == (None, None, None)


@pytest.mark.parametrize("changes", [{"quantity": "many"}, {"average_price": None}])
def test_a_row_of_kite_that_makes_no_sense_is_no_answer(tmp_path, changes):
    with pytest.raises(BrokerDown):
        kite_holdings(tmp_path, {**KITE_HOLDING, **changes})
    with pytest.raises(BrokerDown):
        kite_positions(tmp_path, {**KITE_POSITION, **changes})


# Groww


def test_what_groww_has_not_delivered_yet_comes_on_top(tmp_path):
    (held,) = groww_holdings(
        tmp_path, GROWW_HOLDING, ohlc="{open: 1495.00,high: 1510.00,low: 1480.00,close: 1490.00}"
    )

    assert held == Holding(
        exchange="NSE",
        trading_symbol="INFY",
        isin="INE009A01021",
        quantity_shares=13,
        average_price_inr=Decimal("1400.1"),
        last_price_inr=Decimal("1500.05"),
        previous_close_inr=Decimal("1490.00"),
        price_source="quotes",
        unsettled_shares=3,
        pledged_shares=3,
        sellable_shares=5,
    )


@pytest.mark.parametrize("ohlc", [None, "{open: what?}"])
def test_without_live_prices_groww_still_tells_the_shares(tmp_path, ohlc):
    (held,) = groww_holdings(tmp_path, GROWW_HOLDING, ohlc=ohlc)

    assert (held.quantity_shares, held.last_price_inr) == (13, None)


@pytest.mark.parametrize("changes", [{"quantity": 1.5}, {"t1_quantity": "NaN"}])
def test_parts_of_a_share_are_no_answer(tmp_path, changes):
    with pytest.raises(BrokerDown):
        groww_holdings(tmp_path, {**GROWW_HOLDING, **changes})


# Dhan


def test_dhans_total_is_all_that_is_owned(tmp_path):
    (held,) = dhan_holdings(tmp_path, DHAN_HOLDING)

    assert held == Holding(
        exchange="NSE",
        trading_symbol="INFY",
        isin="INE009A01021",
        quantity_shares=10,
        average_price_inr=Decimal("1400.1"),
        last_price_inr=Decimal("1500.05"),
        unsettled_shares=3,
        pledged_shares=2,
        sellable_shares=5,
    )


def test_a_closed_position_at_dhan_shows_what_it_earned(tmp_path):
    (held,) = dhan_positions(tmp_path, DHAN_POSITION)

    assert (held.quantity_shares, held.average_price_inr, held.last_price_inr) == (
        0,
        Decimal(0),
        None,
    )
    assert (held.realised_inr, held.unrealised_inr) == (Decimal(20), Decimal(0))
    assert held.day == DayTrades(
        overnight_shares=0,
        buy_shares=4,
        buy_value_inr=Decimal(6000),
        sell_shares=4,
        sell_value_inr=Decimal(6020),
    )


def test_dhans_own_gain_is_told_beside_the_price_that_follows_from_it(tmp_path):
    short = {**DHAN_POSITION, "netQty": -3, "unrealizedProfit": 31.48, "costPrice": 1500.0033}

    (held,) = dhan_positions(tmp_path, short)

    assert (held.last_price_inr, held.unrealised_inr) == (Decimal("1489.51"), Decimal("31.48"))
