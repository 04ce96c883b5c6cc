"""Is an exchange trading, why not, and what comes next? From the calendar, of one moment."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from application.market.market_days import is_known, next_open, session_of
from application.ports.calendar import Calendar, Coverage, Hours
from domain.instants import trading_day
from domain.vocabulary import Exchange

State = Literal["OPEN", "PRE_OPEN", "CLOSED"]

PRE_OPEN: Final = timedelta(minutes=15)
WITH_PRE_OPEN: Final = frozenset({"NSE", "BSE"})
"""Where orders for the opening price are collected, at least for shares: 15 minutes before the
bell, that of special sessions too (SEBI's circular of 16 January 2026)."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """`closed_because` is of a day without any session. `closes_at` is there while it is open,
    `opens` is the next session that begins. `is_guess`: it begins on a day that nobody told of."""

    exchange: Exchange
    state: State
    closed_because: str | None
    today: tuple[Hours, ...]
    closes_at: datetime | None
    opens: Hours
    is_guess: bool
    coverage: Coverage


def standing(calendar: Calendar, exchange: Exchange, now: datetime) -> Standing:
    day = trading_day(now)
    going_on, coming = session_of(calendar, exchange, now), next_open(calendar, exchange, now)
    state: State = "OPEN" if going_on else "CLOSED"
    if not going_on and exchange in WITH_PRE_OPEN and coming.opens - now <= PRE_OPEN:
        state = "PRE_OPEN"
    return Standing(
        exchange=exchange,
        state=state,
        closed_because=calendar.closed_because(exchange, day),
        today=calendar.hours(exchange, day),
        closes_at=going_on.closes if going_on else None,
        opens=coming,
        is_guess=not is_known(calendar, exchange, coming.day),
        coverage=calendar.coverage(exchange),
    )
