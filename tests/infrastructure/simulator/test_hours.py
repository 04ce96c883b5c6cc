from datetime import UTC, date, datetime, timedelta

import pytest

from domain.instants import IST
from infrastructure.simulator.market.hours import (
    AROUND_THE_CLOCK,
    MarketHours,
    is_trading_day,
    next_trading_day,
    previous_trading_day,
    session,
    session_day,
)

KEPT = MarketHours(kept=True)


def ist(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=IST).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "phase"),
    [
        ("2026-11-23T08:59:59", "CLOSED"),
        ("2026-11-23T09:00:00", "PRE_OPEN"),
        ("2026-11-23T09:15:00", "OPEN"),
        ("2026-11-23T15:29:59", "OPEN"),
        ("2026-11-23T15:30:00", "CLOSED"),
        ("2026-11-22T11:00:00", "CLOSED"),
        ("2026-11-24T11:00:00", "CLOSED"),
    ],
)
def test_the_exchanges_trade_in_their_sessions(at, phase):
    assert KEPT.phase("NSE", ist(at)) == phase
    assert KEPT.is_open("NSE", ist(at)) is (phase == "OPEN")
    assert AROUND_THE_CLOCK.phase("NSE", ist(at)) == "OPEN"


def test_weekends_and_holidays_are_no_trading_days():
    assert is_trading_day(date(2026, 11, 23))
    assert not is_trading_day(date(2026, 11, 21))
    assert not is_trading_day(date(2026, 11, 24))
    assert not is_trading_day(date(2027, 1, 26))
    assert not is_trading_day(date(2025, 8, 27))
    assert previous_trading_day(date(2026, 11, 25)) == date(2026, 11, 23)
    assert next_trading_day(date(2026, 11, 23)) == date(2026, 11, 25)


def test_special_sessions_are_held_if_their_hours_are_the_usual_ones():
    budget_sunday, muhurat, split_saturday = (
        date(2026, 2, 1),
        date(2025, 10, 21),
        date(2024, 3, 2),
    )

    assert is_trading_day(budget_sunday)
    assert not is_trading_day(muhurat)
    assert not is_trading_day(split_saturday)


@pytest.mark.parametrize(
    ("at", "opens", "closes"),
    [
        ("2026-11-23T08:00", "2026-11-23T09:15", "2026-11-23T15:30"),
        ("2026-11-23T09:15", "2026-11-25T09:15", "2026-11-23T15:30"),
        ("2026-11-23T16:00", "2026-11-25T09:15", "2026-11-25T15:30"),
        ("2026-11-21T12:00", "2026-11-23T09:15", "2026-11-23T15:30"),
    ],
)
def test_the_next_opening_bell_is_after_now_and_the_next_close_may_be_today(at, opens, closes):
    assert KEPT.next_open("NSE", ist(at)) == ist(opens)
    assert KEPT.closes_at("NSE", ist(at)) == ist(closes)


@pytest.mark.parametrize(
    ("at", "last"),
    [
        ("2026-11-23T10:00:07", "2026-11-23T10:00:07"),
        ("2026-11-23T21:00", "2026-11-23T15:30"),
        ("2026-11-23T09:05", "2026-11-20T15:30"),
        ("2026-11-24T12:00", "2026-11-23T15:30"),
    ],
)
def test_outside_of_sessions_the_last_price_is_that_of_the_last_close(at, last):
    assert KEPT.tape(ist(at)) == ist(last)
    assert AROUND_THE_CLOCK.tape(ist(at)) == ist(at)


def test_the_session_of_a_morning_is_still_the_one_before():
    assert session_day(ist("2026-11-23T09:14:59")) == date(2026, 11, 20)
    assert session_day(ist("2026-11-23T09:15")) == date(2026, 11, 23)
    assert session_day(ist("2026-11-24T23:00")) == date(2026, 11, 23)


def test_a_span_of_days_is_cut_to_its_sessions():
    spans = list(KEPT.spans(ist("2026-11-20T15:00"), ist("2026-11-23T10:00")))

    before_the_bell = session(date(2026, 11, 23))[0] - timedelta(microseconds=1)
    assert spans == [
        (ist("2026-11-20T15:00"), ist("2026-11-20T15:30")),
        (before_the_bell, ist("2026-11-23T10:00")),
    ]


def test_a_market_that_never_closes_has_one_span():
    friday, monday = ist("2026-11-20T15:00"), ist("2026-11-23T10:00")

    assert list(AROUND_THE_CLOCK.spans(friday, monday)) == [(friday, monday)]
    assert list(AROUND_THE_CLOCK.spans(monday, monday)) == []
