"""An operator stops trading from the command line, and lets it go on."""

from pathlib import Path
from typing import Any

import pytest

from tests.mcp_interface.command_line import CommandLine

REASON = ("--reason", "looked wrong")


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    made = CommandLine(tmp_path).given(TRADING_RISK_LIMITS="duplicate_window_seconds=0")
    made.json("users", "add", "asha")
    return made


def open_order(cli: CommandLine, key: str) -> None:
    """On paper, far below the last price."""
    pairs = {
        "trading_symbol": "INFY",
        "exchange": "NSE",
        "transaction_type": "BUY",
        "order_type": "LIMIT",
        "price": "1400",
        "quantity": "1",
        "product": "CNC",
        "broker": "paper",
        "order_key": key,
    }
    arguments = [word for k, v in pairs.items() for word in ("--arg", f"{k}={v}")]
    assert cli.json("tools", "call", "create_order", *arguments)["state"] == "PLACED"


def states(cli: CommandLine, *user: str) -> list[tuple[str, str | None, str]]:
    rows: list[dict[str, Any]] = cli.json("switch", "show", *user)["switches"]
    return [(row["scope"], row["broker"], row["state"]) for row in rows]


def refusal(cli: CommandLine) -> str:
    """What an order is told while trading is halted."""
    arguments = "trading_symbol=INFY exchange=NSE transaction_type=BUY order_type=MARKET"
    words = f"{arguments} quantity=1 product=CNC broker=paper".split()
    told = cli.json(
        "tools", "call", "create_order", *(w for a in words for w in ("--arg", a)), code=1
    )
    assert told["code"] == "TRADING_HALTED"
    return str(told["message"])


def test_everybody_is_stopped_and_goes_on(cli: CommandLine):
    halted = cli.json("switch", "on", *REASON)

    assert (halted["scope"], halted["state"], halted["changed"]) == ("global", "HALTED", True)
    assert (halted["reason"], halted["haltedBy"]) == ("looked wrong", "the operator")
    assert states(cli) == [("global", None, "HALTED")]
    assert "for everybody ('looked wrong'). Nothing was sent. Next: ask the operator." in refusal(
        cli
    )

    went_on = cli.json("switch", "off", "--reason", "fine again")
    assert (went_on["state"], went_on["changed"]) == ("ON", True)
    open_order(cli, "k1")


def test_one_user_is_stopped_and_may_end_it_themselves(cli: CommandLine):
    said = cli("switch", "on", "--user", "asha", *REASON)

    assert (said.code, said.err) == (0, "Trading is halted for asha.\n")
    assert states(cli, "--user", "asha") == [
        ("global", None, "ON"),
        ("user", None, "HALTED"),
        ("account", "paper", "ON"),
    ]
    assert "for you ('looked wrong')" in refusal(cli)


def test_one_account_is_stopped(cli: CommandLine):
    cli.json("switch", "on", "--user", "asha", "--account", "paper", *REASON)

    assert ("account", "paper", "HALTED") in states(cli, "--user", "asha")
    assert "in this account ('looked wrong')" in refusal(cli)
    said = cli("switch", "off", "--user", "asha", "--account", "paper", *REASON)
    assert said.err == "Trading goes on in the paper account of asha.\n"


def test_what_is_halted_is_not_halted_again_and_what_goes_on_stays_so(cli: CommandLine):
    cli.json("switch", "on", *REASON)

    again = cli("switch", "on", "--reason", "me, too")
    assert again.err == "Trading is halted for everybody, as it was before.\n"
    assert cli.json("switch", "show")["switches"][0]["reason"] == "looked wrong"
    cli.json("switch", "off", *REASON)
    off = cli("switch", "off", *REASON)
    assert off.err == "Trading was not halted for everybody; nothing was changed.\n"


@pytest.mark.parametrize(
    "whose", [(), ("--user", "asha"), ("--user", "asha", "--account", "paper")]
)
def test_open_orders_are_cancelled_and_each_outcome_told(cli: CommandLine, whose):
    open_order(cli, "k1")
    open_order(cli, "k2")

    halted = cli.json("switch", "on", *whose, *REASON, "--cancel-open-orders")

    told = [(row["user"], row["orderKey"], row["state"]) for row in halted["cancelled"]]
    assert told == [("asha", "k1", "ACCEPTED"), ("asha", "k2", "ACCEPTED")]
    said = cli("switch", "on", *whose, *REASON, "--cancel-open-orders")
    assert said.code == 0
    assert said.out == ""


def test_the_operator_is_named_in_the_log(cli: CommandLine):
    open_order(cli, "k1")
    cli.json("switch", "on", "--user", "asha", *REASON, "--cancel-open-orders")

    told = cli.json("audit", "timeline", "--user", "asha")["events"]

    by_operator = [row["event"] for row in told if row["actor"] == "operator"]
    assert by_operator[:2] == [
        "trading_switch.halted.v1",
        "trading_session.order_change_requested.v1",
    ]


def test_an_order_that_stays_open_is_exit_code_one(cli: CommandLine):
    open_order(cli, "k1")
    [session] = cli.json("sessions", "list")["sessions"]
    cli.json("sessions", "expire", session["sessionId"], "--yes")

    said = cli("switch", "on", "--user", "asha", *REASON, "--cancel-open-orders")

    assert said.code == 1
    assert said.rows[0]["code"] == "BROKER_LOGIN_REQUIRED"
    assert said.err == "Trading is halted for asha.\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("switch on", "USAGE"),
        ("switch off", "USAGE"),
        ("switch on --reason x --account paper", "INVALID_ARGUMENT"),
        ("switch on --reason x --user nobody", "INVALID_ARGUMENT"),
        ("switch on --reason x --user asha --account kite", "BROKER_LOGIN_REQUIRED"),
        ("switch on --reason x --user asha --account angelone", "BROKER_NOT_SUPPORTED"),
        ("switch show --user nobody", "INVALID_ARGUMENT"),
    ],
)
def test_wrong_usage_halts_nothing(cli: CommandLine, words: str, code: str):
    assert cli.json(*words.split(), code=2)["code"] == code
    assert states(cli) == [("global", None, "ON")]


def test_a_reason_is_one_line(cli: CommandLine):
    said = cli.json("switch", "on", "--reason", "two\nlines", code=2)

    assert said["code"] == "INVALID_ARGUMENT"
