"""Does the calendar of the exchanges still reach far enough? Orders and candles lean on it."""

from datetime import date
from typing import Final, get_args

from application.ports.calendar import Calendar
from domain.vocabulary import Exchange
from mcp_interface.cli.findings import Finding

LEAST_DAYS: Final = 45
"""The exchanges publish the next year's holidays in December, three weeks before it begins."""


def calendar_reach(calendar: Calendar, today: date) -> Finding:
    """`today` is the Indian day."""
    ends: dict[date, list[str]] = {}
    for exchange in get_args(Exchange):
        ends.setdefault(calendar.coverage(exchange).until, []).append(exchange)
    nearest = min(ends)
    whose, days = ", ".join(ends[nearest]), (nearest - today).days
    what = f"trading days of {whose} are known until {nearest}"
    if days >= LEAST_DAYS:
        return Finding("calendar", "ok", what)
    what += f", {days} days from now" if days >= 0 else ", which is over"
    what += "; behind it Monday to Friday are taken for trading days"
    return Finding("calendar", "warn", what, "upgrade: a newer version brings a newer calendar")
