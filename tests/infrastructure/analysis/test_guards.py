"""Where no number would be true there is none, and a statement says why and of which bars."""

import subprocess
import sys
from math import isfinite

import pytest

from domain.indicator_text import parse_indicator
from domain.indicators import INDICATORS, needed_bars
from infrastructure.analysis.calculation import IMPOSSIBLE
from infrastructure.analysis.indicators import TalibIndicators
from tests.infrastructure.analysis.asking import (
    EXACT,
    calculated,
    only,
    said,
    told,
    worst_difference,
)
from tests.infrastructure.analysis.series import (
    Bar,
    all_long,
    as_bars,
    flat,
    of_closes,
    of_rupees,
    walk,
)

PER_BAR = [name for name, one in INDICATORS.items() if one.lines]
RANGELESS = "high and low were the same price"


def joined(*parts):
    return as_bars(
        Bar(*row)
        for part in parts
        for row in zip(part.open, part.high, part.low, part.close, part.volume, strict=True)
    )


def with_bar(bars, index, **changes):
    rows = [
        Bar(*row)
        for row in zip(bars.open, bars.high, bars.low, bars.close, bars.volume, strict=True)
    ]
    rows[index] = rows[index]._replace(**changes)
    return as_bars(rows)


# Too few bars


@pytest.mark.parametrize(
    "text", [*PER_BAR, "macd:2,3,1", "stochastic:5,3,3", "atr:1", "sma:1", "rsi:500"]
)
def test_with_one_bar_less_than_needed_there_is_no_value_and_with_all_there_is(text):
    needed = needed_bars(parse_indicator(text))
    enough, fewer = walk(1, needed), walk(1, needed - 1)

    assert all(line[-1] is not None for line in told(enough, text, day_starts=[0]).values())
    assert all(set(line) <= {None} for line in told(fewer, text, day_starts=[0]).values())
    expected = [(f"too few bars: it needs {needed} without a break", 0, needed - 2, needed - 1)]
    assert said(fewer, text, day_starts=[0]) == expected[: needed - 1]


def test_no_bars_at_all_are_no_accident():
    for name in INDICATORS:
        assert all(line == [] for line in told(flat(0), name, day_starts=[0]).values())


@pytest.mark.parametrize(("first", "last"), [(-1, 5), (3, 2), (0, 11)])
def test_a_range_outside_of_the_bars_is_a_mistake(first, last):
    with pytest.raises(ValueError, match="no range of 10 bars"):
        calculated(flat(10), "rsi", first=first, last=last)


# Flat series


def test_the_rsi_of_a_flat_series_is_no_number():
    assert only(flat(40), "rsi:14", first=20) == [None] * 20
    assert said(flat(40), "rsi:14", first=20) == [("the close did not change", 20, 39, 20)]


def test_the_rsi_only_repeats_itself_where_the_close_has_stopped_and_says_so():
    bars = joined(walk(1, 100), flat(300, price=1500.0))
    rsi = only(bars, "rsi:14")

    # One change into the flat part; from then on both means shrink alike.
    assert rsi[150] == pytest.approx(rsi[100], rel=1e-12)
    assert rsi[100 + 279] == pytest.approx(rsi[100], rel=1e-12)
    # After 280 bars less than a billionth of what moved is left in the means.
    assert rsi[100 + 280 :] == [None] * 20
    assert said(bars, "rsi:14", first=100) == [
        ("the close did not change", 380, 399, 20),
        (
            "note: the close did not change within the period: it repeats what was before",
            114,
            379,
            266,
        ),
    ]


@pytest.mark.parametrize(("text", "window"), [("stochastic:14,3", 16), ("williams_r:14", 14)])
def test_without_a_range_there_is_no_place_in_it(text, window):
    bars = joined(walk(1, 60), flat(30, price=1500.0), walk(2, 60))
    lines = told(bars, text, first=50)

    for line in lines.values():
        # The first windows of 14 flat bars end at 73; the last value that looks at one at 89 + 2.
        missing = [50 + at for at, value in enumerate(line) if value is None]
        assert missing == list(range(73, 90 + window - 14))
    assert said(bars, text, first=50) == [(RANGELESS, 73, 89 + window - 14, 17 + window - 14)]


def test_a_stochastic_of_single_bars_that_have_no_range_is_no_number():
    assert said(of_closes([100, 101, 102]), "stochastic:1,1,1") == [(RANGELESS, 0, 2, 3)]


