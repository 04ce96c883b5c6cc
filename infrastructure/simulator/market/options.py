"""What an option is worth: Black and Scholes, to the same bit on every machine.

Floats, because a model is no money; the result is rounded to ticks. But only +, -, *, / and the
square root, which IEEE 754 rounds exactly: a C library's exp, log and erf differ in the last bit
from one machine to the next, and once in a while that bit would be a tick.
"""

from dataclasses import dataclass
from math import frexp, sqrt
from typing import Final

RATE: Final = 0.065
YEAR_SECONDS: Final = 365 * 86_400
_ROOT_OF_TWO_PI: Final = 2.5066282746310002

# The normal distribution's tail as a fraction of polynomials (Hart 1968, in West's arrangement).
_ABOVE: Final = (
    3.52624965998911e-02,
    0.700383064443688,
    6.37396220353165,
    33.912866078383,
    112.079291497871,
    221.213596169931,
    220.206867912376,
)
_BELOW: Final = (
    8.83883476483184e-02,
    1.75566716318264,
    16.064177579207,
    86.7807322029461,
    296.564248779674,
    637.333633378831,
    793.826512519948,
    440.413735824752,
)
_FAR: Final = 7.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Greeks:
    """Per share. `theta` for one day, `vega` for one percentage point of volatility."""

    delta: float
    gamma: float
    theta: float
    vega: float


def carried(spot: float, seconds: int) -> float:
    """The price of a future with this long to go: simple interest, no dividends."""
    return spot * (1.0 + RATE * seconds / YEAR_SECONDS)


def worth(kind: str, spot: float, strike: float, seconds: int, volatility: float) -> float:
    """Of a European CE or PE with `seconds` to go, in the unit of `spot`. `volatility` a year."""
    if seconds <= 0:
        return max(spot - strike if kind == "CE" else strike - spot, 0.0)
    d1, d2, _, now = _terms(spot, strike, seconds, volatility)
    if kind == "CE":
        return max(spot * normal(d1) - now * normal(d2), 0.0)
    return max(now * normal(-d2) - spot * normal(-d1), 0.0)


def greeks(kind: str, spot: float, strike: float, seconds: int, volatility: float) -> Greeks:
    """At expiry only the delta is left."""
    sign = 1.0 if kind == "CE" else -1.0
    if seconds <= 0:
        in_the_money = (spot - strike) * sign > 0
        return Greeks(delta=sign if in_the_money else 0.0, gamma=0.0, theta=0.0, vega=0.0)
    d1, d2, spread, now = _terms(spot, strike, seconds, volatility)
    density = exp(-d1 * d1 / 2) / _ROOT_OF_TWO_PI
    years = seconds / YEAR_SECONDS
    decay = spot * density * volatility / (2 * sqrt(years))
    interest = RATE * now / (1.0 + RATE * years)
    return Greeks(
        delta=sign * normal(sign * d1),
        gamma=density / (spot * spread),
        theta=-(decay + sign * interest * normal(sign * d2)) / 365,
        vega=spot * density * sqrt(years) / 100,
    )


def normal(x: float) -> float:
    """How likely a standard normal value is below x."""
    far = abs(x)
    if far > 37.0:
        tail = 0.0
    elif far < _FAR:
        tail = exp(-x * x / 2) * _polynomial(_ABOVE, far) / _polynomial(_BELOW, far)
    else:
        fraction = far + 1.0 / (far + 2.0 / (far + 3.0 / (far + 4.0 / (far + 0.65))))
        tail = exp(-x * x / 2) / fraction / _ROOT_OF_TWO_PI
    return tail if x < 0 else 1.0 - tail


def exp(x: float) -> float:
    """e to a power that is not positive."""
    halvings = max(frexp(x)[1] + 2, 0)  # until it is below a quarter
    part = x / (1 << halvings)
    power = 1.0
    for n in range(11, 0, -1):
        power = 1.0 + power * part / n
    for _ in range(halvings):
        power *= power
    return power


def log_ratio(above: float, below: float) -> float:
    """ln(above / below), for two values of which neither is more than half as large again."""
    part = (above - below) / (above + below)
    square = part * part
    series = 0.0
    for n in range(17, 0, -2):
        series = series * square + 1.0 / n
    return 2.0 * part * series


def _terms(
    spot: float, strike: float, seconds: int, volatility: float
) -> tuple[float, float, float, float]:
    """d1, d2, volatility over the rest of the time, and what the strike is worth now."""
    spread = volatility * sqrt(seconds / YEAR_SECONDS)
    d1 = log_ratio(carried(spot, seconds), strike) / spread + spread / 2
    return d1, d1 - spread, spread, strike / carried(1.0, seconds)


def _polynomial(factors: tuple[float, ...], x: float) -> float:
    value = 0.0
    for factor in factors:
        value = value * x + factor
    return value
