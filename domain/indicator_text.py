"""How people and the predecessor's clients write indicators, understood."""

import re
from collections.abc import Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Final

from domain.errors import InvalidArgument
from domain.indicators import INDICATORS, IndicatorName, Wanted, usage, wanted

_SPELLINGS: Final[Mapping[str, IndicatorName]] = {
    "relativestrengthindex": "RSI",
    "bb": "BOLLINGER",
    "bbands": "BOLLINGER",
    "bollingerband": "BOLLINGER",
    "bollingerbands": "BOLLINGER",
    "averagetruerange": "ATR",
    "dmi": "ADX",
    "ma": "SMA",
    "movingaverage": "SMA",
    "simplemovingaverage": "SMA",
    "exponentialmovingaverage": "EMA",
    "stoch": "STOCHASTIC",
    "stochasticoscillator": "STOCHASTIC",
    "williams": "WILLIAMS_R",
    "willr": "WILLIAMS_R",
    "r": "WILLIAMS_R",
    "commoditychannelindex": "CCI",
    "moneyflowindex": "MFI",
    "onbalancevolume": "OBV",
    "sar": "PARABOLIC_SAR",
    "psar": "PARABOLIC_SAR",
    "parabolic": "PARABOLIC_SAR",
    "fib": "FIBONACCI",
    "fibonacciretracement": "FIBONACCI",
    "fibonacciretracements": "FIBONACCI",
    "sr": "SUPPORT_RESISTANCE",
    "support": "SUPPORT_RESISTANCE",
    "resistance": "SUPPORT_RESISTANCE",
    "supportandresistance": "SUPPORT_RESISTANCE",
    **{re.sub("[^a-z]", "", name.lower()): name for name in INDICATORS},
}
_WRITTEN: Final = re.compile(r"([^\d:(]*)[:(]?([^()]*)\)?", re.ASCII)


def parse_indicator(text: str, period: int | None = None) -> Wanted:
    """`rsi`, `rsi:14`, `RSI(14)`, `macd:12,26,9`, `Williams %R`, `bollinger_bands:20,2.5`, `sma50`.

    Numbers are the indicator's parameters in their order, the last ones may be left out. `period`
    is for an indicator that has one and is written without numbers.

    Raises:
        InvalidArgument: no such indicator (the nearest is named), or a parameter it cannot take.
    """
    parts = _WRITTEN.fullmatch(text.strip())
    indicator = INDICATORS[_name(parts[1] if parts else text)]
    numbers = [n.strip() for n in parts[2].split(",")] if parts and parts[2].strip() else []
    names = [parameter.name for parameter in indicator.parameters]
    if indicator.name == "STOCHASTIC" and len(numbers) == 2:
        # Two numbers are %K and %D everywhere, the predecessor included.
        names = ["period", "d_period"]
    if len(numbers) > len(names):
        raise InvalidArgument(
            f"{text[:60]!r} has more numbers than {usage(indicator)} takes. "
            f"Next: ask for {usage(indicator)}."
        )
    given = {name: _number(text, number) for name, number in zip(names, numbers, strict=False)}
    if period is not None and not numbers and "period" in names:
        given["period"] = Decimal(period)
    return wanted(indicator.name, given)


def _name(written: str) -> IndicatorName:
    letters = re.sub("[^a-z]", "", written.lower())
    if letters in _SPELLINGS:
        return _SPELLINGS[letters]
    near = get_close_matches(letters[:60], _SPELLINGS, n=1)
    meant = f"The nearest is {_SPELLINGS[near[0]]}. " if near else ""
    raise InvalidArgument(
        f"There is no indicator {written.strip()[:60]!r}. {meant}"
        f"Next: ask for one of {', '.join(INDICATORS)}."
    )


def _number(written: str, number: str) -> Decimal:
    # Digits only: `Decimal` takes `NaN`, `1e9` and underscores for numbers, too.
    if not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", number, re.ASCII):
        raise InvalidArgument(
            f"{number[:30]!r} in {written[:60]!r} is no number. "
            "Next: write parameters as in macd:12,26,9."
        )
    return Decimal(number)