def test_the_cci_of_equal_typical_prices_is_no_number():
    bars = joined(walk(1, 60), flat(30, price=1499.95))

    assert only(bars, "cci:20")[79:] == [None] * 11
    assert said(bars, "cci:20", first=30) == [("the typical price did not change", 79, 89, 11)]


def test_the_adx_without_movement_is_no_number():
    inside = of_rupees((100, 101, 99, 100 + n % 2, 10) for n in range(60))

    assert told(inside, "adx:14", first=40) == dict.fromkeys(
        ("adx", "plusDI", "minusDI"), [None] * 20
    )
    assert said(inside, "adx:14", first=40) == [("neither high nor low moved on", 40, 59, 20)]


def test_the_adx_does_not_count_the_bars_before_the_first_movement_for_a_direction_of_0():
    moving = walk(3, 60)
    start = moving.open[0] / 10_000
    long_still, short_still = joined(flat(90, start), moving), joined(flat(14, start), moving)

    assert told(long_still, "adx:14", first=120) == told(short_still, "adx:14", first=44)
    # Two directional means of 14 bars, of which the first movement's is the first.
    adx = told(long_still, "adx:14")["adx"]
    assert adx[:103] == [None] * 103
    assert 0 < adx[103] < 100


def test_what_is_defined_on_flat_series_is_told():
    bars = flat(60)

    assert only(bars, "atr:14")[-1] == 0.0
    assert [line[-1] for line in told(bars, "bollinger:20,2").values()] == [100.0] * 3
    assert [line[-1] for line in told(bars, "macd").values()] == [0.0] * 3
    assert only(bars, "sma:20")[-1] == only(bars, "ema:20")[-1] == only(bars, "sar")[-1] == 100.0


# Volume


def test_the_mfi_without_volume_is_no_number():
    quiet = of_closes([100 + n % 3 for n in range(40)], volume=0)

    assert only(quiet, "mfi:14", first=20) == [None] * 20
    assert said(quiet, "mfi:14", first=20) == [("no volume", 20, 39, 20)]


def test_the_mfi_of_a_window_without_volume_is_no_number_though_there_was_some_before():
    bars = joined(walk(1, 50), of_closes([100 + n % 3 for n in range(20)], volume=0))

    assert (
        only(bars, "mfi:14", first=60) == [*[None] * 10] or only(bars, "mfi:14")[63:] == [None] * 7
    )
    assert said(bars, "mfi:14", first=20) == [("no volume", 63, 69, 7)]


def test_the_mfi_of_an_unchanged_price_is_no_number():
    assert said(flat(40), "mfi:14", first=20) == [
        ("no money flow: the typical price did not change", 20, 39, 20)
    ]


def test_the_mfi_is_100_where_no_money_left_and_0_where_none_came():
    up, down = of_closes(range(100, 140)), of_closes(range(140, 100, -1))

    assert only(up, "mfi:14")[14:] == [100.0] * 26
    assert only(down, "mfi:14")[14:] == [0.0] * 26


def test_the_obv_of_an_index_is_no_number():
    index = of_closes([100 + n % 3 for n in range(40)], volume=0)

    assert only(index, "obv", first=30) == [None] * 10
    assert said(index, "obv", first=30) == [("no volume", 30, 39, 10)]


def test_the_obv_counts_from_0_at_the_first_asked_bar():
    bars = of_closes([100, 101, 102, 101, 101, 103], volume=10)

    assert only(bars, "obv", first=1) == [0.0, 10.0, 0.0, 0.0, 10.0]
    assert said(bars, "obv", first=1) == [("note: it counts from 0 here", 1, 1, 1)]


# VWAP


def test_the_vwap_begins_anew_every_trading_day():
    bars = of_closes([100, 110, 200, 220, 300], volume=10)

    assert only(bars, "vwap", day_starts=[0, 2, 4]) == [100.0, 105.0, 200.0, 210.0, 300.0]
    assert only(bars, "vwap", first=3, day_starts=[0, 2, 4]) == [210.0, 300.0]


def test_the_vwap_is_no_number_before_the_first_volume_of_a_day():
    bars = joined(of_closes([100], 10), of_closes([200, 201], 0), of_closes([202], 10))

    assert only(bars, "vwap", day_starts=[0, 1]) == [100.0, None, None, 202.0]
    assert said(bars, "vwap", day_starts=[0, 1]) == [
        ("no volume since the trading day began", 1, 2, 2)
    ]


