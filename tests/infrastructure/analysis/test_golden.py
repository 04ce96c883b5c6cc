"""Every value against calculations that share nothing with ours: plain ones, and talipp."""

import pytest
from talipp import indicators as talipp
from talipp.ohlcv import OHLCV

from application.market.bars import UNITS_A_RUPEE
from domain.indicator_text import parse_indicator
from domain.indicators import INDICATORS
from tests.infrastructure.analysis import plain
from tests.infrastructure.analysis.asking import EXACT, told, worst_difference
from tests.infrastructure.analysis.series import (
    PREDECESSORS_PRICES,
    TEXTBOOK_CLOSES,
    all_long,
    of_closes,
    predecessors_bars,
    predecessors_demo,
)

DAY = 75
WARM = 500


def values(bars, text):
    (line,) = told(bars, text).values()
    return [value for value in line if value is not None]


def in_rupees(lines, label):
    """The oracles calculate in whole units, so that equal prices are equal."""
    if INDICATORS[parse_indicator(label).name].unit != "INR":
        return lines
    return {
        name: [None if value is None else value / UNITS_A_RUPEE for value in line]
        for name, line in lines.items()
    }


def of_talipp(p, indicator, *arguments, bars=False):
    rows = zip(p.high, p.low, p.close, p.volume, strict=True)
    given = [OHLCV(c, h, lo, c, v) for h, lo, c, v in rows] if bars else p.close
    return list(indicator(*arguments, input_values=given))


def fields(outputs, **names):
    """talipp's structures as lines, by our names."""
    return {
        ours: [None if one is None else getattr(one, theirs) for one in outputs]
        for ours, theirs in names.items()
    }


ORACLES = {
    "RSI(14)": (0, lambda p: {"rsi": plain.rsi(p, 14)}),
    "RSI(2)": (0, lambda p: {"rsi": plain.rsi(p, 2)}),
    "ADX(14)": (WARM, lambda p: plain.adx(p, 14)),
    "ATR(14)": (WARM, lambda p: {"atr": of_talipp(p, talipp.ATR, 14, bars=True)}),
    "MACD(12,26,9)": (
        WARM,
        lambda p: fields(
            of_talipp(p, talipp.MACD, 12, 26, 9),
            macd="macd",
            signal="signal",
            histogram="histogram",
        ),
    ),
    "PARABOLIC_SAR(0.02,0.2)": (WARM, lambda p: {"sar": plain.sar(p, 0.02, 0.2)}),
    "BOLLINGER(20,2.5)": (
        0,
        lambda p: fields(of_talipp(p, talipp.BB, 20, 2.5), upper="ub", middle="cb", lower="lb"),
    ),
    "SMA(50)": (0, lambda p: {"sma": of_talipp(p, talipp.SMA, 50)}),
    "EMA(20)": (0, lambda p: {"ema": of_talipp(p, talipp.EMA, 20)}),
    "STOCHASTIC(14,1,3)": (0, lambda p: plain.stochastic(p, 14, 3)),
    "WILLIAMS_R(14)": (0, lambda p: {"williamsR": plain.williams_r(p, 14)}),
    "CCI(20)": (0, lambda p: {"cci": plain.cci(p, 20)}),
    "MFI(14)": (0, lambda p: {"mfi": plain.mfi(p, 14)}),
    "VWAP": (0, lambda p: {"vwap": plain.vwap(p, range(0, len(p.close), DAY))}),
}
"""By label: from which bar on they have to agree, and the other calculation. TA-Lib begins ATR,
ADX, MACD and SAR in ways of its own, which 500 bars let be forgotten."""


@pytest.mark.parametrize("label", ORACLES)
def test_every_value_on_every_series_is_that_of_an_independent_calculation(label):
    since, oracle = ORACLES[label]
    worst = {}

    for name, bars in all_long().items():
        ours = told(bars, label, day_starts=range(0, len(bars), DAY))
        theirs = in_rupees(oracle(plain.prices(bars)), label)
        assert ours.keys() == theirs.keys()
        assert any(value is not None for value in next(iter(ours.values()))[since:])
        worst[name] = max(worst_difference(ours[line], theirs[line], since) for line in ours)

    assert {name: difference for name, difference in worst.items() if difference > EXACT} == {}
    assert len(worst) >= 30


