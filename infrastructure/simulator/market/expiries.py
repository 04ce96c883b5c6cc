"""On which days contracts expire, and how Kite writes them into a symbol.

As in 2026: on the NSE on Tuesdays, on the BSE on Thursdays, the last of a month being the monthly
one; on a holiday, the trading day before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import islice
from typing import Final

from infrastructure.simulator.market.hours import is_trading_day, previous_trading_day

MONTHLIES: Final = 3
_WEEKDAYS: Final = {"NFO": 1, "BFO": 3}
_MONTHS: Final = "123456789OND"
_WEEK: Final = timedelta(weeks=1)


@dataclass(frozen=True, kw_only=True)
class Expiry:
    """`week` counts the weeks of all years; a week has one expiry at most."""

    day: date
    is_monthly: bool
    week: int
    month: date

    @property
    def code(self) -> str:
        """26NOV for a monthly one, 26N03 for the 3rd of November."""
        if self.is_monthly:
            return f"{self.month:%y%b}".upper()
        return f"{self.day:%y}{_MONTHS[self.day.month - 1]}{self.day:%d}"


@lru_cache(maxsize=64)
def expiries_from(day: date, exchange: str, weeklies: int) -> tuple[Expiry, ...]:
    """The next `weeklies` expiries and the next three monthly ones, the nearest first."""
    nearest = islice(_from(day, exchange), weeklies)
    monthly = islice((each for each in _from(day, exchange) if each.is_monthly), MONTHLIES)
    return tuple(sorted({*nearest, *monthly}, key=lambda expiry: expiry.day))


def _from(day: date, exchange: str) -> Iterator[Expiry]:
    nominal = day + timedelta(days=(_WEEKDAYS[exchange] - day.weekday()) % 7)
    while True:
        held = nominal if is_trading_day(nominal) else previous_trading_day(nominal)
        if held >= day:
            yield Expiry(
                day=held,
                is_monthly=(nominal + _WEEK).month != nominal.month,
                week=nominal.toordinal() // 7,
                month=nominal,
            )
        nominal += _WEEK
