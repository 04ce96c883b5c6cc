"""Tasks about prices, candles and indicators, and about when there are any.

The bounds leave room for market hours, when the open bar is told besides the last closed one.
"""

from datetime import datetime, timedelta

import pytest

from domain.instants import IST
from tests.evaluations.conftest import Meet

pytestmark = pytest.mark.anyio


async def test_rsi_of_reliance_on_both_brokers(meet: Meet):
    asha = await meet("asha", "kite", "groww", reads="all")

    await asha.wish("Compare this indicator at both brokers", share="RELIANCE", indicator="RSI")
    for broker in ("kite", "groww"):
        assert 0 < float(asha.heard(rf"{broker}: NSE:RELIANCE RSI\(14\) ([0-9.]+) at ")) < 100

    # Both read one simulated exchange; a bar that is still open may differ between two questions.
    assert asha.heard(r"the difference from \w+: \w+ (-?[0-9]+\.[0-9]+)") == "0.00"
    asha.cost(calls=1, tokens=150)


async def test_several_indicators_in_one_question(meet: Meet):
    asha = await meet("asha", "paper")

    wanted = ["RSI:14", "ATR:14", "SMA:20"]
    await asha.wish("Show me technical indicators", share="TCS", indicators=wanted, interval="1d")
    said = [asha.heard(rf"NSE:TCS {name} (\S+) at ") for name in (r"RSI\(14\)", r"ATR\(14\)")]
    said.append(asha.heard(r"NSE:TCS SMA\(20\) (\S+) at "))

    assert float(said[0]) < 100
    assert all(each.startswith("₹") for each in said[1:])
    asha.cost(calls=1, tokens=155)


async def test_a_misspelt_indicator_leads_to_the_right_one(meet: Meet):
    asha = await meet("asha", "paper")

    await asha.wish("Show me technical indicators", share="INFY", indicators=["BOLINGER"])
    right = asha.heard(r"The nearest is (\w+)")
    await asha.again(indicators=[right])

    assert asha.heard(r"(BOLLINGER\(20,2\)) ")
    asha.cost(calls=2, tokens=195)


async def test_the_last_week_of_tcs(meet: Meet):
    asha = await meet("asha", "groww")
    week_ago = (datetime.now(IST) - timedelta(days=7)).strftime("%Y-%m-%d")

    await asha.wish("Candles of the last week", share="TCS", since=week_ago, interval="1d")
    closed_at = asha.heard(r"close ([0-9.]+), volume")

    told = await asha.person.call("get_historical_data", symbol="TCS", from_date=week_ago)
    assert told.data["candles"][0]["close"] == closed_at
    assert asha.text.count("volume") == told.data["total"]
    asha.cost(calls=1, tokens=215)


async def test_the_strike_at_the_money_and_what_its_call_costs(meet: Meet):
    asha = await meet("asha", "groww")

    await asha.wish("Which calls and puts are around the money?", share="NIFTY", strikes_around=2)
    spot = float(asha.heard(r"at ₹([0-9,.]+), expiring").replace(",", ""))
    strikes = [int(line.split(":")[0]) for line in asha.text.splitlines() if ": call " in line]
    nearest = min(strikes, key=lambda strike: abs(strike - spot))
    premium = asha.heard(rf"{nearest}: call ([0-9.]+)")

    assert abs(nearest - spot) <= 25
    assert float(premium) > 0
    assert len(strikes) == 5
    asha.cost(calls=1, tokens=140)


async def test_three_prices_of_which_one_is_of_nothing(meet: Meet):
    asha = await meet("asha", "kite")

    await asha.wish("What are the live prices?", shares=["INFY", "RELIANC", "TCS"])
    right = asha.heard(r"The nearest: ([A-Z:]+)")
    await asha.again(shares=[right])

    assert asha.heard(r"NSE:(RELIANCE) ₹")
    asha.cost(calls=2, tokens=165)


async def test_is_the_market_open_now(meet: Meet):
    asha = await meet("asha", "paper")

    await asha.wish("Which exchanges are open now?", exchange="NSE")
    said = asha.heard(r"\nNSE (?:in )?(open|pre-open|closed)\b")

    told = await asha.person.call("get_market_status", exchange="NSE")
    assert told.data["exchanges"][0]["state"] == said.upper().replace("-", "_")
    asha.cost(calls=1, tokens=105)


async def test_what_is_this_thing_called_and_who_has_it(meet: Meet):
    asha = await meet("asha", "paper")

    await asha.wish("Find the share of this company", query="infosys")
    name = asha.heard(r'(NSE:\S+) \("Infosys"\), at kite, groww, dhan')
    await asha.wish("What are the live prices?", share=name)

    assert asha.heard(r"NSE:INFY (₹[0-9,.]+)")
    asha.cost(calls=2, tokens=140)
