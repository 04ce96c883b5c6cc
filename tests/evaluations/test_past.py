"""Tasks about what was done, and about what was known at some moment."""

from datetime import datetime

import pytest

from domain.instants import IST
from tests.evaluations.conftest import Meet
from tests.evaluations.test_orders import AT_MARKET

pytestmark = pytest.mark.anyio


async def test_what_did_i_do_today(meet: Meet):
    asha, bob = await meet("asha", "paper"), await meet("bob", "paper")
    await asha.wish("Buy shares", **AT_MARKET, quantity=2)
    key = asha.heard(r"order_key: (\S+)")
    await bob.wish("Buy shares", **AT_MARKET, quantity=7)

    await asha.wish("What was my activity today?")
    assert asha.heard(r"order requested at paper: BUY (\d+) NSE:INFY") == "2"
    assert asha.heard(rf"Seen as FILLED: 2 shares .* \(order '({key})'\)") == key

    assert "BUY 7" not in asha.text
    asha.cost(calls=2, tokens=320)


async def test_what_became_of_one_order_step_by_step(meet: Meet):
    asha = await meet("asha", "paper")
    await asha.wish("Buy shares", **AT_MARKET, quantity=2, order_key="one")
    await asha.wish("Buy shares", **AT_MARKET, quantity=3, order_key="other")

    await asha.wish("My activity about this order alone", order_key="one")
    assert asha.heard(r"(BUY 2)")

    assert "BUY 3" not in asha.text
    asha.cost(calls=3, tokens=345)


async def test_what_had_i_bought_at_that_moment(meet: Meet):
    asha = await meet("asha", "paper")
    await asha.wish("Buy shares", **AT_MARKET, quantity=2)
    moment = datetime.now(IST).isoformat()
    await asha.wish("Buy shares", **AT_MARKET, quantity=3)

    await asha.wish("My activity as of that moment", at=moment)
    assert asha.heard(r"(\d+) orders?,") == "1"

    assert (await asha.person.call("get_orders")).data["total"] == 2
    asha.cost(calls=3, tokens=490)
