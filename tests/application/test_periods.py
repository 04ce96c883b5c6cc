"""Dates as people write them; on Monday, 23 Nov 2026, 11:07 IST."""

from datetime import UTC, datetime, timedelta

import pytest

from application.market.periods import Period, day_of, most_days, next_bar, period, pieces
from domain.errors import InvalidArgument

NOW = datetime(2026, 11, 23, 5, 37, tzinfo=UTC)


def utc(day: int, hour: int = 0, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_days_are_indian_ones_and_the_last_is_included():
    found = period("2026-11-16", "2026-11-18", "5m", NOW)

    assert (found.start, found.end) == (utc(15, 18, 30), utc(18, 18, 30))


def test_one_day_alone_is_that_day():
    found = period("2026-11-18", "2026-11-18", "1d", NOW)

    assert (found.start, found.end) == (utc(17, 18, 30), utc(18, 18, 30))


def test_a_moment_without_a_zone_is_in_ist_and_as_the_end_not_included():
    found = period("2026-11-18T10:00", "2026-11-18 10:30", "5m", NOW)

    assert (found.start, found.end) == (utc(18, 4, 30), utc(18, 5, 0))


def test_a_moment_with_a_zone_is_taken_at_its_word():
    found = period("2026-11-18T04:30:00Z", "2026-11-18T10:30+05:30", "5m", NOW)

    assert (found.start, found.end) == (utc(18, 4, 30), utc(18, 5, 0))


@pytest.mark.parametrize("to_date", [None, "2026-11-23", "2026-11-23T23:00"])
def test_what_ends_today_ends_now(to_date):
    assert period("2026-11-23", to_date, "5m", NOW).end == NOW


@pytest.mark.parametrize(
    ("interval", "start"),
    [
        ("60m", utc(18, 6, 30)),
        ("1d", utc(17, 18, 30)),
        ("1w", utc(15, 18, 30)),
        ("1M", utc(31, 18, 30, month=10)),
    ],
)
def test_the_bar_of_a_day_or_longer_that_holds_the_first_moment_is_included(interval, start):
    assert period("2026-11-18T12:00", None, interval, NOW).start == start


@pytest.mark.parametrize(
    ("from_date", "to_date", "said"),
    [
        ("2026-11-20", "2026-11-19", "exchange them"),
        ("2026-11-18T10:00", "2026-11-18T10:00", "exchange them"),
        ("2026-11-24", None, "from_date is in the future"),
        ("2026-11-23T11:08", None, "from_date is in the future"),
        ("2026-11-20", "2026-11-24", "to_date is later than today; it is 23 Nov 2026 11:07 IST"),
        ("yesterday", None, "from_date is no date"),
        ("2026-02-30", None, "from_date is no date"),
        ("20261118", None, "from_date is no date"),
        ("2026-W47-1", None, "from_date is no date"),
        ("2026-11-1\N{SUPERSCRIPT TWO}", None, "from_date is no date"),
        ("0001-01-02", None, "from_date is before 1990"),
        ("9999-12-31T23:59:59+00:00", None, "from_date is no date"),
        ("1989-12-31", None, "from_date is before 1990"),
        ("0001-01-01T00:00+14:00", None, "from_date is no date"),
        ("", None, "from_date is no date"),
        ("2026-11-18", "9999-12-31", "to_date is later than today"),
        ("2026-11-18", "soon", "to_date is no date"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(from_date, to_date, said):
    with pytest.raises(InvalidArgument, match=said):
        period(from_date, to_date, "1w", NOW)


@pytest.mark.parametrize(
    ("interval", "starts_at", "end"),
    [
        ("1m", utc(18, 3, 45), utc(18, 3, 46)),
        ("60m", utc(18, 9, 45), utc(18, 10, 45)),
        ("4h", utc(18, 3, 45), utc(18, 7, 45)),
        ("1d", utc(17, 18, 30), utc(18, 18, 30)),
        ("1w", utc(15, 18, 30), utc(22, 18, 30)),
        ("1w", utc(16, 18, 30), utc(22, 18, 30)),
        ("1M", utc(31, 18, 30, month=10), utc(30, 18, 30)),
    ],
)
def test_the_next_bar_begins_by_the_clock(interval, starts_at, end):
    assert next_bar(starts_at, interval) == end


def test_a_day_has_so_many_bars_at_most():
    assert [most_days(each, 50_000) for each in ("1m", "25m", "60m", "1d")] == [
        133,
        3333,
        7142,
        50_000,
    ]


@pytest.mark.parametrize("text", ["26-11-2026", "2026-11-31", "20261126", "2026-11-26T00:00", ""])
def test_only_a_date_is_a_day(text):
    with pytest.raises(InvalidArgument, match="expiry must be a date"):
        day_of("expiry", text)


def test_a_long_period_is_cut_at_midnight_into_pieces_that_share_no_moment():
    long = Period(start=utc(2, 4, 30), end=utc(19, 10))

    found = list(pieces(long, "5m", timedelta(days=7)))

    assert [(each.start, each.end) for each in found] == [
        (utc(2, 4, 30), utc(8, 18, 30)),
        (utc(8, 18, 30), utc(15, 18, 30)),
        (utc(15, 18, 30), utc(19, 10)),
    ]


@pytest.mark.parametrize(
    ("interval", "cut"), [("1w", utc(22, 18, 30)), ("1M", utc(31, 18, 30, month=10))]
)
def test_weeks_and_months_are_cut_where_they_begin(interval, cut):
    long = Period(start=utc(30, 18, 30, month=9), end=utc(29, 18, 30))

    first, second = pieces(long, interval, timedelta(days=59))

    assert (first.end, second.start, second.end) == (cut, cut, utc(29, 18, 30))


def test_what_one_call_covers_is_one_piece():
    short = Period(start=utc(2), end=utc(3))

    assert list(pieces(short, "1M", timedelta(days=7))) == [short]
    assert list(pieces(Period(start=utc(2), end=utc(2)), "1d", timedelta(days=7))) == []
