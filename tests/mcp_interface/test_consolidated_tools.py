"""What is held at several brokers, as one and side by side, over HTTP and through the SDKs."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import Person, buy, connected

pytestmark = pytest.mark.anyio

MONEY = re.compile(r"-?\d+\.\d\d")
ALICE = {"kite": "70000000", "groww": "70000067", "dhan": "70000020"}
BOB = {"kite": "70000003", "groww": "70000025"}
"""Accounts at the simulator: their shares are a function of its seed and their number."""
HELD = {
    "SBILIFE": {"kite": 41, "groww": 41, "dhan": 39},
    "ITC": {"kite": 19, "groww": 37, "dhan": 5},
    "DIVISLAB": {"groww": 13, "dhan": 15},
    "TRENT": {"kite": 33},
    "TATACONSUM": {"kite": 38},
    "CIPLA": {"groww": 23},
    "DLF": {"dhan": 55},
}
BOBS = {"SBIN", "TECHM", "ADANIENT", "DIVISLAB", "BHEL", "IOC"}


@asynccontextmanager
async def somebody(
    market: Market, name: str, accounts: dict[str, str], active: str = "kite"
) -> AsyncIterator[Person]:
    async with connected(market.server.url, market.site.token(name)) as person:
        for broker, account in accounts.items():
            await person.log_in_at(broker, market.simulator, account)
        await person.call("set_active_broker", broker=active)
        yield person


@pytest.fixture(scope="module")
async def alice(three_brokers: Market) -> AsyncIterator[Person]:
    async with somebody(three_brokers, "alice-of-three", ALICE) as person:
        yield person


async def test_the_same_share_at_three_brokers_is_one_row_with_its_parts(alice):
    answer = await alice.call("get_consolidated_portfolio")

    rows = {row["symbol"]: row for row in answer.data["consolidated"]}
    assert {
        symbol: {part["broker"]: part["quantity"] for part in row["parts"]}
        for symbol, row in rows.items()
    } == HELD
    life = rows["SBILIFE"]
    assert (life["quantity"], life["brokers"]) == (121, ["kite", "groww", "dhan"])
    assert (life["isin"], life["joinedBy"], life["mode"]) == ("INE123W01016", "isin", "SIMULATED")
    worth = sum(Decimal(part["currentPrice"]) * part["quantity"] for part in life["parts"])
    assert Decimal(life["currentValue"]) == worth
    assert Decimal(life["pnl"]) == worth - Decimal(life["investedValue"])
    assert answer.data["total"] == 7
    assert "SIMULATED NSE:SBILIFE (kite 41, groww 41, dhan 39): 121 at ₹" in answer.text


async def test_each_part_says_where_its_price_is_from_and_how_old_it_is(alice):
    answer = await alice.call("get_consolidated_portfolio")

    parts = {part["broker"]: part for row in answer.data["consolidated"] for part in row["parts"]}
    told = {name: (part["priceSource"], part["priceAt"]) for name, part in parts.items()}
    assert told["kite"] == ("holdings", None)
    assert told["groww"] == ("quotes", None)
    assert told["dhan"][0] == "quotes"
    assert told["dhan"][1].endswith("+05:30")
    assert parts["dhan"]["ageSeconds"] >= 0
    assert parts["kite"]["ageSeconds"] is None
    asked = [each["askedAt"] for each in answer.data["brokers"] if each["mode"]]
    assert len(asked) == 3


async def test_totals_are_of_all_rows_whatever_the_page(alice):
    whole = await alice.call("get_consolidated_portfolio")
    first = await alice.call("get_consolidated_portfolio", limit=5)
    rest = await alice.call("get_consolidated_portfolio", limit=5, cursor=first.data["nextCursor"])

    (totals,) = whole.data["totals"]
    invested = sum(Decimal(row["investedValue"]) for row in whole.data["consolidated"])
    assert Decimal(totals["invested"]) == invested
    assert Decimal(totals["pnl"]) == Decimal(totals["current"]) - Decimal(totals["invested"])
    assert MONEY.fullmatch(totals["dayChange"])
    assert (totals["unpriced"], totals["unclosed"]) == ([], [])
    assert first.data["totals"][0]["invested"] == totals["invested"]
    pages = [*first.data["consolidated"], *rest.data["consolidated"]]
    assert [row["symbol"] for row in pages] == [row["symbol"] for row in whole.data["consolidated"]]
    assert (first.data["nextCursor"], rest.data["nextCursor"]) == ("c5", None)
    assert "More: get_consolidated_portfolio(cursor='c5')." in first.text


async def test_a_broker_that_is_down_or_talks_nonsense_hides_no_other(three_brokers, alice):
    three_brokers.simulator.fault("wrong_shape", route="/portfolio/holdings", user=ALICE["kite"])
    three_brokers.simulator.fault("status:400", route="/v2/holdings", user=ALICE["dhan"])

    answer = await alice.call("get_consolidated_portfolio")

    states = {each["broker"]: each for each in answer.data["brokers"]}
    assert {name: state["code"] for name, state in states.items()} == {
        "kite": "BROKER_UNAVAILABLE",
        "groww": None,
        "dhan": "BROKER_UNAVAILABLE",
    }
    assert "Zerodha Kite gave no usable answer" in states["kite"]["reason"]
    assert {row["symbol"] for row in answer.data["consolidated"]} == {
        "SBILIFE", "ITC", "DIVISLAB", "CIPLA",
    }  # fmt: skip
    assert answer.data["totals"][0]["brokers"] == ["groww"]
    assert "Not counted: dhan. BROKER_UNAVAILABLE: Dhan gave no usable answer" in answer.text


async def test_without_live_prices_the_shares_are_told_and_no_total_is_made_up(
    three_brokers, alice
):
    three_brokers.simulator.fault(
        "status:400", route="/v1/live-data/ltp", user=ALICE["groww"], calls=4
    )

    answer = await alice.call("get_portfolio", broker="groww")
    together = await alice.call("get_consolidated_portfolio", brokers=["kite", "groww"])

    assert [row["quantity"] for row in answer.data["holdings"]] == [13, 37, 23, 41]
    assert {row["currentPrice"] for row in answer.data["holdings"]} == {None}
    summary = answer.data["summary"]
    assert (summary["totalCurrent"], summary["totalPnl"], summary["unpricedStocks"]) == (
        None,
        None,
        4,
    )
    assert "Groww gave no quotes" in answer.data["missing"][0]
    assert "Groww gave no price for 4 of them." in answer.text
    rows = {row["symbol"]: row for row in together.data["consolidated"]}
    assert (rows["ITC"]["currentValue"], rows["ITC"]["quantity"]) == (None, 56)
    assert MONEY.fullmatch(rows["TRENT"]["currentValue"])
    (totals,) = together.data["totals"]
    assert (totals["current"], totals["pnl"]) == (None, None)
    assert "NSE:ITC" in totals["unpriced"]


async def test_paper_money_is_never_added_to_the_rest(three_brokers):
    async with somebody(three_brokers, "pia-with-paper", {"kite": "70000000"}, "paper") as pia:
        await pia.call("create_order", **buy("ITC", 10))
        answer = await pia.call("get_consolidated_portfolio")
        without = await pia.call("get_consolidated_portfolio", brokers=["kite"])

    itc = [row for row in answer.data["consolidated"] if row["symbol"] == "ITC"]
    assert [(row["mode"], row["quantity"]) for row in itc] == [("PAPER", 10), ("SIMULATED", 19)]
    totals = {row["mode"]: row for row in answer.data["totals"]}
    assert {mode: row["brokers"] for mode, row in totals.items()} == {
        "PAPER": ["paper"],
        "SIMULATED": ["kite"],
    }
    assert totals["SIMULATED"]["invested"] == without.data["totals"][0]["invested"]
    assert "Not logged in at groww, dhan, so not counted." in answer.text


async def test_nobody_sees_what_another_holds(three_brokers, alice):
    async with somebody(three_brokers, "bob-of-two", BOB) as bob:
        bobs = await bob.call("get_consolidated_portfolio")
        compared = await bob.call("compare_portfolios")
    hers = await alice.call("get_consolidated_portfolio")

    assert {row["symbol"] for row in bobs.data["consolidated"]} == BOBS | {"DIVISLAB"}
    (theirs,) = [row for row in bobs.data["consolidated"] if row["symbol"] == "DIVISLAB"]
    assert {part["broker"]: part["quantity"] for part in theirs["parts"]} == {
        "kite": 45,
        "groww": 21,
    }
    assert {row["symbol"] for row in hers.data["consolidated"]} == set(HELD)
    codes = {each["broker"]: each["code"] for each in compared.data["portfolios"]}
    assert codes == {"kite": None, "groww": None, "dhan": "BROKER_LOGIN_REQUIRED"}


async def test_who_is_logged_in_nowhere_is_sent_to_log_in(three_brokers):
    async with connected(three_brokers.server.url, three_brokers.site.token("noor")) as noor:
        told = [
            await noor.try_to("get_consolidated_portfolio"),
            await noor.try_to("compare_portfolios"),
        ]

    assert [each.code for each in told] == ["BROKER_LOGIN_REQUIRED"] * 2
    assert "You are logged in at none of kite, groww, dhan." in told[0].text


async def test_portfolios_are_compared_with_what_several_hold(alice):
    answer = await alice.call("compare_portfolios")

    told = {each["broker"]: each for each in answer.data["portfolios"]}
    assert answer.data["comparedBrokers"] == ["kite", "groww", "dhan"]
    for each in told.values():
        summary = each["summary"]
        assert (summary["holdings"], each["fundsAvailable"] is None) == (4, False)
        assert all(
            MONEY.fullmatch(summary[name]) for name in ("invested", "current", "dayChange", "pnl")
        )
    assert told["groww"]["fundsAvailable"] == "1000000.00"
    shared = {row["symbol"]: row["brokers"] for row in answer.data["shared"]}
    assert shared == {
        "SBILIFE": ["kite", "groww", "dhan"],
        "ITC": ["kite", "groww", "dhan"],
        "DIVISLAB": ["groww", "dhan"],
    }
    assert "Held at more than one of them: 3." in answer.text
    assert re.search(r"SIMULATED NSE:DIVISLAB: groww 13 at ₹\S+, dhan 15 at ₹\S+; ₹", answer.text)


async def test_named_brokers_that_cannot_be_asked_have_their_reason(three_brokers):
    async with somebody(three_brokers, "nia-of-one", {"kite": "70000000"}) as nia:
        answer = await nia.call(
            "compare_portfolios", brokers=["kite", "dhan", "angelone", "kite", "zerodha"]
        )
        nothing = await nia.call("compare_portfolios", brokers=["angelone"])

    assert [(each["broker"], each["code"]) for each in answer.data["portfolios"]] == [
        ("kite", None),
        ("dhan", "BROKER_LOGIN_REQUIRED"),
        ("angelone", "BROKER_NOT_SUPPORTED"),
        ("zerodha", "BROKER_NOT_SUPPORTED"),
    ]
    assert answer.data["comparedBrokers"] == ["kite"]
    assert (
        "Not counted: angelone. BROKER_NOT_SUPPORTED: 'angelone' is not supported." in answer.text
    )
    assert (nothing.data["comparedBrokers"], nothing.data["shared"]) == ([], [])
