from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.instants import IST, as_text, from_text, outside, spoken

OPENING_BELL = datetime(2026, 11, 23, 3, 45, tzinfo=UTC)


def test_an_instant_is_written_down_in_utc_to_the_microsecond():
    assert as_text(OPENING_BELL) == "2026-11-23T03:45:00.000000Z"
    assert as_text(OPENING_BELL + timedelta(microseconds=1)) == "2026-11-23T03:45:00.000001Z"


def test_an_instant_of_another_zone_is_written_down_as_the_same_instant():
    in_new_york = OPENING_BELL.astimezone(timezone(-timedelta(hours=5)))

    assert as_text(in_new_york) == "2026-11-23T03:45:00.000000Z"


@pytest.mark.parametrize("instant", [OPENING_BELL, OPENING_BELL + timedelta(microseconds=7)])
def test_what_was_written_down_is_read_as_the_same_instant(instant):
    read = from_text(as_text(instant))

    assert read == instant
    assert read.utcoffset() == timedelta(0)


def test_texts_sort_like_their_instants():
    instants = [
        OPENING_BELL + timedelta(days=days, microseconds=micros)
        for days in (-400, 0, 40)
        for micros in (0, 1, 999_999)
    ]

    assert sorted(as_text(instant) for instant in reversed(instants)) == [
        as_text(instant) for instant in instants
    ]


def test_clients_see_the_indian_offset_and_milliseconds():
    assert outside(OPENING_BELL) == "2026-11-23T09:15:00.000+05:30"


def test_people_read_the_indian_day_and_time():
    assert spoken(OPENING_BELL) == "23 Nov 2026 09:15 IST"
    assert spoken(datetime(2026, 11, 23, 20, 0, tzinfo=UTC)) == "24 Nov 2026 01:30 IST"


def test_indian_time_is_five_and_a_half_hours_ahead_all_year():
    offsets = {datetime(2026, month, 1, tzinfo=IST).utcoffset() for month in range(1, 13)}

    assert offsets == {timedelta(hours=5, minutes=30)}
