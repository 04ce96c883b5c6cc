from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from infrastructure.simulator.market.hours import MarketHours
from infrastructure.simulator.market.instruments import BSE_SHARES, INDICES, INSTRUMENTS
from infrastructure.simulator.market.prices import is_on_tick, price
from infrastructure.simulator.market.quotes import circuit, depth, greeks, option_chain, quote
from infrastructure.simulator.market.universe import listing
from tests.infrastructure.simulator.support import OPENING_BELL

INFY = INSTRUMENTS["INFY"]
NIFTY = INDICES[0]
CALL = listing(date(2026, 11, 23)).chain("NIFTY", date(2026, 12, 1))[60].call
LATE_MORNING = datetime(2026, 11, 23, 5, 0, 30, tzinfo=UTC)
FRIDAYS_CLOSE = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
ALL_KINDS = [INFY, BSE_SHARES["INFY"], NIFTY, CALL]


def test_a_quote_tells_of_the_day_so_far():
    seen = quote(1, INFY, LATE_MORNING)

    assert seen.last_price_inr == price(1, INFY, LATE_MORNING) == Decimal("1489.35")
    assert seen.open_inr == price(1, INFY, OPENING_BELL) == Decimal("1488.80")
    assert seen.previous_close_inr == price(1, INFY, FRIDAYS_CLOSE) == Decimal("1472.60")
    minutes = [price(1, INFY, OPENING_BELL + timedelta(minutes=n)) for n in range(76)]
    assert seen.high_inr == max(minutes) == Decimal("1496.40")
    assert seen.low_inr == min(minutes) == Decimal("1478.70")
    assert seen.volume_shares == 989005


@pytest.mark.parametrize("instrument", ALL_KINDS, ids=lambda each: each.symbol)
def test_the_last_price_lies_within_the_day_at_every_second(instrument):
    for n in range(120):
        seen = quote(1, instrument, OPENING_BELL + timedelta(seconds=n))
        assert seen.low_inr <= seen.last_price_inr <= seen.high_inr
        assert seen.low_inr <= seen.open_inr <= seen.high_inr


@pytest.mark.parametrize("instrument", [INFY, BSE_SHARES["INFY"], CALL], ids=lambda i: i.symbol)
def test_volume_only_grows_and_comes_in_lots(instrument):
    volumes = [
        quote(1, instrument, OPENING_BELL + timedelta(seconds=37 * n)).volume_shares
        for n in range(650)
    ]

    assert volumes == sorted(volumes)
    assert volumes[0] == 0 < volumes[-1]
    assert all(volume % instrument.lot_size_shares == 0 for volume in volumes)


def test_before_the_bell_the_quote_is_that_of_the_last_session():
    morning = OPENING_BELL - timedelta(minutes=10)

    seen = quote(1, INFY, MarketHours(kept=True).tape(morning))

    assert seen.last_price_inr == price(1, INFY, FRIDAYS_CLOSE)
    assert seen.previous_close_inr == price(1, INFY, FRIDAYS_CLOSE - timedelta(days=1))
    assert seen.volume_shares > 1_000_000


@pytest.mark.parametrize("instrument", [INFY, BSE_SHARES["INFY"], CALL], ids=lambda i: i.symbol)
def test_the_depth_has_five_levels_on_the_tick_around_the_last_price(instrument):
    bids, asks = depth(1, instrument, LATE_MORNING)
    last = price(1, instrument, LATE_MORNING)

    assert len(bids) == len(asks) == 5
    assert [bid.price_inr for bid in bids] == [last - n * Decimal("0.05") for n in range(1, 6)]
    assert [ask.price_inr for ask in asks] == [last + n * Decimal("0.05") for n in range(1, 6)]
    for level in (*bids, *asks):
        assert is_on_tick(instrument, level.price_inr)
        assert level.quantity_shares % instrument.lot_size_shares == 0 < level.quantity_shares
        assert level.orders is not None
        assert 1 <= level.orders <= level.quantity_shares // instrument.lot_size_shares


def test_nobody_bids_less_than_a_tick():
    worthless = listing(date(2026, 11, 23)).chain("NIFTY", date(2026, 11, 23))[-1].call

    bids, asks = depth(1, worthless, LATE_MORNING)

    assert price(1, worthless, LATE_MORNING) == Decimal("0.05")
    assert bids == ()
    assert asks[0].price_inr == Decimal("0.10")


def test_an_index_has_no_orders_no_volume_and_no_band():
    seen = quote(1, NIFTY, LATE_MORNING)

    assert (seen.bids, seen.asks) == ((), ())
    assert (seen.volume_shares, seen.open_interest_shares) == (0, 0)
    assert seen.lower_circuit_inr is None
    assert seen.upper_circuit_inr is None


@pytest.mark.parametrize(
    ("symbol", "lower", "upper"),
    [("INFY", "1325.35", "1619.85"), ("DLF", "586.75", "880.05")],
)
def test_shares_with_contracts_have_the_narrower_band(symbol, lower, upper):
    band = circuit(1, INSTRUMENTS[symbol], LATE_MORNING)

    assert band == (Decimal(lower), Decimal(upper))


def test_an_option_may_move_as_far_as_what_it_is_on():
    band = circuit(1, CALL, LATE_MORNING)

    assert band == (Decimal("0.05"), Decimal("3129.45"))


@pytest.mark.parametrize("symbol", ["INFY", "DLF", "TATASTEEL"])
def test_prices_stay_within_their_band(symbol):
    share = INSTRUMENTS[symbol]
    for n in range(0, 60 * 24 * 14, 97):
        at = OPENING_BELL + timedelta(minutes=n)
        band = circuit(1, share, at)
        assert band is not None
        assert band[0] < price(1, share, at) < band[1]


def test_open_interest_is_for_contracts_and_in_lots():
    seen = quote(1, CALL, LATE_MORNING)

    assert seen.open_interest_shares > 0
    assert seen.open_interest_shares % 65 == 0
    assert seen.oi_day_low <= seen.open_interest_shares <= seen.oi_day_high
    assert quote(1, INFY, LATE_MORNING).open_interest_shares == 0


def test_a_chain_has_both_sides_of_every_strike():
    rows = option_chain(1, "NIFTY", date(2026, 12, 1), LATE_MORNING)

    assert len(rows) == 119
    at_the_money = next(row for row in rows if row.strike_inr == 25000)
    assert at_the_money.call.last_price_inr == Decimal("217.55")
    assert at_the_money.call.implied_volatility_percent == 12
    assert at_the_money.call.previous_close_inr == Decimal("372.20")
    assert at_the_money.call.ask is not None
    assert at_the_money.call.ask.price_inr == Decimal("217.60")
    assert at_the_money.put.instrument.symbol == "NIFTY26D0125000PE"


def test_the_deltas_of_a_call_and_its_put_are_one_apart():
    for row in option_chain(1, "INFY", date(2026, 12, 29), LATE_MORNING):
        apart = row.call.greeks.delta - row.put.greeks.delta
        assert abs(apart - 1) <= Decimal("0.0001")
        assert row.call.greeks.gamma == row.put.greeks.gamma
        assert row.call.greeks.vega == row.put.greeks.vega


def test_a_delta_says_how_far_the_price_follows_its_spot():
    found = greeks(1, CALL, LATE_MORNING)

    assert found.delta == Decimal("0.7993")
    assert found.theta == Decimal("-11.1825")


def test_a_chain_of_a_day_on_which_nothing_expires_is_empty():
    assert option_chain(1, "NIFTY", date(2026, 12, 2), LATE_MORNING) == ()
