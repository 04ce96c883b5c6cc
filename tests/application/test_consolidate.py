from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from msgspec.structs import replace as with_isin

from application.portfolio.consolidate import HeldAt, consolidate, totals_by_mode
from application.portfolio.valuation import ValuedHolding, price_of
from application.ports.account import Holding
from domain.vocabulary import BrokerName, Mode
from tests.application.market import INFY
from tests.fakes.instruments import FakeInstruments

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SHARES = Holding(
    exchange="NSE",
    trading_symbol="INFY",
    isin="INE009A01021",
    quantity_shares=10,
    average_price_inr=Decimal("1400.00"),
    last_price_inr=Decimal("1500.00"),
    previous_close_inr=Decimal("1490.00"),
)
AT_BSE = replace(SHARES, exchange="BSE", last_price_inr=Decimal("1501.00"))
TABLE = FakeInstruments([INFY])


def at(broker: BrokerName, *held: Holding, mode: Mode = "LIVE") -> HeldAt:
    valued = tuple(ValuedHolding(holding=each, price=price_of(each, None)) for each in held)
    return HeldAt(broker=broker, mode=mode, asked_at=NOW, holdings=valued)


def joined(*told: HeldAt, table: FakeInstruments = TABLE):
    return consolidate(told, table)


def test_one_isin_on_two_exchanges_is_one_share():
    (row,) = joined(at("kite", AT_BSE), at("dhan", replace(SHARES, quantity_shares=5)))

    assert (row.isin, row.joined_by, row.name) == ("INE009A01021", "isin", "BSE:INFY")
    assert (row.quantity_shares, row.brokers) == (15, ("kite", "dhan"))
    assert row.current_inr == 10 * Decimal("1501.00") + 5 * Decimal("1500.00")
    assert row.invested_inr == 15 * Decimal("1400.00")


def test_the_average_is_weighted_with_the_shares():
    cheap = replace(SHARES, quantity_shares=30, average_price_inr=Decimal("1000.00"))

    (row,) = joined(at("kite", SHARES), at("groww", cheap))

    assert row.average_price_inr == Decimal("1100.00")


@pytest.mark.parametrize("isin", [None, "", "NA", "-"])
def test_a_row_without_an_isin_is_joined_by_another_brokers_row_of_that_listing(isin):
    (row,) = joined(at("kite", SHARES), at("groww", replace(SHARES, isin=isin)))

    assert (row.isin, row.quantity_shares) == ("INE009A01021", 20)


def test_a_row_without_an_isin_is_joined_by_that_of_the_table():
    known = FakeInstruments([with_isin(INFY, isin="INE009A01021")])
    nameless = replace(SHARES, isin=None)

    (row,) = joined(at("groww", nameless), table=known)

    assert (row.joined_by, row.isin) == ("isin", "INE009A01021")


def test_without_any_isin_the_exchanges_token_joins():
    nameless = replace(SHARES, isin=None)

    (row,) = joined(at("kite", nameless), at("dhan", nameless))

    assert (row.joined_by, row.isin, row.quantity_shares) == ("token", None, 20)


def test_what_the_table_does_not_know_is_joined_by_name_on_one_exchange_only():
    odd = replace(SHARES, trading_symbol="ODD", isin="")
    elsewhere = replace(odd, exchange="BSE")

    rows = joined(at("kite", odd, elsewhere), at("dhan", odd))

    assert [(row.joined_by, row.name, row.quantity_shares) for row in rows] == [
        ("name", "NSE:ODD", 20),
        ("name", "BSE:ODD", 10),
    ]


def test_the_same_words_in_place_of_an_isin_join_nothing():
    odd = replace(SHARES, trading_symbol="ODD", isin="NA")
    other = replace(SHARES, trading_symbol="OTHER", isin="NA")

    assert len(joined(at("kite", odd, other))) == 2


def test_one_symbol_with_two_isins_stays_two_shares():
    before_the_split = replace(SHARES, isin="INE009A01013")

    assert len(joined(at("kite", SHARES), at("dhan", before_the_split))) == 2


def test_real_simulated_and_paper_shares_are_never_joined():
    told = (
        at("kite", SHARES, mode="LIVE"),
        at("groww", SHARES, mode="SIMULATED"),
        at("paper", SHARES, mode="PAPER"),
    )
    rows = joined(*told)

    assert [(row.mode, row.quantity_shares) for row in rows] == [
        ("LIVE", 10),
        ("PAPER", 10),
        ("SIMULATED", 10),
    ]
    sums = totals_by_mode(told, rows)
    assert {each.mode: (*each.brokers, str(each.totals.invested_inr)) for each in sums} == {
        "LIVE": ("kite", "14000.00"),
        "PAPER": ("paper", "14000.00"),
        "SIMULATED": ("groww", "14000.00"),
    }


def test_a_part_without_a_price_leaves_the_row_without_a_worth_and_is_named():
    unpriced = replace(SHARES, last_price_inr=None)
    told = (at("kite", SHARES), at("groww", unpriced))

    (row,) = joined(*told)

    assert (row.current_inr, row.gain_inr, row.day_change_inr) == (None, None, None)
    assert row.quantity_shares == 20
    (sums,) = totals_by_mode(told, (row,))
    assert sums.totals.unpriced == ("NSE:INFY",)


def test_shares_owed_at_one_broker_and_held_at_another_have_no_average():
    (row,) = joined(at("kite", SHARES), at("dhan", replace(SHARES, quantity_shares=-10)))

    assert (row.quantity_shares, row.average_price_inr, row.current_inr) == (0, None, 0)


def test_a_broker_where_nothing_is_held_is_counted_all_the_same():
    told = (at("kite", SHARES), at("dhan"))

    (sums,) = totals_by_mode(told, joined(*told))

    assert (sums.brokers, sums.totals.count) == (("kite", "dhan"), 1)
    assert joined(at("kite")) == ()


def test_the_largest_investment_comes_first_whatever_the_prices_do():
    small = replace(
        SHARES, trading_symbol="SMALL", isin=None, quantity_shares=1, last_price_inr=Decimal(99999)
    )

    assert [row.name for row in joined(at("kite", small, SHARES))] == ["NSE:INFY", "NSE:SMALL"]
