from datetime import date
from pathlib import Path

import pytest

from application.ports.calendar import Coverage
from domain.vocabulary import Exchange as ExchangeName
from infrastructure.simulator.app import build_app, running, system_now
from infrastructure.simulator.exchange.exchange import Exchange
from mcp_interface.cli.calendar_diagnosis import calendar_reach
from tests.fakes.calendar import FakeCalendar
from tests.mcp_interface.command_line import CommandLine, closed_port


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


def statuses(checks: list[dict[str, str]]) -> dict[str, str]:
    """Without the calendar, which ends one day whatever is tested."""
    return {check["check"]: check["status"] for check in checks if check["check"] != "calendar"}


def test_a_fresh_machine_is_healthy_and_stays_untouched(cli):
    said = cli("doctor")

    assert said.code == 0
    assert set(statuses(said.rows).values()) == {"ok"}
    assert "those to real brokers are refused" in said.out
    assert list(cli.home.iterdir()) == []


def test_a_used_machine_is_healthy_and_a_simulator_is_recognised(cli):
    cli.json("users", "add", "asha")
    with running(build_app(Exchange(1, system_now), cli.keys_dir)) as address:
        everywhere = {f"TRADING_{b}_URL": address for b in ("KITE", "GROWW", "DHAN")}
        checks = cli.given(**everywhere).json("doctor")["checks"]

    assert set(statuses(checks).values()) == {"ok"}
    assert [c["check"] for c in checks if "SIMULATED" in c["found"]][-3:] == [
        "kite address",
        "groww address",
        "dhan address",
    ]


def test_keys_that_others_can_read_or_that_lie_with_the_data_are_a_failure(cli):
    cli.keys_dir.mkdir(mode=0o755)
    cli.keys_dir.chmod(0o755)
    exposed = cli("doctor")
    inside = cli.given(TRADING_KEYS_DIR=str(cli.data_dir / "keys")).json("doctor", code=1)

    assert exposed.code == 1
    assert [row["next"] for row in exposed.rows if row["status"] == "fail"] == [
        f"chmod 700 '{cli.keys_dir}'"
    ]
    assert statuses(inside["checks"])["keys directory"] == "fail"


def test_settings_that_cannot_be_read_hide_no_other_trouble(cli):
    found = cli.given(TRADING_DATABASE_URL="mysql://u:hushhush@h/d").json("doctor", code=1)

    assert statuses(found["checks"])["settings"] == "fail"
    assert statuses(found["checks"])["kite SDK"] == "ok"
    assert "hushhush" not in str(found)


def test_a_database_that_is_away_is_exit_code_three_and_no_secret_is_shown(cli):
    away = cli.given(TRADING_DATABASE_URL=f"postgresql://u:hushhush@127.0.0.1:{closed_port()}/d")

    said = away("doctor")
    assert said.code == 3
    assert statuses(said.rows)["store"] == "fail"
    assert "hushhush" not in said.out + said.err


def test_live_trading_is_said_to_be_off_and_an_unproven_address_is_warned_of(cli):
    asked = cli.given(TRADING_LIVE="true", TRADING_KITE_URL=f"http://127.0.0.1:{closed_port()}")

    found = asked.json("doctor")
    warned = [name for name, status in statuses(found["checks"]).items() if status == "warn"]
    assert warned == ["mode", "kite address"]
    assert found["failed"] == 0


# How far the calendar reaches


class MixedCalendar(FakeCalendar):
    """MCX ends earlier than the others."""

    def coverage(self, exchange: ExchangeName) -> Coverage:
        if exchange == "MCX":
            return Coverage(source="a test", since=date(2026, 1, 1), until=date(2026, 12, 31))
        return super().coverage(exchange)


def test_a_calendar_of_at_least_forty_five_days_is_enough():
    enough = calendar_reach(FakeCalendar(until=date(2026, 12, 31)), date(2026, 11, 16))

    assert (enough.status, enough.next_step) == ("ok", None)
    assert enough.found.endswith("NSE, BSE, NFO, BFO, CDS, BCD, MCX are known until 2026-12-31")


def test_a_calendar_that_ends_soon_is_warned_of():
    short = calendar_reach(FakeCalendar(until=date(2026, 12, 31)), date(2026, 11, 17))

    assert short.status == "warn"
    assert "known until 2026-12-31, 44 days from now" in short.found
    assert short.next_step == "upgrade: a newer version brings a newer calendar"


def test_the_first_calendar_to_end_is_named():
    found = calendar_reach(MixedCalendar(until=date(2027, 12, 31)), date(2026, 12, 20)).found

    assert found.startswith("trading days of MCX are known until 2026-12-31, 11 days from now")


def test_a_calendar_that_is_over_says_so():
    over = calendar_reach(FakeCalendar(until=date(2026, 12, 31)), date(2027, 1, 1))

    assert over.status == "warn"
    assert "2026-12-31, which is over" in over.found


def test_the_calendar_is_among_the_checks(cli):
    told = [check for check in cli.json("doctor")["checks"] if check["check"] == "calendar"]

    assert [check["found"][:32] for check in told] == ["trading days of NSE, BSE, NFO, B"]