def test_the_vwap_of_a_day_whose_beginning_is_missing_is_no_number():
    bars = of_closes([100, 110, 200], volume=10)

    assert only(bars, "vwap", day_starts=[2]) == [None, None, 200.0]
    assert said(bars, "vwap", day_starts=[2]) == [
        ("the beginning of its trading day is missing", 0, 1, 2)
    ]


def test_the_vwap_of_daily_bars_is_no_number():
    assert only(walk(1, 5), "vwap") == [None] * 5
    assert said(walk(1, 5), "vwap") == [
        ("it is of the bars within a trading day, and these bars are days or longer", None, None, 0)
    ]


# Bars that cannot be


@pytest.mark.parametrize(
    "wrong", [{"close": 0}, {"open": -500}, {"low": 0}, {"high": 500}, {"volume": -1}]
)
@pytest.mark.parametrize("name", PER_BAR)
def test_a_bar_that_cannot_be_is_never_calculated_with(name, wrong):
    fine = walk(1, 140)
    lines = told(with_bar(fine, 70, **wrong), name, day_starts=[0, 71])
    before, behind = (told(part, name, day_starts=[0]) for part in (fine[:70], fine[71:]))

    for line, values in lines.items():
        assert values[:70] == before[line]
        assert values[70] is None
        assert values[71:] == behind[line]
    assert (IMPOSSIBLE, 70, 70, 1) in said(with_bar(fine, 70, **wrong), name, day_starts=[0, 71])


@pytest.mark.parametrize(
    ("text", "reaches"),
    [("rsi", True), ("sar", True), ("macd", True), ("sma:20", False), ("cci", False)],
)
def test_a_recursive_indicator_says_where_it_had_to_begin_anew(text, reaches):
    bars = with_bar(walk(1, 600), 150, close=0)
    told_anew = ("note: it begins anew behind a bar that cannot be", 150, 150, 1)

    assert said(bars, text, first=590) == [told_anew] * reaches
    assert said(with_bar(walk(1, 600), 50, close=0), text, first=590) == []


def test_a_vwap_is_no_number_for_the_rest_of_the_day_after_a_bar_that_cannot_be():
    bars = with_bar(of_closes([100] * 6, volume=10), 1, volume=-10)

    assert only(bars, "vwap", day_starts=[0, 4]) == [100.0, None, None, None, 100.0, 100.0]


def test_bars_none_of_which_can_be_have_no_values():
    for name in INDICATORS:
        bars = flat(60, price=0)
        assert all(set(line) == {None} for line in told(bars, name, day_starts=[0]).values())
        assert calculated(bars, name, day_starts=[0]).levels == ()


# All of them


@pytest.mark.parametrize("name", PER_BAR)
def test_a_line_holds_numbers_and_nothing_else(name):
    for bars in [*all_long().values(), flat(60), walk(1, 3)]:
        for line in told(bars, name, day_starts=range(0, len(bars), 75)).values():
            assert all(
                value is None or (type(value) is float and isfinite(value)) for value in line
            )


def test_a_missing_value_always_has_a_statement():
    for name in PER_BAR:
        for bars in [all_long()["penny 41"], flat(60), walk(1, 3)]:
            one = calculated(bars, name, day_starts=range(2, len(bars), 75))
            missing = {at for line in one.lines.values() for at, v in enumerate(line) if v is None}
            assert sum(s.count for s in one.statements if not s.note) == len(missing)


def test_lines_are_indexed_and_sliced_like_lists():
    (line,) = calculated(walk(1, 30), "rsi:14", first=10).lines.values()

    assert len(line) == 20
    assert line[0] is None
    assert line[-1] == line[19] == list(line)[-1]
    assert list(line[-2:]) == list(line)[-2:]
    assert list(line[:2]) == [None, None]


def test_neither_asking_nor_calculating_loads_what_nobody_needs():
    code = (
        "import sys; from infrastructure.analysis.indicators import TalibIndicators;"
        "assert 'numpy' not in sys.modules;"
        "import infrastructure.analysis.calculation;"
        "assert 'talib' in sys.modules and 'pandas' not in sys.modules"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_several_are_calculated_in_one_call_in_the_order_asked():
    wanted = [parse_indicator(text) for text in ("macd", "rsi:7", "fibonacci", "rsi:14")]

    answers = TalibIndicators().calculate(walk(1), wanted, first=790, last=800, day_starts=())

    assert [one.wanted.label for one in answers] == [
        "MACD(12,26,9)",
        "RSI(7)",
        "FIBONACCI",
        "RSI(14)",
    ]
    assert worst_difference(list(answers[1].lines["rsi"]), only(walk(1), "rsi:7")[790:]) < EXACT
