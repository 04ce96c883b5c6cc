"""On Monday, 23 Nov 2026, at 09:15 IST: the last closed daily bar is that of Friday, the 20th."""

from datetime import timedelta
from typing import Any

import pytest

from application.market.analyse import Analysed, NotAnalysed
from application.market.readings import Remark, Span
from application.ports.indicators import Statement
from domain.errors import UnknownInstrument
from tests.application.analysing import THREE_WEEKS, analysed, numbered, reading, told
from tests.application.bar_rows import bar, ist, session_of
from tests.application.market import MarketWorld
from tests.application.world import OPENING_BELL
from tests.fakes.indicators import CloseForEverything

WITHOUT_THE_12TH = tuple(day for day in THREE_WEEKS if day != 12)


@pytest.fixture
def world() -> MarketWorld:
    world = MarketWorld("kite")
    world.broker.bars = numbered(*THREE_WEEKS)
    return world


def notes(one) -> list[str]:
    return [remark.text for remark in one.remarks if remark.is_note]


def reasons(one) -> list[str]:
    return [remark.text for remark in one.remarks if not remark.is_note]


# Which bars are told of


def test_each_value_is_tied_to_its_bar_and_the_last_ones_are_told(world):
    one = reading(world, "sma:3", most=2)

    assert told(one) == [("19 00:00", 113.0), ("20 00:00", 114.0)]
    assert [value.is_open for value in one.values] == [False, False]
    assert (one.wanted.label, one.warm_up_bars, one.remarks) == ("SMA(3)", 2, ())


def test_a_last_bar_that_is_open_is_told_beside_the_last_closed_one(world):
    world.broker.bars += (bar(ist(23), "200.00"),)
    world.clock.advance(timedelta(hours=1))

    one = reading(world, "sma:3", until=OPENING_BELL + timedelta(hours=1))

    assert told(one) == [("20 00:00", 114.0), ("23 00:00", 200.0)]
    assert [value.is_open for value in one.values] == [False, True]


def test_of_a_period_the_last_bars_are_told_and_older_ones_on_request(world):
    asked: dict[str, Any] = {"since": ist(9), "until": ist(18), "most": 2}

    newest, older = (reading(world, "sma:3", **asked, newer=n) for n in (0, 2))
    beyond = reading(world, "sma:3", **asked, newer=9)

    assert [told(newest), told(older)] == [
        [("16 00:00", 110.0), ("17 00:00", 111.0)],
        [("12 00:00", 108.0), ("13 00:00", 109.0)],
    ]
    assert told(beyond) == []


def newer(world: MarketWorld, **more) -> int | None:
    (one,) = analysed(world, "sma:3", most=2, **more)
    assert isinstance(one, Analysed)
    return one.newer


def test_older_bars_of_a_period_are_asked_for_by_how_many_newer_ones_to_leave_out(world):
    assert [newer(world, since=ist(16), newer=n) for n in (0, 2, 4)] == [2, 4, None]
    assert newer(world) is None


def test_an_open_bar_is_told_once_over_all_pages(world):
    world.broker.bars += (bar(ist(23), "200.00"),)
    world.clock.advance(timedelta(hours=1))

    assert newer(world, since=ist(16), until=OPENING_BELL + timedelta(hours=1)) == 3


def test_a_period_without_bars_has_no_values(world):
    one = reading(world, "sma:3", since=ist(21), until=ist(22))

    assert (one.values, one.levels, one.warm_up_bars) == ((), (), 0)


# What is fetched and handed to the calculation


@pytest.mark.parametrize(
    ("indicator", "at_least"), [("sma:20", 20), ("rsi", 501), ("ema:100", 1136)]
)
def test_the_warm_up_is_fetched_before_the_first_told_bar(world, indicator, at_least):
    reading(world, indicator)

    first = world.broker.asked[0][2]
    weekdays = sum(
        (first + timedelta(days=n)).weekday() < 5 for n in range((OPENING_BELL - first).days)
    )
    assert at_least <= weekdays <= at_least * 1.1 + 10


def test_what_is_about_a_range_looks_at_all_of_it_and_the_others_at_what_is_told(world):
    with_dates, without = CloseForEverything(), CloseForEverything()

    analysed(world, "sma:3", "fib", "obv", since=ist(9), fake=with_dates)
    analysed(world, "fib", fake=without)

    spans = [last - first for first, last, _ in (*with_dates.asked, *without.asked)]
    assert spans == [1, 10, 15]


def test_readings_come_in_the_order_asked(world):
    (one,) = analysed(world, "obv", "sma:3", "fib", "rsi")

    assert isinstance(one, Analysed)
    assert [each.wanted.name for each in one.readings] == ["OBV", "SMA", "FIBONACCI", "RSI"]


