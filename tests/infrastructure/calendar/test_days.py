"""The files beside the adapter, and what it makes of them."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import get_args

import pytest

import infrastructure.calendar
from application.ports.calendar import Coverage
from domain.instants import IST
from domain.vocabulary import Exchange
from infrastructure.calendar.days import SHARES, ExchangeCalendar
from infrastructure.calendar.making import made

HERE = Path(infrastructure.calendar.__file__).parent
CALENDAR = ExchangeCalendar()
EXCHANGES = get_args(Exchange)


def spans(exchange: Exchange, day: str) -> list[str]:
    return [
        f"{each.opens.astimezone(IST):%d %H:%M}-{each.closes.astimezone(IST):%H:%M}"
        for each in CALENDAR.hours(exchange, date.fromisoformat(day))
    ]


def test_the_generated_file_is_what_the_installed_library_says():
    assert (HERE / "xbom.json").read_text(encoding="utf-8") == made() + "\n", "make calendar"


def test_every_entry_of_the_overlay_says_where_it_is_from():
    overlay = json.loads((HERE / "overlay.json").read_text(encoding="utf-8"))
    entries = [
        each for part in ("hours", "known", "yearly", "names", "days") for each in overlay[part]
    ]

    assert len(entries) > 30
    assert [each for each in entries if len(each["source"]) < 10] == []


def test_no_day_of_an_exchange_has_two_entries():
    overlay = json.loads((HERE / "overlay.json").read_text(encoding="utf-8"))
    told = [
        (exchange, day)
        for each in overlay["days"]
        for exchange in each["exchanges"]
        for day in each["days"]
    ]

    assert len(told) == len(set(told))


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_sessions_are_of_their_day_and_one_after_the_other(exchange):
    for number in range((date(2027, 12, 31) - date(2015, 1, 1)).days):
        day = date(2015, 1, 1) + timedelta(days=number)
        sessions = CALENDAR.hours(exchange, day)
        edges = [edge for each in sessions for edge in (each.opens, each.closes)]
        assert edges == sorted(set(edges))
        assert {edge.astimezone(IST).date() for edge in edges} <= {day}
        assert {each.day for each in sessions} <= {day}
        assert bool(sessions) is (CALENDAR.closed_because(exchange, day) is None)


@pytest.mark.parametrize(
    ("exchange", "day", "hours"),
    [
        ("NSE", "2026-11-23", ["23 09:15-15:30"]),
        ("BSE", "2026-11-23", ["23 09:15-15:30"]),
        # Since the closing auction of shares, derivatives trade ten minutes longer.
        ("NFO", "2026-07-31", ["31 09:15-15:30"]),
        ("NFO", "2026-08-03", ["03 09:15-15:40"]),
        ("BFO", "2026-08-03", ["03 09:15-15:40"]),
        ("CDS", "2026-11-23", ["23 09:00-17:00"]),
        # New York changes its clocks on the 8th of March and on the 1st of November.
        ("MCX", "2026-03-06", ["06 09:00-23:55"]),
        ("MCX", "2026-03-09", ["09 09:00-23:30"]),
        ("MCX", "2026-10-30", ["30 09:00-23:30"]),
        ("MCX", "2026-11-02", ["02 09:00-23:55"]),
    ],
)
def test_ordinary_hours(exchange, day, hours):
    assert spans(exchange, day) == hours


@pytest.mark.parametrize(
    ("exchange", "day", "hours", "note"),
    [
        ("NSE", "2026-02-01", ["01 09:15-15:30"], "Union Budget"),
        ("NFO", "2026-02-01", ["01 09:15-15:30"], "Union Budget"),
        ("MCX", "2026-02-01", ["01 09:00-17:00"], "Union Budget"),
        ("NSE", "2025-10-21", ["21 13:45-14:45"], "Muhurat trading"),
        ("MCX", "2025-10-21", ["21 13:45-14:45"], "Muhurat trading"),
        ("BSE", "2023-11-12", ["12 18:15-19:15"], "Muhurat trading"),
        (
            "NSE",
            "2024-05-18",
            ["18 09:15-10:00", "18 11:45-12:40"],
            "switch to the disaster recovery site",
        ),
        ("MCX", "2026-01-01", ["01 09:00-17:00"], "New Year: no evening session"),
        ("MCX", "2026-03-03", ["03 17:00-23:55"], "Holi: only the evening session"),
        ("MCX", "2026-05-01", ["01 17:00-23:30"], "Maharashtra Day: only the evening session"),
    ],
)
def test_special_sessions_have_their_hours_and_a_note(exchange, day, hours, note):
    assert spans(exchange, day) == hours
    assert {each.note for each in CALENDAR.hours(exchange, date.fromisoformat(day))} == {note}


@pytest.mark.parametrize("day", ["2024-01-20", "2025-02-01"])
def test_the_saturdays_of_the_library_are_of_shares_only(day):
    assert spans("NSE", day) == spans("BFO", day) == [f"{day[-2:]} 09:15-15:30"]
    assert spans("MCX", day) == spans("CDS", day) == []


@pytest.mark.parametrize(
    ("exchange", "day", "reason"),
    [
        ("NSE", "2026-11-21", "Saturday"),
        ("NSE", "2026-11-22", "Sunday"),
        ("NSE", "2026-11-24", "Guru Nanak Jayanti"),
        ("CDS", "2026-11-24", "Guru Nanak Jayanti"),
        ("BFO", "2026-01-15", "municipal elections in Maharashtra"),
        ("NSE", "2026-12-25", "Christmas"),
        ("CDS", "2026-04-01", "annual closing of banks"),
        ("MCX", "2026-04-03", "Good Friday"),
        ("NSE", "2019-04-17", "a holiday of the exchange"),
        # Nobody has told of 2028 yet; these days keep their date.
        ("NSE", "2028-08-15", "Independence Day"),
        ("MCX", "2028-01-26", "Republic Day"),
    ],
)
def test_a_day_without_trading_has_its_reason(exchange, day, reason):
    assert CALENDAR.closed_because(exchange, date.fromisoformat(day)) == reason
    assert spans(exchange, day) == []


def test_a_bank_holiday_closes_currencies_and_nothing_else():
    open_on_it = [each for each in EXCHANGES if spans(each, "2026-08-26")]

    assert open_on_it == ["NSE", "BSE", "NFO", "BFO", "MCX"]


def test_behind_the_last_day_weekdays_are_trading_days():
    assert spans("NSE", "2027-03-22") == ["22 09:15-15:30"]
    assert spans("MCX", "2027-03-22") == ["22 09:00-23:30"]


def test_it_says_how_far_it_reaches_and_by_whom():
    last = date(2026, 12, 31)
    ours = "our dated overlay"

    assert CALENDAR.coverage("MCX") == Coverage(source=ours, since=date(2026, 1, 1), until=last)
    assert CALENDAR.coverage("CDS").since == date(2026, 1, 1)
    for exchange in SHARES:
        told = CALENDAR.coverage(exchange)
        assert (told.since, told.until) == (date(1997, 1, 1), last)
        assert "XBOM" in told.source
        assert told.source.endswith("and our dated overlay")


def test_the_same_day_is_made_once():
    assert CALENDAR.hours("NSE", date(2026, 11, 23)) is CALENDAR.hours("NSE", date(2026, 11, 23))
