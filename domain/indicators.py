"""Technical indicators: which there are, what they take, what they tell, what they need.

Parameters are checked here once; how they are written is `indicator_text.py`'s, and the calculation
an adapter's (`application/ports/indicators.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from math import ceil
from typing import Final, Literal

from domain.errors import InvalidArgument

IndicatorName = Literal[
    "RSI",
    "MACD",
    "BOLLINGER",
    "VWAP",
    "ATR",
    "ADX",
    "SMA",
    "EMA",
    "STOCHASTIC",
    "WILLIAMS_R",
    "CCI",
    "MFI",
    "OBV",
    "PARABOLIC_SAR",
    "FIBONACCI",
    "SUPPORT_RESISTANCE",
]
Unit = Literal["INR", "points", "shares"]
WARM_UP_BARS: Final = 500
FORGOTTEN: Final = 1e-9
"""The weight below which the beginning of the data no longer matters."""
LONGEST: Final = 500


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """`low` <= value <= `high`; a whole number unless `fraction`."""

    name: str
    default: Decimal
    low: Decimal
    high: Decimal
    fraction: bool = False


@dataclass(frozen=True, kw_only=True)
class Indicator:
    """What one indicator takes and tells.

    `lines` are the names of its values per bar, in `unit`; without any it tells levels in INR.
    `of_range`: it is about the asked bars as a whole, so what is asked decides the answer.
    `from_day_start`: it needs every bar since the trading day began, and bars within days.
    """

    name: IndicatorName
    parameters: tuple[Parameter, ...] = ()
    lines: tuple[str, ...] = ()
    unit: Unit = "INR"
    needs_volume: bool = False
    of_range: bool = False
    from_day_start: bool = False


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One indicator with all its parameters, the defaults filled in."""

    name: IndicatorName
    parameters: dict[str, Decimal] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """`RSI(14)`, `BOLLINGER(20,2)`, `VWAP`; `parse_indicator` understands it."""
        numbers = ",".join(format(value.normalize(), "f") for value in self.parameters.values())
        return f"{self.name}({numbers})" if numbers else self.name

    def whole(self, parameter: str) -> int:
        return int(self.parameters[parameter])


def _period(default: int, low: int = 2, name: str = "period") -> Parameter:
    return Parameter(name=name, default=Decimal(default), low=Decimal(low), high=Decimal(LONGEST))


def _fraction(name: str, default: str, low: str, high: str) -> Parameter:
    return Parameter(
        name=name, default=Decimal(default), low=Decimal(low), high=Decimal(high), fraction=True
    )


_ALL: Final = (
    Indicator(name="RSI", parameters=(_period(14),), lines=("rsi",), unit="points"),
    Indicator(
        name="MACD",
        parameters=(
            _period(12, name="fast_period"),
            _period(26, name="slow_period"),
            _period(9, 1, name="signal_period"),
        ),
        lines=("macd", "signal", "histogram"),
    ),
    Indicator(
        name="BOLLINGER",
        parameters=(_period(20), _fraction("standard_deviations", "2", "0.1", "10")),
        lines=("upper", "middle", "lower"),
    ),
    Indicator(name="VWAP", lines=("vwap",), needs_volume=True, from_day_start=True),
    Indicator(name="ATR", parameters=(_period(14, 1),), lines=("atr",)),
    Indicator(
        name="ADX", parameters=(_period(14),), lines=("adx", "plusDI", "minusDI"), unit="points"
    ),
    Indicator(name="SMA", parameters=(_period(20, 1),), lines=("sma",)),
    Indicator(name="EMA", parameters=(_period(20, 1),), lines=("ema",)),
    Indicator(
        name="STOCHASTIC",
        # Charting packages and the predecessor show %K as it is: smoothed over 1 bar.
        parameters=(
            _period(14, 1),
            _period(1, 1, name="smooth_period"),
            _period(3, 1, name="d_period"),
        ),
        lines=("percentK", "percentD"),
        unit="points",
    ),
    Indicator(name="WILLIAMS_R", parameters=(_period(14),), lines=("williamsR",), unit="points"),
    Indicator(name="CCI", parameters=(_period(20),), lines=("cci",), unit="points"),
    Indicator(
        name="MFI", parameters=(_period(14),), lines=("mfi",), unit="points", needs_volume=True
    ),
    Indicator(name="OBV", lines=("obv",), unit="shares", needs_volume=True, of_range=True),
    Indicator(
        name="PARABOLIC_SAR",
        parameters=(
            _fraction("acceleration", "0.02", "0.001", "1"),
            _fraction("maximum", "0.2", "0.001", "1"),
        ),
        lines=("sar",),
    ),
    Indicator(name="FIBONACCI", of_range=True),
    Indicator(name="SUPPORT_RESISTANCE", parameters=(_period(20, 1),), of_range=True),
)
INDICATORS: Final[Mapping[IndicatorName, Indicator]] = {one.name: one for one in _ALL}


