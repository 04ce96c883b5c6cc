"""Which exchanges are open. The server's clock is the real one: texts are tried at set moments."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from application.market.market_status import standing
from domain.instants import IST
from domain.vocabulary import Exchange
from infrastructure.calendar.days import exchange_calendar
from infrastructure.clock import SystemClock
from mcp_interface.tools.market.status import told
from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import connected

EXCHANGES: tuple[Exchange, ...] = get_args(Exchange)


def said(at: str, *exchanges: Exchange) -> list[str]:
    now = datetime.fromisoformat(at).replace(tzinfo=IST).astimezone(UTC)
    return told([standing(exchange_calendar(), each, now) for each in exchanges or EXCHANGES], now)


def test_a_trading_day_at_noon():
    assert said("2026-11-23T12:00")[:4] == [
        "NSE, BSE open until 15:30 IST.",
        "NFO, BFO open until 15:40 IST.",
        "CDS, BCD open until 17:00 IST.",
        "MCX open until 23:55 IST.",
    ]


def test_the_text_says_where_the_days_are_from_and_how_far_they_reach():
    lines = said("2026-11-23T12:00")

    assert len(lines) == 7
    assert lines[4].startswith("NSE, BSE, NFO, BFO, CDS, BCD: days from exchange_calendars ")
    assert lines[4].endswith("(XBOM) and our dated overlay, until 31 Dec 2026.")
    assert lines[5:] == [
        "MCX: days from our dated overlay, until 31 Dec 2026.",
        "The paper broker trades around the clock.",
    ]


@pytest.mark.parametrize(
    ("at", "exchange", "line"),
    [
        ("2026-11-23T09:05", "NSE", "NSE in pre-open, trading from 09:15 IST."),
        ("2026-11-23T08:30", "NSE", "NSE closed, opens 09:15 IST."),
        ("2026-11-23T16:00", "NSE", "NSE closed, opens Wed 25 Nov 2026 09:15 IST."),
        (
            "2026-11-24T10:00",
            "BSE",
            "BSE closed (Guru Nanak Jayanti), opens Wed 25 Nov 2026 09:15 IST.",
        ),
        (
            "2026-11-24T10:00",
            "MCX",
            "MCX closed, opens 17:00 IST. Today: 17:00 to 23:55 (Guru Nanak Jayanti: only the "
            "evening session).",
        ),
        (
            "2026-02-01T12:00",
            "NSE",
            "NSE open until 15:30 IST. Today: 09:15 to 15:30 (Union Budget).",
        ),
        (
            "2026-01-31T12:00",
            "NSE",
            "NSE closed (Saturday), opens Sun 01 Feb 2026 09:15 IST for Union Budget.",
        ),
        (
            "2026-12-31T18:00",
            "NSE",
            "NSE closed, opens Fri 01 Jan 2027 09:15 IST if that is no holiday.",
        ),
    ],
)
def test_what_is_said_of_an_exchange(at, exchange, line):
    assert said(at, exchange)[0] == line


def test_it_says_that_it_guesses():
    guess = "Where no calendar reaches, Monday to Friday are taken for trading days."

    assert guess in said("2026-12-31T18:00")
    assert guess not in said("2026-11-23T18:00")


@pytest.mark.anyio
async def test_everybody_may_ask_without_a_broker(market: Market):
    async with connected(market.server.url, market.site.token("asks-the-time")) as person:
        before = SystemClock().now()
        everything = await person.call("get_market_status")
        one = await person.call("get_market_status", exchange="MCX")
        unknown = await person.try_to("get_market_status", exchange="NYSE")

    rows = everything.data["exchanges"]
    assert [row["exchange"] for row in rows] == list(EXCHANGES)
    assert [row["knownUntil"] for row in rows] == [
        exchange_calendar().coverage(each).until.isoformat() for each in EXCHANGES
    ]
    for row in rows:
        opens = datetime.fromisoformat(row["nextOpen"])
        assert before < opens < before + timedelta(days=10)
        assert row["nextOpen"].endswith("+05:30")
        assert (row["closesAt"] is None) == (row["state"] != "OPEN")
    assert [row["exchange"] for row in one.data["exchanges"]] == ["MCX"]
    assert "around the clock" in one.text
    assert unknown.code == "INVALID_ARGUMENT"
