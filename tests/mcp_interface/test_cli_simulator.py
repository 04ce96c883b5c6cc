import httpx2

from tests.mcp_interface.command_line import CommandLine
from tests.support.servers import Simulator


def test_the_simulator_begins_at_a_given_time_and_keeps_market_hours(tmp_path):
    cli = CommandLine(tmp_path)
    words = ["simulator", "--port", "0", "--json", "--frozen", "--hours"]
    at = ["--clock", "2026-11-23T15:29+05:30"]
    simulator = Simulator([*words, *at], cli.env, tmp_path / "simulator.log").ready()
    try:
        with httpx2.Client(base_url=simulator.url, trust_env=False) as http:
            shown = http.get("/simulator/clock").json()
            later = http.post("/simulator/clock", json={"advance_seconds": 60}).json()
    finally:
        simulator.close()

    assert shown["ist"] == "2026-11-23T15:29:00.000+05:30"
    assert (shown["running"], shown["hoursKept"], shown["phase"]) == (False, True, "OPEN")
    assert (later["ist"], later["phase"]) == ("2026-11-23T15:30:00.000+05:30", "CLOSED")


def test_a_clock_that_cannot_be_read_is_refused_before_anything_starts(tmp_path):
    problem = CommandLine(tmp_path).json("simulator", "--clock", "yesterday", code=2)

    assert problem["code"] == "INVALID_ARGUMENT"
    assert "--clock" in problem["message"]
