"""What indicators take, and how many bars they need."""

from decimal import Decimal

import pytest

from domain.errors import InvalidArgument
from domain.indicator_text import parse_indicator
from domain.indicators import INDICATORS, memory_bars, needed_bars, wanted, warm_up_bars


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("RSI", "RSI(14)"),
        ("rsi", "RSI(14)"),
        ("rsi:21", "RSI(21)"),
        ("RSI(7)", "RSI(7)"),
        ("macd", "MACD(12,26,9)"),
        ("macd:5,35", "MACD(5,35,9)"),
        ("macd: 5, 35, 5 ", "MACD(5,35,5)"),
        ("BOLLINGER", "BOLLINGER(20,2)"),
        ("bollinger:20,2.5", "BOLLINGER(20,2.5)"),
        ("bollinger_bands", "BOLLINGER(20,2)"),
        ("bollingerBands", "BOLLINGER(20,2)"),
        ("BB", "BOLLINGER(20,2)"),
        ("vwap", "VWAP"),
        ("atr", "ATR(14)"),
        ("adx", "ADX(14)"),
        ("sma", "SMA(20)"),
        ("sma50", "SMA(50)"),
        ("Moving Average 200", "SMA(200)"),
        ("EMA 9", "EMA(9)"),
        ("stochastic", "STOCHASTIC(14,1,3)"),
        ("stoch:5,4", "STOCHASTIC(5,1,4)"),
        ("stoch:14,3,5", "STOCHASTIC(14,3,5)"),
        ("Williams %R", "WILLIAMS_R(14)"),
        ("williamsR", "WILLIAMS_R(14)"),
        ("%R(10)", "WILLIAMS_R(10)"),
        ("cci", "CCI(20)"),
        ("mfi", "MFI(14)"),
        ("OBV", "OBV"),
        ("SAR", "PARABOLIC_SAR(0.02,0.2)"),
        ("parabolicSAR", "PARABOLIC_SAR(0.02,0.2)"),
        ("psar:0.01,0.1", "PARABOLIC_SAR(0.01,0.1)"),
        ("fibonacci", "FIBONACCI"),
        ("supportResistance", "SUPPORT_RESISTANCE(20)"),
        ("S/R", "SUPPORT_RESISTANCE(20)"),
        ("support_resistance:5", "SUPPORT_RESISTANCE(5)"),
    ],
)
def test_an_indicator_is_understood_as_people_write_it(text, label):
    assert parse_indicator(text).label == label


@pytest.mark.parametrize("name", INDICATORS)
def test_a_label_is_understood_again(name):
    assert parse_indicator(parse_indicator(name).label) == parse_indicator(name)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("rsi", "RSI(9)"),
        ("rsi:14", "RSI(14)"),
        ("stochastic", "STOCHASTIC(9,1,3)"),
        ("macd", "MACD(12,26,9)"),
        ("vwap", "VWAP"),
    ],
)
def test_a_period_is_for_those_that_have_one_and_were_written_without_numbers(text, label):
    assert parse_indicator(text, period=9).label == label


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("RSX", "RSI"), ("bolinger", "BOLLINGER"), ("stochastics", "STOCHASTIC"), ("adxx:14", "ADX")],
)
def test_of_an_unknown_indicator_the_nearest_and_all_are_named(text, nearest):
    with pytest.raises(InvalidArgument, match=rf"The nearest is {nearest}\. .*RSI, MACD, BOLL.*"):
        parse_indicator(text)


