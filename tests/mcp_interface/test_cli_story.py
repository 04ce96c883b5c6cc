import json
import sqlite3
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.mcp_interface.command_line import CommandLine

A_MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


def test_an_order_through_the_tools_is_seen_by_operator_and_auditor(tmp_path):
    cli = CommandLine(tmp_path, cold=True)
    cli.json("tools", "call", "list_brokers")
    receipt = cli.buy_ten("k1")
    assert (receipt["state"], receipt["status"], receipt["mode"]) == ("PLACED", "FILLED", "PAPER")

    session = receipt["sessionId"]
    listed = cli("sessions", "list", "--user", "asha").rows
    assert [(row["session"], row["user"], row["orders"]) for row in listed] == [
        (session[:8], "asha", "1")
    ]
    told = cli.json("audit", "timeline", "--user", "asha", "--since", "-1h")["events"]
    names = [row["event"].split(".")[1] for row in told]
    assert names[0] == "session_created"
    assert {"order_requested", "order_dispatched", "order_placed"} <= set(names)
    assert all(row["recordedAt"].endswith("+05:30") for row in told)
    requested = told[names.index("order_requested")]

    auditor = CommandLine(tmp_path)
    assert auditor.json("sessions", "show", session[:6])["sessionId"] == session
    rest = auditor("audit", "timeline", "--user", "asha", "--after", str(requested["position"] - 1))
    assert rest.rows[0]["event"] == "order_requested"
    assert "BUY 10 NSE:INFY" in rest.rows[0]["what"]

    before = datetime.fromisoformat(requested["recordedAt"]) - A_MILLISECOND
    then = auditor.json("audit", "state", "--user", "asha", "--at", before.isoformat())["sessions"]
    now = auditor.json("audit", "state", "--user", "asha")["sessions"]
    assert [s["orders"] for s in then] == [[]]
    assert [o["orderKey"] for o in now[0]["orders"]] == ["k1"]


def test_a_rebuild_beside_a_running_server_changes_nothing_that_anybody_sees(cli):
    cli = cli.given(TRADING_RISK_LIMITS="duplicate_window_seconds=0")
    cli.buy_ten("k1")
    with cli.serving() as address:
        before = cli.json("stats")
        rebuilt = cli("projections", "rebuild", "--all")
        assert rebuilt.code == 0
        assert all(row["position"] == row["head"] for row in rebuilt.rows)
        assert "events/s" in rebuilt.err
        assert cli.json("stats") == before
        cli.buy_ten("k2")
        with urllib.request.urlopen(f"{address}/readyz") as ready:
            assert json.load(ready)["status"] == "ready"
    assert before["totals"]["orders_placed"] == 1
    assert cli.json("stats")["totals"]["orders_placed"] == 2


def test_events_that_cannot_be_read_are_found_by_status_and_doctor(cli):
    assert {row["lag"] for row in cli("projections", "status").rows} == {"0"}

    store_by_hand(cli, 1, "trading_session.broker_selected.v1", b"not what the name promises")
    status = cli.json("projections", "status", code=1)
    assert {row["lag"] for row in status["projections"]} == {0}
    assert status["parked"][0]["event"] == "trading_session.broker_selected.v1"
    assert failed(cli) == ["projections"]
    assert cli.json("projections", "rebuild", "audit_timeline_v2", code=1)

    store_by_hand(cli, 2, "trading_session.moon_landed.v1", b"{}")
    stopped = cli("projections", "status")
    assert stopped.code == 2
    assert "trading_session.moon_landed.v1" in stopped.err
    assert failed(cli) == ["event names", "projections"]


def test_tools_are_listed_and_their_refusals_end_with_one(cli):
    listed = cli("tools", "list").rows
    assert "create_order" in [row["tool"] for row in listed]

    refused = cli("tools", "call", "create_order", "--arg", "surprise=1")
    assert refused.code == 1
    assert refused.err.startswith("INVALID_ARGUMENT: create_order does not know 'surprise'.")
    other = cli.json("tools", "call", "get_session_info", "--args-json", "{}", "--session", "work")
    assert other["label"] == "work"


def store_by_hand(cli: CommandLine, version: int, name: str, state: bytes) -> None:
    """A row that no version of ours would write."""
    with sqlite3.connect(cli.data_dir / "events.db") as db:
        db.execute(
            "INSERT INTO stored_events (originator_id, originator_version, topic, state) "
            "VALUES (?,?,?,?)",
            ("0" * 31 + "1", version, name, state),
        )
    db.close()


def failed(cli: CommandLine) -> list[str]:
    """The checks that doctor finds to fail."""
    checks = cli.json("doctor", code=1)["checks"]
    return [check["check"] for check in checks if check["status"] == "fail"]
