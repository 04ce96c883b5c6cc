"""How what is missing among candles is shown."""

from datetime import UTC, datetime
from typing import Final

from application.market.gaps import Gaps
from domain.instants import IST
from mcp_interface.tools.results import Result, when

TOLD: Final = 20
"""Days, and as many bars: which ones is in the data. In the text fewer."""
_SAID: Final = 3


class GapsRow(Result):
    """Against the exchange's calendar. `days`: trading days without a bar; `bars`: those missing
    within sessions; `first`: the first of both. `beginsLate`: the first bar's day, where earlier
    ones were asked for."""

    days: int
    bars: int
    first: list[str]
    begins_late: str | None


def gaps_row(gaps: Gaps) -> GapsRow:
    days = [day.isoformat() for day in gaps.days[:TOLD]]
    return GapsRow(
        days=len(gaps.days),
        bars=len(gaps.missing),
        first=days + [when(datetime.fromtimestamp(at, UTC)) for at in gaps.missing[:TOLD]],
        begins_late=gaps.begins_late.isoformat() if gaps.begins_late else None,
    )


def gap_lines(gaps: Gaps) -> list[str]:
    """None where nothing is missing."""
    lines = []
    if gaps.days:
        first = [day.isoformat() for day in gaps.days[:_SAID]]
        lines.append(_line("Trading days without a bar", len(gaps.days), first))
    if gaps.missing:
        starts = [datetime.fromtimestamp(at, IST) for at in gaps.missing[:_SAID]]
        first = [f"{at:%Y-%m-%d %H:%M}" for at in starts]
        what = "Bars missing within sessions (nobody traded, or the broker lost them)"
        lines.append(_line(what, len(gaps.missing), first))
    if gaps.begins_late:
        lines.append(f"There are no bars before {gaps.begins_late}.")
    return lines


def _line(what: str, count: int, first: list[str]) -> str:
    """`Trading days without a bar: 2 (2026-06-16, 2026-06-17).`"""
    return f"{what}: {count} ({', '.join(first)}{', ...' if count > len(first) else ''})."
