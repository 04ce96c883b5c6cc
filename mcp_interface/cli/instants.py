"""Instants as people type them: `now`, `-2h`, `2026-11-20 09:40`, or ISO 8601 with a zone."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from domain.errors import InvalidArgument
from domain.instants import IST, outside
from mcp_interface.cli.output import say

_AGO: Final = re.compile(r"-(\d{1,9})([smhdw])")
_AHEAD: Final = re.compile(r"\+?(\d{1,9})([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}

HOW_TO_WRITE: Final = "now, -2h, '2026-11-20 09:40' (IST) or ISO 8601 with a zone"


def current() -> datetime:
    """The time now, before any store is open."""
    from infrastructure.clock import SystemClock

    return SystemClock().now()


def instant(option: str, text: str, now: datetime) -> datetime:
    """What `text` means, in UTC. A time without a zone is Indian, and is said to be.

    Raises:
        InvalidArgument: it cannot be read.
    """
    try:
        if text == "now":
            return now
        if ago := _AGO.fullmatch(text):
            return now - _span(ago)
        return _written_out(option, text)
    except (ValueError, OverflowError):
        raise InvalidArgument(
            f"{option} cannot be read as a time. Next: write {HOW_TO_WRITE}."
        ) from None


def end(option: str, text: str, now: datetime) -> datetime:
    """When something is to end: `30d` from now, or an instant that lies ahead.

    Raises:
        InvalidArgument: it cannot be read, or is over already.
    """
    try:
        ahead = _AHEAD.fullmatch(text)
        at = now + _span(ahead) if ahead else _written_out(option, text)
    except (ValueError, OverflowError):
        raise InvalidArgument(
            f"{option} cannot be read. Next: write a span as 30d or 12h, or a time as "
            "2027-03-31T18:00+05:30."
        ) from None
    if at <= now:
        raise InvalidArgument(f"{option} is {outside(at)}, which is over. Next: a later one.")
    return at


def _written_out(option: str, text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        at = at.replace(tzinfo=IST)
        say(f"{option}: {at.isoformat()} (no zone was given, so Indian time).")
    return at.astimezone(UTC)


def _span(found: re.Match[str]) -> timedelta:
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])
