"""When exchanges trade: days, hours, and how far ahead anybody knows."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from domain.vocabulary import Exchange


@dataclass(frozen=True, kw_only=True)
class Hours:
    """One session, in UTC. `note` says what is special about it, such as `Muhurat trading`."""

    day: date
    opens: datetime
    closes: datetime
    note: str | None = None


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Of one exchange: what the days come from, and the first and the last day (IST) that are known
    of. Outside of them Monday to Friday are taken for trading days, but for the holidays that have
    the same date every year."""

    source: str
    since: date
    until: date


class Calendar(Protocol):
    def hours(self, exchange: Exchange, day: date) -> tuple[Hours, ...]:
        """The sessions of an Indian calendar day, the earliest first; empty where there is none."""
        ...

    def closed_because(self, exchange: Exchange, day: date) -> str | None:
        """`Saturday`, or what the holiday is for; `None` on a trading day."""
        ...

    def coverage(self, exchange: Exchange) -> Coverage: ...
