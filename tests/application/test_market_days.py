"""Questions about days and sessions, to a calendar with one holiday and one split Saturday."""

from datetime import UTC, date, datetime

import pytest

from application.market.market_days import (
    is_known,
    is_open,
    is_trading_day,
    last_session,
    next_open,
    next_trading_day,
    previous_trading_day,
    session_of,
    trading_days,
)
from application.market.market_status import standing
from application.ports.calendar import Hours
from domain.instants import IST
from tests.fakes.calendar import FakeCalendar

MONDAY, HOLIDAY, WEDNESDAY = date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25)
SATURDAY = date(2026, 11, 28)


def ist(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=IST).astimezone(UTC)


MORNING = Hours(
    day=SATURDAY, opens=ist("2026-11-28T09:15"), closes=ist("2026-11-28T10:00"), note="test"
)
NOON = Hours(
    day=SATURDAY, opens=ist("2026-11-28T11:30"), closes=ist("2026-11-28T12:30"), note="test"
)
CALENDAR = FakeCalendar({HOLIDAY: "Guru Nanak Jayanti"}, {SATURDAY: (MORNING, NOON)})


def test_trading_days_are_those_with_a_session():
    found = trading_days(CALENDAR, "NSE", date(2026, 11, 21), date(2026, 11, 29))

    assert [each.day for each in found] == [23, 25, 26, 27, 28]
    assert is_trading_day(CALENDAR, "NSE", SATURDAY)
    assert not is_trading_day(CALENDAR, "NSE", HOLIDAY)


def test_holidays_and_weekends_are_stepped_over():
    assert previous_trading_day(CALENDAR, "NSE", WEDNESDAY) == MONDAY
    assert next_trading_day(CALENDAR, "NSE", MONDAY) == WEDNESDAY
    assert next_trading_day(CALENDAR, "NSE", SATURDAY) == date(2026, 11, 30)


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-11-23T09:14:59.999999", None),
        ("2026-11-23T09:15", "2026-11-23T09:15"),
        ("2026-11-23T15:29:59.999999", "2026-11-23T09:15"),
        ("2026-11-23T15:30", None),
        ("2026-11-24T11:00", None),
        ("2026-11-28T09:59", "2026-11-28T09:15"),
        ("2026-11-28T10:30", None),
        ("2026-11-28T11:30", "2026-11-28T11:30"),
    ],
)
def test_a_session_holds_its_opening_and_not_its_close(at, opens):
    found = session_of(CALENDAR, "NSE", ist(at))

    assert (found and found.opens) == (opens and ist(opens))
    assert is_open(CALENDAR, "NSE", ist(at)) is (opens is not None)


@pytest.mark.parametrize(
    ("at", "last", "coming"),
    [
        ("2026-11-23T08:00", "2026-11-20T09:15", "2026-11-23T09:15"),
        ("2026-11-23T09:15", "2026-11-23T09:15", "2026-11-25T09:15"),
        ("2026-11-24T12:00", "2026-11-23T09:15", "2026-11-25T09:15"),
        ("2026-11-28T10:30", "2026-11-28T09:15", "2026-11-28T11:30"),
        ("2026-11-28T11:30", "2026-11-28T11:30", "2026-11-30T09:15"),
    ],
)
def test_what_began_last_and_what_begins_next(at, last, coming):
    assert last_session(CALENDAR, "NSE", ist(at)).opens == ist(last)
    assert next_open(CALENDAR, "NSE", ist(at)).opens == ist(coming)


def test_a_day_is_known_while_somebody_told_of_it():
    assert is_known(CALENDAR, "NSE", date(2026, 12, 31))
    assert not is_known(CALENDAR, "NSE", date(2027, 1, 1))
    assert is_known(CALENDAR, "NSE", date(2000, 1, 1))
    assert not is_known(CALENDAR, "NSE", date(1999, 12, 31))


# Where an exchange stands


@pytest.mark.parametrize(
    ("exchange", "at", "state"),
    [
        ("NSE", "2026-11-23T08:59:59", "CLOSED"),
        ("NSE", "2026-11-23T09:00", "PRE_OPEN"),
        ("BSE", "2026-11-28T11:15", "PRE_OPEN"),
        ("NFO", "2026-11-23T09:00", "CLOSED"),
        ("NFO", "2026-11-23T09:15", "OPEN"),
        ("NSE", "2026-11-23T15:30", "CLOSED"),
        ("NSE", "2026-11-24T11:00", "CLOSED"),
    ],
)
def test_shares_have_a_pre_open_before_every_session(exchange, at, state):
    assert standing(CALENDAR, exchange, ist(at)).state == state


def test_an_open_exchange_says_when_it_closes_and_a_closed_day_why():
    trading = standing(CALENDAR, "NSE", ist("2026-11-23T10:00"))
    holiday = standing(CALENDAR, "NSE", ist("2026-11-24T10:00"))

    assert (trading.closes_at, trading.closed_because) == (ist("2026-11-23T15:30"), None)
    assert (holiday.closes_at, holiday.closed_because) == (None, "Guru Nanak Jayanti")
    assert holiday.today == ()
    assert not holiday.is_guess


def test_an_opening_that_nobody_told_of_is_a_guess():
    new_year = standing(CALENDAR, "NSE", ist("2026-12-31T18:00"))

    assert new_year.opens.day == date(2027, 1, 1)
    assert new_year.is_guess
