"""Bars on the calendar, in the week of Friday, 20 Nov 2026; Tuesday the 24th is a holiday."""

from datetime import UTC, date, datetime, timedelta

import pytest

from application.market.bar_times import bar_end, is_quiet, settled_before, start_of_warm_up
from application.ports.calendar import Hours
from tests.fakes.calendar import FakeCalendar

HOLIDAY = date(2026, 11, 24)
CALENDAR = FakeCalendar(holidays={HOLIDAY: "Guru Nanak Jayanti"})


def ist(day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment of Indian time in November 2026."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) - timedelta(hours=5, minutes=30)


def calendar_until(hour: int, day: date) -> FakeCalendar:
    """With one session that day, of one hour, before this one."""
    closes = ist(day.day, hour)
    evening = Hours(day=day, opens=closes - timedelta(hours=1), closes=closes)
    return FakeCalendar(special={day: (evening,)})


@pytest.mark.parametrize(
    ("interval", "starts_at", "ends_at"),
    [
        ("5m", ist(20, 9, 15), ist(20, 9, 20)),
        ("60m", ist(20, 14, 15), ist(20, 15, 15)),
        ("60m", ist(20, 15, 15), ist(20, 15, 30)),
        ("4h", ist(20, 13, 15), ist(20, 15, 30)),
        ("60m", ist(20, 9, 0), ist(20, 10, 0)),
        ("1d", ist(20), ist(20, 15, 30)),
        ("1d", ist(21), ist(22)),
        ("1w", ist(16), ist(20, 15, 30)),
        ("1w", ist(17), ist(20, 15, 30)),
        ("1M", ist(1), ist(30, 15, 30)),
    ],
)
def test_a_bar_ends_with_its_last_session_or_by_the_clock(interval, starts_at, ends_at):
    assert bar_end(CALENDAR, "NSE", starts_at, interval) == ends_at


@pytest.mark.parametrize(
    ("now", "interval", "settled"),
    [
        (ist(20, 12), "1d", ist(20)),
        (ist(20, 18, 29), "5m", ist(20)),
        (ist(20, 18, 30), "5m", ist(21)),
        (ist(20, 18, 30), "1d", ist(21)),
        (ist(20, 18, 30), "1w", ist(16)),
        (ist(23, 8), "1w", ist(23)),
        (ist(23, 8), "1M", ist(1)),
        (ist(22, 12), "1d", ist(22)),
        (ist(24, 12), "1d", ist(24)),
    ],
)
def test_a_days_bars_are_closed_for_good_three_hours_after_its_close(now, interval, settled):
    assert settled_before(CALENDAR, "NSE", interval, now) == settled


def test_a_session_that_ended_late_yesterday_keeps_its_day_open():
    late = calendar_until(23, date(2026, 11, 19))

    assert settled_before(late, "MCX", "5m", ist(20, 1, 59)) == ist(19)
    assert settled_before(late, "MCX", "5m", ist(20, 2)) == ist(20)


def test_it_is_quiet_where_no_session_lies():
    assert is_quiet(CALENDAR, "NSE", ist(20, 15, 30), ist(23, 9, 15))
    assert is_quiet(CALENDAR, "NSE", ist(24), ist(25))
    assert not is_quiet(CALENDAR, "NSE", ist(20, 15, 29), ist(20, 16))
    assert not is_quiet(CALENDAR, "NSE", ist(20, 9), ist(20, 9, 16))


@pytest.mark.parametrize(
    ("interval", "start", "bars", "begins"),
    [
        ("1d", ist(25), 0, ist(25)),
        ("1d", ist(25), 1, ist(19)),
        ("1d", ist(25), 20, datetime(2026, 10, 21, 18, 30, tzinfo=UTC)),
        ("1w", ist(16), 1, datetime(2026, 10, 25, 18, 30, tzinfo=UTC)),
        ("1M", ist(16), 1, datetime(2026, 7, 31, 18, 30, tzinfo=UTC)),
        ("5m", ist(25, 9, 15), 70, ist(23)),
        ("5m", ist(25, 9, 15), 71, ist(20)),
        ("60m", ist(25, 12, 15), 6, ist(20)),
    ],
)
def test_a_warm_up_goes_back_over_trading_days_and_a_few_bars_further(
    interval, start, bars, begins
):
    assert start_of_warm_up(CALENDAR, "NSE", interval, start, bars) == begins
