from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from infrastructure.simulator.market.contracts import FIRST_CONTRACT_TOKEN
from infrastructure.simulator.market.universe import (
    Listing,
    listed,
    listing,
    trading_day,
)

MONDAY = date(2026, 11, 23)


def test_weekly_and_monthly_contracts_expire_before_holidays():
    # Tuesday, the 24th of November 2026, is a holiday; so is the 26th of January 2027.
    day = listing(MONDAY)

    assert day.expiries("NIFTY") == (
        date(2026, 11, 23),
        date(2026, 12, 1),
        date(2026, 12, 8),
        date(2026, 12, 15),
        date(2026, 12, 29),
        date(2027, 1, 25),
    )
    assert day.future_expiries("NIFTY") == (
        date(2026, 11, 23),
        date(2026, 12, 29),
        date(2027, 1, 25),
    )
    assert day.expiries("BANKNIFTY") == day.expiries("INFY") == day.future_expiries("NIFTY")


def test_the_other_exchange_has_its_expiries_on_thursdays():
    assert listing(MONDAY).expiries("SENSEX")[:4] == (
        date(2026, 11, 26),
        date(2026, 12, 3),
        date(2026, 12, 10),
        date(2026, 12, 17),
    )


def test_nothing_expires_that_has_no_contracts():
    assert listing(MONDAY).expiries("DLF") == ()
    assert listing(MONDAY).chain("NIFTY", date(2026, 11, 25)) == ()


@pytest.mark.parametrize(
    ("exchange", "symbol", "kind", "expiry", "strike", "lot"),
    [
        ("NFO", "NIFTY26NOVFUT", "FUT", date(2026, 11, 23), None, 65),
        ("NFO", "NIFTY26NOV24650CE", "CE", date(2026, 11, 23), "24650", 65),
        ("NFO", "NIFTY26D0124650PE", "PE", date(2026, 12, 1), "24650", 65),
        ("NFO", "NIFTY26DEC24650PE", "PE", date(2026, 12, 29), "24650", 65),
        ("NFO", "BANKNIFTY27JAN55000CE", "CE", date(2027, 1, 25), "55000", 30),
        ("BFO", "SENSEX26D0380800CE", "CE", date(2026, 12, 3), "80800", 20),
        ("BFO", "SENSEX26NOV80800CE", "CE", date(2026, 11, 26), "80800", 20),
        ("NFO", "TATASTEEL26NOV172.5PE", "PE", date(2026, 11, 23), "172.5", 5500),
        ("NFO", "INFY26NOV1500CE", "CE", date(2026, 11, 23), "1500", 400),
    ],
)
def test_contracts_are_found_as_kite_writes_them(exchange, symbol, kind, expiry, strike, lot):
    found = listing(MONDAY).find(exchange, symbol)

    assert found is not None
    assert (found.kind, found.expiry, found.lot_size_shares) == (kind, expiry, lot)
    assert found.strike_inr == (None if strike is None else Decimal(strike))
    assert found.underlying == found.root
    assert symbol.startswith(found.root)


@pytest.mark.parametrize(
    ("exchange", "symbol"),
    [
        ("NFO", "NIFTY26NOV24651CE"),
        ("BFO", "NIFTY26NOV24650CE"),
        ("NFO", "NIFTY26N2424650CE"),
        ("NFO", "INFY"),
        ("MCX", "GOLD26DECFUT"),
    ],
)
def test_what_is_not_listed_that_day_is_not_found(exchange, symbol):
    assert listing(MONDAY).find(exchange, symbol) is None


def test_a_contract_is_listed_through_its_last_day_and_not_longer():
    symbol = "NIFTY26NOV24650CE"

    assert listing(date(2026, 11, 23)).find("NFO", symbol) is not None
    assert listing(date(2026, 11, 24)).find("NFO", symbol) is None


def test_the_trading_day_begins_at_six_in_the_morning():
    assert trading_day(datetime(2026, 11, 24, 0, 29, tzinfo=UTC)) == date(2026, 11, 23)
    assert trading_day(datetime(2026, 11, 24, 0, 30, tzinfo=UTC)) == date(2026, 11, 24)
    assert listed(datetime(2026, 11, 24, 0, 29, tzinfo=UTC)) is listing(date(2026, 11, 23))


def test_every_instrument_is_found_by_each_of_its_names():
    day = listing(MONDAY)

    assert len(day.all) == 7531
    for each in day.all:
        assert day.find(each.exchange, each.symbol) is each
        assert day.by_instrument_token(each.instrument_token) is each
        assert day.by_dhan(each.dhan_segment, each.dhan_security_id) is each
        if each.kind != "INDEX":
            assert day.by_token(each.exchange, each.exchange_token) is each
        if each.is_contract:
            assert FIRST_CONTRACT_TOKEN <= each.exchange_token < 2 * FIRST_CONTRACT_TOKEN


def test_a_contract_keeps_its_token_and_no_new_one_gets_it_meanwhile():
    owners: dict[int, str] = {}
    for ordinal in range(date(2026, 10, 5).toordinal(), date(2026, 12, 29).toordinal(), 8):
        for each in Listing(date.fromordinal(ordinal)).all:
            if each.root in ("NIFTY", "SENSEX") and each.strike_inr in (24650, 80800):
                assert owners.setdefault(each.instrument_token, each.symbol) == each.symbol

    assert len(owners) > 40


def test_a_chain_is_ordered_and_belongs_together():
    chain = listing(MONDAY).chain("TATASTEEL", date(2026, 12, 29))

    strikes = [strike.strike_inr for strike in chain]
    assert strikes == sorted(strikes)
    assert Decimal("172.5") in strikes
    for strike in chain:
        assert (strike.call.kind, strike.put.kind) == ("CE", "PE")
        assert strike.call.strike_inr == strike.put.strike_inr == strike.strike_inr
        assert strike.call.spot is strike.put.spot is listing(MONDAY).find("NSE", "TATASTEEL")


def test_a_future_is_found_by_what_it_is_on():
    future = listing(MONDAY).future("SENSEX", date(2026, 11, 26))

    assert future is not None
    assert (future.exchange, future.symbol) == ("BFO", "SENSEX26NOVFUT")
    assert listing(MONDAY).future("SENSEX", date(2026, 12, 3)) is None


def test_there_are_contracts_on_four_indices_and_twelve_shares():
    kinds = [spot.kind for spot in listing(MONDAY).underlyings]

    assert (kinds.count("INDEX"), kinds.count("EQ")) == (4, 12)
