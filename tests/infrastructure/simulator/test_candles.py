from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from infrastructure.simulator.market.candles import candles
from infrastructure.simulator.market.hours import session
from infrastructure.simulator.market.instruments import BSE_SHARES, INDICES, INSTRUMENTS
from infrastructure.simulator.market.prices import first_reached, price
from infrastructure.simulator.market.quotes import quote
from infrastructure.simulator.market.universe import listing
from tests.infrastructure.simulator.support import OPENING_BELL

INFY = INSTRUMENTS["INFY"]
CALL = listing(date(2026, 11, 23)).chain("NIFTY", date(2026, 12, 1))[60].call
ALL_KINDS = [INFY, BSE_SHARES["INFY"], INDICES[0], CALL]
NOW = datetime(2026, 11, 23, 5, 0, 30, tzinfo=UTC)  # Monday, 10:30:30 IST
FRIDAY = session(date(2026, 11, 20))
EVENING = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)


def of_friday(instrument, interval):
    opens, closes = FRIDAY
    return candles(1, instrument, interval, opens, closes, EVENING)


@pytest.mark.parametrize(
    ("interval", "bars"),
    [
        ("1m", 375),
        ("2m", 188),
        ("3m", 125),
        ("5m", 75),
        ("10m", 38),
        ("15m", 25),
        ("25m", 15),
        ("30m", 13),
        ("60m", 7),
        ("4h", 2),
        ("1d", 1),
    ],
)
@pytest.mark.parametrize("instrument", ALL_KINDS, ids=lambda each: each.symbol)
def test_every_bar_is_folded_from_its_minutes(instrument, interval, bars):
    minutes = of_friday(instrument, "1m")

    found = of_friday(instrument, interval)

    assert len(found) == bars
    for number, bar in enumerate(found):
        if interval == "1d":
            mine = minutes
        else:
            ends = found[number + 1].starts_at if number + 1 < bars else FRIDAY[1]
            mine = [each for each in minutes if bar.starts_at <= each.starts_at < ends]
        assert bar.open_inr == mine[0].open_inr
        assert bar.close_inr == mine[-1].close_inr
        assert bar.high_inr == max(each.high_inr for each in mine)
        assert bar.low_inr == min(each.low_inr for each in mine)
        assert bar.volume_shares == sum(each.volume_shares for each in mine)


def test_bars_begin_at_the_opening_bell():
    found = of_friday(INFY, "60m")

    assert found[0].starts_at == FRIDAY[0]
    assert found[0].open_inr == price(1, INFY, FRIDAY[0])
    assert found[-1].starts_at == FRIDAY[1] - timedelta(minutes=15)
    assert found[-1].close_inr == price(1, INFY, FRIDAY[1])


@pytest.mark.parametrize("interval", ["1m", "5m", "60m", "4h", "1d", "1w", "1M"])
@pytest.mark.parametrize("instrument", ALL_KINDS, ids=lambda each: each.symbol)
def test_the_bar_in_progress_closes_at_the_price_of_now(instrument, interval):
    found = candles(1, instrument, interval, NOW - timedelta(days=40), EVENING, NOW)

    assert found[-1].starts_at <= NOW
    assert found[-1].close_inr == price(1, instrument, NOW)


@pytest.mark.parametrize("instrument", ALL_KINDS, ids=lambda each: each.symbol)
def test_the_bar_of_today_says_what_the_quote_says(instrument):
    [today] = candles(1, instrument, "1d", NOW, NOW, NOW)

    seen = quote(1, instrument, NOW)

    assert (today.open_inr, today.high_inr, today.low_inr, today.close_inr) == (
        seen.open_inr,
        seen.high_inr,
        seen.low_inr,
        seen.last_price_inr,
    )
    assert today.volume_shares == seen.volume_shares


def test_a_day_is_named_by_its_midnight_in_india():
    found = candles(1, INFY, "1d", NOW - timedelta(days=4), NOW, EVENING)

    assert [bar.starts_at.isoformat() for bar in found] == [
        "2026-11-18T18:30:00+00:00",
        "2026-11-19T18:30:00+00:00",
        "2026-11-22T18:30:00+00:00",
    ]


def test_weeks_are_named_by_their_monday_and_months_by_their_first():
    since = NOW - timedelta(days=10)

    weeks = candles(1, INFY, "1w", since, NOW, NOW)
    months = candles(1, INFY, "1M", since - timedelta(days=30), NOW, NOW)

    assert [bar.starts_at.isoformat() for bar in weeks] == [
        "2026-11-08T18:30:00+00:00",
        "2026-11-15T18:30:00+00:00",
        "2026-11-22T18:30:00+00:00",
    ]
    assert [bar.starts_at.isoformat() for bar in months] == [
        "2026-09-30T18:30:00+00:00",
        "2026-10-31T18:30:00+00:00",
    ]


def test_a_week_is_folded_from_its_days():
    days = candles(
        1, INFY, "1d", session(date(2026, 11, 16))[0], session(date(2026, 11, 20))[0], NOW
    )

    [week] = candles(1, INFY, "1w", days[0].starts_at, days[-1].starts_at, NOW)

    assert len(days) == 5
    assert (week.open_inr, week.close_inr) == (days[0].open_inr, days[-1].close_inr)
    assert week.high_inr == max(day.high_inr for day in days)
    assert week.low_inr == min(day.low_inr for day in days)
    assert week.volume_shares == sum(day.volume_shares for day in days)


def test_there_are_no_bars_of_weekends_holidays_and_nights():
    holiday = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
    saturday = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)

    over_the_weekend = candles(1, INFY, "5m", saturday, OPENING_BELL, EVENING)

    assert [bar.starts_at for bar in over_the_weekend] == [OPENING_BELL]
    assert candles(1, INFY, "1d", EVENING + timedelta(days=1), holiday, holiday) == []


def test_only_bars_that_start_within_the_asked_time_are_told():
    found = candles(
        1,
        INFY,
        "5m",
        OPENING_BELL + timedelta(minutes=2),
        OPENING_BELL + timedelta(minutes=15),
        EVENING,
    )

    assert [(bar.starts_at - OPENING_BELL) / timedelta(minutes=1) for bar in found] == [5, 10, 15]


def test_a_limit_is_reached_exactly_when_the_bars_show_it():
    limit = Decimal("1480")
    bars = candles(1, INFY, "1m", OPENING_BELL, EVENING, EVENING)

    shown = next(bar for bar in bars if bar.low_inr <= limit)

    reached = first_reached(1, INFY, OPENING_BELL, EVENING, lambda each: each <= limit)
    assert reached == shown.starts_at + timedelta(minutes=1)


def test_only_contracts_have_open_interest_and_only_indices_no_volume():
    [call] = of_friday(CALL, "1d")
    [index] = of_friday(INDICES[0], "1d")
    [share] = of_friday(INFY, "1d")

    assert call.open_interest_shares is not None
    assert call.open_interest_shares > 0
    assert (index.volume_shares, index.open_interest_shares) == (0, None)
    assert share.volume_shares > 1_000_000
    assert share.open_interest_shares is None


def test_a_contract_has_no_bars_after_it_expired():
    expiring = listing(date(2026, 11, 23)).chain("NIFTY", date(2026, 11, 23))[60].call
    later = datetime(2026, 12, 4, 10, 0, tzinfo=UTC)

    found = candles(1, expiring, "1d", NOW - timedelta(days=3), later, later)

    assert found[-1].starts_at == datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
