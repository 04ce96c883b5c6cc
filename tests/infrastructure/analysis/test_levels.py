"""Fibonacci's retracements, supports and resistances."""

import pytest

from infrastructure.analysis.calculation import IMPOSSIBLE
from tests.infrastructure.analysis.asking import calculated, said
from tests.infrastructure.analysis.series import Bar, as_bars, of_closes, of_rupees, walk


def levels(bars, text, **asked):
    return [(one.name, one.price_inr, one.bar) for one in calculated(bars, text, **asked).levels]


def test_after_a_rise_the_retracements_go_down_from_the_high():
    bars = of_rupees([(100, 100, 100, 100, 1), (110, 120, 105, 115, 1), (118, 119, 117, 118, 1)])

    assert levels(bars, "fibonacci") == [
        ("0%", 120.0, 1),
        ("23.6%", 115.28, None),
        ("38.2%", 112.36, None),
        ("50%", 110.0, None),
        ("61.8%", 107.64, None),
        ("78.6%", 104.28, None),
        ("100%", 100.0, 0),
    ]
    assert said(bars, "fibonacci") == [("note: the move is up, from the lowest low", 0, 1, 2)]


def test_after_a_fall_they_go_up_from_the_low():
    told = levels(of_closes([120, 110, 100, 105]), "fibonacci", first=1)

    assert told[0] == ("0%", 100.0, 2)
    assert told[2] == ("38.2%", 103.82, None)
    assert told[-1] == ("100%", 110.0, 1)
    assert said(of_closes([120, 110, 100, 105]), "fibonacci", first=1) == [
        ("note: the move is down, from the highest high", 1, 2, 2)
    ]


def test_of_a_high_that_was_reached_twice_the_later_one_ends_the_move():
    assert levels(of_closes([120, 100, 120]), "fibonacci")[0] == ("0%", 120.0, 2)


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], ("there are no bars", None, None, 0)),
        ([(100, 100, 100, 100, 1)] * 5, ("the price did not change", None, None, 0)),
        (
            [(100, 105, 95, 100, 1), (100, 104, 96, 100, 1)],
            ("highest high and lowest low are of one bar, so no move is to be seen", 0, 0, 1),
        ),
    ],
)
def test_without_a_move_there_are_no_retracements(rows, why):
    assert levels(of_rupees(rows), "fibonacci") == []
    assert said(of_rupees(rows), "fibonacci") == [why]


def test_a_bar_that_cannot_be_makes_no_level():
    fine = of_closes([100, 110, 120, 110])
    rows = [*zip(fine.open, fine.high, fine.low, fine.close, fine.volume, strict=True)]
    bars = as_bars(Bar(*row) for row in [*rows, (1, 9_999_999, 0, 5, 1)])

    assert levels(bars, "fibonacci") == levels(fine, "fibonacci")
    assert said(bars, "fibonacci")[0] == (IMPOSSIBLE, 4, 4, 1)


# Supports and resistances

VALLEYS = [100, 96, 92, 96, 100, 97, 94, 97, 103, 99, 95, 99, 107, 102, 98, 99]
"""Lows at bars 2, 6, 10 and 14; highs at bars 4, 8 and 12."""


def test_supports_below_and_resistances_above_the_last_close_come_nearest_first():
    one = calculated(of_closes(VALLEYS), "support_resistance:2")

    assert [(level.kind, level.price_inr, level.bar) for level in one.levels] == [
        ("support", 95.0, 10),
        ("support", 94.0, 6),
        ("support", 92.0, 2),
        ("resistance", 100.0, 4),
        ("resistance", 103.0, 8),
        ("resistance", 107.0, 12),
    ]
    assert one.statements == ()


def test_an_extreme_that_the_bars_after_it_have_not_confirmed_is_no_level():
    # The low of 98 at bar 14 has only one bar after it.
    assert ("support", 98.0, 14) not in levels(of_closes(VALLEYS), "support_resistance:2")
    assert levels(of_closes([*VALLEYS, 100]), "support_resistance:2")[0] == ("support", 98.0, 14)


def test_a_single_bar_on_either_side_is_enough_for_a_period_of_1():
    assert levels(of_closes([3, 2, 3, 4, 3]), "support_resistance:1") == [
        ("support", 2.0, 1),
        ("resistance", 4.0, 3),
    ]


def test_a_price_is_one_level_however_often_it_was_turned_at():
    closes = [100, 95, 100, 95, 100, 95, 100, 95, 98]

    assert levels(of_closes(closes), "support_resistance:1") == [
        ("support", 95.0, 7),
        ("resistance", 100.0, 6),
    ]


def test_a_floor_of_equal_lows_is_one_level_at_its_latest_bar():
    assert levels(of_closes([9, 8, 7, 7, 7, 8, 9]), "support_resistance:2") == [("support", 7.0, 4)]


def test_where_nothing_lies_on_a_side_that_is_said():
    assert said(of_closes(range(100, 150)), "support_resistance:5") == [
        ("note: no support below the last close within these bars", None, None, 0),
        ("note: no resistance above the last close within these bars", None, None, 0),
    ]


@pytest.mark.parametrize("period", [1, 5, 20])
def test_with_one_bar_less_than_both_sides_need_there_are_no_levels(period):
    fewer = 2 * period

    assert levels(walk(1, fewer), f"support_resistance:{period}") == []
    assert said(walk(1, fewer), f"support_resistance:{period}") == [
        (f"too few bars: it needs {fewer + 1} without a break, and has {fewer}", None, None, 0)
    ]


def test_levels_are_the_plain_definition_on_a_long_walk():
    bars = walk(11, 400)
    expected = {
        bars.low[at] / 10_000
        for at in range(20, 380)
        if bars.low[at] == min(bars.low[at - 20 : at + 21]) and bars.low[at] < bars.close[-1]
    }

    found = [
        one for one in calculated(bars, "support_resistance:20").levels if one.kind == "support"
    ]

    assert {one.price_inr for one in found} == expected
    assert [one.price_inr for one in found] == sorted(expected, reverse=True)
    assert len(expected) >= 2
