from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from infrastructure.simulator.app import build_app, running
from infrastructure.simulator.exchange.exchange import Exchange
from infrastructure.simulator.market.clock import SimClock
from infrastructure.simulator.market.hours import MarketHours
from tests.infrastructure.simulator.support import OPENING_BELL, StandingClock

SYSTEM_START = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)


@pytest.fixture
def system() -> StandingClock:
    return StandingClock(SYSTEM_START)


def test_it_follows_the_clock_of_the_machine(system):
    clock = SimClock(system)
    system.advance(seconds=90)

    assert clock() == SYSTEM_START + timedelta(seconds=90)


def test_it_can_begin_at_another_time_and_run_from_there(system):
    clock = SimClock(system, OPENING_BELL)
    system.advance(seconds=90)

    assert clock() == OPENING_BELL + timedelta(seconds=90)


def test_it_can_begin_in_the_past(system):
    year_ago = SYSTEM_START - timedelta(days=365)

    assert SimClock(system, year_ago)() == year_ago


def test_a_frozen_clock_moves_only_by_hand(system):
    clock = SimClock(system, OPENING_BELL, running=False)
    system.advance(seconds=90)
    assert clock() == OPENING_BELL

    clock.advance(timedelta(seconds=5))

    assert clock() == OPENING_BELL + timedelta(seconds=5)
    assert not clock.running


def test_a_stopped_clock_goes_on_from_where_it_stopped(system):
    clock = SimClock(system)
    clock.set(running=False)
    system.advance(hours=1)
    clock.set(running=True)
    system.advance(seconds=1)

    assert clock() == SYSTEM_START + timedelta(seconds=1)


def test_what_is_not_given_stays_as_it_was(system):
    clock = SimClock(system, running=False)

    assert clock.set(OPENING_BELL) == OPENING_BELL
    assert not clock.running


def test_it_never_goes_back(system):
    clock = SimClock(system, OPENING_BELL)

    with pytest.raises(ValueError, match="forwards only"):
        clock.set(OPENING_BELL - timedelta(seconds=1))
    with pytest.raises(ValueError, match="forwards only"):
        clock.advance(timedelta(seconds=-1))
    assert clock() == OPENING_BELL


def test_a_time_without_a_zone_is_refused(system):
    with pytest.raises(ValueError, match="needs a zone"):
        SimClock(system, datetime(2026, 11, 23, 9, 20))  # noqa: DTZ001 the case itself


@pytest.fixture
def control(system, tmp_path) -> Iterator[httpx2.Client]:
    clock = SimClock(system, OPENING_BELL - timedelta(minutes=5), running=False)
    exchange = Exchange(1, clock, MarketHours(kept=True))
    with (
        running(build_app(exchange, tmp_path / "keys")) as url,
        httpx2.Client(base_url=url, trust_env=False) as http,
    ):
        yield http


def test_the_clock_is_shown_in_both_zones_with_what_the_market_does(control):
    assert control.get("/simulator/clock").json() == {
        "utc": "2026-11-23T03:40:00.000000Z",
        "ist": "2026-11-23T09:10:00.000+05:30",
        "running": False,
        "hoursKept": True,
        "phase": "PRE_OPEN",
    }


def test_the_clock_is_moved_on_over_http(control, system):
    moved = control.post("/simulator/clock", json={"advance_seconds": 300}).json()
    assert (moved["utc"], moved["phase"]) == ("2026-11-23T03:45:00.000000Z", "OPEN")

    started = {"at": "2026-11-23T15:29+05:30", "running": True}
    moved = control.post("/simulator/clock", json=started).json()
    assert (moved["ist"], moved["running"]) == ("2026-11-23T15:29:00.000+05:30", True)

    system.advance(minutes=1)
    assert control.get("/simulator/clock").json()["phase"] == "CLOSED"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"at": "2026-11-23T09:00+05:30"}, "forwards only"),
        ({"at": "2026-11-23T10:00"}, "needs a zone"),
        ({"at": "tomorrow"}, "isoformat"),
        ({"advance_seconds": -1}, ">= 0"),
        ({"advance_seconds": 1, "running": True}, "not both"),
        ({"speed": 2}, "unknown field"),
    ],
)
def test_a_change_that_means_nothing_is_refused_with_its_reason(control, change, why):
    answer = control.post("/simulator/clock", json=change)

    assert answer.status_code == 400
    assert why in answer.json()["error"]
    assert control.get("/simulator/clock").json()["ist"] == "2026-11-23T09:10:00.000+05:30"


def test_a_clock_of_another_kind_is_shown_and_cannot_be_set(kite):
    assert kite.http.get("/simulator/clock").json()["ist"] == "2026-11-23T09:15:00.000+05:30"

    answer = kite.http.post("/simulator/clock", json={"advance_seconds": 1})

    assert answer.status_code == 400
    assert "cannot be set" in answer.json()["error"]
