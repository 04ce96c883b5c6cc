"""Tasks about orders: what people say when they want to buy, sell, change their mind or stop."""

from decimal import Decimal
from typing import Final

import pytest
from anyio import to_thread

from tests.evaluations.agent import Agent
from tests.evaluations.conftest import Meet, Town
from tests.mcp_interface.people import on_the_page

pytestmark = pytest.mark.anyio

INFY: Final = {"share": "INFY", "exchange": "NSE", "side": "BUY", "product": "CNC"}
AT_MARKET: Final = {**INFY, "order_type": "MARKET"}


async def a_low_price(agent: Agent) -> str:
    """So far below the last one that the order rests, and near enough for the limits. Asked from
    outside, as by a person who looks at another screen."""
    quote = await agent.person.call("get_quote", symbols=["NSE:INFY"])
    return str(round(Decimal(quote.data["quotes"][0]["lastPrice"]) * Decimal("0.97")))


async def test_buy_5_infy_then_tell_me_what_i_paid(meet: Meet):
    asha = await meet("asha", "paper")

    await asha.wish("Buy shares", **AT_MARKET, quantity=5)
    await asha.wish("What became of my order?", order=asha.heard(r"order_key: (\S+)"))
    paid = asha.heard(r"FILLED 5 at ₹([0-9,.]+)")

    (order,) = (await asha.person.call("get_orders")).data["orders"]
    assert (order["status"], order["filledQuantity"]) == ("FILLED", 5)
    assert paid.replace(",", "") == order["averagePrice"]
    asha.cost(calls=2, tokens=150)


async def test_try_an_order_out_and_then_place_exactly_that_one(meet: Meet):
    asha = await meet("asha", "kite")

    await asha.wish("Try this order out first", **AT_MARKET, quantity=3)
    key = asha.heard(r"order_key='(\S+?)'")
    assert (await asha.person.call("get_orders")).data["total"] == 0
    await asha.follow()

    (order,) = (await asha.person.call("get_orders")).data["orders"]
    assert (order["orderKey"], order["filledQuantity"]) == (key, 3)
    asha.cost(calls=2, tokens=230)


async def test_an_order_that_is_said_twice_under_one_key_is_placed_once(meet: Meet):
    asha = await meet("asha", "groww")

    await asha.wish("Buy shares", **AT_MARKET, quantity=2, order_key="monthly-infy")
    await asha.again()
    assert asha.heard("(Nothing was sent now)")

    (order,) = (await asha.person.call("get_orders")).data["orders"]
    assert (order["orderKey"], order["quantity"]) == ("monthly-infy", 2)
    asha.cost(calls=2, tokens=205)


async def test_a_client_that_forgot_its_order_is_stopped_from_placing_it_twice(meet: Meet):
    asha = await meet("asha", "groww")

    await asha.wish("Buy shares", **AT_MARKET, quantity=2)
    await asha.again()
    assert asha.heard("(rule duplicate)")

    assert (await asha.person.call("get_orders")).data["total"] == 1
    asha.cost(calls=2, tokens=195)


async def test_the_broker_hangs_up_and_the_order_is_looked_for_not_repeated(meet: Meet, town: Town):
    asha = await meet("asha", "kite")
    kite = town.exchanges["kite"]
    kite.late_book(asha.account, 3600)
    kite.fault("drop_after", route="/orders", method="POST", user=asha.account)

    await asha.wish("Buy shares", **AT_MARKET, quantity=2)
    assert asha.heard("(Do not place it again)")
    await asha.follow()
    assert asha.heard("BUY 2 NSE:INFY .*(UNKNOWN)")

    assert sum(each["user"] == asha.account for each in kite.wire_log()) == 1
    asha.cost(calls=2, tokens=165)


async def test_bid_a_little_more_for_an_order_that_rests(meet: Meet):
    asha = await meet("asha", "kite")
    price = await a_low_price(asha)

    await asha.wish("Buy shares", **INFY, order_type="LIMIT", price=price, quantity=1)
    key = asha.heard(r"order_key: (\S+)")
    await asha.wish("Change the price of my open order", order=key, price=str(int(price) + 5))

    (order,) = (await asha.person.call("get_orders")).data["orders"]
    assert (order["orderKey"], order["status"]) == (key, "OPEN")
    assert Decimal(order["price"]) == int(price) + 5
    asha.cost(calls=2, tokens=155)


async def test_find_my_open_order_and_cancel_it(meet: Meet):
    asha = await meet("asha", "groww")
    price = await a_low_price(asha)
    await asha.wish("Buy shares", **INFY, order_type="LIMIT", price=price, quantity=1)

    await asha.wish("What is in my order book today?")
    await asha.wish("Cancel that order", order=asha.heard(r"OPEN.* \[(\S+)\]"))

    (order,) = (await asha.person.call("get_orders")).data["orders"]
    assert order["status"] == "CANCELLED"
    asha.cost(calls=3, tokens=195)


async def test_the_user_says_no_and_is_not_asked_again(meet: Meet):
    bhavna = await meet("bhavna", "kite", says="no")

    await bhavna.wish("Buy shares", **AT_MARKET, quantity=5)
    assert bhavna.heard("(do not ask for the same again)")

    assert len(bhavna.person.questions) == 1
    assert (await bhavna.person.call("get_orders")).data["total"] == 0
    bhavna.cost(calls=1, tokens=70)


async def test_a_client_that_cannot_ask_gives_the_user_a_link(meet: Meet):
    chitra = await meet("chitra", "kite", says="cannot")

    await chitra.wish("Buy shares", **AT_MARKET, quantity=5)
    link = chitra.heard(r"(http\S+/approve/\S+)")
    await to_thread.run_sync(lambda: on_the_page(link, chitra.token))
    await chitra.follow()
    assert chitra.heard(r"FILLED (5) at")

    (order,) = (await chitra.person.call("get_orders")).data["orders"]
    assert (order["status"], order["filledQuantity"]) == ("FILLED", 5)
    chitra.cost(calls=2, tokens=260)