def wanted(name: IndicatorName, given: Mapping[str, Decimal | int]) -> Wanted:
    """The indicator with these parameters, by name, and defaults for the others.

    Raises:
        InvalidArgument: a parameter that it does not have, or out of bounds.
    """
    indicator = INDICATORS[name]
    unknown = given.keys() - {parameter.name for parameter in indicator.parameters}
    if unknown:
        raise InvalidArgument(
            f"{name} has no parameter {min(unknown)}. Next: ask for {usage(indicator)}."
        )
    values = {
        parameter.name: _checked(
            indicator, parameter, Decimal(given.get(parameter.name, parameter.default))
        )
        for parameter in indicator.parameters
    }
    _in_order(indicator, values, "fast_period", "slow_period")
    _in_order(indicator, values, "acceleration", "maximum")
    return Wanted(name=name, parameters=values)


def needed_bars(wanted: Wanted) -> int:
    """How many bars up to and with the one told of it needs for all its lines to have a value."""
    p = wanted.parameters
    match wanted.name:
        case "RSI" | "ATR" | "MFI":
            # A change, or a true range, needs the bar before.
            return wanted.whole("period") + 1
        case "ADX":
            return 2 * wanted.whole("period")
        case "MACD":
            return wanted.whole("slow_period") + wanted.whole("signal_period") - 1
        case "STOCHASTIC":
            return int(p["period"] + p["smooth_period"] + p["d_period"]) - 2
        case "SUPPORT_RESISTANCE":
            return 2 * wanted.whole("period") + 1
        case "PARABOLIC_SAR" | "FIBONACCI":
            return 2
        case "VWAP" | "OBV":
            return 1
        case "BOLLINGER" | "SMA" | "EMA" | "WILLIAMS_R" | "CCI":
            return wanted.whole("period")


def warm_up_bars(wanted: Wanted) -> int:
    """How many bars before the first one told of make its value independent of where the data
    begin.

    A window of bars needs the rest of the window, no more; what is about the asked range itself
    needs none, and VWAP needs its day (`from_day_start`). A recursive one needs its seed and then
    as many bars as let the seed's weight sink below `FORGOTTEN`, and 500 at least, which covers
    every default. The parabolic SAR forgets when it turns and not by weights: what makes it turn
    is its acceleration, so the slower that is, the more bars.
    """
    if INDICATORS[wanted.name].of_range:
        return 0
    seed, memory = needed_bars(wanted) - 1, memory_bars(wanted)
    return max(WARM_UP_BARS, seed + memory) if memory else seed


def memory_bars(wanted: Wanted) -> int:
    """After how many bars a recursive indicator has forgotten one; 0 for all others.

    Smoothing keeps the share r of what was, each bar: r = (p-1)/p for Wilder's (RSI, ATR, ADX) and
    (p-1)/(p+1) for an EMA. After n bars r^n is left; of what is smoothed twice (ADX; MACD's signal)
    at most r^n * (1 + n * (1-r)), with the slower r of the two. Of the parabolic SAR it is an
    estimate.
    """
    if wanted.name == "PARABOLIC_SAR":
        return ceil(10 / wanted.parameters["acceleration"])
    smoothing = _smoothing(wanted)
    return 0 if smoothing is None else _forgets(*smoothing)


def _smoothing(wanted: Wanted) -> tuple[Decimal, int] | None:
    """What share a bar keeps, and how many times over it is smoothed."""
    match wanted.name:
        case "RSI" | "ATR":
            return 1 - 1 / wanted.parameters["period"], 1
        case "ADX":
            return 1 - 1 / wanted.parameters["period"], 2
        case "EMA":
            return 1 - 2 / (wanted.parameters["period"] + 1), 1
        case "MACD":
            slower = max(wanted.parameters["slow_period"], wanted.parameters["signal_period"])
            return 1 - 2 / (slower + 1), 2
        case _:
            return None


@cache
def _forgets(kept_share: Decimal, times: int) -> int:
    kept, bars = float(kept_share), 1
    while kept**bars * (1 + (times - 1) * bars * (1 - kept)) >= FORGOTTEN:
        bars += 1
    return bars


def _checked(indicator: Indicator, parameter: Parameter, value: Decimal) -> Decimal:
    whole = value == value.to_integral_value()
    if not parameter.low <= value <= parameter.high or not (whole or parameter.fraction):
        kind = "a number" if parameter.fraction else "a whole number"
        raise InvalidArgument(
            f"{parameter.name} of {indicator.name} is {kind} from {parameter.low} to "
            f"{parameter.high}, not {value}. Next: give one; usual is {parameter.default}."
        )
    return value


def _in_order(indicator: Indicator, values: Mapping[str, Decimal], less: str, more: str) -> None:
    """Where it has both. A MACD of equal periods is 0 for ever; a SAR may start at its maximum."""
    if less not in values or values[less] < values[more]:
        return
    if values[less] == values[more] and indicator.name == "PARABOLIC_SAR":
        return
    raise InvalidArgument(
        f"{less} of {indicator.name} has to be below {more}, not {values[less]} against "
        f"{values[more]}. Next: ask for {usage(indicator)}."
    )


def usage(indicator: Indicator) -> str:
    """As `macd:fast_period,slow_period,signal_period`."""
    names = ",".join(parameter.name for parameter in indicator.parameters)
    return f"{indicator.name.lower()}:{names}" if names else indicator.name.lower()