@pytest.mark.parametrize("name", ["walk 1", "walk 2", "gaps 61", "INFY by day"])
def test_the_oracle_of_others_agrees_with_the_plain_calculation_too(name):
    p = plain.prices(all_long()[name])
    adx = fields(
        of_talipp(p, talipp.ADX, 14, 14, bars=True), adx="adx", plusDI="plus_di", minusDI="minus_di"
    )
    sar = in_rupees(
        fields(of_talipp(p, talipp.ParabolicSAR, 0.02, 0.02, 0.2, bars=True), sar="value"), "sar"
    )

    assert (
        worst_difference(told(all_long()[name], "rsi")["rsi"], of_talipp(p, talipp.RSI, 14)) < EXACT
    )
    for line, theirs in adx.items():
        assert worst_difference(told(all_long()[name], "adx")[line], theirs, WARM) < EXACT
    assert worst_difference(told(all_long()[name], "sar")["sar"], sar["sar"], WARM) < EXACT


@pytest.mark.parametrize("name", ["walk 3", "penny 41", "sawtooth of 7"])
def test_obv_differs_from_the_oracle_only_by_the_first_bars_volume(name):
    bars = all_long()[name]
    theirs = of_talipp(plain.prices(bars), talipp.OBV, bars=True)

    assert told(bars, "obv")["obv"] == [value - bars.volume[0] for value in theirs]


# Series that others know the answers of


def test_the_textbook_rsi_begins_with_70_46_and_includes_the_last_bar():
    rsi = values(of_closes(TEXTBOOK_CLOSES), "rsi:14")

    assert [round(value, 2) for value in rsi[:4]] == [70.46, 66.25, 66.48, 69.35]
    assert round(rsi[-1], 2) == 37.79
    assert len(rsi) == len(TEXTBOOK_CLOSES) - 14


def test_the_predecessors_prices():
    bars = of_closes(PREDECESSORS_PRICES)
    rsi = told(bars, "rsi:14")["rsi"]

    assert values(bars, "sma:5")[0] == pytest.approx(102.2, rel=1e-12)
    assert worst_difference(rsi, plain.rsi(plain.prices(bars), 14)) < EXACT
    # 9 gains of 2 and 5 losses of 1 among the first 14 changes.
    assert rsi[14] == pytest.approx(100 * 18 / 23, rel=1e-12)
    assert told(bars, "bollinger:20,2")["middle"][-1] == pytest.approx(109.55, rel=1e-12)
    assert values(bars, "ema:5")[0] == pytest.approx(102.2, rel=1e-12)


def test_the_predecessors_bars():
    bars = predecessors_bars()
    vwap = told(bars, "vwap", day_starts=[0])["vwap"]

    assert values(bars, "atr:14") == pytest.approx([3.0], rel=1e-12)
    assert values(bars, "mfi:14") == [100.0]
    assert values(bars, "rsi:14") == [100.0]
    assert told(bars, "stochastic:14,3")["percentK"] == [None] * 15
    assert told(bars, "stochastic:5,3")["percentK"][-1] == pytest.approx(100 * 6 / 7, rel=1e-12)
    assert told(bars, "obv")["obv"][-1] == sum(bars.volume) - bars.volume[0]
    assert vwap[1] == pytest.approx((302 / 3 * 1000 + 305 / 3 * 1200) / 2200, rel=1e-12)


def test_the_predecessors_demo():
    bars = predecessors_demo()
    macd = told(bars, "macd:5,8,3")

    assert values(bars, "rsi:5") == [100.0] * 5
    # On a straight line an EMA of p bars follows (p - 1) / 2 bars behind.
    assert macd["macd"][-1] == pytest.approx(3 * (7 - 4) / 2, rel=1e-12)
    assert macd["histogram"][-1] == pytest.approx(0, abs=1e-12)
    assert told(bars, "bollinger:5,2")["middle"][-1] == 124.0
    # A mean of 6.8 (one range of 6, four of 7), of which 0.8 ** 4 is left after four more of 7.
    assert values(bars, "atr:5")[-1] == pytest.approx(6.91808, rel=1e-12)