async def test_stop_everything_and_go_on_later(meet: Meet):
    asha = await meet("asha", "kite")
    price = await a_low_price(asha)
    await asha.wish("Buy shares", **INFY, order_type="LIMIT", price=price, quantity=1)

    await asha.wish("Stop all my trading at once!", on=True, cancel_open_orders=True)
    assert asha.heard(r"Open orders: 1, cancelled: (\d)") == "1"
    await asha.wish("Buy shares", **AT_MARKET, quantity=1)
    assert asha.heard("(the user can end it)")
    await asha.follow()
    assert asha.heard("(Trading goes on)")
    await asha.wish("Buy shares", **AT_MARKET, quantity=1)

    orders = (await asha.person.call("get_orders")).data["orders"]
    assert [order["status"] for order in orders] == ["FILLED", "CANCELLED"]
    asha.cost(calls=5, tokens=385)


async def test_an_order_over_a_limit_is_placed_smaller(meet: Meet):
    asha = await meet("asha", "paper")

    await asha.wish("Buy shares", **AT_MARKET, quantity=400)
    most = asha.heard(r"limit max_order_value_inr=(\d+)")
    each = Decimal(asha.heard(r"comes to ₹([0-9,.]+)").replace(",", "")) / 400
    fits = int(Decimal(most) * Decimal("0.95") / each)
    await asha.again(quantity=fits)

    (order,) = (await asha.person.call("get_orders")).data["orders"]
    assert (order["status"], order["quantity"]) == ("FILLED", fits)
    asha.cost(calls=2, tokens=195)


async def test_a_wrong_symbol_leads_to_the_right_one(meet: Meet):
    asha = await meet("asha", "kite")

    await asha.wish("Buy shares", **{**AT_MARKET, "share": "RELIANC"}, quantity=1)
    wrong = asha.heard(r"NSE:(RELIANC) ")
    await asha.follow()
    right = asha.heard(rf"NSE:({wrong}\S*) ")
    await asha.wish("Buy shares", **{**AT_MARKET, "share": right}, quantity=1)

    (order,) = (await asha.person.call("get_orders")).data["orders"]
    assert (order["tradingSymbol"], order["status"]) == ("RELIANCE", "FILLED")
    asha.cost(calls=3, tokens=315)


async def test_the_market_is_closed_and_the_order_waits_for_the_morning(meet: Meet):
    divya = await meet("divya", "dhan")
    price = await a_low_price(divya)

    await divya.wish("Buy shares", **INFY, order_type="LIMIT", price=price, quantity=5)
    assert divya.heard("(MARKET_CLOSED)")
    await divya.follow()
    assert divya.heard("(INFY)")

    orders = (await divya.person.call("get_orders")).data["orders"]
    ended = {order["state"]: (order["variety"], order["status"]) for order in orders}
    assert ended["REJECTED"] == ("regular", None)
    assert ended["PLACED"] == ("amo", "PENDING_SUBMIT")
    divya.cost(calls=2, tokens=255)


async def test_the_market_is_closed_and_the_broker_takes_nothing_until_it_opens(
    meet: Meet, town: Town
):
    gita = await meet("gita", "groww")
    words = "Markets are closed right now."
    town.exchanges["groww"].fault(
        "reject", words=words, route="/v1/order/create", user=gita.account
    )

    await gita.wish("Buy shares", **AT_MARKET, quantity=5)
    assert gita.heard("(MARKET_CLOSED)")
    await gita.follow()
    assert gita.heard(r"\n(NSE)[ ,]") == "NSE"

    (order,) = (await gita.person.call("get_orders")).data["orders"]
    assert order["state"] == "REJECTED"
    gita.cost(calls=2, tokens=270)


async def test_an_order_of_a_kind_that_nobody_takes_becomes_the_closest_one(meet: Meet):
    asha = await meet("asha", "kite")
    price = await a_low_price(asha)

    wanted = {**INFY, "order_type": "LIMIT", "price": price, "quantity": 1, "product": "BO"}
    await asha.wish("Buy shares", **wanted)
    assert asha.heard("(NOT_SUPPORTED_BY_BROKER)")
    await asha.follow()

    (order,) = (await asha.person.call("get_orders")).data["orders"]
    assert (order["product"], order["status"]) == ("MIS", "OPEN")
    asha.cost(calls=2, tokens=260)


async def test_sell_one_of_what_i_hold(meet: Meet):
    asha = await meet("asha", "kite")

    await asha.wish("What are my holdings worth?")
    share = asha.heard(r"\nNSE:(\S+): \d+ at ")
    await asha.wish("Sell one share", **{**AT_MARKET, "share": share, "side": "SELL"}, quantity=1)

    (order,) = (await asha.person.call("get_orders")).data["orders"]
    assert (order["tradingSymbol"], order["transactionType"]) == (share, "SELL")
    assert order["status"] == "FILLED"
    asha.cost(calls=2, tokens=250)


async def test_read_prices_at_one_broker_and_buy_at_another(meet: Meet):
    asha = await meet("asha", "groww", "kite")

    await asha.wish("Choose another broker for prices", broker="groww", use="data")
    await asha.wish("What is the last price?", share="NSE:INFY")
    assert asha.heard(r"(groww)") == "groww"
    await asha.wish("Buy shares", **AT_MARKET, quantity=1)

    assert (await asha.person.call("get_orders", broker="kite")).data["total"] == 1
    assert (await asha.person.call("get_orders", broker="groww")).data["total"] == 0
    asha.cost(calls=3, tokens=185)
