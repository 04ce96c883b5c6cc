"""A bar's value is the same whatever range is asked, given the warm-up before it."""

import pytest

from domain.indicator_text import parse_indicator
from domain.indicators import INDICATORS, warm_up_bars
from tests.infrastructure.analysis.asking import EXACT, calculated, told, worst_difference
from tests.infrastructure.analysis.series import walk

OF_A_BAR = [name for name, one in INDICATORS.items() if not one.of_range and name != "VWAP"]
LONG = ["rsi:100", "ema:200", "macd:50,100,40", "adx:60", "atr:120", "sma:500", "sar:0.005,0.05"]


@pytest.mark.parametrize("text", [*OF_A_BAR, *LONG])
def test_with_its_warm_up_a_value_does_not_depend_on_where_the_data_begin(text):
    bars = walk(8, 6000, start=9_000)
    warm_up = warm_up_bars(parse_indicator(text))
    everything = told(bars, text, first=5990)
    short = told(bars[5990 - warm_up :], text, first=warm_up)

    for name, line in short.items():
        assert None not in line
        assert worst_difference(line, everything[name]) < EXACT


@pytest.mark.parametrize("text", ["rsi", "atr", "ema:50"])
def test_with_a_warm_up_of_50_bars_it_would(text):
    bars = walk(8, 6000, start=9_000)
    (short,), (everything,) = (
        told(bars[5900:], text, first=90).values(),
        told(bars, text, first=5990).values(),
    )

    assert worst_difference(short[:1], everything[:1]) > 1e-6


def test_with_the_beginning_of_its_day_a_vwap_does_not_depend_on_where_the_data_begin():
    bars = walk(8, 1000)

    assert (
        told(bars[750:], "vwap", first=100, day_starts=range(0, 250, 75))["vwap"]
        == (told(bars, "vwap", first=850, day_starts=range(0, 1000, 75))["vwap"])
    )


@pytest.mark.parametrize("name", INDICATORS)
def test_what_comes_after_the_asked_bars_changes_nothing(name):
    bars = walk(9, 700)
    asked = {"first": 580, "last": 640, "day_starts": range(0, 700, 70)}
    whole, cut = calculated(bars, name, **asked), calculated(bars[:640], name, **asked)

    assert {k: list(v) for k, v in whole.lines.items()} == {
        k: list(v) for k, v in cut.lines.items()
    }
    assert whole.levels == cut.levels
    assert whole.statements == cut.statements


@pytest.mark.parametrize("name", ["OBV", "FIBONACCI", "SUPPORT_RESISTANCE"])
def test_what_is_about_the_asked_range_looks_at_nothing_else(name):
    bars = walk(10, 700)
    part, alone = calculated(bars, name, first=500), calculated(bars[500:], name)

    assert {k: list(v) for k, v in part.lines.items()} == {
        k: list(v) for k, v in alone.lines.items()
    }
    assert [(level.kind, level.price_inr) for level in part.levels] == [
        (level.kind, level.price_inr) for level in alone.levels
    ]
