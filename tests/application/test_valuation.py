from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from application.portfolio.valuation import (
    ValuedHolding,
    ValuedPosition,
    needs_quote,
    price_of,
    totals,
)
from application.ports.account import DayTrades, Holding, Position
from application.ports.market import Quote
from tests.application.market import INFY

TEN_INFY = Holding(
    exchange="NSE",
    trading_symbol="INFY",
    isin="INE009A01021",
    quantity_shares=10,
    average_price_inr=Decimal("1400.10"),
    last_price_inr=Decimal("1500.35"),
    previous_close_inr=Decimal("1510.00"),
)
TRADED_AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
QUOTE = Quote(
    instrument=INFY,
    last_price_inr=Decimal("1600.00"),
    previous_close_inr=Decimal("1590.00"),
    traded_at=TRADED_AT,
)
CARRIED = Position(
    exchange="NFO",
    trading_symbol="NIFTY26NOVFUT",
    product="NRML",
    quantity_shares=65,
    average_price_inr=Decimal("24000.00"),
    last_price_inr=Decimal("24100.00"),
    previous_close_inr=Decimal("24150.00"),
    realised_inr=Decimal("0"),
    day=DayTrades(
        overnight_shares=65,
        buy_shares=0,
        buy_value_inr=Decimal(0),
        sell_shares=0,
        sell_value_inr=Decimal(0),
    ),
)


def valued(held: Holding, quote: Quote | None = None) -> ValuedHolding:
    return ValuedHolding(holding=held, price=price_of(held, quote))


def position(held: Position, quote: Quote | None = None) -> ValuedPosition:
    return ValuedPosition(position=held, price=price_of(held, quote))


def test_todays_change_is_against_the_close_before_and_the_gain_against_what_was_paid():
    infy = valued(TEN_INFY)

    assert infy.invested_inr == Decimal("14001.00")
    assert infy.current_inr == Decimal("15003.50")
    assert infy.gain_inr == Decimal("1002.50")
    assert infy.day_change_inr == Decimal("-96.50")


def test_a_price_and_its_close_come_from_one_source():
    without_close = replace(TEN_INFY, previous_close_inr=None)

    told = price_of(without_close, QUOTE)
    alone = price_of(without_close, None)

    assert told is not None
    assert alone is not None
    assert (told.last_inr, told.previous_close_inr) == (Decimal("1600.00"), Decimal("1590.00"))
    assert (told.source, told.traded_at) == ("quotes", TRADED_AT)
    assert (alone.last_inr, alone.previous_close_inr) == (Decimal("1500.35"), None)
    assert (alone.source, alone.traded_at) == ("holdings", None)


def test_without_a_close_before_only_todays_change_is_unknown():
    infy = valued(replace(TEN_INFY, previous_close_inr=None))

    assert (infy.day_change_inr, infy.gain_inr) == (None, Decimal("1002.50"))


def test_shares_bought_today_changed_since_they_were_bought():
    held = replace(TEN_INFY, bought_today_shares=4, bought_today_price_inr=Decimal("1495.00"))

    assert valued(held).day_change_inr == 6 * Decimal("-9.65") + 4 * Decimal("5.35")


def test_a_bonus_share_is_all_gain_and_is_named():
    bonus = replace(TEN_INFY, average_price_inr=Decimal(0))

    sums = totals([valued(bonus), valued(TEN_INFY)])

    assert valued(bonus).gain_inr == Decimal("15003.50")
    assert sums.free == ("NSE:INFY",)
    assert sums.gain_inr == Decimal("16006.00")


def test_a_total_that_would_leave_a_share_out_is_none_and_names_it():
    unpriced = replace(TEN_INFY, trading_symbol="TCS", last_price_inr=None, previous_close_inr=None)

    sums = totals([valued(TEN_INFY), valued(unpriced)])

    assert (sums.current_inr, sums.gain_inr, sums.day_change_inr) == (None, None, None)
    assert sums.invested_inr == Decimal("28002.00")
    assert (sums.unpriced, sums.unclosed) == (("NSE:TCS",), ("NSE:TCS",))
    assert (sums.count, sums.winners, sums.losers) == (2, 1, 0)


