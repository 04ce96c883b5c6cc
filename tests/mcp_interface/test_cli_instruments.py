"""`trading-server instruments`, against the simulator's own master files."""

import hashlib
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.instants import IST
from infrastructure.instruments.files import table_file
from infrastructure.simulator.app import build_app, running, system_now
from infrastructure.simulator.exchange.exchange import Exchange
from tests.infrastructure.instruments.support import FILES, GROWW, KITE, make_table
from tests.mcp_interface.command_line import CommandLine, closed_port

TODAY = datetime.now(IST).date()


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


@pytest.fixture
def loaded(cli: CommandLine) -> CommandLine:
    """With a small table of today."""
    make_table(cli.data_dir / "instruments", TODAY)
    return cli


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(build_app(Exchange(1, system_now), tmp_path_factory.mktemp("keys"))) as address:
        yield address


@pytest.mark.timeout(300)  # the files of a whole market, made and joined on a busy machine
def test_the_market_of_the_simulator_is_loaded_and_looked_into(cli, simulator):
    everywhere = {f"TRADING_{b}_URL": simulator for b in ("KITE", "GROWW", "DHAN")}
    told = cli.given(**everywhere).json("instruments", "load")
    status = cli.json("instruments", "status")
    found = cli.json("instruments", "search", "nifty", "ce", "--limit", "3")

    assert told["instruments"] > 110_000
    assert {each["broker"] for each in told["sources"]} == {"kite", "groww", "dhan"}
    assert told["without"] == []
    assert (status["builtIn"], status["instruments"]) == (False, told["instruments"])
    assert status["tradingDay"] == told["tradingDay"]
    assert {each["kind"] for each in found["instruments"]} == {"CE"}
    assert all(each["kite"] and each["groww"] and each["dhan"] for each in found["instruments"])


def test_progress_is_told_beside_the_answer(cli):
    said = cli(
        "instruments", "load", "--from", "groww", "--groww-url", f"http://127.0.0.1:{closed_port()}"
    )

    assert said.code == 2
    assert "Fetching the file of groww." in said.err
    assert said.out == ""


def test_nobody_there_is_an_answer_and_changes_nothing(loaded):
    url = f"http://127.0.0.1:{closed_port()}"
    error = loaded.json("instruments", "load", "--from", "kite", "--kite-url", url, code=2)

    assert error["code"] == "INSTRUMENTS_NOT_LOADED"
    assert "The table stays as it was." in error["message"]
    assert loaded.json("instruments", "status")["instruments"] == 15


def test_brokers_that_do_not_exist_are_refused(cli):
    error = cli.json("instruments", "load", "--from", "kite,upstox", code=2)

    assert error["code"] == "INVALID_ARGUMENT"
    assert "'upstox'" in error["message"]


def test_without_a_table_the_short_list_answers_and_says_so(cli):
    said = cli("instruments", "status")

    assert said.code == 0
    assert "No table is loaded" in said.out
    assert "trading-server instruments load" in said.out
    assert cli.json("instruments", "show", "RELIANCE-EQ")["name"] == "NSE:RELIANCE"
    assert not cli.data_dir.exists()


def test_status_tells_what_the_table_is_made_of(loaded):
    told = loaded.json("instruments", "status")

    assert told["tradingDay"] == TODAY.isoformat()
    assert [(each["broker"], each["rows"], each["bad"]) for each in told["sources"]] == [
        ("dhan", 9, 0),
        ("groww", 6, 0),
        ("kite", 15, 0),
    ]
    kites = hashlib.sha256((FILES / "kite.csv").read_bytes()).hexdigest()
    assert told["sources"][2]["sha256"] == kites
    assert (told["daysKept"], told["quarantined"]) == (1, 0)


def test_an_instrument_is_shown_with_what_each_broker_calls_it(loaded):
    told = loaded.json("instruments", "show", "NIFTY26NOV24650CE")

    assert (told["name"], told["lotSize"]) == ("NFO:NIFTY:2026-11-23:24650:CE", 65)
    assert told["dhan"]["security_id"] == "47317"
    assert told["quarantine"] == []
    rows = {row["what"]: row["value"] for row in loaded("instruments", "show", "INFY").rows}
    assert rows["kite"] == "instrument_token 408065, trading_symbol INFY"


def test_an_earlier_day_can_be_asked(loaded):
    yesterday = TODAY - timedelta(days=1)
    shutil.copy(
        table_file(loaded.data_dir / "instruments", TODAY),
        table_file(loaded.data_dir / "instruments", yesterday),
    )

    assert loaded.json("instruments", "show", "INFY", "--on", yesterday.isoformat())
    error = loaded.json("instruments", "show", "INFY", "--on", "2020-01-01", code=2)
    assert error["code"] == "UNKNOWN_INSTRUMENT"
    assert loaded.json("instruments", "show", "INFY", "--on", "1/1/2020", code=2)["code"] == (
        "INVALID_ARGUMENT"
    )


def test_what_is_not_listed_is_refused_with_the_nearest(loaded):
    error = loaded.json("instruments", "show", "RELIAN", code=2)

    assert error["code"] == "UNKNOWN_INSTRUMENT"
    assert "NSE:RELIANCE" in error["message"]


def test_what_the_brokers_disagree_about_is_shown_and_is_a_finding(cli):
    otherwise = [line.replace(",65,0.05,", ",75,0.05,") for line in GROWW]
    make_table(cli.data_dir / "instruments", TODAY, kite=KITE, groww=otherwise)
    said = cli("instruments", "quarantine")
    told = cli.json("instruments", "quarantine", code=1)

    assert said.code == 1
    assert [(row["field"], row["broker"], row["says"]) for row in said.rows] == [
        ("lot", "groww", "75"),
        ("lot", "kite", "65"),
    ]
    assert told["quarantined"] == 1
    assert told["rows"][0]["name"] == "NFO:NIFTY:2026-11-23:24650:CE"


def test_nothing_in_quarantine_is_fine(loaded):
    assert loaded("instruments", "quarantine").code == 0


def test_the_doctor_tells_the_age_of_the_table(cli):
    directory = cli.data_dir / "instruments"

    def finding() -> Any:
        [found] = [c for c in cli.json("doctor")["checks"] if c["check"] == "instruments"]
        return found

    assert finding()["found"].startswith("no table is loaded yet")
    make_table(directory, TODAY - timedelta(days=3))
    old = finding()
    make_table(directory, TODAY)

    assert (old["status"], old["found"].rpartition("; ")[2]) == ("warn", "3 days old")
    assert "trading-server instruments load" in old["next"]
    assert finding()["status"] == "ok"


def test_the_doctor_warns_when_the_files_disagree_about_much(cli):
    otherwise = [line.replace(",1,0.1,", ",1,0.5,") for line in GROWW]
    make_table(cli.data_dir / "instruments", TODAY, kite=KITE, groww=otherwise)
    [found] = [c for c in cli.json("doctor")["checks"] if c["check"] == "instruments"]

    assert (found["status"], found["next"]) == ("warn", "trading-server instruments quarantine")
    assert "2 in quarantine" in found["found"]
