"""Tasks about what people own and what they have to spend."""

from decimal import Decimal

import pytest

from tests.evaluations.conftest import Meet, Town
from tests.evaluations.test_orders import AT_MARKET

pytestmark = pytest.mark.anyio


def _amount(text: str) -> Decimal:
    return Decimal(text.replace("₹", "").replace(",", ""))


async def test_what_am_i_worth_at_kite(meet: Meet):
    asha = await meet("asha", "kite")

    await asha.wish("What are my holdings worth?")
    worth = Decimal(asha.heard(r"worth ₹([0-9,.]+)").replace(",", ""))
    each = [line for line in asha.text.splitlines() if " at ₹" in line]

    told = (await asha.person.call("get_portfolio")).data
    assert len(each) == told["total"]
    assert abs(worth - Decimal(told["summary"]["totalCurrent"])) < worth / 10
    asha.cost(calls=1, tokens=195)


async def test_what_do_i_own_at_all_brokers_together(meet: Meet):
    asha = await meet("asha", "kite", "dhan")

    await asha.wish("What do I hold at all brokers together?")
    count, worth = asha.heard(r"(\d+) holdings, worth"), _amount(asha.heard(r"worth (₹[0-9,.]+)"))

    each = [(await asha.person.call("get_portfolio", broker=b)).data for b in ("kite", "dhan")]
    assert int(count) == len({row["isin"] for told in each for row in told["holdings"]})
    together = sum(Decimal(told["summary"]["totalCurrent"]) for told in each)
    assert abs(worth - together) < together / 10  # prices go on moving
    asha.cost(calls=1, tokens=320)


async def test_one_broker_is_down_and_the_others_are_told(meet: Meet, town: Town):
    asha = await meet("asha", "groww", "dhan")
    town.exchanges["dhan"].fault("html502", route="/v2/holdings", user=asha.account, calls=9)

    await asha.wish("What do I hold at all brokers together?")
    assert asha.heard(r"Not counted: (\w+)") == "dhan"
    count = asha.heard(r"at groww: (\d+) holdings")

    told = (await asha.person.call("get_portfolio", broker="groww")).data
    assert int(count) == told["total"]
    asha.cost(calls=1, tokens=250)


async def test_a_broker_without_a_login_is_named_and_the_way_in(meet: Meet):
    asha = await meet("asha", "kite")

    await asha.wish("What do I hold at all brokers together?", brokers=["kite", "groww"])
    assert asha.heard(r"at kite: (\d+) holdings") != "0"
    assert asha.heard(r"Not logged in at (\w+), so not counted") == "groww"
    await asha.follow()

    assert asha.heard(r"(http\S+/connect/groww\S+)")
    asha.cost(calls=2, tokens=470)


async def test_which_of_my_brokers_has_more_of_my_money(meet: Meet):
    asha = await meet("asha", "kite", "groww", reads="all")

    await asha.wish("Compare my portfolios side by side")
    worth = {b: _amount(asha.heard(rf"{b}: .* worth (₹[0-9,.]+)")) for b in ("kite", "groww")}
    more = max(worth, key=lambda broker: worth[broker])

    sums = {}
    for broker in worth:
        told = (await asha.person.call("get_portfolio", broker=broker)).data
        sums[broker] = Decimal(told["summary"]["totalCurrent"])
    assert sums[more] == max(sums.values())
    asha.cost(calls=1, tokens=155)


async def test_what_did_i_gain_today_and_what_in_all(meet: Meet):
    asha = await meet("asha", "kite")

    await asha.wish("What are my holdings worth?")
    today = _amount(asha.heard(r"holdings at .* today ([-+]₹[0-9,.]+)"))
    in_all = _amount(asha.heard(r"holdings at .* in all ([-+]₹[0-9,.]+)"))

    summary = (await asha.person.call("get_portfolio")).data["summary"]
    room = Decimal(summary["totalCurrent"]) / 50  # prices go on moving
    assert abs(today - Decimal(summary["totalDayChange"])) < room
    assert abs(in_all - Decimal(summary["totalPnl"])) < room
    assert today != in_all
    asha.cost(calls=1, tokens=195)


async def test_can_i_afford_10_infy(meet: Meet):
    asha = await meet("asha", "groww", reads="all")

    order = {**AT_MARKET, "quantity": 10}
    await asha.wish("What margin would one order at Groww block?", **order)
    needed = Decimal(asha.heard(r"block ₹([0-9,.]+)").replace(",", ""))
    await asha.wish("How much money is available?")
    there = Decimal(asha.heard(r"₹([0-9,.]+) available").replace(",", ""))

    assert needed < there
    assert (await asha.person.call("get_orders")).data["total"] == 0
    asha.cost(calls=2, tokens=125)


async def test_what_did_i_really_pay_today(meet: Meet):
    asha = await meet("asha", "groww")
    await asha.wish("Buy shares", **AT_MARKET, quantity=4)

    await asha.wish("What was really paid today, fill by fill?")
    paid = asha.heard(r"BUY 4 NSE:INFY CNC at ₹([0-9,.]+) ")

    (trade,) = (await asha.person.call("get_trades")).data["trades"]
    assert trade["price"] == paid.replace(",", "")
    asha.cost(calls=2, tokens=135)
