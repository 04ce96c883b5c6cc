"""Modifying and cancelling with a real client, at every broker, in both eras of the protocol."""

import pytest

from domain.events import (
    OrderChangeDispatched,
    OrderChangeRequested,
    OrderChangeUnknown,
    OrderConfirmed,
)
from tests.mcp_interface.confirmations import account, facts
from tests.mcp_interface.conftest import Market
from tests.mcp_interface.people import ERAS, Answer, Era, Person, buy, connected, on_the_page

pytestmark = pytest.mark.anyio

LOW = {"order_type": "LIMIT", "price": "1400.05"}
"""Far below the last price of INFY, so that it stays open."""


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> Era:
    chosen: Era = request.param
    return chosen


async def open_order(person: Person, key: str = "k1", quantity: int = 3) -> Answer:
    placed = await person.call("create_order", **buy(quantity=quantity, order_key=key, **LOW))
    assert placed.data["state"] == "PLACED"
    return placed


async def in_the_book(person: Person, key: str) -> tuple[str, int, str]:
    """Status, quantity and price of one order as the broker shows it."""
    rows = (await person.call("get_orders")).data["orders"]
    [row] = [row for row in rows if row["orderKey"] == key]
    return row["status"], row["quantity"], row["price"]


@pytest.mark.parametrize("broker", ["kite", "groww", "dhan", "paper"])
async def test_an_open_order_is_modified_and_then_cancelled(
    three_brokers: Market, broker: str, era: Era
):
    name = f"changer-{broker}-{era}"
    token = three_brokers.site.token(name)
    async with connected(three_brokers.server.url, token, era) as asha:
        await asha.log_in_at(broker, three_brokers.simulator, account(name))
        placed = await open_order(asha)

        modified = await asha.call("modify_order", order_id="k1", quantity=4, price="1390.05")

        assert modified.data["state"] == "ACCEPTED"
        assert modified.data["mode"] == ("PAPER" if broker == "paper" else "SIMULATED")
        assert modified.data["brokerOrderId"] == placed.data["brokerOrderId"]
        assert (modified.data["orderKey"], modified.data["orderState"]) == ("k1", "PLACED")
        assert await in_the_book(asha, "k1") == ("OPEN", 4, "1390.05")

        cancelled = await asha.call("cancel_order", order_id=placed.data["brokerOrderId"])

        assert cancelled.data["state"] == "ACCEPTED"
        assert cancelled.data["status"] == "CANCELLED"
        assert cancelled.data["position"] > modified.data["position"]
        assert await in_the_book(asha, "k1") == ("CANCELLED", 4, "1390.05")
        told = await asha.call("get_order", order_key="k1")
        assert [(c["kind"], c["state"]) for c in told.data["changes"]] == [
            ("modify", "ACCEPTED"),
            ("cancel", "ACCEPTED"),
        ]


async def test_a_modification_is_asked_about_word_for_word_and_a_cancellation_is_not(
    market: Market,
):
    token = market.site.token("word-for-word")
    async with connected(market.server.url, token) as asha:
        await asha.log_in_at("kite", market.simulator, account("word-for-word"))
        await open_order(asha)
        asha.questions.clear()

        await asha.call("modify_order", order_id="k1", price="1390.05", change_key="m1")
        await asha.call("cancel_order", order_id="k1")

    [question] = asha.questions
    assert question.splitlines()[:2] == [
        "Change an open order. Now: Buy 3 shares of NSE:INFY at a limit of ₹1,400.05, "
        "product CNC, LIMIT, valid DAY.",
        "Then: Buy 3 shares of NSE:INFY at a limit of ₹1,390.05, product CNC, LIMIT, valid DAY.",
    ]
    yes = facts(market.site, "word-for-word", OrderConfirmed)
    asked = facts(market.site, "word-for-word", OrderChangeRequested)
    assert [(a.change_key, a.approval) for a in asked if a.kind == "modify"] == [
        ("m1", yes[-1].proposal_id)
    ]
    assert [a.approval for a in asked if a.kind == "cancel"] == [None]


@pytest.mark.parametrize("says", ["no", "unticked", "dismiss"])
async def test_without_a_yes_nothing_is_modified(market: Market, says):
    name = f"no-change-{says}"
    token = market.site.token(name)
    async with connected(market.server.url, token) as asha:
        await asha.log_in_at("kite", market.simulator, account(name))
        await open_order(asha)
    async with connected(market.server.url, token, says=says) as asha:
        answer = await asha.try_to("modify_order", order_id="k1", price="1390.05")

        assert answer.code == "PROPOSAL_REFUSED"
        assert await in_the_book(asha, "k1") == ("OPEN", 3, "1400.05")
    assert facts(market.site, name, OrderChangeRequested) == []


async def test_who_cannot_be_asked_in_the_client_is_sent_to_the_page(market: Market):
    token = market.site.token("change-page")
    async with connected(market.server.url, token, "legacy", visits_page=False) as asha:
        await asha.log_in_at("kite", market.simulator, account("change-page"))
        order = await asha.call("create_order", **buy(quantity=3, order_key="k1", **LOW))
        on_the_page(order.data["approvalUrl"], token)

        waits = await asha.call("modify_order", order_id="k1", price="1390.05")
        assert (waits.data["state"], waits.data["safeToRetry"]) == ("AWAITING_APPROVAL", False)
        assert waits.data["brokerOrderId"] is not None
        assert "Change an open order." in waits.text
        assert facts(market.site, "change-page", OrderChangeRequested) == []
        page = on_the_page(waits.data["approvalUrl"], token)
        told = await asha.call(
            "modify_order", order_id="k1", price="1390.05", change_key=waits.data["changeKey"]
        )

    assert "The order was changed" in page.text
    assert (told.data["state"], told.data["repeated"]) == ("ACCEPTED", True)
    assert "Nothing was sent now" in told.text
    assert len(facts(market.site, "change-page", OrderChangeDispatched)) == 1


