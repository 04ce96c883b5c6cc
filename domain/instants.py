"""Instants: UTC inside, IST outside, and one way to write them down."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

IST: Final = timezone(timedelta(hours=5, minutes=30), "IST")
"""India has had one zone and no daylight saving since 1945, so a fixed offset is exact."""


def as_text(instant: datetime) -> str:
    """`2026-11-23T03:45:00.000000Z`: always UTC, always this long, so that it sorts as text."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def from_text(text: str) -> datetime:
    return datetime.fromisoformat(text)


def outside(instant: datetime) -> str:
    """ISO 8601 with the Indian offset, to the millisecond: how people and clients see instants."""
    return instant.astimezone(IST).isoformat(timespec="milliseconds")


def spoken(instant: datetime) -> str:
    """`23 Nov 2026 09:20 IST`, for the line above a result."""
    return instant.astimezone(IST).strftime("%d %b %Y %H:%M IST")


def trading_day(instant: datetime) -> date:
    """The Indian calendar day, which limits count by and order books are of."""
    return instant.astimezone(IST).date()
