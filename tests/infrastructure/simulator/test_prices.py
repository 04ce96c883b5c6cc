from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from infrastructure.simulator.market.hours import MarketHours
from infrastructure.simulator.market.instruments import BSE_SHARES, INSTRUMENTS, Instrument
from infrastructure.simulator.market.noise import spot_extremes
from infrastructure.simulator.market.prices import (
    expires_at,
    first_reached,
    is_on_tick,
    price,
    second_of,
    settlement,
    ticks_at,
    ticks_by_minute,
)
from infrastructure.simulator.market.universe import listing
from tests.infrastructure.simulator.support import OPENING_BELL

SECOND = timedelta(seconds=1)
INFY = INSTRUMENTS["INFY"]
MONDAY = date(2026, 11, 23)
FIRST_OF_DECEMBER = date(2026, 12, 1)


def named(name: str, day: date = MONDAY) -> Instrument:
    exchange, _, symbol = name.partition(":")
    found = listing(day).find(exchange, symbol)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("seed", "name", "expected"),
    [
        (1, "NSE:INFY", "1488.80"),
        (2, "NSE:INFY", "1457.50"),
        (1, "NSE:TCS", "3099.90"),
        (1, "NSE:M&M", "3786.90"),
        (1, "BSE:INFY", "1488.90"),
        (1, "NSE:NIFTY 50", "25044.30"),
        (1, "BSE:SENSEX", "82092.35"),
        (1, "NSE:INDIA VIX", "12.15"),
        (1, "NFO:NIFTY26DECFUT", "25206.00"),
        (1, "NFO:NIFTY26D0125000CE", "223.50"),
        (1, "NFO:NIFTY26D0125000PE", "142.45"),
    ],
)
def test_a_price_is_the_same_on_every_machine(seed, name, expected):
    assert price(seed, named(name), OPENING_BELL) == Decimal(expected)


def test_a_price_holds_for_its_whole_second():
    assert price(1, INFY, OPENING_BELL + timedelta(microseconds=999_999)) == Decimal("1488.80")
    assert price(1, INFY, OPENING_BELL + SECOND) == Decimal("1488.50")


def test_prices_move_by_the_second():
    path = [price(1, INFY, OPENING_BELL + n * SECOND) for n in range(600)]

    changes = sum(before != after for before, after in pairwise(path))

    assert changes > 500


@pytest.mark.parametrize("symbol", INSTRUMENTS)
def test_a_day_stays_within_three_percent_and_on_the_tick(symbol):
    share = INSTRUMENTS[symbol]
    path = [price(7, share, OPENING_BELL + timedelta(minutes=n)) for n in range(375)]

    middle = (max(path) + min(path)) / 2

    assert max(path) <= middle * Decimal("1.03")
    assert all(is_on_tick(share, each) for each in path)


def test_a_price_between_ticks_is_not_on_the_tick():
    assert not is_on_tick(INFY, Decimal("1488.81"))
    assert not is_on_tick(INFY, Decimal(0))


def test_the_two_exchanges_are_a_few_ticks_apart():
    instants = [OPENING_BELL + timedelta(minutes=n) for n in range(375)]

    apart = {price(1, BSE_SHARES["INFY"], at) - price(1, INFY, at) for at in instants}

    assert len(apart) > 3
    assert max(map(abs, apart)) <= Decimal("0.15")


@pytest.mark.parametrize(
    "name", ["NSE:INFY", "BSE:TATASTEEL", "NSE:INDIA VIX", "NFO:NIFTY26D0125000CE"]
)
def test_many_minutes_at_once_are_the_same_as_one_after_the_other(name):
    instrument, first = named(name), second_of(OPENING_BELL) - 7200

    at_once = ticks_by_minute(1, instrument, first, 1000)

    assert at_once == [ticks_at(1, instrument, first + 60 * n) for n in range(1000)]


@pytest.mark.parametrize("name", ["NSE:INFY", "BSE:TATASTEEL", "NSE:INDIA VIX", "BSE:SENSEX"])
@pytest.mark.parametrize("days_ago", range(20))
def test_the_extremes_of_a_day_are_those_of_its_minutes(name, days_ago):
    spot, first = named(name), second_of(OPENING_BELL) - 86_400 * days_ago

    minutes = ticks_by_minute(3, spot, first, 376)

    assert spot_extremes(3, spot, first, 376) == (max(minutes), min(minutes))