async def test_a_lost_answer_to_a_cancellation_is_found_in_the_book(market: Market, era: Era):
    name = f"lost-change-{era}"
    token = market.site.token(name)
    async with connected(market.server.url, token, era) as asha:
        await asha.log_in_at("kite", market.simulator, account(name))
        await open_order(asha)
        where = {"user": account(name), "method": "DELETE", "route": "/orders"}
        market.simulator.fault("drop_after", **where)

        told = await asha.call("cancel_order", order_id="k1")

    assert (told.data["state"], told.data["status"]) == ("ACCEPTED", "CANCELLED")
    assert len(facts(market.site, name, OrderChangeUnknown)) == 1


async def test_a_cancellation_of_unknown_outcome_may_be_asked_for_again(market: Market, era: Era):
    name = f"lost-cancel-{era}"
    token = market.site.token(name)
    async with connected(market.server.url, token, era) as asha:
        await asha.log_in_at("kite", market.simulator, account(name))
        await open_order(asha)
        where = {"user": account(name), "method": "DELETE", "route": "/orders"}
        market.simulator.fault("drop_before", **where)

        unknown = await asha.call("cancel_order", order_id="k1")
        assert (unknown.data["state"], unknown.data["safeToRetry"]) == ("UNKNOWN", True)
        assert "if it is still open, cancel_order again" in unknown.text
        again = await asha.call("cancel_order", order_id="k1")

        assert (again.data["state"], again.data["status"]) == ("ACCEPTED", "CANCELLED")


async def test_a_modification_of_unknown_outcome_is_told_and_not_sent_again(market: Market):
    token = market.site.token("lost-modification")
    async with connected(market.server.url, token) as asha:
        await asha.log_in_at("kite", market.simulator, account("lost-modification"))
        await open_order(asha)
        where = {"user": account("lost-modification"), "method": "PUT", "route": "/orders"}
        market.simulator.fault("drop_before", **where)

        unknown = await asha.call("modify_order", order_id="k1", quantity=4)
        assert (unknown.data["state"], unknown.data["safeToRetry"]) == ("UNKNOWN", False)
        again = await asha.call("modify_order", order_id="k1", quantity=4)

        assert (again.data["state"], again.data["repeated"]) == ("UNKNOWN", True)
        assert await in_the_book(asha, "k1") == ("OPEN", 3, "1400.05")
    dispatched = facts(market.site, "lost-modification", OrderChangeDispatched)
    assert len(dispatched) == 1


async def test_another_persons_order_is_not_found(market: Market, era: Era):
    names = f"owner-{era}", f"stranger-{era}"
    async with (
        connected(market.server.url, market.site.token(names[0]), era) as asha,
        connected(market.server.url, market.site.token(names[1]), era) as ravi,
    ):
        for person in (asha, ravi):
            await person.call("set_active_broker", broker="paper")
        placed = await open_order(asha)

        for order in ("k1", placed.data["brokerOrderId"]):
            answers = [
                await ravi.try_to("cancel_order", order_id=order),
                await ravi.try_to("modify_order", order_id=order, quantity=1),
            ]
            assert [answer.code for answer in answers] == ["ORDER_NOT_FOUND", "ORDER_NOT_FOUND"]
        assert await in_the_book(asha, "k1") == ("OPEN", 3, "1400.05")


async def test_a_key_of_another_change_is_refused_and_of_the_same_is_told(market: Market, era: Era):
    token = market.site.token(f"change-keys-{era}")
    async with connected(market.server.url, token, era) as asha:
        await asha.call("set_active_broker", broker="paper")
        await open_order(asha)
        first = await asha.call("modify_order", order_id="k1", quantity=4, change_key="m1")

        same = await asha.call("modify_order", order_id="k1", quantity=4, change_key="m1")
        other = await asha.try_to("modify_order", order_id="k1", quantity=5, change_key="m1")

    assert (same.data["repeated"], same.data["position"]) == (True, first.data["position"])
    assert other.code == "ORDER_KEY_REUSED"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({}, "INVALID_ORDER"),
        ({"quantity": 0}, "INVALID_ARGUMENT"),
        ({"quantity": "4"}, "INVALID_ARGUMENT"),
        ({"price": "NaN"}, "INVALID_ARGUMENT"),
        ({"confirm": True, "quantity": 4}, "INVALID_ARGUMENT"),
        ({"variety": "amo", "quantity": 4}, "INVALID_ORDER"),
        ({"order_id": "nothing", "quantity": 4}, "ORDER_NOT_FOUND"),
    ],
)
async def test_what_makes_no_sense_is_refused(market: Market, arguments, code):
    token = market.site.token("nonsense")
    async with connected(market.server.url, token) as asha:
        await asha.call("set_active_broker", broker="paper")
        await open_order(asha)

        answer = await asha.try_to("modify_order", **{"order_id": "k1", **arguments})

    assert answer.code == code
