"""Tools from a terminal: what is typed behind KEY= is what the tool takes there."""

from pathlib import Path

import pytest

from tests.mcp_interface.command_line import CommandLine

ORDER = {
    "broker": "paper",
    "trading_symbol": "INFY",
    "exchange": "NSE",
    "transaction_type": "BUY",
    "order_type": "MARKET",
    "quantity": "1",
    "product": "CNC",
}


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    place: Path = tmp_path_factory.mktemp("tools")
    return CommandLine(place)


def typed(**more: str) -> list[str]:
    return [word for each in ({**ORDER, **more}).items() for word in ("--arg", "=".join(each))]


def test_a_text_of_digits_stays_one_also_where_the_argument_is_not_told_of(cli):
    placed = cli.json(
        "tools", "call", "create_order", *typed(symboltoken="1594", order_reference_id="7")
    )

    assert (placed["state"], placed["tradingSymbol"]) == ("PLACED", "INFY")


def test_a_number_is_one_also_where_the_argument_is_not_told_of(cli):
    taken = cli.json("tools", "call", "create_order", *typed(amo="false", quantity="3"))
    refused = cli.json("tools", "call", "create_order", *typed(stoploss="5"), code=1)

    assert taken["state"] == "PLACED"
    assert refused["code"] != "INVALID_ARGUMENT"