def test_a_future_costs_its_carry_and_expires_as_its_spot():
    future = named("NFO:INFY26NOVFUT")

    assert price(1, future, OPENING_BELL) > price(1, INFY, OPENING_BELL)
    assert price(1, future, expires_at(future)) == price(1, INFY, expires_at(future))
    assert settlement(1, future) == price(1, INFY, expires_at(future))


def test_calls_cost_less_and_puts_more_the_higher_the_strike():
    chain = listing(MONDAY).chain("NIFTY", FIRST_OF_DECEMBER)

    calls = [price(1, strike.call, OPENING_BELL) for strike in chain]
    puts = [price(1, strike.put, OPENING_BELL) for strike in chain]

    assert calls == sorted(calls, reverse=True)
    assert puts == sorted(puts)
    assert min(calls) == min(puts) == Decimal("0.05")


@pytest.mark.parametrize("root", ["NIFTY", "SENSEX", "TATASTEEL", "MARUTI"])
def test_a_call_less_its_put_is_the_spot_less_what_the_strike_costs_today(root):
    day = listing(MONDAY)
    expiry = day.expiries(root)[1]
    chain = day.chain(root, expiry)
    [spot] = [
        price(1, underlying, OPENING_BELL)
        for underlying in day.underlyings
        if underlying.root == root
    ]
    years = Decimal((expires_at(chain[0].call) - OPENING_BELL) / timedelta(days=365))

    for strike in chain:
        call, put = price(1, strike.call, OPENING_BELL), price(1, strike.put, OPENING_BELL)
        owed = strike.strike_inr / (1 + Decimal("0.065") * years)
        assert abs(call - put - (spot - owed)) <= Decimal("0.15")


def test_at_expiry_an_option_is_worth_what_exercising_it_brings():
    chain = listing(MONDAY).chain("NIFTY", MONDAY)
    close = expires_at(chain[0].call)
    spot = price(1, named("NSE:NIFTY 50"), close)
    in_the_money = [strike for strike in chain if strike.strike_inr < spot]

    assert 20 < len(in_the_money) < len(chain)
    for strike in in_the_money:
        assert price(1, strike.call, close) == spot - strike.strike_inr
        assert settlement(1, strike.call) == spot - strike.strike_inr
        assert settlement(1, strike.put) == 0
        assert price(1, strike.put, close) == Decimal("0.05")


def test_an_expired_contract_keeps_its_last_price():
    option = named("NFO:NIFTY26NOV24000CE")
    close = expires_at(option)

    assert price(1, option, close + timedelta(days=3)) == price(1, option, close)
    assert (
        ticks_by_minute(1, option, second_of(close), 3)
        == [ticks_at(1, option, second_of(close))] * 3
    )


def test_a_level_is_reached_at_the_same_minute_however_often_one_looks():
    def below_1480(each):
        return each <= Decimal("1480")

    evening = OPENING_BELL + timedelta(hours=8)
    in_one_look = first_reached(1, INFY, OPENING_BELL, evening, below_1480)
    looks = [
        first_reached(
            1,
            INFY,
            OPENING_BELL + timedelta(minutes=n),
            OPENING_BELL + timedelta(minutes=n + 1),
            below_1480,
        )
        for n in range(480)
    ]

    assert in_one_look == OPENING_BELL + timedelta(minutes=62)
    assert next(look for look in looks if look) == in_one_look


def test_a_level_that_is_not_reached_is_not_reached():
    assert (
        first_reached(1, INFY, OPENING_BELL, OPENING_BELL + timedelta(days=1), lambda _: False)
        is None
    )


def test_with_hours_kept_only_the_sessions_are_looked_at():
    looked: list[Decimal] = []
    saturday = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
    until = OPENING_BELL + timedelta(minutes=2, seconds=30)

    def look(each: Decimal) -> bool:
        looked.append(each)
        return False

    first_reached(1, INFY, saturday, until, look, MarketHours(kept=True))

    minutes = [timedelta(), timedelta(minutes=1), timedelta(minutes=2)]
    marks = [*minutes, timedelta(minutes=2, seconds=30)]
    assert looked == [price(1, INFY, OPENING_BELL + mark) for mark in marks]
