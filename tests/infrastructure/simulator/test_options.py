import math
from datetime import timedelta

import pytest

from infrastructure.simulator.market.options import carried, exp, greeks, log_ratio, normal, worth

QUARTER = int(timedelta(days=91).total_seconds())


@pytest.mark.parametrize("x", [-38.0, -9.0, -7.0, -3.3, -0.1, 0.0, 0.1, 1.96, 6.99, 7.5, 40.0])
def test_the_normal_distribution_is_as_the_c_library_has_it(x):
    expected = math.erfc(-x / math.sqrt(2)) / 2

    assert normal(x) == pytest.approx(expected, rel=1e-7, abs=1e-300)


@pytest.mark.parametrize("x", [0.0, -1e-9, -0.2, -1.0, -7.7, -40.0, -700.0])
def test_powers_of_e_are_as_the_c_library_has_them(x):
    assert exp(x) == pytest.approx(math.exp(x), rel=1e-12)


@pytest.mark.parametrize("ratio", [0.67, 0.8, 0.999, 1.0, 1.0001, 1.3, 1.5])
def test_logarithms_are_as_the_c_library_has_them(ratio):
    assert log_ratio(ratio, 1.0) == pytest.approx(math.log(ratio), rel=1e-12, abs=1e-15)


def test_a_call_is_worth_what_the_textbook_says():
    # A year at 6.5 % simple interest and 20 %.
    d1 = (math.log(106.5 / 95) + 0.02) / 0.2
    expected = 100 * _normal(d1) - 95 / 1.065 * _normal(d1 - 0.2)

    assert worth("CE", 100.0, 95.0, 365 * 86_400, 0.2) == pytest.approx(expected, abs=1e-10)
    assert expected == pytest.approx(14.1265, abs=0.0001)


def _normal(x: float) -> float:
    return (1 + math.erf(x / math.sqrt(2))) / 2


@pytest.mark.parametrize("strike", [80.0, 100.0, 120.0])
def test_a_call_less_its_put_is_the_forward_less_the_strike_discounted(strike):
    call = worth("CE", 100.0, strike, QUARTER, 0.25)
    put = worth("PE", 100.0, strike, QUARTER, 0.25)

    owed = strike / carried(1.0, QUARTER)
    assert call - put == pytest.approx(100.0 - owed, abs=1e-10)


@pytest.mark.parametrize("kind", ["CE", "PE"])
@pytest.mark.parametrize("strike", [90.0, 100.0, 115.0])
def test_the_greeks_are_the_slopes_of_the_price(kind, strike):
    def at(spot=100.0, seconds=QUARTER, volatility=0.25):
        return worth(kind, spot, strike, seconds, volatility)

    found = greeks(kind, 100.0, strike, QUARTER, 0.25)

    assert found.delta == pytest.approx((at(100.01) - at(99.99)) / 0.02, abs=1e-5)
    bend = (at(100.1) - 2 * at() + at(99.9)) / 0.01
    assert found.gamma == pytest.approx(bend, abs=1e-5)
    assert found.vega == pytest.approx(
        (at(volatility=0.251) - at(volatility=0.249)) / 0.2, abs=1e-4
    )
    day = (at(seconds=QUARTER - 43_200) - at(seconds=QUARTER + 43_200)) / 1
    assert found.theta == pytest.approx(day, abs=1e-4)


@pytest.mark.parametrize(
    ("kind", "spot", "expected", "delta"),
    [("CE", 110.0, 10.0, 1.0), ("CE", 90.0, 0.0, 0.0), ("PE", 90.0, 10.0, -1.0)],
)
def test_at_expiry_only_what_it_brings_is_left(kind, spot, expected, delta):
    assert worth(kind, spot, 100.0, 0, 0.25) == expected
    assert greeks(kind, spot, 100.0, 0, 0.25).delta == delta
    assert greeks(kind, spot, 100.0, 0, 0.25).vega == 0.0
