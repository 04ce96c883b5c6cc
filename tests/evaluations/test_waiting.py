"""Tasks about orders that wait at the broker, and about positions that stay overnight."""

from typing import Final

import pytest

from tests.evaluations.conftest import Meet
from tests.evaluations.test_orders import INFY, a_low_price
from tests.mcp_interface.people import buy

pytestmark = pytest.mark.anyio
INFY_NOW: Final = {"share": "INFY", "exchange": "NSE", "side": "BUY"}


async def test_wait_for_a_price_and_then_think_better_of_it(meet: Meet):
    asha = await meet("asha", "kite", reads="all")
    low = await a_low_price(asha)

    order = {**INFY, "quantity": 1, "trigger_price": low, "price": low}
    await asha.wish("Place a GTT order with a trigger price", **order)
    (waiting,) = (await asha.person.call("get_gtt_orders")).data["gttOrders"]
    await asha.wish("List my GTT orders, newest first")
    gtt_id = asha.heard(r"gtt_id='(\S+?)'")
    assert gtt_id == waiting["gttId"]
    await asha.wish("Cancel that GTT order", gtt_id=gtt_id)

    left = (await asha.person.call("get_gtt_orders")).data["gttOrders"]
    assert [each["status"] for each in left] in ([], ["CANCELLED"])
    assert len(asha.person.questions) == 1
    asha.cost(calls=3, tokens=245)


async def test_keep_overnight_what_was_bought_for_the_day(meet: Meet):
    asha = await meet("asha", "kite", reads="all")
    await asha.person.call("create_order", **buy(quantity=2, product="MIS"))

    await asha.wish("What positions do I have, do the open ones gain or lose?")
    assert asha.heard(r"NSE:INFY MIS: (\d+)") == "2"
    await asha.wish(
        "Convert the position to another product",
        **INFY_NOW,
        quantity=2,
        old_product="MIS",
        new_product="CNC",
    )

    rows = (await asha.person.call("get_positions")).data["positions"]
    assert [(r["product"], r["quantity"]) for r in rows if r["quantity"]] == [("CNC", 2)]
    asha.cost(calls=2, tokens=180)


async def test_buy_with_a_target_and_a_stop_loss_where_no_broker_takes_that_at_once(meet: Meet):
    asha = await meet("asha", "kite", reads="all")
    low = int(await a_low_price(asha))
    bid, stop, target = str(low * 102 // 97), str(low), str(low * 105 // 97)

    order = {**INFY_NOW, "quantity": 1, "price": bid, "stoploss": stop, "squareoff": target}
    told = await asha.wish("A bracket order at whatever broker takes it", **order)
    await asha.follow()
    assert asha.heard(r"FILLED (\d) at") == "1"
    await asha.follow(
        told, trigger_price=stop, price=stop, target_trigger_price=target, target_price=target
    )

    (waiting,) = (await asha.person.call("get_gtt_orders")).data["gttOrders"]
    assert (waiting["kind"], waiting["transactionType"], waiting["quantity"]) == ("OCO", "SELL", 1)
    asha.cost(calls=3, tokens=400)