def test_nothing_held_is_worth_nothing():
    sums = totals([])

    assert sums.count == 0
    assert {sums.invested_inr, sums.current_inr, sums.gain_inr, sums.day_change_inr} == {0}


def test_paise_are_rounded_after_they_are_summed():
    third = replace(TEN_INFY, quantity_shares=1, average_price_inr=Decimal("0.004"))

    assert totals([valued(third)] * 5).invested_inr == Decimal("0.020")


def test_a_negative_holding_is_a_debt_of_shares():
    owed = replace(TEN_INFY, quantity_shares=-2)

    assert valued(owed).current_inr == Decimal("-3000.70")
    assert valued(owed).gain_inr == Decimal("-200.50")


def test_a_carried_position_gained_in_all_and_lost_today():
    assert position(CARRIED).gain_inr == Decimal("6500.00")
    assert position(CARRIED).day_gain_inr == Decimal("-3250.00")


def test_a_contract_of_lots_counts_its_multiplier():
    lead = Position(
        exchange="MCX",
        trading_symbol="LEADMINI17DECFUT",
        product="NRML",
        quantity_shares=1,
        average_price_inr=Decimal("161.05"),
        last_price_inr=Decimal("162.05"),
        multiplier=1000,
        realised_inr=Decimal(0),
        day=DayTrades(
            overnight_shares=0,
            buy_shares=1,
            buy_value_inr=Decimal(161050),
            sell_shares=0,
            sell_value_inr=Decimal(0),
        ),
    )

    assert {position(lead).gain_inr, position(lead).day_gain_inr} == {Decimal(1000)}


def test_what_was_closed_today_has_realised_all_of_its_gain():
    closed = Position(
        exchange="MCX",
        trading_symbol="GOLDGUINEA17DECFUT",
        product="NRML",
        quantity_shares=0,
        average_price_inr=Decimal(0),
        last_price_inr=Decimal(23355),
        previous_close_inr=Decimal(23232),
        realised_inr=Decimal(801),
        day=DayTrades(
            overnight_shares=3,
            buy_shares=1,
            buy_value_inr=Decimal(23388),
            sell_shares=4,
            sell_value_inr=Decimal(93360),
        ),
    )

    assert position(closed).unrealised_inr == 0
    assert position(closed).gain_inr == 801
    assert position(closed).day_gain_inr == 276  # Kite's own m2m of this sample
    without_close = replace(closed, previous_close_inr=None)
    assert position(without_close).day_gain_inr is None
    assert needs_quote(without_close)


def test_a_day_whose_parts_do_not_make_the_whole_is_not_told():
    assert CARRIED.day is not None
    odd = replace(CARRIED, day=replace(CARRIED.day, buy_shares=65))

    assert position(odd).day_gain_inr is None


def test_the_brokers_own_gain_holds_for_its_own_price_only():
    told = replace(CARRIED, unrealised_inr=Decimal("6499.98"))
    quote = replace(QUOTE, last_price_inr=Decimal("24200.00"))

    assert position(told).gain_inr == Decimal("6499.98")
    assert position(told, quote).gain_inr == Decimal("13000.00")


@pytest.mark.parametrize(
    "held", [replace(CARRIED, last_price_inr=None), replace(CARRIED, realised_inr=None)]
)
def test_what_the_broker_does_not_say_leaves_the_gain_unknown(held):
    assert position(held).gain_inr is None


def test_a_quote_is_asked_for_only_where_it_tells_more():
    closed = replace(CARRIED, quantity_shares=0, last_price_inr=None)
    today = replace(
        CARRIED,
        previous_close_inr=None,
        day=DayTrades(
            overnight_shares=0,
            buy_shares=65,
            buy_value_inr=Decimal(1560000),
            sell_shares=0,
            sell_value_inr=Decimal(0),
        ),
    )

    assert [needs_quote(each) for each in (TEN_INFY, CARRIED, closed, today)] == [False] * 4
    assert needs_quote(replace(CARRIED, last_price_inr=None))
    assert needs_quote(replace(TEN_INFY, previous_close_inr=None))
    assert position(today).day_gain_inr == Decimal("6500.00")
