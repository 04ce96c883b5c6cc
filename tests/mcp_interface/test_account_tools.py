"""Positions, money and trades at every broker, over HTTP, through the SDKs."""

import re
import zlib
from collections.abc import AsyncIterator
from decimal import ROUND_HALF_UP, Decimal

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
    assert first.text.splitlines()[1].startswith(f"2 positions at {NAMES[broker]}, today ")
    assert "More: get_positions(cursor='c1')." in first.text


async def test_a_position_shows_what_is_realised_and_what_is_not_and_closed_ones_stay(uma, broker):
    await uma.call("create_order", **buy("TCS", 3, product="MIS"))
    await uma.call("create_order", **buy("TCS", 1, product="MIS", transaction_type="SELL"))
    await uma.call("create_order", **buy("ITC", 2, product="MIS"))
    await uma.call("create_order", **buy("ITC", 2, product="MIS", transaction_type="SELL"))

    answer = await uma.call("get_positions")
    portfolio = await uma.call("get_portfolio")

    rows = {row["symbol"]: row for row in answer.data["positions"]}
    assert {
        name: tuple(row[f"{part}uantity"] for part in ("q", "overnightQ", "boughtQ", "soldQ"))
        for name, row in rows.items()
    } == {"TCS": (2, 0, 3, 1), "ITC": (0, 0, 2, 2)}
    for row in rows.values():
        parts = Decimal(row["realisedPnl"]) + Decimal(row["unrealisedPnl"])
        assert abs(Decimal(row["pnl"]) - parts) <= Decimal("0.01")
        # Nothing was carried into the day; brokers round averages to four places.
        assert abs(Decimal(row["dayPnl"]) - Decimal(row["pnl"])) <= Decimal("0.01")
    assert rows["ITC"]["unrealisedPnl"] == "0.00"
    assert all(
        MONEY.fullmatch(answer.data[f"total{part}nl"]) for part in ("P", "RealisedP", "DayP")
    )
    assert "NSE:ITC MIS: closed, today " in answer.text
    assert [row["quantity"] for row in portfolio.data["positions"]] == [
        row["quantity"] for row in answer.data["positions"]
    ]


@pytest.mark.parametrize("broker", ["kite", "groww", "dhan"], indirect=True)
async def test_a_holding_shows_todays_change_apart_from_its_gain(uma, broker):
    answer = await uma.call("get_portfolio", limit=3)

    for row in answer.data["holdings"]:
        worth = Decimal(row["currentPrice"]) * row["quantity"]
        assert Decimal(row["currentValue"]) == worth
        assert Decimal(row["pnl"]) == worth - Decimal(row["investedValue"])
        before = worth - Decimal(row["dayChange"])
        assert row["dayChangePercent"] == str(
            (Decimal(row["dayChange"]) / before * 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
        )
        assert (row["sellableQuantity"], row["unsettledQuantity"], row["pledgedQuantity"]) == (
            row["quantity"],
            0,
            0,
        )
    sources = {(row["priceSource"], row["priceAt"] is None) for row in answer.data["holdings"]}
    assert (
        sources
        == {
            "kite": {("holdings", True)},
            "groww": {("quotes", True)},
            "dhan": {("quotes", False)},
        }[broker]
    )
    summary = answer.data["summary"]
    assert (summary["totalHoldings"], summary["unpricedStocks"]) == (answer.data["total"], 0)
    assert MONEY.fullmatch(summary["totalDayChange"])
    assert MONEY.fullmatch(summary["totalPnl"])
    assert answer.data["missing"] == []
    assert answer.data["askedAt"].endswith("+05:30")
    assert f"{answer.data['total']} holdings at {NAMES[broker]}, worth ₹" in answer.text
    assert ("Prices bear no time" in answer.text) is (broker != "dhan")


@pytest.mark.parametrize("broker", ["paper"], indirect=True)
async def test_who_holds_nothing_is_told_so_in_numbers(uma):
    answer = await uma.call("get_portfolio")

    assert (answer.data["holdings"], answer.data["total"]) == ([], 0)
    summary = answer.data["summary"]
    assert (summary["totalCurrent"], summary["totalPnl"], summary["totalDayChange"]) == (
        "0.00",
        "0.00",
        "0.00",
    )
    assert (summary["totalPnlPercent"], summary["totalDayChangePercent"]) == (None, None)
    assert "0 holdings at Paper, worth ₹0.00" in answer.text


@pytest.mark.parametrize("broker", ["paper"], indirect=True)
async def test_more_rows_than_a_screenful_are_said_when_asked_for(uma):
    for _ in range(11):
        await uma.call("create_order", **buy("ITC", 1, product="MIS"))
        await uma.call("create_order", **buy("ITC", 1, product="MIS", transaction_type="SELL"))

    short = await uma.call("get_trades")
    detailed = await uma.call("get_trades", response_format="detailed")

    assert len(short.data["trades"]) == len(detailed.data["trades"]) == 22
    assert short.text.splitlines()[-1].startswith("And 2 more in the data;")
    assert len(detailed.text.splitlines()) == 24


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
