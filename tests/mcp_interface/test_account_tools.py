"""Positions, money and trades at every broker, over HTTP, through the SDKs."""

import re
import zlib
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest

from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import Person, buy, connected

pytestmark = pytest.mark.anyio

BROKERS = ["paper", "kite", "groww", "dhan"]
NAMES = {"paper": "Paper", "kite": "Zerodha Kite", "groww": "Groww", "dhan": "Dhan"}
MONEY = re.compile(r"-?\d+\.\d\d")


@pytest.fixture(params=BROKERS)
def broker(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def uma(
    three_brokers: Market, broker: str, request: pytest.FixtureRequest
) -> AsyncIterator[Person]:
    """Somebody new, at this broker."""
    token = three_brokers.site.token(request.node.name)
    number = f"{BROKERS.index(broker)}{zlib.crc32(request.node.name.encode()) % 10**8:08d}"
    async with connected(three_brokers.server.url, token) as person:
        await person.log_in_at(broker, three_brokers.simulator, number)
        yield person


async def test_what_was_bought_for_the_day_is_a_position(uma, broker):
    await uma.call("create_order", **buy("TCS", 3, product="MIS"))
    await uma.call("create_order", **buy("ITC", 2, product="MIS"))

    first = await uma.call("get_positions", limit=1)
    second = await uma.call("get_positions", limit=1, cursor=first.data["nextCursor"])

    rows = first.data["positions"] + second.data["positions"]
    held = {(row["exchange"], row["symbol"], row["product"], row["quantity"]) for row in rows}
    assert held == {("NSE", "TCS", "MIS", 3), ("NSE", "ITC", "MIS", 2)}
    assert (first.data["total"], second.data["nextCursor"]) == (2, None)
    assert all(MONEY.fullmatch(row[name]) for row in rows for name in ("avgPrice", "pnl"))
    assert MONEY.fullmatch(first.data["totalPnl"])
    mode = "PAPER" if broker == "paper" else "SIMULATED"
    assert (first.data["broker"], first.data["mode"]) == (broker, mode)
    assert first.first_line.startswith(f"[{mode} · your session ")
    assert f"· {broker} ·" in first.first_line
    assert first.text.splitlines()[1].startswith(f"2 positions at {NAMES[broker]}, open gain ")
    assert "More: get_positions(cursor='c1')." in first.text


async def test_money_is_told_and_what_was_paid_is_gone(uma):
    before = await uma.call("get_margins")
    await uma.call("create_order", **buy("TCS", 3))
    after = await uma.call("get_margins")

    was, now = (each.data["margins"][0] for each in (before, after))
    assert was["available"] == "1000000.00"
    assert MONEY.fullmatch(now["available"])
    assert Decimal(now["available"]) < 999_000
    assert "₹10,00,000.00 available" in before.text


async def test_trades_are_told_newest_first_with_what_was_paid(uma, broker):
    bought = [
        (await uma.call("create_order", **buy(symbol, 2))).data for symbol in ("TCS", "ITC", "SBIN")
    ]

    first = await uma.call("get_trades", limit=2)
    rest = await uma.call("get_trades", limit=2, cursor=first.data["nextCursor"])

    rows = [*first.data["trades"], *rest.data["trades"]]
    newest_first = [each["brokerOrderId"] for each in reversed(bought)]
    assert [row["brokerOrderId"] for row in rows] == newest_first
    assert {(row["exchange"], row["tradingSymbol"], row["quantity"]) for row in rows} == {
        ("NSE", "TCS", 2),
        ("NSE", "ITC", 2),
        ("NSE", "SBIN", 2),
    }
    assert all(row["tradedAt"].endswith("+05:30") for row in rows)
    assert all(MONEY.fullmatch(row[name]) for row in rows for name in ("price", "value"))
    assert (first.data["total"], rest.data["nextCursor"]) == (3, None)
    assert f"2 of 3 trades at {NAMES[broker]}, newest first." in first.text


async def test_who_did_nothing_has_nothing(uma):
    positions, trades = await uma.call("get_positions"), await uma.call("get_trades")

    assert (positions.data["positions"], positions.data["totalPnl"]) == ([], "0.00")
    assert (trades.data["trades"], trades.data["total"]) == ([], 0)


@pytest.mark.parametrize("broker", ["kite"], indirect=True)
async def test_kite_tells_of_two_segments_and_one_can_be_chosen(uma):
    both = await uma.call("get_margins")
    commodity = await uma.call("get_margins", segment="commodity")

    assert [row["segment"] for row in both.data["margins"]] == ["equity", "commodity"]
    assert [row["segment"] for row in commodity.data["margins"]] == ["commodity"]


@pytest.mark.parametrize("broker", ["groww", "dhan", "paper"], indirect=True)
async def test_elsewhere_a_segment_changes_nothing_and_that_is_said(uma, broker):
    answer = await uma.call("get_margins", segment="equity")

    assert [row["segment"] for row in answer.data["margins"]] == ["all"]
    assert f"{NAMES[broker]} tells of one purse only, whatever the segment." in answer.text


async def test_what_is_wrong_with_the_arguments_is_told(uma):
    told = [
        await uma.try_to("get_margins", segment="currency"),
        await uma.try_to("get_positions", limit=True),
        await uma.try_to("get_trades", cursor="zz"),
        await uma.try_to("get_positions", symbol="INFY"),
        await uma.try_to("get_trades", broker="angelone"),
    ]

    assert [answer.code for answer in told] == [*["INVALID_ARGUMENT"] * 4, "BROKER_NOT_SUPPORTED"]


async def test_answers_that_make_no_sense_and_asking_too_often_are_told_apart(three_brokers):
    simulator = three_brokers.simulator
    simulator.fault("wrong_shape", route="/portfolio/positions", user="VERA01")
    simulator.fault("status:429", route="/trades", user="VERA01", calls=9)

    async with connected(three_brokers.server.url, three_brokers.site.token("vera")) as vera:
        await vera.log_in_at("kite", simulator, "VERA01")
        positions = await vera.try_to("get_positions")
        trades = await vera.try_to("get_trades")

    assert (positions.code, trades.code) == ("BROKER_UNAVAILABLE", "RATE_LIMITED")
    assert "Zerodha Kite gave no usable answer" in positions.text


@pytest.mark.parametrize("tool", ["get_positions", "get_margins", "get_trades"])
async def test_without_a_login_there_is_a_link_to_log_in(three_brokers, tool):
    async with connected(three_brokers.server.url, three_brokers.site.token("wim")) as wim:
        answer = await wim.try_to(tool, broker="dhan")

    assert answer.code == "BROKER_LOGIN_REQUIRED"
    assert "Link for the user to log in at dhan" in answer.text
    assert "/connect/dhan?state=" in answer.text
