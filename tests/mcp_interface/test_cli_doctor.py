from pathlib import Path

import pytest

from infrastructure.simulator.app import build_app, running, system_now
from infrastructure.simulator.exchange.exchange import Exchange
from tests.mcp_interface.command_line import CommandLine, closed_port


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


def statuses(checks: list[dict[str, str]]) -> dict[str, str]:
    return {check["check"]: check["status"] for check in checks}


def test_a_fresh_machine_is_healthy_and_stays_untouched(cli):
    said = cli("doctor")

    assert said.code == 0
    assert {row["status"] for row in said.rows} == {"ok"}
    assert "live orders are refused in this version" in said.out
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
    warned = [check["check"] for check in found["checks"] if check["status"] == "warn"]
    assert warned == ["mode", "kite address"]
    assert found["failed"] == 0
