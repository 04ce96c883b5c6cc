from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from infrastructure.simulator.instruments import INSTRUMENTS
from infrastructure.simulator.prices import first_reached, is_on_tick, price
from tests.infrastructure.simulator.support import OPENING_BELL

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("seed", "symbol", "expected"),
    [
        (1, "INFY", "1488.80"),
        (2, "INFY", "1457.50"),
        (1, "TCS", "3099.90"),
        (1, "M&M", "3786.90"),
    ],
)
def test_a_price_is_the_same_on_every_machine(seed, symbol, expected):
    assert price(seed, symbol, OPENING_BELL) == Decimal(expected)


def test_a_price_holds_for_its_whole_second():
    assert price(1, "INFY", OPENING_BELL + timedelta(microseconds=999_999)) == Decimal("1488.80")
    assert price(1, "INFY", OPENING_BELL + SECOND) == Decimal("1488.50")


def test_prices_move_by_the_second():
    path = [price(1, "INFY", OPENING_BELL + n * SECOND) for n in range(600)]

    changes = sum(before != after for before, after in pairwise(path))

    assert changes > 500


@pytest.mark.parametrize("symbol", INSTRUMENTS)
def test_a_day_stays_within_three_percent_and_on_the_tick(symbol):
    path = [price(7, symbol, OPENING_BELL + timedelta(minutes=n)) for n in range(375)]

    middle = (max(path) + min(path)) / 2

    assert max(path) <= middle * Decimal("1.03")
    assert all(is_on_tick(INSTRUMENTS[symbol], each) for each in path)


def test_a_price_between_ticks_is_not_on_the_tick():
    assert not is_on_tick(INSTRUMENTS["INFY"], Decimal("1488.81"))
    assert not is_on_tick(INSTRUMENTS["INFY"], Decimal(0))


def test_a_level_is_reached_at_the_same_minute_however_often_one_looks():
    def below_1480(each):
        return each <= Decimal("1480")

    evening = OPENING_BELL + timedelta(hours=8)
    in_one_look = first_reached(1, "INFY", OPENING_BELL, evening, below_1480)
    looks = [
        first_reached(
            1,
            "INFY",
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
        first_reached(1, "INFY", OPENING_BELL, OPENING_BELL + timedelta(days=1), lambda _: False)
        is None
    )
