"""Asks the real calculation, and compares lines."""

from math import isfinite

from domain.indicator_text import parse_indicator
from infrastructure.analysis.indicators import TalibIndicators

EXACT = 1e-9


def calculated(bars, text, *, first=0, last=None, day_starts=()):
    (one,) = TalibIndicators().calculate(
        bars,
        [parse_indicator(text)],
        first=first,
        last=len(bars) if last is None else last,
        day_starts=day_starts,
    )
    return one


def told(bars, text, **asked):
    """The lines as lists, by name."""
    return {name: list(line) for name, line in calculated(bars, text, **asked).lines.items()}


def only(bars, text, **asked):
    (line,) = told(bars, text, **asked).values()
    return line


def said(bars, text, **asked):
    """What is stated: text, first bar, last bar, count; notes begin with `note:`."""
    return [
        ("note: " * one.note + one.text, one.first_bar, one.last_bar, one.count)
        for one in calculated(bars, text, **asked).statements
    ]


def worst_difference(ours, theirs, since=0):
    """Relative to the value, or absolute where that is below 1; infinite where only one of the two
    has a value."""
    worst = 0.0
    for mine, other in zip(ours[since:], theirs[since:], strict=True):
        if mine is None or other is None:
            worst = max(worst, 0.0 if mine is other else float("inf"))
        else:
            assert isfinite(mine)
            worst = max(worst, abs(mine - other) / max(1, abs(other)))
    return worst
