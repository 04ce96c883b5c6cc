"""A calendar with the holidays that a test gives it: else 09:15 to 15:30 IST, Monday to Friday."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time

from application.ports.calendar import Coverage, Hours
from domain.instants import IST
from domain.vocabulary import Exchange


class FakeCalendar:
    """All exchanges are alike. `special` holds whole days that are not like the others."""

    def __init__(
        self,
        holidays: Mapping[date, str] | None = None,
        special: Mapping[date, tuple[Hours, ...]] | None = None,
        until: date = date(2026, 12, 31),
    ) -> None:
        self.holidays = dict(holidays or {})
        self.special = dict(special or {})
        self.until = until

    def hours(self, exchange: Exchange, day: date) -> tuple[Hours, ...]:
        if day in self.special:
            return self.special[day]
        if day.weekday() >= 5 or day in self.holidays:
            return ()
        opens, closes = (datetime.combine(day, at, IST) for at in (time(9, 15), time(15, 30)))
        return (Hours(day=day, opens=opens.astimezone(UTC), closes=closes.astimezone(UTC)),)

    def closed_because(self, exchange: Exchange, day: date) -> str | None:
        if self.hours(exchange, day):
            return None
        return self.holidays.get(day) or f"{day:%A}"

    def coverage(self, exchange: Exchange) -> Coverage:
        return Coverage(source="a test", since=date(2000, 1, 1), until=self.until)
