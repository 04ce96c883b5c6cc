"""The words and numbers in which indicators and their comparisons are told."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from application.market.analyse import Analysed
from application.market.compare_analysis import AtBroker
from application.ports.indicators import Statement
from application.ports.market import Candle
from domain.errors import BrokerUnavailable, Refusal
from domain.indicator_text import parse_indicator
from domain.vocabulary import BrokerName
from mcp_interface.tools.analysis.analysis_rows import analysis_lines, bar_time, exact, short
from mcp_interface.tools.analysis.comparison_rows import comparison
from tests.application.analysing import THREE_WEEKS, analysed, numbered
from tests.application.bar_rows import bar, ist, session_of
from tests.application.market import MarketWorld
from tests.application.world import OPENING_BELL
from tests.fakes.indicators import CloseForEverything

SESSION = UUID(int=7)
BARS = numbered(*THREE_WEEKS)


def lines(*indicators: str, bars=BARS, form="concise", later=timedelta(0), **more) -> list[str]:
    """What is said at Kite; values are closes."""
    world = MarketWorld("kite")
    world.broker.bars = bars
    world.clock.advance(later)
    (one,) = analysed(world, *indicators, until=OPENING_BELL + later, **more)
    return analysis_lines(one, more.get("interval", "1d"), form)


def compared(theirs, indicator="sma:10", ours=BARS) -> list[str]:
    """The lines about Dhan's candles against Kite's, behind those with the values."""
    at: dict[BrokerName, tuple[Candle, ...]] = {"kite": ours, "dhan": theirs}
    found: dict[str, AtBroker | Refusal] = {}
    for broker, bars in at.items():
        world = MarketWorld(broker)
        world.broker.bars = bars
        (one,) = analysed(world, indicator, most=3)
        assert isinstance(one, Analysed)
        found[broker] = AtBroker(broker=broker, mode="SIMULATED", found=one)
    _, told = comparison(found, parse_indicator(indicator), "1d", SESSION)
    return told[2:]


@pytest.mark.parametrize(
    ("value", "unit", "in_text", "in_data"),
    [
        (53.4215678, "points", "53.42", "53.421568"),
        (1500.0, "INR", "₹1,500.00", "1500.000000"),
        (123456.789, "INR", "₹1,23,456.79", "123456.789000"),
        (-3.21456, "INR", "-₹3.2146", "-3.214560"),
        (0.0, "INR", "₹0.00", "0.000000"),
        (-0.0000001, "points", "0.00", "0.000000"),
        (-0.00000001, "INR", "₹0.00", "0.000000"),
        (-2656476.0, "shares", "-2656476", "-2656476"),
    ],
)
def test_numbers_are_short_in_texts_and_exact_in_data(value, unit, in_text, in_data):
    assert (short(value, unit), exact(value, unit)) == (in_text, in_data)


def test_bars_are_named_by_their_day_and_within_days_by_the_minute():
    at = ist(20, 9, 15)

    assert [bar_time(at, each) for each in ("1d", "1w", "5m")] == [
        "20 Nov 2026",
        "20 Nov 2026",
        "20 Nov 2026 09:15",
    ]


def test_one_line_says_the_value_its_bar_and_whether_that_is_closed():
    assert lines("sma:3") == ["NSE:INFY SMA(3) ₹114.00 at 20 Nov 2026 (1d bar, closed)"]


def test_a_value_of_an_open_bar_comes_with_the_last_closed_one():
    assert lines("sma:3", bars=(*BARS, bar(ist(23), "200.00")), later=timedelta(hours=1)) == [
        "NSE:INFY SMA(3) ₹200.00 at 23 Nov 2026 (1d bar, open, it can change); "
        "₹114.00 at 20 Nov 2026 (1d bar, closed)"
    ]


def test_every_line_of_an_indicator_has_its_name():
    assert lines("stoch") == [
        "NSE:INFY STOCHASTIC(14,1,3) percentK 114.00, percentD 114.00 "
        "at 20 Nov 2026 (1d bar, closed)"
    ]


def test_in_detail_each_bar_has_a_line():
    assert lines("sma:3", form="detailed", most=2) == [
        "NSE:INFY SMA(3) ₹113.00 at 19 Nov 2026 (1d bar, closed)",
        "NSE:INFY SMA(3) ₹114.00 at 20 Nov 2026 (1d bar, closed)",
    ]


def test_why_there_is_no_value_is_said_in_its_place():
    without = tuple(each for each in BARS if each.starts_at != ist(19))

    assert lines("sma:3", bars=without) == [
        "NSE:INFY SMA(3): no value (20 Nov 2026): bars that it needs are missing (19 Nov 2026); "
        "allow_gaps=true goes by the bars that are there."
    ]
    assert lines("sma:3", bars=without, allow_gaps=True) == [
        "NSE:INFY SMA(3) ₹114.00 at 20 Nov 2026 (1d bar, closed). note: calculated without bars "
        "that it needs and that are missing (19 Nov 2026)"
    ]


def test_what_qualifies_a_value_stands_beside_it():
    noted = CloseForEverything(
        Statement(text="no move", first_bar=0, last_bar=1, count=2, note=True)
    )

    (said,) = lines("sma:3", fake=noted, most=20)

    assert said.endswith("closed). note: no move (2 bars, 02 Nov 2026 to 03 Nov 2026)")


def test_a_missing_bar_within_a_day_is_named_by_its_minute():
    today = session_of(20)
    gone = (*today[:2], *today[3:])

    (said,) = lines("sma:6", bars=(*session_of(19), *gone), interval="60m")

    assert "are missing (20 Nov 2026 11:15); allow_gaps=true" in said


def test_no_bars_are_said_once():
    assert lines("sma:3", "rsi", bars=()) == [
        "NSE:INFY: no bars in that period; get_market_status() says when it trades."
    ]


# Comparisons


def test_equal_candles_are_said_to_be_equal():
    assert compared(BARS) == [
        "At 20 Nov 2026, the difference from kite: dhan ₹0.00.",
        "dhan: every bar that the value is made from is as at kite.",
    ]


def test_other_prices_are_told_with_their_number_and_size():
    theirs = tuple(
        replace(each, close_inr=Decimal("110.00")) if each.starts_at == ist(20) else each
        for each in BARS
    )

    assert compared(theirs) == [
        "At 20 Nov 2026, the difference from kite: dhan -₹4.0000.",
        "dhan has other prices than kite in 1 bar, by up to 3.5088 %: 20 Nov 2026.",
    ]


def test_missing_bars_are_told_at_whichever_broker_lacks_them():
    without = tuple(each for each in BARS if each.starts_at not in (ist(17), ist(18)))

    assert compared(without)[-1] == ("dhan lacks 2 bars that kite has: 17 Nov 2026, 18 Nov 2026.")
    assert compared(BARS, ours=without)[-1] == (
        "kite lacks 2 bars that dhan has: 17 Nov 2026, 18 Nov 2026."
    )


def test_other_last_bars_and_beginnings_are_told():
    assert compared(BARS[:-1])[-1] == (
        "the last bar is of 20 Nov 2026 (closed) at kite and of 19 Nov 2026 (closed) at dhan."
    )
    assert compared(BARS[5:], "rsi:3")[-1] == (
        "kite's candles begin at 02 Nov 2026, dhan's at 09 Nov 2026."
    )


def test_an_adjusted_history_is_told_for_what_it_looks_like():
    halved = tuple(
        replace(each, close_inr=each.close_inr / 2) if each.starts_at < ist(13) else each
        for each in BARS
    )

    assert compared(halved, "rsi:3")[-1] == (
        "dhan's closes are 0.5 times kite's in all 9 bars up to 12 Nov 2026: it looks like a split "
        "or a bonus that only one of them has adjusted its history for."
    )


def test_a_broker_without_an_answer_keeps_its_line_and_its_reason():
    world = MarketWorld("dhan")
    world.broker.bars = BARS
    (one,) = analysed(world, "sma:3", most=3)
    assert isinstance(one, Analysed)
    found: dict[str, AtBroker | Refusal] = {
        "kite": BrokerUnavailable("Kite gave no usable answer. Next: try again."),
        "dhan": AtBroker(broker="dhan", mode="LIVE", found=one),
    }

    model, told = comparison(found, parse_indicator("sma:3"), "1d", SESSION)

    assert told == [
        "kite: BROKER_UNAVAILABLE: Kite gave no usable answer. Next: try again.",
        "dhan: NSE:INFY SMA(3) ₹114.00 at 20 Nov 2026 (1d bar, closed)",
    ]
    assert [each.failed is None for each in model.brokers] == [False, True]
    assert model.reference == "dhan"
