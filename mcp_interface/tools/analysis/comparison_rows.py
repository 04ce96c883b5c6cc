"""How one indicator over several brokers is shown."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from application.market.compare_analysis import (
    AtBroker,
    Difference,
    compare,
    last_common_bar,
    value_at,
)
from application.market.readings import Value
from domain.errors import Refusal
from domain.indicators import INDICATORS, Unit, Wanted
from domain.instruments import plain
from domain.vocabulary import Interval
from mcp_interface.tools.analysis.analysis_rows import (
    IndicatorRow,
    bar_time,
    exact,
    indicator_row,
    reading_lines,
    short,
)
from mcp_interface.tools.results import Result, when


class BrokerRow(Result):
    """`failed`: why there is nothing. `atCommonBar` is of the newest closed bar that all brokers
    have; `difference` is what it has more than the reference there."""

    broker: str
    mode: str | None
    failed: str | None
    name: str | None
    reading: IndicatorRow | None
    at_common_bar: dict[str, str | None] | None
    difference: dict[str, str | None] | None


class DifferenceRow(Result):
    """At `broker`, seen from `reference`, among the bars that the last value is made from. `times`
    are of the first few of `bars`; `largestPercent` and `ratio` of the reference's numbers."""

    kind: str
    broker: str
    reference: str
    bars: int
    times: list[str]
    largest_percent: str | None
    ratio: str | None
    reason: str


class ComparisonResult(Result):
    indicator: str
    unit: str
    interval: str
    reference: str
    common_bar_starts_at: str | None
    brokers: list[BrokerRow]
    differences: list[DifferenceRow]
    session_id: str


def comparison(
    found: Mapping[str, AtBroker | Refusal], wanted: Wanted, interval: Interval, session_id: UUID
) -> tuple[ComparisonResult, list[str]]:
    """The data, and the lines of the text. At least one broker has answered; the first that has is
    the reference for the others."""
    answered = [each for each in found.values() if isinstance(each, AtBroker)]
    reference, unit = answered[0], INDICATORS[wanted.name].unit
    common = last_common_bar([each.reading for each in answered])
    at_common: dict[str, Value | None] = {
        each.broker: value_at(each.reading, common) if common else None for each in answered
    }
    differences = [row for each in answered[1:] for row in compare(reference, each)]
    model = ComparisonResult(
        indicator=wanted.label,
        unit=unit,
        interval=interval,
        reference=reference.broker,
        common_bar_starts_at=when(common),
        brokers=[
            _failed(name, each)
            if isinstance(each, Refusal)
            else _row(each, interval, at_common[each.broker], at_common[reference.broker])
            for name, each in found.items()
        ],
        differences=[_difference_row(each, interval) for each in differences],
        session_id=str(session_id),
    )
    lines = _value_lines(found, interval)
    if common is not None and len(answered) > 1:
        lines.append(_agreement(at_common, reference.broker, unit, bar_time(common, interval)))
    lines += [f"{row.reason}." for row in model.differences]
    unlike = {row.broker for row in model.differences} | {
        row.reference for row in model.differences
    }
    alike = [each.broker for each in answered[1:] if each.broker not in unlike]
    if alike:
        lines.append(
            f"{' and '.join(alike)}: every bar that the value is made from is as at "
            f"{reference.broker}."
        )
    return model, lines


def _value_lines(found: Mapping[str, AtBroker | Refusal], interval: Interval) -> list[str]:
    lines: list[str] = []
    for name, each in found.items():
        if isinstance(each, Refusal):
            lines.append(f"{name}: {each.code}: {each}")
        else:
            title = f"{name}: {each.candles.instrument.name} {each.reading.wanted.label}"
            lines += reading_lines(title, each.reading, interval, "concise")
    return lines


def _failed(name: str, refusal: Refusal) -> BrokerRow:
    return BrokerRow(
        broker=name,
        mode=None,
        failed=f"{refusal.code}: {refusal}",
        name=None,
        reading=None,
        at_common_bar=None,
        difference=None,
    )


def _row(
    at: AtBroker, interval: Interval, mine: Value | None, reference: Value | None
) -> BrokerRow:
    unit = INDICATORS[at.reading.wanted.name].unit
    gap = _difference(mine, reference)
    return BrokerRow(
        broker=at.broker,
        mode=at.mode,
        failed=None,
        name=at.candles.instrument.name,
        reading=indicator_row(at.reading, interval),
        at_common_bar=mine and _exact(mine.lines, unit),
        difference=gap and _exact(gap, unit),
    )


def _exact(lines: Mapping[str, float | None], unit: Unit) -> dict[str, str | None]:
    return {name: None if x is None else exact(x, unit) for name, x in lines.items()}


def _difference(mine: Value | None, reference: Value | None) -> dict[str, float | None] | None:
    if mine is None or reference is None:
        return None
    pairs = {name: (x, reference.lines[name]) for name, x in mine.lines.items()}
    return {name: None if x is None or y is None else x - y for name, (x, y) in pairs.items()}


def _agreement(at_common: Mapping[str, Value | None], reference: str, unit: Unit, bar: str) -> str:
    """`At 20 Nov 2026, against kite: groww 0.00, dhan -0.12.`"""
    told = []
    for broker, value in at_common.items():
        gap = _difference(value, at_common[reference])
        if broker != reference and gap:
            amounts = [short(x, unit) for x in gap.values() if x is not None]
            told.append(f"{broker} {' '.join(amounts)}")
    return f"At {bar}, the difference from {reference}: {', '.join(told)}."


def _difference_row(found: Difference, interval: Interval) -> DifferenceRow:
    return DifferenceRow(
        kind=found.kind,
        broker=found.broker,
        reference=found.reference,
        bars=found.bars,
        times=[when(each) for each in found.times],
        largest_percent=_number(found.largest_percent),
        ratio=_number(found.ratio),
        reason=difference_text(found, interval),
    )


def _number(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def difference_text(found: Difference, interval: Interval) -> str:
    """Without the full stop."""
    times = [bar_time(each, interval) for each in found.times]
    broker, other, first = found.broker, found.reference, ", ".join(times)
    at_most = "" if found.largest_percent is None else f"by up to {plain(found.largest_percent)} %"
    match found.kind:
        case "lastBar":
            states = ["still open" if each else "closed" for each in found.are_open]
            return (
                f"the last bar is of {times[0]} ({states[0]}) at {other} and of {times[1]} "
                f"({states[1]}) at {broker}"
            )
        case "begin":
            return f"{other}'s candles begin at {times[0]}, {broker}'s at {times[1]}"
        case "missing":
            return f"{broker} lacks {_bars(found.bars)} that {other} has: {first}"
        case "adjusted":
            return (
                f"{broker}'s closes are {plain(found.ratio or Decimal(0))} times {other}'s in all "
                f"{found.bars} bars up to {first}: it looks like a split or a bonus that only one "
                "of them has adjusted its history for"
            )
        case "prices" | "volumes":
            return (
                f"{broker} has other {found.kind} than {other} in {_bars(found.bars)}, {at_most}: "
                f"{first}"
            )


def _bars(count: int) -> str:
    return "1 bar" if count == 1 else f"{count} bars"
