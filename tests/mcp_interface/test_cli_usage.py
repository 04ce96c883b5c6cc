import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.errors import InvalidArgument
from mcp_interface import caller
from mcp_interface.cli import opening
from mcp_interface.cli.instants import end, instant
from mcp_interface.cli.tools_commands import _arguments, _Typed, _types, _value
from tests.mcp_interface.command_line import CommandLine, closed_port

NOON = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)  # 12:00 in India
HEAVY = ("mcp", "sqlalchemy", "pydantic", "structlog", "alembic", "uvicorn", "psycopg")


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        "sessions list --limit 0",
        "audit timeline",
        "users add asha --scope root",
        "client-config emacs",
        "stats --surprise",
        "frobnicate",
    ],
)
def test_wrong_usage_is_exit_code_two_in_words_and_as_json(tmp_path, words):
    cli = CommandLine(tmp_path, cold=True)
    assert cli(*words.split()).code == 2
    assert cli.json(*words.split(), code=2)["code"] == "USAGE"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("audit state --user asha --at yesterday", "INVALID_ARGUMENT"),
        ("audit timeline --user nobody", "INVALID_ARGUMENT"),
        ("sessions show ffff", "SESSION_NOT_FOUND"),
        ("projections rebuild", "INVALID_ARGUMENT"),
        ("users add asha --expires 2020-01-01", "INVALID_ARGUMENT"),
    ],
)
def test_a_value_that_means_nothing_is_exit_code_two_with_what_to_do_next(cli, words, code):
    problem = cli.json(*words.split(), code=2)

    assert problem["code"] == code
    assert "Next: " in problem["message"]


@pytest.mark.parametrize(
    "words", ["users list", "audit timeline --user a", "tools list", "migrate"]
)
def test_a_store_that_is_away_is_exit_code_three(tmp_path, words):
    cli = CommandLine(tmp_path, cold=True)
    away = cli.given(TRADING_DATABASE_URL=f"postgresql://u:hushhush@127.0.0.1:{closed_port()}/d")

    problem = away.json(*words.split(), code=3)
    assert problem["code"] == "STORE_UNAVAILABLE"
    assert "hushhush" not in problem["message"]


def test_an_environment_that_cannot_work_is_exit_code_two(cli):
    (cli.home / "file").write_text("in the way")

    assert cli.given(TRADING_DATA_DIR=str(cli.home / "file" / "x"))("stats").code == 2
    assert cli.given(MAX_SESSIONS="many").json("stats", code=2)["code"] == "BAD_SETTINGS"


def test_asking_for_help_loads_nothing_heavy():
    look = "import sys, mcp_interface.cli.root; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True
    )

    assert set(HEAVY).isdisjoint(loaded.stdout.split())


def test_defaults_that_are_written_twice_for_the_sake_of_speed_agree():
    assert opening.DEFAULT_LABEL == caller.DEFAULT_LABEL


def test_times_are_read_as_people_write_them(capsys):
    assert instant("--at", "now", NOON) == NOON
    assert instant("--at", "-2h", NOON) == NOON - timedelta(hours=2)
    assert instant("--at", "2026-11-23T06:30Z", NOON) == NOON
    assert capsys.readouterr().err == ""
    assert instant("--at", "2026-11-23 12:00", NOON) == NOON
    assert capsys.readouterr().err.startswith("--at: 2026-11-23T12:00:00+05:30")


@pytest.mark.parametrize("text", ["", "2h", "tomorrow", "-2y", "-999999999w", "0001-01-01"])
def test_a_time_that_cannot_be_read_is_refused(text):
    with pytest.raises(InvalidArgument):
        instant("--at", text, NOON)


def test_an_account_number_stays_a_text():
    assert _types({"anyOf": [{"type": "string", "maxLength": 9}, {"type": "null"}]}) == {
        "string",
        "null",
    }
    assert _types({"type": "integer"}) == {"integer"}


def test_an_end_lies_ahead():
    assert end("--expires", "30d", NOON) == NOON + timedelta(days=30)
    for over in ("0s", "-1h", "2026-11-23 12:00"):
        with pytest.raises(InvalidArgument):
            end("--expires", over, NOON)


def test_arguments_of_tools_are_numbers_and_constants_where_they_look_so_and_else_text():
    given = ["a=1", "b=2.5", "c=true", "d=null", "e=INFY", "f=a=b", "g=[1]", 'h="1"', "i=NaN"]

    read = _arguments(given, '{"z": {"deep": 1}}')

    typed = {key: _value(v) if isinstance(v, _Typed) else v for key, v in read.items()}
    assert typed == {
        "z": {"deep": 1},
        "a": 1,
        "b": 2.5,
        "c": True,
        "d": None,
        "e": "INFY",
        "f": "a=b",
        "g": "[1]",
        "h": '"1"',
        "i": "NaN",
    }
    for wrong in (["a"], ["=1"], ["a=1", "a=2"]):
        with pytest.raises(InvalidArgument):
            _arguments(wrong, None)
    with pytest.raises(InvalidArgument):
        _arguments([], "[]")


def test_a_port_that_is_taken_is_said_so(cli):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = cli("serve", "--port", str(taken.getsockname()[1]), "--json")

    assert said.code == 2
    assert json.loads(said.out)["error"]["code"] == "CANNOT_START"


def test_bytes_that_are_no_text_are_refused_in_words(cli):
    said = cli("users", "revoke", os.fsdecode(b"\xff"), "--json")

    assert said.code == 2
    assert json.loads(said.out)["error"]["code"] == "INVALID_ARGUMENT"
    assert "Traceback" not in said.err
