"""Kite's candles are the reference; Dhan's are looked at."""

from dataclasses import replace
from decimal import Decimal

import pytest

from application.market.analyse import Analysed
from application.market.compare_analysis import (
    AtBroker,
    Difference,
    compare,
    last_common_bar,
    value_at,
)
from application.ports.market import Candle
from tests.application.analysing import THREE_WEEKS, analysed, numbered
from tests.application.bar_rows import bar, ist, session_of
from tests.application.market import MarketWorld
from tests.application.world import OPENING_BELL

BARS = numbered(*THREE_WEEKS)


def at(broker, bars: tuple[Candle, ...], indicator="sma:10", **more) -> AtBroker:
    world = MarketWorld(broker)
    world.broker.bars = bars
    world.clock.advance(more.get("until", OPENING_BELL) - OPENING_BELL)
    (found,) = analysed(world, indicator, **{"most": 3, **more})
    assert isinstance(found, Analysed)
    return AtBroker(broker=broker, mode="SIMULATED", found=found)


def differences(theirs: tuple[Candle, ...], indicator="sma:10", **more) -> tuple[Difference, ...]:
    return compare(at("kite", BARS, indicator, **more), at("dhan", theirs, indicator, **more))


def without(*days: int) -> tuple[Candle, ...]:
    return tuple(each for each in BARS if each.starts_at not in [ist(day) for day in days])


def changed(*days: int, **to: object) -> tuple[Candle, ...]:
    times = [ist(day) for day in days]
    return tuple(replace(each, **to) if each.starts_at in times else each for each in BARS)


def at_dhan(kind, **more) -> Difference:
    return Difference(kind=kind, broker="dhan", reference="kite", **more)


def test_the_same_candles_do_not_differ():
    assert differences(BARS) == ()


def test_bars_that_one_broker_lacks_are_named():
    assert differences(without(12, 13)) == (at_dhan("missing", bars=2, times=(ist(12), ist(13))),)


def test_bars_that_the_reference_lacks_are_named_as_such():
    found = compare(at("kite", without(12)), at("dhan", BARS))

    assert found == (
        Difference(kind="missing", broker="kite", reference="dhan", bars=1, times=(ist(12),)),
    )


def test_other_closes_are_counted_with_the_largest_difference():
    theirs = changed(12, 13, 16, 17, close_inr=Decimal("110.00"))

    assert differences(theirs) == (
        at_dhan(
            "prices",
            bars=3,
            times=(ist(12), ist(13), ist(17)),
            largest_percent=Decimal("1.8519"),
        ),
    )


@pytest.mark.parametrize(("indicator", "count"), [("sma:10", 0), ("atr:3", 1), ("cci:10", 1)])
def test_highs_and_lows_matter_to_those_that_look_at_them(indicator, count):
    assert len(differences(changed(18, high_inr=Decimal("120.00")), indicator)) == count


@pytest.mark.parametrize(("indicator", "kinds"), [("sma:10", []), ("mfi:10", ["volumes"])])
def test_volumes_matter_to_those_that_look_at_them(indicator, kinds):
    found = differences(changed(18, volume_shares=18), indicator)

    assert [each.kind for each in found] == kinds
    assert [each.largest_percent for each in found] == [Decimal(100)] * len(kinds)


def test_bars_before_all_that_the_value_needs_do_not_matter():
    assert differences(changed(3, 4, close_inr=Decimal("1.00")), "sma:3") == ()


def test_another_last_bar_is_told_and_not_as_a_missing_one():
    assert differences(without(20)) == (
        at_dhan("lastBar", times=(ist(20), ist(19)), are_open=(False, False)),
    )


def test_a_bar_that_is_open_at_one_broker_only_is_the_last_one():
    noon = ist(23, 12)
    ours, theirs = (
        at(broker, bars, until=noon)
        for broker, bars in (("kite", BARS), ("dhan", (*BARS, bar(ist(23), "200.00"))))
    )

    assert compare(ours, theirs) == (
        at_dhan("lastBar", times=(ist(20), ist(23)), are_open=(False, True)),
    )


def test_bars_that_are_open_at_both_are_left_out():
    noon = ist(23, 12)
    ours, theirs = (
        at(broker, (*BARS, bar(ist(23), price)), until=noon)
        for broker, price in (("kite", "200.00"), ("dhan", "201.00"))
    )

    assert compare(ours, theirs) == ()


def test_a_history_that_begins_later_is_told():
    assert differences(without(2, 3, 4, 5, 6), "rsi:3") == (
        at_dhan("begin", times=(ist(2), ist(9))),
    )


def test_an_adjusted_history_is_recognised_by_one_ratio_up_to_a_day():
    halved = tuple(
        replace(each, close_inr=each.close_inr / 2) if each.starts_at < ist(13) else each
        for each in BARS
    )

    assert differences(halved, "rsi:3") == (
        at_dhan("adjusted", bars=9, times=(ist(12),), ratio=Decimal("0.5000")),
    )


def test_prices_that_differ_by_many_ratios_are_no_adjustment():
    wild = tuple(
        replace(each, close_inr=each.close_inr * (2 + at)) if each.starts_at < ist(13) else each
        for at, each in enumerate(BARS)
    )

    assert [each.kind for each in differences(wild, "rsi:3")] == ["prices"]


def test_a_days_average_is_compared_from_the_opening_bell_on():
    ours, theirs = (
        at(broker, (*yesterday, *session_of(20)), "vwap", interval="60m")
        for broker, yesterday in (("kite", session_of(19)), ("dhan", session_of(19)[:3]))
    )

    assert compare(ours, theirs) == ()


def test_a_broker_without_any_bars_has_nothing_to_compare():
    assert differences(()) == ()


def test_the_newest_closed_bar_that_all_have_is_the_one_to_compare_at():
    whole, shorter, none = (at("kite", bars).reading for bars in (BARS, without(20), ()))

    assert last_common_bar([whole, shorter]) == ist(19)
    assert last_common_bar([whole, none]) is None
    assert last_common_bar([]) is None


def test_an_open_bar_is_not_the_one_to_compare_at():
    noon = ist(23, 12)
    both = [at("kite", (*BARS, bar(ist(23))), until=noon).reading] * 2

    assert last_common_bar(both) == ist(20)


def test_the_value_at_a_bar_is_found_by_its_start():
    one = at("kite", BARS).reading

    found = value_at(one, ist(19))
    assert found is not None
    assert found.lines == {"sma": 113.0}
    assert value_at(one, ist(2)) is None
