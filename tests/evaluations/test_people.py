"""Tasks about logging in and out, and about two people on one server."""

import pytest
from anyio import to_thread

from tests.evaluations.agent import Agent
from tests.evaluations.conftest import KITE_APP, Meet
from tests.evaluations.test_orders import INFY, a_low_price
from tests.mcp_interface.connect.browser import Browser

pytestmark = pytest.mark.anyio


async def opened_by_its_person(link: str, user: str) -> str:
    """What the person does with a login link at Kite; the code that they read out afterwards."""

    def visit() -> str:
        browser = Browser()
        browser.open(link)
        browser.log_in("kite", **KITE_APP)
        return browser.send(browser.page.forms[0], user_id=user).code

    return await to_thread.run_sync(visit)


async def at_nobodys_door(agent: Agent) -> None:
    """Choose Kite without being logged in there."""
    await agent.wish("Make this my active broker", broker="kite")


async def test_log_in_at_kite_and_tell_me_what_i_hold(meet: Meet):
    lata = await meet("lata")
    await at_nobodys_door(lata)

    await lata.follow()
    code = await opened_by_its_person(lata.heard(r"(http\S+/connect/\S+)"), "LATA01")
    await lata.follow(confirmation_code=code)
    await lata.wish("What are my holdings worth?")
    worth = lata.heard(r"worth (₹[0-9,.]+)")

    told = await lata.person.call("list_brokers")
    assert {each["name"] for each in told.data["brokers"] if each["authenticated"]} >= {"kite"}
    assert worth != "₹0.00"
    lata.cost(calls=4, tokens=575)


async def test_a_question_that_needs_a_login_brings_the_link_itself(meet: Meet):
    mira = await meet("mira")
    await at_nobodys_door(mira)

    await mira.wish("What are my holdings worth?")
    assert mira.heard("(BROKER_LOGIN_REQUIRED)")
    code = await opened_by_its_person(mira.heard(r"(http\S+/connect/\S+)"), "MIRA01")
    await mira.follow(confirmation_code=code)
    await mira.wish("What are my holdings worth?")

    assert mira.heard(r"(\d+) holdings at Zerodha Kite") != "0"
    mira.cost(calls=4, tokens=420)


async def test_a_broker_that_this_server_does_not_have(meet: Meet):
    asha = await meet("asha", "paper")

    await asha.wish("Make this my active broker", broker="angelone")
    there_are = asha.heard(r"choose one of (.+)\.").split(", ")
    assert there_are == ["paper", "kite", "groww", "dhan"]

    assert (await asha.person.call("get_session_info")).data["activeBroker"] == "paper"
    asha.cost(calls=1, tokens=35)


async def test_log_me_out_everywhere(meet: Meet):
    asha = await meet("asha", "kite", "groww", "dhan")

    await asha.wish("Log me out everywhere", broker="all")
    await asha.wish("List the brokers and my logins there")
    assert asha.heard("(Zerodha Kite: login needed|Zerodha Kite: not logged in)")

    told = await asha.person.call("get_session_info")
    assert told.data["authenticatedBrokers"] == []
    asha.cost(calls=2, tokens=85)


async def test_bob_finds_nothing_of_alices_and_cancels_nothing(meet: Meet):
    alice, bob = await meet("alice", "kite"), await meet("bob", "kite")
    price = await a_low_price(alice)
    await alice.wish("Buy shares", **INFY, order_type="LIMIT", price=price, quantity=1)
    key = alice.heard(r"order_key: (\S+)")

    await bob.wish("What is in my order book today?")
    assert bob.heard(r"(\d+) of \d+ orders") == "0"
    await bob.wish("What became of my order?", order=key)
    assert bob.heard("(ORDER_NOT_FOUND)")
    await bob.wish("Cancel that order", order=key)
    assert bob.heard("(ORDER_NOT_FOUND)")

    (order,) = (await alice.person.call("get_orders")).data["orders"]
    assert (order["orderKey"], order["status"]) == (key, "OPEN")
    bob.cost(calls=3, tokens=150)


async def test_two_people_use_the_same_key_for_orders_of_their_own(meet: Meet):
    alice, bob = await meet("alice", "paper"), await meet("bob", "paper")
    order = {**INFY, "order_type": "MARKET", "order_key": "first"}

    await alice.wish("Buy shares", **order, quantity=2)
    await bob.wish("Buy shares", **order, quantity=3)

    for person, bought in ((alice, "2"), (bob, "3")):
        await person.wish("What became of my order?", order="first")
        assert person.heard(r"FILLED (\d+) at") == bought
        person.cost(calls=2, tokens=145)
