"""What is missing in the weeks of Monday, 16 Nov 2026; Tuesday the 24th is a holiday."""

from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace

from application.market.bars import Bars
from application.market.gaps import Gaps, find_gaps
from application.market.periods import Period
from application.ports.calendar import Hours
from domain.instants import IST
from tests.application.bar_rows import bar, days, ist, session_of, table
from tests.application.market import INFY, NIFTY_FUT
from tests.fakes.calendar import FakeCalendar

CALENDAR = FakeCalendar(holidays={date(2026, 11, 24): "Guru Nanak Jayanti"})
TWO_WEEKS = Period(start=ist(16), end=ist(28))
LATER = ist(30)


def gaps(bars: Bars, interval="1d", period=TWO_WEEKS, now=LATER, of=INFY) -> Gaps:
    return find_gaps(CALENDAR, of, interval, bars, period, now)


def missing(found: Gaps) -> list[str]:
    return [f"{datetime.fromtimestamp(at, UTC).astimezone(IST):%d %H:%M}" for at in found.missing]


def test_trading_days_without_a_bar_are_named_and_holidays_are_not():
    found = gaps(table(*days(16, 17, 19, 20, 23, 25, 27)))

    assert found.days == (date(2026, 11, 18), date(2026, 11, 26))
    assert (missing(found), found.begins_late, bool(found)) == ([], None, True)


def test_nothing_is_missing_where_every_trading_day_has_a_bar():
    found = gaps(table(*days(16, 17, 18, 19, 20, 23, 25, 26, 27)))

    assert (found.days, found.begins_late, bool(found)) == ((), None, False)


def test_what_lies_before_the_first_bar_is_no_gap_but_is_said():
    found = gaps(table(*days(20, 23, 25, 26, 27)))

    assert (found.days, found.begins_late) == ((), date(2026, 11, 20))


def test_no_bars_at_all_are_no_gaps():
    assert not gaps(table())


def test_a_day_that_is_not_over_is_not_missing():
    bars = table(*days(16, 17, 18, 19))

    assert gaps(bars, now=ist(20, 15, 29)).days == ()
    assert gaps(bars, now=ist(20, 15, 30)).days == (date(2026, 11, 20),)


def test_a_contract_has_no_gaps_behind_its_last_day():
    contract = replace(NIFTY_FUT, expiry=date(2026, 11, 19))

    found = gaps(table(*days(16, 18)), of=contract)

    assert found.days == (date(2026, 11, 17), date(2026, 11, 19))


def test_a_week_is_missing_by_its_monday():
    period = Period(start=ist(2), end=ist(28))

    found = gaps(table(*days(2, 16)), "1w", period)

    assert found.days == (date(2026, 11, 9), date(2026, 11, 23))


def test_bars_of_a_month_are_found_whatever_day_names_them():
    period = Period(start=ist(1), end=ist(28))

    assert not gaps(table(bar(ist(2))), "1M", period)


def test_bars_that_are_missing_within_a_session_are_named_by_their_start():
    whole = session_of(16)
    one_off = [each for number, each in enumerate(session_of(17)) if number not in (2, 6)]

    found = gaps(table(*whole, *one_off), "60m", Period(start=ist(16), end=ist(18)))

    assert (missing(found), found.days) == (["17 11:15", "17 15:15"], ())


def test_a_session_without_any_bar_is_a_day():
    found = gaps(table(*session_of(16), *session_of(18)), "60m", Period(start=ist(16), end=ist(19)))

    assert (found.days, missing(found)) == ((date(2026, 11, 17),), [])


def test_only_bars_that_were_asked_for_and_are_over_can_be_missing():
    first, second, *_ = session_of(16)
    asked = Period(start=ist(16, 9, 30), end=ist(16, 13))

    found = gaps(table(second), "60m", asked, now=ist(16, 12, 20))
    early = gaps(table(first, second), "60m", asked, now=ist(16, 11, 14))

    assert missing(found) == ["16 11:15"]
    assert not early


def test_bars_before_the_opening_bell_stay_and_miss_nothing():
    pre_open = bar(ist(16, 9, 0))

    found = gaps(table(pre_open, *session_of(16, 15)), "15m", Period(start=ist(16), end=ist(17)))

    assert not found


def test_nothing_is_said_of_a_broker_that_cuts_its_bars_elsewhere():
    by_the_clock = [bar(ist(16, hour)) for hour in (10, 11, 13, 14)]

    assert not gaps(table(*by_the_clock), "60m", Period(start=ist(16), end=ist(17)))


@pytest.mark.parametrize(("in_the_evening", "day"), [(True, ()), (False, (date(2026, 11, 17),))])
def test_a_day_of_two_sessions_has_bars_when_one_of_them_has(in_the_evening, day):
    morning, evening = (
        Hours(day=date(2026, 11, 17), opens=ist(17, hour), closes=ist(17, hour + 1))
        for hour in (9, 18)
    )
    calendar = FakeCalendar(special={date(2026, 11, 17): (morning, evening)})
    bars = [*session_of(16), bar(ist(17, 18 if in_the_evening else 20))]

    found = find_gaps(
        calendar, INFY, "60m", table(*bars), Period(start=ist(16), end=ist(18)), LATER
    )

    assert found.days == day


def test_special_sessions_are_not_missed():
    saturday = date(2026, 11, 21)
    special = Hours(day=saturday, opens=ist(21, 9, 15), closes=ist(21, 10), note="A test of sites")
    calendar = FakeCalendar(special={saturday: (special,)})
    period = Period(start=ist(20), end=ist(24))

    daily = find_gaps(calendar, INFY, "1d", table(*days(20, 23)), period, LATER)
    hourly = table(*session_of(20), *session_of(23))
    within = find_gaps(calendar, INFY, "60m", hourly, period, LATER)

    assert (bool(daily), bool(within)) == (False, False)


def test_a_contract_need_not_trade_to_the_last_minute():
    most = [each for number, each in enumerate(session_of(16)) if number not in (2, 6)]
    period = Period(start=ist(16), end=ist(17))

    assert missing(gaps(table(*most), "60m", period, of=NIFTY_FUT)) == ["16 11:15"]