def test_a_volume_weighted_average_is_told_where_days_begin(world):
    world.broker.bars = (*session_of(19), *session_of(20))
    fake = CloseForEverything()

    one = reading(world, "vwap", interval="60m", most=2, fake=fake)

    assert fake.asked == [(12, 14, (0, 7))]
    assert (told(one)[0][0], one.warm_up_bars) == ("20 14:15", 5)


# What is missing


def test_a_missing_bar_among_those_needed_takes_the_value_away(world):
    world.broker.bars = numbered(*WITHOUT_THE_12TH)

    one = reading(world, "sma:6", most=2)

    assert told(one) == [("19 00:00", None), ("20 00:00", 113.0)]
    assert one.remarks == (
        Remark(
            text="bars that it needs are missing",
            bars=Span(first=ist(19), last=ist(19), count=1),
            missing=Span(first=ist(12), last=ist(12), count=1),
        ),
    )


def test_whoever_allows_gaps_gets_the_value_with_a_note(world):
    world.broker.bars = numbered(*WITHOUT_THE_12TH)

    one = reading(world, "sma:10", allow_gaps=True)

    assert told(one) == [("20 00:00", 113.0)]
    assert notes(one) == ["calculated without bars that it needs and that are missing"]
    assert one.remarks[0].missing == Span(first=ist(12), last=ist(12), count=1)


def test_a_missing_bar_in_the_warm_up_of_a_recursive_indicator_is_a_note(world):
    world.broker.bars = numbered(*WITHOUT_THE_12TH)

    one = reading(world, "rsi:3")

    assert told(one) == [("20 00:00", 113.0)]
    assert notes(one)[-1] == "bars of the warm-up are missing"
    assert reasons(one) == []


@pytest.mark.parametrize("indicator", ["sma:3", "stoch:3"])
def test_a_missing_bar_before_the_window_does_not_matter(world, indicator):
    world.broker.bars = numbered(*WITHOUT_THE_12TH)

    assert reading(world, indicator).remarks == ()


def test_what_is_about_a_range_needs_every_bar_of_it(world):
    world.broker.bars = numbered(*WITHOUT_THE_12TH)

    whole, part = (reading(world, "obv", since=ist(day)) for day in (9, 13))

    assert (told(whole), reasons(whole)) == (
        [("20 00:00", None)],
        ["bars that it needs are missing"],
    )
    assert (told(part), part.remarks) == ([("20 00:00", 113.0)], ())


def test_levels_are_not_told_of_a_range_with_a_hole(world):
    world.broker.bars = numbered(*WITHOUT_THE_12TH)

    one = reading(world, "fib", since=ist(9))

    assert (one.values, one.levels) == ((), ())
    assert one.remarks[-1].bars is None


@pytest.mark.parametrize(("gone", "is_told"), [(0, False), (3, False), (None, True)])
def test_a_days_average_needs_every_bar_since_the_opening_bell(world, gone, is_told):
    today = [each for at, each in enumerate(session_of(20)) if at != gone]
    world.broker.bars = (*session_of(19), *today)

    one = reading(world, "vwap", interval="60m")

    assert one.values[0].is_told is is_told
    assert len(one.remarks) == (0 if is_told else 1)


def test_a_bar_missing_on_another_day_is_nothing_to_a_days_average(world):
    world.broker.bars = (*session_of(19)[:3], *session_of(19)[4:], *session_of(20))

    assert reading(world, "vwap", interval="60m").remarks == ()


def test_fewer_bars_than_the_warm_up_are_said(world):
    one = reading(world, "rsi:3")

    assert (told(one), one.warm_up_bars) == ([("20 00:00", 114.0)], 14)
    assert notes(one) == [
        "only 14 bars come before, and until 500 do, it depends on where they begin"
    ]


def test_what_the_calculation_remarks_gets_the_times_of_its_bars(world):
    about = CloseForEverything(
        Statement(text="the closes did not change", first_bar=13, last_bar=14, count=2),
        Statement(text="it counts from 0", note=True),
    )

    one = reading(world, "sma:3", most=20, fake=about)

    assert one.remarks == (
        Remark(text="the closes did not change", bars=Span(first=ist(19), last=ist(20), count=2)),
        Remark(text="it counts from 0", is_note=True),
    )


# Several symbols


def test_what_one_symbol_lacks_never_hides_the_others(world):
    answers = analysed(world, "sma:3", symbols=("TCS", "INFOSY", "INFY"))

    assert [type(each) for each in answers] == [Analysed, NotAnalysed, Analysed]
    wrong = answers[1]
    assert isinstance(wrong, NotAnalysed)
    assert (wrong.symbol.text, wrong.refusal.code) == ("INFOSY", "UNKNOWN_INSTRUMENT")


def test_where_no_symbol_has_candles_the_first_ones_reason_is_told(world):
    with pytest.raises(UnknownInstrument, match="INFOSY is not in the table"):
        analysed(world, "sma:3", symbols=("INFOSY", "TSC"))