@pytest.mark.parametrize("text", ["", "14", ":14", "alligator", "x" * 500])
def test_what_resembles_no_indicator_gets_the_list(text):
    with pytest.raises(InvalidArgument, match=r"There is no indicator '.{0,60}'\. Next: .*VWAP"):
        parse_indicator(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("rsi:1", "period of RSI is a whole number from 2 to 500, not 1"),
        ("rsi:501", "from 2 to 500, not 501"),
        ("rsi:14.5", "a whole number from 2 to 500, not 14.5"),
        ("bollinger:20,0", "standard_deviations of BOLLINGER is a number from 0.1 to 10, not 0"),
        ("sar:0.5,0.2", "acceleration of PARABOLIC_SAR has to be below maximum, not 0.5"),
        ("macd:26,12,9", "fast_period of MACD has to be below slow_period, not 26 against 12"),
        ("macd:12,12", "not 12 against 12"),
        ("rsi:14,3", "more numbers than rsi:period takes"),
        ("vwap:5", "more numbers than vwap takes"),
        ("rsi:NaN", "'NaN' in 'rsi:NaN' is no number"),
        ("rsi:-3", "'-3' in 'rsi:-3' is no number"),
        ("rsi:1e2", "'1e2' in 'rsi:1e2' is no number"),
        ("rsi:1_0", "is no number"),
        ("macd:12,,9", "'' in 'macd:12,,9' is no number"),
    ],
)
def test_a_parameter_that_it_cannot_take_is_refused(text, why):
    with pytest.raises(InvalidArgument) as refused:
        parse_indicator(text)

    assert why in str(refused.value)
    assert "Next: " in str(refused.value)


def test_a_sar_may_start_at_its_maximum():
    assert parse_indicator("sar:0.2,0.2").label == "PARABOLIC_SAR(0.2,0.2)"


def test_parameters_are_given_by_name_too():
    assert wanted("MACD", {"slow_period": 30}).parameters == {
        "fast_period": Decimal(12),
        "slow_period": Decimal(30),
        "signal_period": Decimal(9),
    }
    with pytest.raises(InvalidArgument, match="RSI has no parameter length"):
        wanted("RSI", {"length": 9})


@pytest.mark.parametrize(
    ("text", "needed", "warm_up"),
    [
        ("rsi:14", 15, 500),
        ("atr:14", 15, 500),
        ("adx:14", 28, 500),
        ("macd:12,26,9", 34, 500),
        ("ema:20", 20, 500),
        ("rsi:50", 51, 50 + 1026),
        ("ema:200", 200, 199 + 2073),
        ("sar:0.005,0.2", 2, 2001),
        ("sma:20", 20, 19),
        ("sma:1", 1, 0),
        ("bollinger:20,2", 20, 19),
        ("stochastic:14,3,5", 20, 19),
        ("williams_r:14", 14, 13),
        ("cci:20", 20, 19),
        ("mfi:14", 15, 14),
        ("vwap", 1, 0),
        ("obv", 1, 0),
        ("fibonacci", 2, 0),
        ("support_resistance:20", 41, 0),
    ],
)
def test_a_recursive_indicator_needs_bars_to_forget_and_a_window_only_its_rest(
    text, needed, warm_up
):
    assert needed_bars(parse_indicator(text)) == needed
    assert warm_up_bars(parse_indicator(text)) == warm_up


@pytest.mark.parametrize(
    ("text", "kept"),
    [("rsi:14", 13 / 14), ("atr:100", 99 / 100), ("ema:20", 19 / 21), ("ema:500", 499 / 501)],
)
def test_the_memory_is_the_first_number_of_bars_after_which_a_billionth_is_left(text, kept):
    bars = memory_bars(parse_indicator(text))

    assert kept**bars < 1e-9 <= kept ** (bars - 1)


def test_what_is_smoothed_twice_remembers_longer():
    assert memory_bars(parse_indicator("adx:14")) > memory_bars(parse_indicator("atr:14"))
    assert memory_bars(parse_indicator("macd:5,20,2")) > memory_bars(parse_indicator("ema:20"))


def test_every_default_is_within_its_own_bounds():
    for indicator in INDICATORS.values():
        assert wanted(indicator.name, {}).name == indicator.name
        assert all(p.low <= p.default <= p.high for p in indicator.parameters)
